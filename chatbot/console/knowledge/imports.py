"""An import, step by step: send a file, see what it would do, decide, see it done, and undo it."""

from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint
from chatbot.console.knowledge.files import download
from chatbot.console.uploads import Upload, allow_upload
from chatbot.http.context import parts
from chatbot.http.imports import carry_on
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import imports
from chatbot.services.beginning.imports import How
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.import_preview import MOST_SHOWN
from chatbot.services.knowledge.plan_import import Mode
from chatbot.storage.tables import FaqImport

_STEPS = {
    "reading": "Reading the file",
    "comparing": "Comparing it with the FAQ",
    "writing": "Writing it into the FAQ",
}


@blueprint.post("/imports")
@allows(Scope.EDITOR)
def send_file() -> Response:
    """Keep a file and read it; nothing of it is in the FAQ yet."""
    allow_upload()
    upload = Upload.sent()
    with parts().database.write() as session:
        kept = imports.keep(session, who().name, upload.name, upload.content, How())
    carry_on(kept)
    return _to(kept.id)


@blueprint.get("/imports/<int:import_id>")
@allows(Scope.EDITOR)
def show_import(import_id: int) -> Response:
    """Show how far it is, what it would do, or that it is done."""
    with parts().database.read() as session:
        kept = imports.get_import(session, import_id)
    if kept.state in imports.WRITTEN:
        return _to_readiness(kept)
    page = render_template(
        "console/knowledge_import.html",
        kept=kept,
        found=kept.found or {},
        step=_STEPS.get(kept.step, "Starting"),
        stopped=imports.has_stopped(kept),
        most=MOST_SHOWN,
    )
    return make_response(page)


@blueprint.post("/imports/<int:import_id>/look")
@allows(Scope.EDITOR)
def look_again(import_id: int) -> Response:
    """Show what it would do in another way of importing."""
    with parts().database.write() as session:
        kept = imports.ask_to_read(session, import_id, _how())
    carry_on(kept)
    return _to(import_id)


@blueprint.post("/imports/<int:import_id>")
@allows(Scope.EDITOR)
def write_import(import_id: int) -> Response:
    """Write all of it into the FAQ, or nothing.

    What was shown for another way of importing, or before somebody edited the FAQ, is shown anew.
    """
    how = _how()
    with parts().database.write() as session:
        kept = imports.get_import(session, import_id)
        shown = kept.mode, kept.clashes, kept.language
        is_as_shown = how is None or shown == (how.mode, how.clashes, how.language or kept.language)
        ask = imports.ask_to_write if is_as_shown else imports.ask_to_read
        kept = ask(session, import_id, how)
    carry_on(kept)
    return _to(import_id)


@blueprint.post("/imports/<int:import_id>/leave")
@allows(Scope.EDITOR)
def leave_import(import_id: int) -> Response:
    with parts().database.write() as session:
        imports.leave(session, import_id)
    address = url_for("console.knowledge.show_files", done="left")
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


@blueprint.get("/imports/<int:import_id>/left-out.csv")
@allows(Scope.EDITOR)
def download_left_out(import_id: int) -> Response:
    with parts().database.read() as session:
        rows = imports.get_import(session, import_id).left_out
    if rows is None:
        raise NotFound("Nothing was left out.")
    return download(rows, "left-out.csv", "text/csv")


def _how() -> How | None:
    """Return the way to import that a form says; None if it says nothing. Raises BadRequest."""
    form = request.form
    if "mode" not in form:
        return None
    decided = zip(form.getlist("taken"), form.getlist("decision"), strict=False)
    given = zip(form.getlist("twice"), form.getlist("gets"), strict=False)
    try:
        return How(
            Mode(form["mode"]),
            Clashes(form.get("clashes", Clashes.PROPOSED)),
            {text: Clashes(decision) for text, decision in decided if decision},
            {text: intent for text, intent in given if intent},
            form.get("language") or None,
        )
    except ValueError:
        raise BadRequest("Choose how to import.") from None


def _to(import_id: int) -> Response:
    address = url_for("console.knowledge.show_import", import_id=import_id)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _to_readiness(kept: FaqImport) -> Response:
    """Go on to what matters after an import: whether the bot answers with it."""
    address = url_for("console.knowledge.show_readiness", imported=kept.id)
    if request.headers.get("HX-Request"):
        return Response(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": address})
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))
