"""The OpenAPI 3.1 document, completed with what holds everywhere, and Swagger UI from a wheel."""

import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import as_file, files
from typing import Any, Literal

import flask_swagger_ui
from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, send_from_directory
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.exceptions import NotFound

from chatbot.api.schemas.base import Out, Problem
from chatbot.domain.report.report import EvaluationReport
from chatbot.http.auth import SECURITY_SCHEMES, public
from chatbot.http.errors import MEDIA_TYPE
from chatbot.http.requests import LARGEST_ID, Identifier

blueprint = APIBlueprint("docs", __name__, enable_openapi=False)

DESCRIPTION = (
    "Answers helpdesk questions from an FAQ, asks back when unsure, hands over to a person when it "
    "does not know. Every error is `application/problem+json` (RFC 9457)."
)
_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_FOLDER = files(flask_swagger_ui) / "dist"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Helpdesk chatbot API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<main id="swagger-ui"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
});
"""
_PROBLEMS = {
    "400": "The body cannot be read.",
    "401": "No API key, or an unknown, expired or revoked one.",
    "403": "The API key lacks the scope.",
    "404": "There is no such thing.",
    "409": "That contradicts what is stored.",
    "413": "The body is larger than 64 KiB.",
    "415": "The body is not `application/json`.",
    "422": "The request has mistakes; `errors` lists them.",
    "429": "Too many requests with a site key; see Retry-After.",
    "500": "Something went wrong here.",
    "503": "The database does not answer, or no model is loaded; see Retry-After.",
}
_APIFLASK_ERROR = "#/components/schemas/HTTPError"
_IDENTIFIER = {"type": "string", "pattern": f"^{Identifier.regex}$"}
_WORD = {"type": "string", "minLength": 1, "maxLength": 100}
_FILE_BODIES = (("/v1/imports", "post"),)
_ANY_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_ROW = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}


def set_up_openapi(app: APIFlask) -> None:
    app.description = DESCRIPTION
    app.config |= {
        "OPENAPI_VERSION": "3.1.0",
        "SECURITY_SCHEMES": SECURITY_SCHEMES,
        "AUTO_SERVERS": False,
        "AUTO_VALIDATION_ERROR_RESPONSE": False,
        "AUTO_AUTH_ERROR_RESPONSE": False,
        "AUTO_404_RESPONSE": False,
    }
    app.spec_processor(complete)  # type: ignore[arg-type]  # SPEC_FORMAT is json
    app.register_blueprint(blueprint)


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    """Serve the document; it is made once in each process."""
    extensions = current_app.extensions
    if "openapi" not in extensions:
        extensions["openapi"] = current_app.spec  # type: ignore[attr-defined]
    return jsonify(extensions["openapi"])


@blueprint.get("/docs")
@public
def page() -> Response:
    """Serve Swagger UI without a CDN and without inline scripts."""
    return Response(_PAGE, headers={"Content-Security-Policy": _POLICY})


@blueprint.get("/docs/start.js")
@public
def start() -> Response:
    return Response(_START, mimetype="text/javascript")


@blueprint.get("/docs/<word:name>")
@public
def asset(name: str) -> Response:
    if name not in _FILES:
        raise NotFound
    with as_file(_FOLDER) as folder:
        return send_from_directory(folder, name, max_age=86400)


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Add what APIFlask cannot know: the problems of each operation, shared names, parameters."""
    spec = _with_short_names(spec)
    spec["components"]["schemas"].pop("HTTPError", None)
    spec["components"]["schemas"] |= _schemas([*_below(Out), EvaluationReport], "serialization")
    spec["components"]["schemas"] |= _schemas([Problem], "validation")
    for path, method in _FILE_BODIES:
        spec["paths"][path][method]["requestBody"] = {"required": True, "content": _ANY_FILE}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _identifier(method, path)
            _complete_parameters(operation)
            _complete_body(operation, spec)
            _complete_responses(operation)
    return spec


def _with_short_names(spec: dict[str, Any]) -> dict[str, Any]:
    """APIFlask names a nested model after its parent, once for each parent; one name is enough."""
    text = re.sub(r"#/components/schemas/\w+\.(\w+)", r"#/components/schemas/\1", json.dumps(spec))
    short: dict[str, Any] = json.loads(text)
    schemas = short["components"]["schemas"]
    short["components"]["schemas"] = {name.rpartition(".")[2]: schemas[name] for name in schemas}
    return short


def _schemas(
    models: Iterable[type[BaseModel]], mode: Literal["validation", "serialization"]
) -> dict[str, Any]:
    """Return schemas of models; what goes out is as serialised: under its own names, always with
    every field.

    Problems are the exception: they leave out what they have not got.
    """
    _, found = models_json_schema(
        [(model, mode) for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _below(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        yield model
        yield from _below(model)


def _identifier(method: str, path: str) -> str:
    return "_".join([method, *re.findall(r"\w+", path)])


def _complete_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            is_row = parameter["schema"]["type"] == "integer"
            is_word = parameter["name"] == "name"
            parameter["schema"] = _ROW if is_row else _WORD if is_word else _IDENTIFIER


def _complete_body(operation: dict[str, Any], spec: dict[str, Any]) -> None:
    body = operation.get("requestBody")
    if body and "application/json" in body["content"]:
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        body["required"] = bool(spec["components"]["schemas"][name].get("required"))


def _complete_responses(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    declared = {
        status for status, response in responses.items() if _APIFLASK_ERROR in str(response)
    }
    for status in sorted(_possible(operation) | declared):
        responses[status] = {
            "description": _PROBLEMS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _possible(operation: dict[str, Any]) -> set[str]:
    """Return the statuses that may go wrong, which follow from what an operation takes."""
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    possible = set()
    if operation.get("security"):
        possible |= {"401", "403", "500", "503"}
    if {"site_key": []} in operation.get("security", []):
        possible |= {"429"}
    if "path" in places:
        possible |= {"404"}
    if "query" in places:
        possible |= {"422"}
    if "requestBody" in operation:
        possible |= {"400", "413", "415", "422"}
    return possible
