"""Stop promotions after an automatic rollback: none happens by itself until an admin says so."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict
from chatbot.services.access import audit
from chatbot.services.releases.kinds import ReleaseKind, WatchState
from chatbot.storage.tables import Release, Watch


def find_stop(session: Session) -> Watch | None:
    """Return the watch whose rollback still holds; a person who promotes ends it."""
    rolled_back = (
        select(Watch)
        .where(Watch.state == WatchState.ROLLED_BACK, Watch.cleared_by.is_(None))
        .order_by(Watch.generation.desc())
        .limit(1)
    )
    watch = session.scalar(rolled_back)
    if watch is None:
        return None
    # While it holds, only a person can have promoted.
    since = select(Release.generation).where(
        Release.kind == ReleaseKind.PROMOTE, Release.generation > watch.generation
    )
    return None if session.scalar(since.limit(1)) is not None else watch


def refuse_while_stopped(session: Session) -> None:
    """Raise Conflict while an automatic rollback stops promotions."""
    if watch := find_stop(session):
        raise Conflict(
            f"Version {watch.version_id} was rolled back automatically. Nothing is promoted by "
            "itself until an admin has looked at it and clears the hold."
        )


def lift_stop(session: Session, by: str, reason: str) -> Watch:
    """Let nights promote again; the version that was rolled back stays withdrawn.

    Raises Conflict if nothing holds.
    """
    watch = find_stop(session)
    if watch is None:
        raise Conflict("No automatic rollback holds promotions, so there is nothing to clear.")
    watch.cleared_by = by
    audit.record(session, by, "watch.clear", watch.version_id, reason=reason)
    return watch
