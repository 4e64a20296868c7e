"""Imports as rows: a file is kept, read and shown, and written when somebody says so.

Whoever asks for a step gets a token; only what was done with the newest one counts. So a process
that dies, hangs or is overtaken leaves nothing behind: the file is still there, the FAQ as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from chatbot.domain.answer_links import NOWHERE, Surroundings
from chatbot.domain.text import normalise
from chatbot.errors import Conflict, InvalidCatalogue, LeaseLost, NotFound
from chatbot.formats.draft import CatalogueDraft, FileClash
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.clashes import Clashes, settle
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.knowledge.import_preview import (
    MOST_SHOWN,
    describe_import,
    write_left_out,
)
from chatbot.services.knowledge.plan_import import Mode, Wanted, plan_import
from chatbot.services.learning.stale_calibration import request_what_is_needed
from chatbot.storage.database import Database, changes_a_row, now
from chatbot.storage.tables import DONE, UNDONE, FaqImport

ALIVE_FOR = timedelta(seconds=60)
_MOST_NAME_CHARS = 200
_LARGEST_AT_ONCE = 200_000
_LARGEST_ARCHIVE_AT_ONCE = 40_000
_ARCHIVE = b"PK"
_CHANGED = "The FAQ was edited after you looked. This is what the import would do now."


class State(StrEnum):
    READING = "reading"
    READY = "ready"  # read and shown; nothing is written
    REFUSED = "refused"  # it has mistakes
    WRITING = "writing"
    DONE = DONE
    UNDONE = UNDONE  # written, and taken back
    FAILED = "failed"  # a process died or took too long; nothing is written


AT_WORK = (State.READING, State.WRITING)
WRITTEN = (State.DONE, State.UNDONE)


@dataclass(frozen=True)
class How:
    """The way to import, with what was decided on single clashes.

    `decided` has texts that another intent has, `given` texts that several of the file's intents
    have, with the one that gets it. `language` is the one to take of a file in several, as "de";
    else it is what was chosen before, or the file's own.
    """

    mode: Mode = Mode.UPDATE
    clashes: Clashes = Clashes.PROPOSED
    decided: Mapping[str, Clashes] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None


def keep(
    session: Session, by: str, name: str, content: bytes, how: How, state: State = State.READING
) -> FaqImport:
    """Keep a file, to be read, or to be written unseen: `run` does that, with the row's token."""
    kept = FaqImport(name=name[:_MOST_NAME_CHARS], content=content, by=by, state=state, token=1)
    kept.alive_until, kept.is_large = now() + ALIVE_FOR, _is_large(content)
    _set_how(kept, how)
    session.add(kept)
    session.flush()
    return kept


def get_import(session: Session, import_id: int) -> FaqImport:
    """Return an import by its id. Raises NotFound, also for one that was forgotten since."""
    found = session.get(FaqImport, import_id)
    if found is None:
        raise NotFound(f"There is no import {import_id}; files are kept for two days.")
    return found


def list_imports(session: Session, limit: int) -> Sequence[FaqImport]:
    """List imports, newest first."""
    return session.scalars(select(FaqImport).order_by(FaqImport.id.desc()).limit(limit)).all()


def has_stopped(kept: FaqImport) -> bool:
    """Return whether the process that works on it gives no sign of life any more."""
    is_silent = kept.alive_until is not None and kept.alive_until < now()
    return kept.state in AT_WORK and is_silent


def ask_to_read(session: Session, import_id: int, how: How | None = None) -> FaqImport:
    """Ask that the file be read again, as `how`; the token of the row is for `run`.

    Raises NotFound; Conflict if it is written, or being written.
    """
    return _ask(session, import_id, State.READING, how)


def ask_to_write(session: Session, import_id: int, how: How | None = None) -> FaqImport:
    """Ask that the file be written, as `how`; the token of the row is for `run`.

    Raises NotFound; Conflict if it is written, or being written, or cannot be.
    """
    if get_import(session, import_id).state == State.REFUSED:
        raise Conflict("This file has mistakes, so it cannot be imported.")
    return _ask(session, import_id, State.WRITING, how)


def leave(session: Session, import_id: int) -> None:
    """Forget a file that was not imported. Raises NotFound; Conflict if it is being written."""
    kept = _lock(session, import_id)
    _refuse_if_written(kept)
    session.delete(kept)


def run(
    database: Database, import_id: int, token: int, surroundings: Surroundings = NOWHERE
) -> None:
    """Read or write the file, as was asked for; links and pictures that visitors in `surroundings`
    do not see are counted. Raises LeaseLost if somebody asked anew since.
    """
    with database.read() as session:
        kept = session.get(FaqImport, import_id, options=[undefer(FaqImport.content)])
        if kept is None or kept.token != token or kept.content is None:
            raise LeaseLost(f"Import {import_id} was asked for anew.")
    try:
        _tell(database, kept, "reading", 0.1)
        as_read = read_source(source_of(kept.name, kept.content), kept.language)
        draft = settle(as_read, kept.given)
        _tell(database, kept, "comparing", 0.4)
        if kept.state == State.READING or not _write(database, kept, draft, surroundings):
            _show(database, kept, draft, as_read.clashes, surroundings)
    except InvalidCatalogue as error:
        _refuse(database, kept, error)


