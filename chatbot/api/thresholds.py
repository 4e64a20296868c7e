"""How the live model's thresholds follow the traffic, and their undo."""

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from chatbot.api.auth import caller, requires
from chatbot.api.context import parts
from chatbot.api.schemas.thresholds import ChangeThresholdsIn, ThresholdsOut
from chatbot.services import thresholds
from chatbot.services.keys import Scope
from chatbot.services.release import read_pointer

blueprint = APIBlueprint("thresholds", __name__, tag="Models", url_prefix="/v1")

_MOST = 20


@blueprint.get("/thresholds")
@requires(Scope.AGENT)
@blueprint.output(ThresholdsOut)
def show_thresholds() -> ThresholdsOut:
    """Read what is known of the promise, and how thresholds came to be what they are."""
    with parts().database.read() as session:
        return _read(session)


@blueprint.post("/admin/thresholds")
@requires(Scope.ADMIN)
@blueprint.input(ChangeThresholdsIn, arg_name="body")
@blueprint.output(ThresholdsOut)
@blueprint.doc(responses=[409])
def change_thresholds(body: ChangeThresholdsIn) -> ThresholdsOut:
    """Undo the latest change and hold what was before, hold what is, or let them follow again."""
    by = caller().name
    with parts().database.write() as session:
        if body.action == "revert":
            thresholds.revert(session, by, body.reason)
        elif body.action == "hold":
            thresholds.hold(session, by, body.reason)
        else:
            thresholds.release(session, by, body.reason)
        return _read(session)


def _read(session: Session) -> ThresholdsOut:
    pointer = read_pointer(session)
    version_id = pointer.version_id if pointer else 0
    return ThresholdsOut.make(
        parts().settings.promise,
        thresholds.is_held(session, version_id),
        thresholds.find_in_force(session, version_id),
        thresholds.list_changes(session, _MOST),
    )
