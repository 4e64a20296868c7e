"""Health for load balancers and the curious: is the process up, can it answer, where
are the docs.
"""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from chatbot import telemetry
from chatbot.api.schemas.health import HealthOut, ReadyOut
from chatbot.http.auth import public, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.monitoring.checks.serving import Status, read_serving

blueprint = APIBlueprint("health", __name__, tag="Health")

_NOT_READY: dict[int | str, Any] = {
    503: {
        "description": "No model is loaded.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ReadyOut"}}},
    }
}
_METRICS: dict[int | str, Any] = {
    200: {"description": "Prometheus's text format.", "content": {"text/plain": {}}}
}


@blueprint.get("/")
@public
@blueprint.doc(hide=True)
def index() -> Response:
    """Point at the rest."""
    return jsonify(name="helpdesk chatbot", ask="/v1/ask", docs="/docs", openapi="/openapi.json")


@blueprint.get("/healthz")
@public
@blueprint.output(HealthOut)
def healthz() -> HealthOut:
    """Whether the process is up; says nothing of the database or the model."""
    return HealthOut()


@blueprint.get("/readyz")
@public
@blueprint.output(ReadyOut)
@blueprint.doc(responses=_NOT_READY)
def readyz() -> tuple[ReadyOut, int]:
    """Whether questions are answered now.

    `degraded` is 200: an older model or FAQ still answers although the newest cannot be loaded or
    the database does not reply. Taking such a process out of rotation would help nobody.
    """
    serving = read_serving(parts().live, parts().database)
    status = 503 if serving.status is Status.NOT_READY else 200
    return ReadyOut.model_validate(serving), status


@blueprint.get("/metrics")
@requires(Scope.AGENT)
@blueprint.doc(responses=_METRICS)
def show_metrics() -> Response:
    """Show the metrics of all web processes of this server, for Prometheus."""
    text = telemetry.render(parts().monitor.readings())
    return Response(text, content_type=telemetry.MEDIA_TYPE)