def run_at_once(
    database: Database, import_id: int, token: int, surroundings: Surroundings = NOWHERE
) -> None:
    """Read or write the file here and now; what goes wrong leaves it as failed. Raises that."""
    try:
        run(database, import_id, token, surroundings)
    except LeaseLost:
        return
    except Exception:
        fail(database, import_id, token, "Something went wrong. Nothing was imported.")
        raise


def say_alive(database: Database, import_id: int, token: int) -> None:
    """Say that a process still works on it. Raises LeaseLost."""
    with database.write() as session:
        _change(session, import_id, token, alive_until=now() + ALIVE_FOR)


def fail(database: Database, import_id: int, token: int, message: str) -> None:
    """Write down that nothing came of it, unless something did, or it was asked for anew."""
    unfinished = FaqImport.state.in_(AT_WORK) & (FaqImport.token == token)
    with database.write() as session:
        session.execute(
            update(FaqImport)
            .where(FaqImport.id == import_id, unfinished)
            .values(state=State.FAILED, message=message, alive_until=None)
        )


def _ask(session: Session, import_id: int, state: State, how: How | None) -> FaqImport:
    kept = _lock(session, import_id)
    _refuse_if_written(kept)
    if how is not None:
        _set_how(kept, how)
    kept.state, kept.token, kept.message = state, kept.token + 1, ""
    kept.step, kept.progress = "", 0.0
    kept.alive_until = now() + ALIVE_FOR
    return kept


def _is_large(content: bytes) -> bool:
    """Return whether reading a file takes longer than somebody waits for a page."""
    packed = content.startswith(_ARCHIVE)
    return len(content) > (_LARGEST_ARCHIVE_AT_ONCE if packed else _LARGEST_AT_ONCE)


def _lock(session: Session, import_id: int) -> FaqImport:
    query = select(FaqImport).where(FaqImport.id == import_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    return found or get_import(session, import_id)


def _refuse_if_written(kept: FaqImport) -> None:
    if kept.state in WRITTEN:
        raise Conflict("This file was imported already.")
    if kept.state == State.WRITING and not has_stopped(kept):
        raise Conflict("This file is being imported.")


def _set_how(kept: FaqImport, how: How) -> None:
    kept.mode, kept.clashes, kept.language = how.mode, how.clashes, how.language or kept.language
    kept.decided = {normalise(text): decision.value for text, decision in how.decided.items()}
    kept.given = {normalise(text): intent for text, intent in how.given.items()}


def _wanted(kept: FaqImport) -> Wanted:
    decided = {text: Clashes(decision) for text, decision in kept.decided.items()}
    return Wanted(Mode(kept.mode), Clashes(kept.clashes), None, decided)


def _write(
    database: Database, kept: FaqImport, draft: CatalogueDraft, surroundings: Surroundings
) -> bool:
    """Return False if the FAQ is not as it was when the preview was made: then nothing is done.

    Planning comes before the transaction, in which everybody else who writes has to wait.
    """
    wanted = _wanted(kept)
    with database.read() as session:
        revision = edit_faq.current_revision(session)
        plan = plan_import(session, draft, wanted)
    _tell(database, kept, "writing", 0.6)
    with database.write() as session:
        if {kept.revision or revision, edit_faq.current_revision(session)} != {revision}:
            return False
        done = import_faq(session, draft, kept.by, wanted=wanted, plan=plan)
        if done.changed:
            request_what_is_needed(session, kept.by)
        found = describe_import(session, draft, done, wanted, surroundings)
        _finish(session, kept, State.DONE, found, act=done.act, content=None)
        _change(session, kept.id, kept.token, revision=edit_faq.current_revision(session))
    return True


def _show(
    database: Database,
    kept: FaqImport,
    draft: CatalogueDraft,
    twice: Sequence[FileClash],
    surroundings: Surroundings,
) -> None:
    wanted = _wanted(kept)
    with database.read() as session:
        done = plan_import(session, draft, wanted).done
        found = describe_import(session, draft, done, wanted, surroundings, twice, kept.given)
        revision = edit_faq.current_revision(session)
    left_out = write_left_out(draft.left_out) if draft.left_out else None
    message = _CHANGED if kept.state == State.WRITING else ""
    with database.write() as session:
        more = {"left_out": left_out, "revision": revision, "message": message}
        _finish(session, kept, State.READY, found, **more)


def _refuse(database: Database, kept: FaqImport, error: InvalidCatalogue) -> None:
    mistakes = [[each.file, each.line, each.reason] for each in error.mistakes[:MOST_SHOWN]]
    found = {"mistakes": mistakes, "mistake_count": len(error.mistakes)}
    with database.write() as session:
        _finish(session, kept, State.REFUSED, found)


def _finish(
    session: Session, kept: FaqImport, state: State, found: dict[str, Any], **more: Any
) -> None:
    values = {"state": state, "found": found, "alive_until": None, "progress": 1.0}
    _change(session, kept.id, kept.token, **values, **more)


def _tell(database: Database, kept: FaqImport, step: str, progress: float) -> None:
    """Say what is being done; not in the transaction that writes, of which nobody hears."""
    values = {"step": step, "progress": progress, "alive_until": now() + ALIVE_FOR}
    with database.write() as session:
        _change(session, kept.id, kept.token, **values)


def _change(session: Session, import_id: int, token: int, **values: Any) -> None:
    mine = (FaqImport.id == import_id) & (FaqImport.token == token)
    if not changes_a_row(session, update(FaqImport).where(mine).values(values)):
        raise LeaseLost(f"Import {import_id} was asked for anew; what was done is dropped.")
