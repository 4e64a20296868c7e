"""Pairs: how alike two phrasings are, one key a verdict; on a desk, and on the Check page."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint, field, matcher
from chatbot.console.view import say
from chatbot.domain.pair import SCORES, Likeness, contradicts
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq, pair_desk, pairs
from chatbot.storage.tables import ScoredPair

MOST_LISTED = 50
MOST_SKIPPED = 400


@blueprint.get("/pairs")
@allows(Scope.AGENT)
def show_pairs() -> str:
    with parts().database.read() as session:
        return render_template("console/knowledge_pairs.html", **_page(session, _skipped()))


@blueprint.post("/pairs/score")
@allows(Scope.AGENT)
def score_pair() -> Response:
    """Keep a verdict; the desk gets the next pair, the Check page its line as it is now."""
    likeness = _likeness()
    with parts().database.write() as session:
        counts = _score(session, likeness)
        said = _said(likeness) if counts else "Somebody else scored it meanwhile; theirs stays."
        if "line" in request.form:
            pair = pairs.find_pair(session, field("text_a"), field("text_b"))
            shown = render_template("console/knowledge_pair_verdict.html", scored=pair, word=word)
        else:
            page = _page(session, _skipped())
            shown = render_template("console/knowledge_pair_desk.html", **page)
    return say(make_response(shown), said)


@blueprint.post("/pairs/skip")
@allows(Scope.AGENT)
def skip_pair() -> Response:
    with parts().database.read() as session:
        page = _page(session, min(_skipped() + 1, MOST_SKIPPED))
        shown = render_template("console/knowledge_pair_desk.html", **page)
    return say(make_response(shown), "Skipped.")


@blueprint.post("/pairs/undo")
@allows(Scope.AGENT)
def undo_pair() -> Response:
    """Take back the last score that this person gave here or on the Check page."""
    with parts().database.write() as session:
        undone = pairs.undo_last(session, who().name)
        page = _page(session, _skipped())
        shown = render_template("console/knowledge_pair_desk.html", **page)
    words = f"Undone: “{undone.text_a}” and “{undone.text_b}”." if undone else "Nothing to undo."
    return say(make_response(shown), words)


@blueprint.post("/pairs/<int:pair_id>/remove")
@allows(Scope.EDITOR)
def remove_pair(pair_id: int) -> Response:
    with parts().database.write() as session:
        pairs.remove_pair(session, who().name, pair_id)
    return make_response(redirect(url_for("console.knowledge.show_pairs"), 303))


def _page(session: Session, skipped: int) -> dict[str, Any]:
    """Return what the desk shows: a pair that nobody has scored, and what was scored last."""
    model = matcher()
    pair = pair_desk.propose(session, model, skipped) if model else None
    named = [pair.one.intent, pair.other.intent] if pair else []
    return {
        "pair": pair,
        "has_model": model is not None,
        "skipped": skipped,
        "titles": edit_faq.titles(session, named),
        "scored": pairs.list_pairs(session, None, MOST_LISTED),
        "count": pairs.count_pairs(session),
        "mine": pairs.count_pairs(session, who().name),
        "word": word,
    }


def word(pair: ScoredPair) -> str:
    """Return what a pair's score means; a number where it came from a file."""
    known = {score: likeness.value for likeness, score in SCORES.items()}
    return known.get(pair.score, f"{pair.score:g}")


def _score(session: Session, likeness: Likeness) -> bool:
    """Store this verdict and return whether it counts: another person's, if first, is not
    overwritten unseen.
    """
    there = pairs.find_pair(session, field("text_a"), field("text_b"))
    if there is not None and there.by != who().name and field("seen") != f"{there.score:g}":
        return False
    pairs.add_pair(
        session,
        who().name,
        field("text_a"),
        field("text_b"),
        SCORES[likeness],
        pairs.Source.DESK,
    )
    return True


def _said(likeness: Likeness) -> str:
    """Say what was kept, and where the FAQ itself says otherwise, that only an editor can settle
    it.
    """
    intent_a, intent_b = field("intent_a") or None, field("intent_b") or None
    if not contradicts(SCORES[likeness], intent_a, intent_b):
        return f"Kept: {likeness}."
    if intent_a == intent_b:
        return (
            f"Kept: {likeness}. One intent has both: move one of them if they ask for two things."
        )
    return f"Kept: {likeness}. Two intents have them: merge the intents, or move one of the two."


def _likeness() -> Likeness:
    """Return the likeness that the form says. Raises BadRequest."""
    try:
        return Likeness(field("likeness"))
    except ValueError:
        raise BadRequest("Choose same, related or different.") from None


def _skipped() -> int:
    wanted = request.values.get("skipped", "0")
    return min(int(wanted), MOST_SKIPPED) if wanted.isascii() and wanted.isdecimal() else 0
