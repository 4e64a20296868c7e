"""The whole FAQ as a file: look at what it would do, bring it in, take it out, take it back."""

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint
from chatbot.console.knowledge.uploads import MOST_UPLOAD_BYTES, Upload, allow_upload
from chatbot.console.start import making
from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, LeftOut
from chatbot.formats.own_csv import guarded, write_csv
from chatbot.formats.own_yaml import write_yaml
from chatbot.formats.registry import get_format
from chatbot.formats.summary import Summary
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.knowledge import edit_faq, faq_snapshot
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.export_faq import export_faq
from chatbot.services.knowledge.import_faq import import_faq, preview_import
from chatbot.services.knowledge.plan_import import Imported, Mode, Wanted, plan_import
from chatbot.services.learning.stale_calibration import has_intents, request_what_is_needed
from chatbot.storage.database import batched
from chatbot.storage.tables import Confirmation, Intent

MOST_MISTAKES = 100
MOST_SHOWN = 100
_MOST_LEFT_OUT = 5_000


@blueprint.get("/files")
@allows(Scope.AGENT)
def show_files() -> Response:
    return _page(HTTPStatus.OK)


@blueprint.post("/files/preview")
@allows(Scope.EDITOR)
def preview_file() -> Response:
    """Show what importing a file would do; nothing is written."""
    allow_upload()
    return _preview(Upload.sent(), _wanted())


@blueprint.post("/files")
@allows(Scope.EDITOR)
def import_file() -> Response:
    """Import all of the file, or nothing: with a mistake the page names each with its line.

    What was previewed otherwise, or before somebody edited the FAQ, is previewed again.
    """
    allow_upload()
    upload, wanted = Upload.sent(), _wanted()
    if "kept" in request.form and request.form.get("seen") != _seen(wanted):
        return _preview(upload, wanted, changed=True)
    try:
        draft = upload.read()
        with parts().database.write() as session:
            done = import_faq(session, draft, who().name, wanted=wanted)
            needs_model = request_what_is_needed(session, who().name) if done.changed else False
    except InvalidCatalogue as error:
        return _page(HTTPStatus.UNPROCESSABLE_ENTITY, mistakes=error.mistakes)
    parts().nudge.send()
    return _page(HTTPStatus.OK, imported=done, needs_model=needs_model)


@blueprint.post("/acts/<int:event_id>/undo")
@allows(Scope.EDITOR)
def undo_act(event_id: int) -> Response:
    """Take an import, a bulk edit or a removal back as a whole."""
    with parts().database.write() as session:
        undone = faq_snapshot.undo(session, who().name, event_id)
        request_what_is_needed(session, who().name)
    parts().nudge.send()
    of_questions = undone.action == "questions.change"
    page = "show_questions" if of_questions else "show"
    address = url_for(f"console.knowledge.{page}", done="undone")
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


@blueprint.get("/export.yaml")
@allows(Scope.AGENT)
def export_yaml() -> Response:
    return _download(write_yaml(_draft()), "faq.yaml", "application/yaml")


@blueprint.get("/export.csv")
@allows(Scope.AGENT)
def export_csv() -> Response:
    return _download(write_csv(_draft().intents.values()), "faq.csv", "text/csv")


def _wanted() -> Wanted:
    try:
        return Wanted(
            Mode(request.form.get("mode", Mode.UPDATE)),
            Clashes(request.form.get("clashes", Clashes.REFUSE)),
        )
    except ValueError:
        raise BadRequest("Choose how to import.") from None


def _preview(upload: Upload, wanted: Wanted, changed: bool = False) -> Response:
    """Clashes are shown as moved, which is offered, unless the editor chose otherwise."""
    try:
        draft = upload.read()
        with parts().database.read() as session:
            taken = plan_import(session, draft, replace(wanted, clashes=Clashes.KEEP)).done.clashes
            is_empty = not has_intents(session)
        if taken and wanted.clashes is Clashes.REFUSE:
            wanted = Wanted(wanted.mode, Clashes.MOVE)
        done = preview_import(parts().database, draft, wanted)
    except InvalidCatalogue as error:
        return _page(HTTPStatus.UNPROCESSABLE_ENTITY, mistakes=error.mistakes)
    with parts().database.read() as session:
        named = [*done.changes, *done.removed, *(c.owner for c in taken)]
        titles = {
            name: title
            for some in batched(named)
            for name, title in edit_faq.titles(session, some).items()
        }
        verdicts = _count_verdicts(session, done.removed)
    titles |= {name: draft.intents[name].title for name in done.added}
    page = render_template(
        "console/knowledge_preview.html",
        upload=upload,
        draft=draft,
        summary=Summary.of(draft),
        title=get_format(draft.format).title,
        left_out_csv=_as_csv(draft.left_out),
        wanted=wanted,
        done=done,
        taken=taken,
        titles=titles,
        verdicts=verdicts,
        is_empty=is_empty,
        changed=changed,
        seen=_seen(wanted),
        most=MOST_SHOWN,
    )
    return make_response(page, HTTPStatus.OK)


def _as_csv(rows: Sequence[LeftOut]) -> str:
    """Return rows that are left out for a link that holds them, in base64; the first of many."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("reason", "text", "file", "line"))
    for row in rows[:_MOST_LEFT_OUT]:
        writer.writerow((row.reason, guarded(row.text), row.file, row.line or ""))
    return base64.b64encode(file.getvalue().encode("utf-8-sig")).decode()


def _seen(wanted: Wanted) -> str:
    """Return what a preview holds for: the way of importing, and the FAQ of that moment."""
    with parts().database.read() as session:
        return f"{wanted.mode}:{wanted.clashes}:{edit_faq.current_revision(session)}"


def _count_verdicts(session: Session, names: list[str]) -> int:
    """Verdicts of agents that would be lost with these intents."""
    count = select(func.count()).select_from(Confirmation).join(Intent)
    return sum(session.scalar(count.where(Intent.name.in_(some))) or 0 for some in batched(names))


def _draft() -> CatalogueDraft:
    with parts().database.read() as session:
        return export_faq(session)


def _download(content: str, name: str, kind: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _page(status: int, imported: Imported | None = None, **more: Any) -> Response:
    with parts().database.read() as session:
        last = faq_snapshot.last_act(session)
        has_demo = demo.is_marked(session)
    page = render_template(
        "console/knowledge_files.html",
        imported=imported,
        last=last,
        has_demo=has_demo,
        most_bytes=MOST_UPLOAD_BYTES,
        most_mistakes=MOST_MISTAKES,
        **making(),
        **more,
    )
    return make_response(page, status)
