"""Monitoring: how the live bot does with visitors, and the hold after an automatic rollback."""

from apiflask import APIBlueprint

from chatbot.api.schemas.monitoring import ClearHoldIn, MonitoringOut, WatchOut
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.monitoring import watch
from chatbot.services.monitoring.checks.quality import LiveState
from chatbot.services.releases import promotion_stop

blueprint = APIBlueprint("monitoring", __name__, tag="Models", url_prefix="/v1")

_WATCHES = 10


@blueprint.get("/monitoring")
@requires(Scope.AGENT)
@blueprint.output(MonitoringOut)
def show_monitoring() -> MonitoringOut:
    """Read the live accuracy by the random sample, the drift, and the latest watches."""
    with parts().database.read() as session:
        state = LiveState.read(session)
        watches = watch.list_watches(session, _WATCHES)
    return MonitoringOut.of(state, watches, parts().settings.promise)


@blueprint.post("/admin/clear-hold")
@requires(Scope.ADMIN)
@blueprint.input(ClearHoldIn, arg_name="body")
@blueprint.output(WatchOut)
@blueprint.doc(responses=[409])
def clear_hold(body: ClearHoldIn) -> WatchOut:
    """Let nights promote again after an automatic rollback; its version stays withdrawn."""
    with parts().database.write() as session:
        return WatchOut.of(promotion_stop.lift_stop(session, caller().name, body.reason))
