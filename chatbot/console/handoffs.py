"""Visitors who wait for a person, with what they had asked."""

from collections.abc import Sequence
from typing import NamedTuple

from apiflask import APIBlueprint
from flask import render_template, request
from sqlalchemy.orm import Session

from chatbot.console.access import allows, who
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.asking import handoffs
from chatbot.services.knowledge import edit_faq
from chatbot.storage.tables import Handoff, Query

MOST_SHOWN = 20


class Talk(NamedTuple):
    """A hand-off, what was asked before it, and titles by intent."""

    handoff: Handoff
    questions: Sequence[Query]
    titles: dict[str, str]


blueprint = APIBlueprint("handoffs", __name__, url_prefix="/handoffs", enable_openapi=False)


@blueprint.get("")
@allows(Scope.AGENT)
def show() -> str:
    """Open ones, or closed ones with `?closed=1`; `before` is the id to go on from."""
    is_open = "closed" not in request.args
    before = request.args.get("before", type=int)
    with parts().database.read() as session:
        found = handoffs.list_handoffs(session, is_open, before, MOST_SHOWN + 1)
        return render_template(
            "console/handoffs.html",
            is_open=is_open,
            talks=[_talk(session, row) for row in found[:MOST_SHOWN]],
            older=found[MOST_SHOWN - 1].id if len(found) > MOST_SHOWN else None,
        )


@blueprint.post("/<int:handoff_id>")
@allows(Scope.AGENT)
def change(handoff_id: int) -> str:
    """Close or reopen a hand-off, whichever the form says."""
    act = handoffs.reopen_handoff if "open" in request.form else handoffs.close_handoff
    with parts().database.write() as session:
        act(session, who().name, handoff_id)
    return show()


@blueprint.post("/<int:handoff_id>/delete")
@allows(Scope.ADMIN)
def delete(handoff_id: int) -> str:
    with parts().database.write() as session:
        handoffs.delete_handoff(session, who().name, handoff_id)
    return show()


def _talk(session: Session, handoff: Handoff) -> Talk:
    questions = handoffs.read_transcript(session, handoff.conversation_id)
    named = {name for query in questions for name in (query.first_intent, query.chosen_intent)}
    titles = edit_faq.titles(session, [name for name in named if name])
    return Talk(handoff, questions, titles)
