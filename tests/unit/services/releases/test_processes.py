from datetime import timedelta

from sqlalchemy import update

from chatbot.matching.live import Target
from chatbot.services.releases.processes import Identity, ProcessKind, beat, leave, list_alive
from chatbot.storage.database import Database, now
from chatbot.storage.tables import WorkingProcess

TARGET = Target(generation=3, version=2, digest="d" * 64, revision=7)


def age(database: Database, who: Identity, by: timedelta) -> None:
    with database.write() as session:
        chosen = update(WorkingProcess).where(WorkingProcess.id == who.id)
        session.execute(chosen.values(heartbeat_at=now() - by))


def alive(database: Database, kind: ProcessKind = ProcessKind.WEB) -> list[str]:
    with database.read() as session:
        return [row.id for row in list_alive(session, kind)]


def test_a_process_says_what_it_serves_and_later_what_it_serves_now(database: Database) -> None:
    who = Identity(ProcessKind.WEB)
    with database.write() as session:
        beat(session, Identity(ProcessKind.WORKER))
        beat(session, who)
    with database.write() as session:
        beat(session, who, TARGET, "disk full")
        (row,) = list_alive(session, ProcessKind.WEB)
        assert (row.generation, row.version_id, row.knowledge_revision) == (3, 2, 7)
        assert (row.error, row.pid, row.host) == ("disk full", who.pid, who.host)


def test_a_process_that_falls_silent_is_not_alive(database: Database) -> None:
    silent, well = Identity(ProcessKind.WEB), Identity(ProcessKind.WEB)
    with database.write() as session:
        for who in (silent, well):
            beat(session, who)
    age(database, silent, timedelta(seconds=61))
    assert alive(database) == [well.id]


def test_a_process_that_stops_properly_leaves_at_once(database: Database) -> None:
    stays, leaves = Identity(ProcessKind.WEB), Identity(ProcessKind.WEB)
    with database.write() as session:
        beat(session, stays)
        beat(session, leaves)
        leave(session, leaves)
    assert alive(database) == [stays.id]
