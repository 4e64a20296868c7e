"""Show whether the bot is ready: what it would do with a hundred questions, and what
to mend first.
"""

from flask import render_template

from chatbot.console.access import allows
from chatbot.console.knowledge.area import blueprint, matcher
from chatbot.domain.readiness import MUTE_BELOW
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope

MOST_SHOWN = 50


@blueprint.get("/ready")
@allows(Scope.AGENT)
def show_readiness() -> str:
    live = matcher()
    readiness = parts().readiness.read(live) if live else None
    return render_template(
        "console/knowledge_ready.html",
        readiness=readiness,
        titles={name: card.title for name, card in live.intents.items()} if live else {},
        most=MOST_SHOWN,
        mute_below=MUTE_BELOW,
    )


@blueprint.get("/mute")
@allows(Scope.AGENT)
def show_mute() -> str:
    """Show a part of the overview, fetched when that is there: trying phrasings takes a moment."""
    live = matcher()
    readiness = parts().readiness.read_mute(live) if live else None
    return render_template("console/knowledge_mute.html", readiness=readiness)
