"""The whole FAQ as a file: bring it in, take it out, take back what was done to many intents."""

from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, url_for

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.limits import MOST_FILE_BYTES
from chatbot.formats.own_csv import write_csv
from chatbot.formats.own_yaml import write_yaml
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.beginning.imports import has_stopped, list_imports
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.export_faq import export_faq
from chatbot.services.learning.stale_calibration import request_what_is_needed

_RECENT_IMPORTS = 5
_LANDING = {
    "faq.import": ("show_files", "import-undone"),
    "questions.change": ("show_questions", "undone"),
}


@blueprint.get("/files")
@allows(Scope.AGENT)
def show_files() -> str:
    with parts().database.read() as session:
        return render_template(
            "console/knowledge_files.html",
            last=faq_snapshot.last_act(session),
            has_demo=demo.is_marked(session),
            recent=list_imports(session, _RECENT_IMPORTS),
            has_stopped=has_stopped,
            most_bytes=MOST_FILE_BYTES,
        )


@blueprint.post("/acts/<int:event_id>/undo")
@allows(Scope.EDITOR)
def undo_act(event_id: int) -> Response:
    """Take an import, a bulk edit or a removal back as a whole."""
    with parts().database.write() as session:
        undone = faq_snapshot.undo(session, who().name, event_id)
        request_what_is_needed(session, who().name)
    parts().nudge.send()
    page, done = _LANDING.get(undone.action, ("show", "undone"))
    address = url_for(f"console.knowledge.{page}", done=done)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


@blueprint.get("/export.yaml")
@allows(Scope.AGENT)
def export_yaml() -> Response:
    return download(write_yaml(_draft()), "faq.yaml", "application/yaml")


@blueprint.get("/export.csv")
@allows(Scope.AGENT)
def export_csv() -> Response:
    return download(write_csv(_draft().intents.values()), "faq.csv", "text/csv")


def download(content: str | bytes, name: str, kind: str) -> Response:
    """Return a file that the browser saves under `name`."""
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _draft() -> CatalogueDraft:
    with parts().database.read() as session:
        return export_faq(session)
