import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from chatbot.services.beginning import import_process, imports
from chatbot.services.beginning.imports import How, State
from chatbot.storage.database import Database
from chatbot.storage.tables import FaqImport, Intent

CSV = b"text,intent,answer\nno wifi,wifi,Ask.\n"


def keep(database: Database, content: bytes = CSV) -> FaqImport:
    with database.write() as session:
        return imports.keep(session, "ann", "faq.csv", content, How(), State.WRITING)


def get(database: Database, kept: FaqImport) -> FaqImport:
    with database.read() as session:
        return imports.get_import(session, kept.id)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Intent.name)))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes that are started, stopped before they do anything."""
    started: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def start(*arguments: Any, **more: Any) -> "subprocess.Popen[str]":
        child: subprocess.Popen[str] = real(*arguments, **more)
        os.kill(child.pid, signal.SIGSTOP)
        started.append(child)
        return child

    monkeypatch.setattr(subprocess, "Popen", start)
    yield started
    for child in started:
        if child.poll() is None:
            child.kill()


def test_another_process_writes_it_and_tells(database: Database) -> None:
    kept, told = keep(database), threading.Event()
    import_process.start(database, kept.id, kept.token, told.set).join(120)
    assert told.is_set()
    assert get(database, kept).state == State.DONE
    assert names(database) == ["wifi"]


def test_mistakes_come_back_too(database: Database) -> None:
    kept = keep(database, b"text,intent\n,wifi\n")
    import_process.start(database, kept.id, kept.token, lambda: None).join(120)
    assert get(database, kept).state == State.REFUSED


def test_a_process_that_dies_leaves_the_faq_as_it_was(
    database: Database, children: list["subprocess.Popen[str]"]
) -> None:
    kept, told = keep(database), threading.Event()
    watch = import_process.start(database, kept.id, kept.token, told.set)
    while not children:
        watch.join(0.01)
    children[0].kill()
    watch.join(60)
    assert told.is_set()
    failed = get(database, kept)
    assert failed.state == State.FAILED
    assert failed.message == (
        "The process that worked on it was ended (SIGKILL). Nothing was imported."
    )
    assert names(database) == []


def test_one_that_hangs_is_ended(
    database: Database,
    children: list["subprocess.Popen[str]"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_process, "LONGEST_SECONDS", 0.0)
    monkeypatch.setattr(import_process, "_LOOK_SECONDS", 0.01)
    kept = keep(database)
    import_process.start(database, kept.id, kept.token, lambda: None).join(60)
    assert get(database, kept).state == State.FAILED
    assert children[0].poll() == -signal.SIGKILL


def test_more_than_some_wait_and_give_signs_of_life(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_process, "_LOOK_SECONDS", 0.01)
    kept, lived = keep(database), threading.Event()

    def alive(*arguments: Any) -> None:
        imports.say_alive(*arguments)
        lived.set()

    monkeypatch.setattr(import_process, "say_alive", alive)
    for _ in range(import_process.MOST_AT_ONCE):
        import_process._slots.acquire()
    try:
        watch = import_process.start(database, kept.id, kept.token, lambda: None)
        assert lived.wait(60)
        assert get(database, kept).step == ""
    finally:
        for _ in range(import_process.MOST_AT_ONCE):
            import_process._slots.release()
    watch.join(120)
    assert names(database) == ["wifi"]
