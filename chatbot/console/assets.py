"""Style sheet, scripts and icon, each under an address that changes when it does."""

import hashlib
from functools import cache
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, send_from_directory, url_for

from chatbot.console.access import everyone

FOLDER = Path(__file__).parent / "static"
_YEAR = 365 * 24 * 3600

blueprint = APIBlueprint("assets", __name__, enable_openapi=False)


@blueprint.get("/static/<path:name>")
@everyone
def serve(name: str) -> Response:
    return send_from_directory(FOLDER, name, max_age=_YEAR)


def asset(name: str) -> str:
    return url_for("console.assets.serve", name=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
