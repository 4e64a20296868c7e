"""The review desk: one question after another, one key for each verdict."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chatbot.api.schemas.intents import IntentIn
from chatbot.console.access import allows, who
from chatbot.console.view import say
from chatbot.domain.matching import MOST_OFFERED
from chatbot.domain.quarantine import Standing
from chatbot.errors import NotFound, NotReady
from chatbot.formats.names import to_name
from chatbot.http.context import parts
from chatbot.matching.matcher import Matcher
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq, explain, search_intents
from chatbot.services.monitoring import gaps
from chatbot.services.review import (
    assignment,
    confirm,
    preview_verdict,
    questions,
    verdict_status,
)
from chatbot.storage.tables import Query

blueprint = APIBlueprint("review", __name__, url_prefix="/review", enable_openapi=False)

MOST_RECEIPTS = 8
MOST_CHANGES = 5
_DECISIONS = ("answer", "clarify", "handoff")


@blueprint.get("")
@allows(Scope.AGENT)
def show() -> str:
    return render_template("console/review.html", filters=_filters(), like=_like(), **_next_card())


@blueprint.post("/<id:query_id>/verdict")
@allows(Scope.AGENT)
def judge(query_id: str) -> Response:
    """Store one verdict for the question and those ticked beside it; the next question
    comes back.
    """
    intent = _verdict()
    with parts().database.write() as session:
        judged = [q for each in _ticked(query_id) if (q := _judge(session, each, intent))]
        done = _done(verdict_status.list_receipts(session, judged), intent)
    parts().nudge.send()
    return _answer_with_next(done)


@blueprint.post("/<id:query_id>/skip")
@allows(Scope.AGENT)
def skip(query_id: str) -> Response:
    with parts().database.write() as session:
        assignment.skip(session, who().name, query_id)
    return _answer_with_next("Skipped. Others will see it.")


@blueprint.post("/undo")
@allows(Scope.AGENT)
def undo() -> Response:
    """Take back the last verdict of this agent, and show its question again."""
    with parts().database.write() as session:
        last = assignment.list_judged(session, who().name, limit=1)
        if not last:
            raise NotFound("There is no verdict of yours to undo.")
        confirm.undo(session, last[0].id, who().name)
        session.flush()
        session.expire(last[0])
        card = _card(session, assignment.reserve(session, who().name, last[0].id))
    parts().nudge.send()
    return _answer("Undone.", card)


@blueprint.post("/<id:query_id>/intent")
@allows(Scope.AGENT)
def create_intent(query_id: str) -> Response:
    """Create an intent whose utterances are the question and those ticked beside it."""
    with parts().database.write() as session:
        queries = [questions.get_query(session, each) for each in _ticked(query_id)]
        new = IntentIn(
            name=edit_faq.free_name(session, to_name(request.form.get("title", ""))),
            title=request.form.get("title", ""),
            answer=request.form.get("answer", ""),
            topic=request.form.get("topic", ""),
            utterances=[query.text for query in queries],
        )
        edit_faq.create_intent(
            session, who().name, new.name, new.title, new.answer, new.topic, new.utterances
        )
        for query in queries:
            confirm.confirm(
                session,
                query.id,
                new.name,
                who().name,
                parts().settings,
                by_admin=who().scope is Scope.ADMIN,
            )
    parts().nudge.send()
    return _answer_with_next(f"“{new.title}” is in the FAQ and answers within seconds.")


@blueprint.get("/<id:query_id>/intents")
@allows(Scope.AGENT)
def find_intents(query_id: str) -> str:
    with parts().database.read() as session:
        found = search_intents.search(session, request.args.get("find", ""), limit=8)
        return render_template("console/review_intents.html", found=found, query_id=query_id)


@blueprint.get("/<id:query_id>/changes")
@allows(Scope.AGENT)
def show_changes(query_id: str) -> str:
    """Show what each candidate, if it were confirmed, would change for other questions."""
    matcher = parts().live.current()
    with parts().database.read() as session:
        query = questions.get_query(session, query_id)
        names = [c["intent"] for c in query.candidates[:MOST_OFFERED]]
        titles = edit_faq.titles(session, names)
        found = preview_verdict.foresee(
            session, matcher, query, [name for name in names if name in titles]
        )
        replies = [reply for each in found.changes.values() for c in each for reply in c[1:]]
        answers = [reply.intent for reply in replies if reply.intent]
        return render_template(
            "console/review_changes.html",
            compared=found.compared,
            changes=found.changes,
            titles=titles | edit_faq.titles(session, answers),
            most=MOST_CHANGES,
        )


def _verdict() -> str | None:
    """The intent that was chosen, None for “none of these”. Raises BadRequest without either."""
    if "none" in request.form:
        return None
    if intent := request.form.get("intent"):
        return intent
    raise BadRequest("Choose an intent, or “none of these”.")


def _judge(session: Session, query_id: str, intent: str | None) -> Query | None:
    """Store a verdict; None if it does not count: what another agent said first is not overwritten
    unseen.
    """
    query = questions.get_query(session, query_id)
    if (said := query.confirmation) is not None and said.confirmed_by != who().name:
        first = said.intent.name if said.intent else None
        if first != intent or said.standing != Standing.SECOND:
            return None
    by_admin = who().scope is Scope.ADMIN
    confirm.confirm(session, query_id, intent, who().name, parts().settings, by_admin)
    return query


def _done(receipts: Sequence[verdict_status.Receipt], intent: str | None) -> str:
    label = f"“{intent}”" if intent else "none of these"
    if not receipts:
        return "Somebody else judged it meanwhile; their verdict stays."
    count = f" {len(receipts)} questions" if len(receipts) > 1 else ""
    return f"Confirmed{count}: {label}. {verdict_status.say(receipts[0])}"


def _ticked(query_id: str) -> list[str]:
    return list(dict.fromkeys([query_id, *request.form.getlist("also")]))


def _answer_with_next(said: str) -> Response:
    return _answer(said, _next_card())


def _answer(said: str, card: dict[str, Any]) -> Response:
    return say(make_response(render_template("console/review_desk.html", **card)), said)


def _next_card() -> dict[str, Any]:
    with parts().database.write() as session:
        return _card(session, assignment.take(session, who().name, _wanted(session)))


def _card(session: Session, query: Query | None) -> dict[str, Any]:
    """Return what the desk shows: the question with all that helps to judge it, and today's
    progress.
    """
    name = who().name
    shown: dict[str, Any] = {
        "query": query,
        "waiting": assignment.count_waiting(session, _wanted(session)),
        "today": assignment.count_judged_today(session, name),
        "receipts": verdict_status.list_receipts(
            session, assignment.list_judged(session, name, MOST_RECEIPTS)
        ),
        "say_receipt": verdict_status.say,
    }
    if query is None:
        return shown
    matcher = _matcher()
    near = explain.list_neighbours(session, matcher, query.text) if matcher else []
    before, after = assignment.list_conversation(session, query)
    return shown | {
        "titles": edit_faq.titles(session, [c["intent"] for c in query.candidates]),
        "near": explain.nearest_of_each(near),
        "alike": assignment.list_alike(session, matcher, query, name) if matcher else [],
        "before": before,
        "after": after,
    }


def _matcher() -> Matcher | None:
    try:
        return parts().live.current()
    except NotReady:
        return None


def _wanted(session: Session) -> questions.Filters:
    """Return the form's filters, and only what is like one question if the overview sent the agent
    here.
    """
    matcher, like = _matcher(), _like()
    if matcher is None or like is None:
        return _filters()
    return replace(_filters(), ids=gaps.list_alike(session, matcher, like))


def _like() -> str | None:
    return request.values.get("like", "").replace("\x00", "") or None


def _filters() -> questions.Filters:
    values = request.values
    decision = values.get("decision", "")
    return replace(
        questions.Filters(),
        decision=decision if decision in _DECISIONS else None,
        helpful=False if values.get("unhelpful") else None,
        text=values.get("q", "").replace("\x00", "").strip() or None,
    )
