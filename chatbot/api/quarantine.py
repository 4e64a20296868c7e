"""Confirmations that may not teach before an admin has looked at them."""

from apiflask import APIBlueprint

from chatbot.api.schemas.quarantine import (
    QuarantinedOut,
    QuarantineOut,
    ReleasedOut,
    ReleaseFromQuarantineIn,
)
from chatbot.domain.quarantine import Group
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.learning import quarantine

blueprint = APIBlueprint("quarantine", __name__, tag="Training", url_prefix="/v1")


@blueprint.get("/quarantine")
@requires(Scope.AGENT)
@blueprint.output(QuarantineOut)
def list_quarantine() -> QuarantineOut:
    """List what one source confirmed in a flood, or against answers that nobody else doubts."""
    with parts().database.read() as session:
        found = quarantine.list_quarantined(session, parts().settings)
    return QuarantineOut(items=[QuarantinedOut.of(each) for each in found])


@blueprint.post("/admin/quarantine/release")
@requires(Scope.ADMIN)
@blueprint.input(ReleaseFromQuarantineIn, arg_name="body")
@blueprint.output(ReleasedOut)
@blueprint.doc(responses=[404])
def release_from_quarantine(body: ReleaseFromQuarantineIn) -> ReleasedOut:
    """Let a group count at once, and teach from the next training on, whatever the caps."""
    group = Group(body.source, body.says, body.day)
    with parts().database.write() as session:
        count = quarantine.admit(session, parts().settings, caller().name, group, body.reason)
    parts().nudge.send()
    return ReleasedOut(released=count)
