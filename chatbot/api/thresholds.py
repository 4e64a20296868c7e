"""Thresholds of the live model, how they follow the traffic, and their undo."""

from apiflask import APIBlueprint

from chatbot.api.schemas.thresholds import ChangeThresholdsIn, ThresholdsOut
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.releases import thresholds

blueprint = APIBlueprint("thresholds", __name__, tag="Models", url_prefix="/v1")


@blueprint.get("/thresholds")
@requires(Scope.AGENT)
@blueprint.output(ThresholdsOut)
def show_thresholds() -> ThresholdsOut:
    """Read what is known of the promise, and how thresholds came to be what they are."""
    with parts().database.read() as session:
        return ThresholdsOut.read(session, parts().settings.promise)


@blueprint.post("/admin/thresholds")
@requires(Scope.ADMIN)
@blueprint.input(ChangeThresholdsIn, arg_name="body")
@blueprint.output(ThresholdsOut)
@blueprint.doc(responses=[409])
def change_thresholds(body: ChangeThresholdsIn) -> ThresholdsOut:
    """Undo the latest change and hold what was before, hold what is, or let them follow again."""
    with parts().database.write() as session:
        thresholds.act(session, body.action, caller().name, body.reason)
        return ThresholdsOut.read(session, parts().settings.promise)
