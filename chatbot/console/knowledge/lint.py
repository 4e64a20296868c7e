"""Show what is wrong with the FAQ, each with a link to where it is mended."""

from flask import render_template

from chatbot.console.access import allows
from chatbot.console.knowledge.area import blueprint, matcher
from chatbot.console.knowledge.pairs import word
from chatbot.http.context import parts
from chatbot.http.markdown import surroundings_of_visitors
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq, lint
from chatbot.services.knowledge.near_duplicates import ALIKE, NEARLY_SAME
from chatbot.services.knowledge.pairs import find_scored, key_of
from chatbot.storage.database import batched

MOST_SHOWN = 50


@blueprint.get("/lint")
@allows(Scope.AGENT)
def show_lint() -> str:
    live = matcher()
    readiness = parts().readiness.read_mute(live) if live else None
    with parts().database.read() as session:
        findings = lint.lint(session, live, surroundings_of_visitors())
        pairs = [*findings.contradictions[:MOST_SHOWN], *findings.alike[:MOST_SHOWN]]
        named = {flaw.intent for flaw in findings.flaws}
        named |= {checked.pin.intent for checked in findings.pins}
        named |= {phrase.intent for pair in pairs for phrase in (pair.one, pair.other)}
        scored = find_scored(session, [(pair.one.text, pair.other.text) for pair in pairs])
        titles: dict[str, str] = {}
        for some in batched(named):
            titles |= edit_faq.titles(session, some)
    return render_template(
        "console/knowledge_lint.html",
        findings=findings,
        readiness=readiness,
        titles=titles,
        most=MOST_SHOWN,
        limits=lint,
        nearly_same=NEARLY_SAME,
        alike=ALIKE,
        score_of=lambda pair: scored.get(key_of(pair.one.text, pair.other.text)),
        word=word,
    )
