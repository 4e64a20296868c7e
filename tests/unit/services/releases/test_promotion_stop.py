"""The hold as rows; services/monitoring/test_watch.py brings it about."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict
from chatbot.services.releases import promotion_stop, release
from chatbot.services.releases.kinds import WatchState
from chatbot.storage.database import Database, now
from chatbot.storage.tables import AuditEvent, Watch
from factories import add_live_version, add_version


def add_watch(session: Session, state: WatchState, cleared_by: str | None = None) -> Watch:
    """Of a promotion that happened just now."""
    version = add_live_version(session).id
    pointer = release.read_pointer(session)
    assert pointer is not None
    watch = Watch(
        generation=pointer.generation,
        version_id=version,
        previous_id=version,
        state=state,
        cleared_by=cleared_by,
        since=now(),
        until=now(),
    )
    session.add(watch)
    session.flush()
    return watch


@pytest.mark.parametrize("state", [s for s in WatchState if s is not WatchState.ROLLED_BACK])
def test_only_a_rollback_holds(database: Database, state: WatchState) -> None:
    with database.write() as session:
        add_watch(session, state)
        assert promotion_stop.find_stop(session) is None
        promotion_stop.refuse_while_stopped(session)


def test_while_it_holds_the_version_is_named_and_nothing_is_promoted(database: Database) -> None:
    with database.write() as session:
        watch = add_watch(session, WatchState.ROLLED_BACK)
        assert promotion_stop.find_stop(session) is watch
        with pytest.raises(Conflict, match=f"Version {watch.version_id} was rolled back"):
            promotion_stop.refuse_while_stopped(session)


def test_who_lifts_it_is_kept_with_the_reason(database: Database) -> None:
    with database.write() as session:
        watch = add_watch(session, WatchState.ROLLED_BACK)
        assert promotion_stop.lift_stop(session, "ann", "looked at it") is watch
        assert watch.cleared_by == "ann"
        promotion_stop.refuse_while_stopped(session)
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "watch.clear"))
        assert (event.actor, event.detail["reason"]) == ("ann", "looked at it")
        with pytest.raises(Conflict, match="nothing to clear"):
            promotion_stop.lift_stop(session, "ann", "again")


def test_a_person_who_promotes_afterwards_ends_it(database: Database) -> None:
    with database.write() as session:
        add_watch(session, WatchState.ROLLED_BACK)
        release.promote(session, add_version(session).id, "ann", "I know better")
        assert promotion_stop.find_stop(session) is None


def test_the_newest_rollback_counts(database: Database) -> None:
    with database.write() as session:
        add_watch(session, WatchState.ROLLED_BACK, cleared_by="ann")
        newest = add_watch(session, WatchState.ROLLED_BACK)
        assert promotion_stop.find_stop(session) is newest
