"""The whole FAQ as a file: bring it in, take it out."""

from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest

from chatbot.api.context import parts
from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint
from chatbot.errors import InvalidCatalogue
from chatbot.services import jobs
from chatbot.services.catalogue_csv import write_csv
from chatbot.services.catalogue_draft import CatalogueDraft
from chatbot.services.catalogue_files import YAML_SUFFIXES, read_catalogue_files
from chatbot.services.catalogue_yaml import write_yaml
from chatbot.services.export_faq import export_faq
from chatbot.services.import_faq import Imported, import_faq
from chatbot.services.keys import Scope
from chatbot.services.outgrown_calibration import find_outgrown

MOST_UPLOAD_BYTES = 4_000_000
MOST_MISTAKES = 100
_SUFFIXES = (".csv", *YAML_SUFFIXES)


@blueprint.get("/files")
@allows(Scope.AGENT)
def show_files() -> Response:
    return _page(HTTPStatus.OK)


@blueprint.post("/files")
@allows(Scope.EDITOR)
def import_file() -> Response:
    """All of the file, or nothing: with a mistake the page names each with its line."""
    request.max_content_length = MOST_UPLOAD_BYTES
    try:
        draft = _read(request.files.get("file"))
        with parts().database.write() as session:
            done = import_faq(session, draft, who().name)
            calibrates = _calibrate_again(session) if done.changed else False
    except InvalidCatalogue as error:
        return _page(HTTPStatus.UNPROCESSABLE_ENTITY, mistakes=error.mistakes)
    parts().nudge.send()
    return _page(HTTPStatus.OK, imported=done, calibrates=calibrates)


@blueprint.get("/export.yaml")
@allows(Scope.AGENT)
def export_yaml() -> Response:
    return _download(write_yaml(_draft()), "faq.yaml", "application/yaml")


@blueprint.get("/export.csv")
@allows(Scope.AGENT)
def export_csv() -> Response:
    return _download(write_csv(_draft().intents.values()), "faq.csv", "text/csv")


def _read(upload: FileStorage | None) -> CatalogueDraft:
    """Raises BadRequest without a file of a known kind, InvalidCatalogue."""
    name = Path((upload.filename if upload else None) or "").name
    if upload is None or Path(name).suffix.lower() not in _SUFFIXES:
        raise BadRequest(f"Choose a file that ends in {', '.join(_SUFFIXES)}.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"faq{Path(name).suffix.lower()}"
        upload.save(path)
        return read_catalogue_files(path)


def _calibrate_again(session: Session) -> bool:
    if find_outgrown(session) is None:
        return False
    jobs.request(session, jobs.Kind.UNTRAINED, who().name)
    return True


def _draft() -> CatalogueDraft:
    with parts().database.read() as session:
        return export_faq(session)


def _download(content: str, name: str, kind: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _page(status: int, imported: Imported | None = None, **more: Any) -> Response:
    page = render_template(
        "console/knowledge_files.html",
        imported=imported,
        most_bytes=MOST_UPLOAD_BYTES,
        most_mistakes=MOST_MISTAKES,
        **more,
    )
    return make_response(page, status)
