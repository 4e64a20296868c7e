"""Show whether the bot is ready: what it would do with a hundred questions, and what
to mend first.
"""

from typing import Any

from flask import render_template, request

from chatbot.console.access import allows
from chatbot.console.knowledge.area import blueprint, matcher
from chatbot.console.start import making
from chatbot.domain.readiness import MUTE_BELOW
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning.imports import WRITTEN
from chatbot.services.knowledge import faq_snapshot
from chatbot.storage.tables import FaqImport

MOST_SHOWN = 50
MOST_DIGITS = 10


@blueprint.get("/ready")
@allows(Scope.AGENT)
def show_readiness() -> str:
    """Show it; after an import also what that brought, and the one act that takes it back."""
    live = matcher()
    readiness = parts().readiness.read(live) if live else None
    return render_template(
        "console/knowledge_ready.html",
        readiness=readiness,
        titles={name: card.title for name, card in live.intents.items()} if live else {},
        most=MOST_SHOWN,
        mute_below=MUTE_BELOW,
        **_imported(),
    )


@blueprint.get("/mute")
@allows(Scope.AGENT)
def show_mute() -> str:
    """Show a part of the overview, fetched when that is there: trying phrasings takes a moment."""
    live = matcher()
    readiness = parts().readiness.read_mute(live) if live else None
    return render_template("console/knowledge_mute.html", readiness=readiness)


def _imported() -> dict[str, Any]:
    """Return the import that the address names, if it is done, and whether it can be taken back."""
    named = request.args.get("imported", "")
    if not (named.isascii() and named.isdigit() and len(named) < MOST_DIGITS):
        return {}
    with parts().database.read() as session:
        kept = session.get(FaqImport, int(named))
        if kept is None or kept.state not in WRITTEN:
            return {}
        act = faq_snapshot.find_standing(session, kept.act) if kept.act else None
    return {"imported": kept, "act": act, **making()}
