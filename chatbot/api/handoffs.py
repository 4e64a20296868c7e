"""Visitors ask for a person; agents see who waits."""

from apiflask import APIBlueprint

from chatbot.api.schemas.visitors import (
    HandoffChange,
    HandoffFilters,
    HandoffIn,
    HandoffOut,
    HandoffReceipt,
    HandoffsOut,
    HandoffWithTranscriptOut,
    TranscriptLineOut,
)
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import cut
from chatbot.http.site_access import Visitor
from chatbot.services.access.keys import Scope
from chatbot.services.asking import handoffs

blueprint = APIBlueprint("handoffs", __name__, tag="Hand-offs", url_prefix="/v1/handoffs")


@blueprint.post("")
@requires(Scope.ASK, or_site=True)
@blueprint.input(HandoffIn, arg_name="body")
@blueprint.output(HandoffReceipt, status_code=202)
def request_handoff(body: HandoffIn) -> HandoffReceipt:
    """Ask that a person answers by e-mail; repeating it changes nothing."""
    visitor = caller()
    site_key = visitor.site.key if isinstance(visitor, Visitor) else None
    with parts().database.write() as session:
        handoff = handoffs.request_handoff(
            session, body.conversation_id, body.email, body.message.strip(), site_key
        )
        return HandoffReceipt.model_validate(handoff)


@blueprint.get("")
@requires(Scope.AGENT)
@blueprint.input(HandoffFilters, location="query", arg_name="wanted")
@blueprint.output(HandoffsOut)
def list_handoffs(wanted: HandoffFilters) -> HandoffsOut:
    """List visitors who wait for a person, newest first."""
    with parts().database.read() as session:
        rows = handoffs.list_handoffs(session, wanted.open, wanted.cursor, wanted.limit + 1)
        page, following = cut(rows, wanted.limit, lambda row: row.id)
        return HandoffsOut(items=[HandoffOut.of(row) for row in page], next=following)


@blueprint.get("/<int:handoff_id>")
@requires(Scope.AGENT)
@blueprint.output(HandoffWithTranscriptOut)
def get_handoff(handoff_id: int) -> HandoffWithTranscriptOut:
    """Read one, with what was asked in its conversation."""
    with parts().database.read() as session:
        handoff = handoffs.get_handoff(session, handoff_id)
        lines = handoffs.read_transcript(session, handoff.conversation_id)
        return HandoffWithTranscriptOut(
            handoff=HandoffOut.of(handoff),
            transcript=[TranscriptLineOut.model_validate(line) for line in lines],
        )


@blueprint.patch("/<int:handoff_id>")
@requires(Scope.AGENT)
@blueprint.input(HandoffChange, arg_name="body")
@blueprint.output(HandoffOut)
def change_handoff(handoff_id: int, body: HandoffChange) -> HandoffOut:
    """Close it when it is answered, or open it again."""
    change = handoffs.reopen_handoff if body.open else handoffs.close_handoff
    with parts().database.write() as session:
        return HandoffOut.of(change(session, caller().name, handoff_id))


@blueprint.delete("/<int:handoff_id>")
@requires(Scope.ADMIN)
@blueprint.output({}, status_code=204)
def delete_handoff(handoff_id: int) -> tuple[str, int]:
    """Erase the address and the message; the logged questions stay."""
    with parts().database.write() as session:
        handoffs.delete_handoff(session, caller().name, handoff_id)
    return "", 204
