"""Versions, their reports, which one is live, and how to change that."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from chatbot.api.schemas.releases import (
    ModelsOut,
    PromoteIn,
    ReleaseOut,
    ReleasesOut,
    ReleasesQuery,
    RollbackIn,
)
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import ById, cut
from chatbot.services.access.keys import Scope
from chatbot.services.learning.render_report import render
from chatbot.services.learning.shadow import read_standing
from chatbot.services.releases import processes, release, switch
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.releases.reports import find_report

blueprint = APIBlueprint("releases", __name__, tag="Models", url_prefix="/v1")

_REPORT: dict[int | str, Any] = {
    200: {
        "description": "As stored, or as Markdown with “Accept: text/markdown”.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/EvaluationReport"},
                        {
                            "type": "object",
                            "maxProperties": 0,
                            "description": "While the version is not evaluated.",
                        },
                    ]
                }
            },
            "text/markdown": {"schema": {"type": "string"}},
        },
    }
}


@blueprint.get("/models")
@requires(Scope.AGENT)
@blueprint.input(ById, location="query", arg_name="wanted")
@blueprint.output(ModelsOut)
def list_models(wanted: ById) -> ModelsOut:
    """List versions, newest first, with the live one and what each web process serves."""
    with parts().database.read() as session:
        rows = release.list_versions(session, wanted.cursor, wanted.limit + 1)
        page, following = cut(rows, wanted.limit, lambda version: version.id)
        return ModelsOut.of(
            release.read_pointer(session),
            read_standing(session, parts().settings),
            processes.list_alive(session, ProcessKind.WEB),
            page,
            following,
        )


@blueprint.get("/models/<int:version_id>/report")
@requires(Scope.AGENT)
@blueprint.doc(responses=_REPORT)
def get_report(version_id: int) -> Response:
    """Read the evaluation of a version."""
    with parts().database.read() as session:
        version = release.get_version(session, version_id)
        standing = read_standing(session, parts().settings)
    offered = ["application/json", "text/markdown"]
    if request.accept_mimetypes.best_match(offered) == "text/markdown":
        return Response(render(version, standing), mimetype="text/markdown")
    report = find_report(version)
    return jsonify(report.to_json() if report else {})


@blueprint.get("/releases")
@requires(Scope.AGENT)
@blueprint.input(ReleasesQuery, location="query", arg_name="wanted")
@blueprint.output(ReleasesOut)
def list_releases(wanted: ReleasesQuery) -> ReleasesOut:
    """List the latest moves of the live pointer, newest first."""
    with parts().database.read() as session:
        rows = release.list_releases(session, wanted.limit)
        return ReleasesOut(items=[ReleaseOut.model_validate(row) for row in rows])


@blueprint.post("/admin/rollback")
@requires(Scope.ADMIN)
@blueprint.input(RollbackIn, arg_name="body")
@blueprint.output(ReleaseOut)
@blueprint.doc(responses=[404, 409])
def roll_back(body: RollbackIn) -> ReleaseOut:
    """Return to an earlier version; the one that is left is withdrawn. The FAQ stays as it is."""
    found = parts()
    moved = switch.roll_back(found.database, found.models, caller().name, body.reason, body.version)
    parts().nudge.send()
    return ReleaseOut.model_validate(moved)


@blueprint.post("/admin/promote")
@requires(Scope.ADMIN)
@blueprint.input(PromoteIn, arg_name="body")
@blueprint.output(ReleaseOut)
@blueprint.doc(responses=[404, 409])
def promote(body: PromoteIn) -> ReleaseOut:
    """Make a version live, whatever its verdict."""
    found = parts()
    moved = switch.promote(found.database, found.models, body.version, caller().name, body.reason)
    parts().nudge.send()
    return ReleaseOut.model_validate(moved)
