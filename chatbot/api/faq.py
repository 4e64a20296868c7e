"""Editors: the FAQ as a whole: import, acts on many intents, undo, and the demo."""

from apiflask import APIBlueprint
from flask import request

from chatbot.api.schemas.faq import (
    BulkIn,
    BulkOut,
    DemoOut,
    ImportIn,
    ImportOut,
    UndoIn,
    UndoOut,
)
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.knowledge import bulk_edit, faq_snapshot
from chatbot.services.knowledge.import_faq import import_faq, preview_import
from chatbot.services.knowledge.plan_import import Wanted
from chatbot.services.learning.stale_calibration import request_what_is_needed

MOST_BYTES = 8_000_000

blueprint = APIBlueprint("faq", __name__, tag="FAQ", url_prefix="/v1")


@blueprint.before_request
def _take_whole_files() -> None:
    request.max_content_length = MOST_BYTES


@blueprint.post("/faq/import")
@requires(Scope.EDITOR)
@blueprint.input(ImportIn, arg_name="body")
@blueprint.output(ImportOut)
@blueprint.doc(responses=[409])
def import_file(body: ImportIn) -> ImportOut:
    """Bring a whole file in, or with `dry_run` say what that would do. All of it, or nothing."""
    draft, wanted = _read(body), Wanted(body.mode, body.clashes)
    if body.dry_run:
        return ImportOut.of(preview_import(parts().database, draft, wanted), dry_run=True)
    with parts().database.write() as session:
        done = import_faq(session, draft, caller().name, wanted=wanted)
        if done.changed:
            request_what_is_needed(session, caller().name)
    parts().nudge.send()
    return ImportOut.of(done, dry_run=False)


@blueprint.post("/faq/bulk")
@requires(Scope.EDITOR)
@blueprint.input(BulkIn, arg_name="body")
@blueprint.output(BulkOut)
@blueprint.doc(responses=[404, 409])
def act_on_many(body: BulkIn) -> BulkOut:
    """Enable, disable, delete, or move many intents to a topic: all of them, or none."""
    what = (body.names, body.action, body.topic)
    if body.dry_run:
        with parts().database.read() as session:
            return BulkOut.of(bulk_edit.foresee(session, *what), None)
    with parts().database.write() as session:
        found = bulk_edit.foresee(session, *what)
        act = bulk_edit.act(session, caller().name, *what)
        request_what_is_needed(session, caller().name)
    parts().nudge.send()
    return BulkOut.of(found, act)


@blueprint.post("/faq/undo")
@requires(Scope.EDITOR)
@blueprint.input(UndoIn, arg_name="body")
@blueprint.output(UndoOut)
@blueprint.doc(responses=[404, 409])
def undo(body: UndoIn) -> UndoOut:
    """Take an import, an act on many, or a removal back as a whole.

    Refused if something that it touched was changed since.
    """
    with parts().database.write() as session:
        undone = faq_snapshot.undo(session, caller().name, body.act)
        request_what_is_needed(session, caller().name)
    parts().nudge.send()
    return UndoOut(action=undone.action, subject=undone.subject)


@blueprint.get("/demo")
@requires(Scope.AGENT)
@blueprint.output(DemoOut)
def show_demo() -> DemoOut:
    """Say what of the demo is here, and what removing it takes along."""
    with parts().database.read() as session:
        return DemoOut.of(demo.find_demo(session))


@blueprint.post("/demo")
@requires(Scope.EDITOR)
@blueprint.output(ImportOut)
@blueprint.doc(responses=[404])
def add_demo() -> ImportOut:
    """Bring the FAQ of an invented company in, beside what is there, which it does not change."""
    with parts().database.write() as session:
        done = demo.add_demo(session, caller().name)
        request_what_is_needed(session, caller().name)
    parts().nudge.send()
    return ImportOut.of(done, dry_run=False)


@blueprint.delete("/demo")
@requires(Scope.EDITOR)
@blueprint.output(DemoOut)
@blueprint.doc(responses=[404])
def remove_demo() -> DemoOut:
    """Remove the demo whole: intents, test questions, pins, and what was asked of it."""
    with parts().database.write() as session:
        removed = demo.remove_demo(session, caller().name)
        request_what_is_needed(session, caller().name)
    parts().nudge.send()
    return DemoOut.of(removed)


def _read(body: ImportIn) -> CatalogueDraft:
    """Read the catalogue of the body. Raises InvalidCatalogue."""
    return read_source(source_of(f"faq.{body.format}", body.content.encode()))
