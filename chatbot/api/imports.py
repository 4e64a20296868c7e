"""Editors: files of any known format, sent, looked at, decided on and imported.

Large files are read and written beside: the reply is 202, and `GET /v1/imports/{id}` says how far.
"""

from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request, url_for
from werkzeug.exceptions import BadRequest, NotFound

from chatbot.api.schemas.imports import DecideIn, ImportsIn, ImportsOut
from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.limits import MOST_FILE_BYTES
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.errors import MEDIA_TYPE
from chatbot.http.imports import carry_on
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import imports
from chatbot.services.beginning.imports import How, State
from chatbot.services.knowledge.clashes import Clashes
from chatbot.storage.tables import FaqImport

Reply = tuple[ImportsOut, int, dict[str, str]]
_LATER: dict[int | str, Any] = {
    202: {
        "description": "It is large: it is read or written beside. `Location` says how far it is.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ImportsOut"}}},
    }
}
_WRITTEN: dict[int | str, Any] = {
    409: {
        "description": "It was imported already, or is being imported.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
_CSV: dict[int | str, Any] = {
    200: {
        "description": "All rows that are left out, with reason, text, file and line.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}

blueprint = APIBlueprint("imports", __name__, tag="FAQ", url_prefix="/v1/imports")


@blueprint.post("")
@requires(Scope.EDITOR)
@blueprint.input(ImportsIn, location="query", arg_name="wanted")
@blueprint.output(ImportsOut)
@blueprint.doc(responses=_LATER)
def send_file(wanted: ImportsIn) -> Reply:
    """Preview a file or an archive of any known format, or with `dry_run=false` import it.

    The body is the file itself. Its format is recognised by what it holds; docs/formats.md lists
    them. What cannot be used is left out and comes back with the reason. All of it, or nothing.
    The file is kept for two days, or until it is imported.
    """
    request.max_content_length = MOST_FILE_BYTES
    content = request.get_data(cache=False)
    if not content:
        raise BadRequest("Send the file as the body of the request.")
    how = How(wanted.mode, wanted.clashes, language=wanted.language)
    state = State.READING if wanted.dry_run else State.WRITING
    with parts().database.write() as session:
        kept = imports.keep(session, caller().name, wanted.name, content, how, state)
    return _reply(kept, forget_mistakes=True)


@blueprint.get("/<int:import_id>")
@requires(Scope.EDITOR)
@blueprint.output(ImportsOut)
def show_import(import_id: int) -> ImportsOut:
    """Say how far an import is, what is in the file, and what importing it changes."""
    with parts().database.read() as session:
        return ImportsOut.of(imports.get_import(session, import_id))


@blueprint.post("/<int:import_id>")
@requires(Scope.EDITOR)
@blueprint.input(DecideIn, arg_name="body")
@blueprint.output(ImportsOut)
@blueprint.doc(responses=_LATER | _WRITTEN)
def decide(import_id: int, body: DecideIn) -> Reply:
    """Import a file that was sent before, as decided, or with `dry_run` look at it again.

    If the FAQ was edited after the last look, nothing is imported: the state is `ready` again, with
    what it would do now.
    """
    decided = {text: Clashes(decision) for text, decision in body.decided.items()}
    how = How(body.mode, body.clashes, decided, body.given, body.language)
    ask = imports.ask_to_read if body.dry_run else imports.ask_to_write
    with parts().database.write() as session:
        kept = ask(session, import_id, how)
    return _reply(kept)


@blueprint.delete("/<int:import_id>")
@requires(Scope.EDITOR)
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=[409])
def leave(import_id: int) -> tuple[str, int]:
    """Forget a file that was not imported."""
    with parts().database.write() as session:
        imports.leave(session, import_id)
    return "", HTTPStatus.NO_CONTENT


@blueprint.get("/<int:import_id>/left-out")
@requires(Scope.EDITOR)
@blueprint.doc(responses=_CSV)
def download_left_out(import_id: int) -> Response:
    """Read all rows that are left out, as CSV."""
    with parts().database.read() as session:
        rows = imports.get_import(session, import_id).left_out
    if rows is None:
        raise NotFound("Nothing is left out.")
    return Response(rows, mimetype="text/csv")


def _reply(kept: FaqImport, forget_mistakes: bool = False) -> Reply:
    """Return the import with 200 if all is done, with 202 if it goes on beside. Raises
    InvalidCatalogue for a small file with mistakes, which need not be kept.
    """
    is_done = carry_on(kept)
    with parts().database.read() as session:
        shown = ImportsOut.of(imports.get_import(session, kept.id))
    if is_done and forget_mistakes and shown.mistakes:
        with parts().database.write() as session:
            imports.leave(session, kept.id)
        found = [Mistake(each.file, each.line, each.reason) for each in shown.mistakes]
        raise InvalidCatalogue(found)
    status = HTTPStatus.OK if is_done else HTTPStatus.ACCEPTED
    return shown, status, {"Location": url_for("imports.show_import", import_id=kept.id)}
