"""Store how soon each waiting question should be seen, all in one transaction or nothing of it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from chatbot.services.learning.shadow import note_disagreements
from chatbot.services.review.queue_rows import Queue, is_ranked
from chatbot.storage.database import now
from chatbot.storage.tables import Query, QueueRanking


def store_ranking(
    session: Session, queue: Queue, disputed: Collection[str], usefulness: Mapping[str, float]
) -> None:
    """Keep the `usefulness` of what waits in `queue` by its id, 0 where it has none.

    Also kept are which questions are `disputed`, and that this state of the queue is ranked.
    """
    note_disagreements(session, queue.shadow, disputed)
    _store_usefulness(session, queue, usefulness)
    if queue.begins_at is not None:
        _put_behind(session, queue.begins_at)
    session.merge(QueueRanking(id=1, state=queue.state, ranked_at=now()))


def _store_usefulness(session: Session, queue: Queue, usefulness: Mapping[str, float]) -> None:
    """Store only what changed, because questions that are logged meanwhile have to wait."""
    found = {each.id: usefulness.get(each.id, 0.0) for each in queue.waiting}
    changed = [
        {"query": each.id, "value": found[each.id]}
        for each in queue.waiting
        if each.usefulness != found[each.id]
    ]
    queries = cast("Table", Query.__table__)
    change = (
        update(queries)
        .where(queries.c.id == bindparam("query"), is_ranked())
        .values(usefulness=bindparam("value"))
    )
    if changed:
        session.connection().execute(change, changed)


def _put_behind(session: Session, begins_at: datetime) -> None:
    """Questions too old to be ranked must not keep the place that they had when they were new."""
    older = (is_ranked(), ~Query.confirmation.has(), Query.usefulness > 0)
    change = update(Query).where(*older, Query.asked_at < begins_at).values(usefulness=0.0)
    session.execute(change.execution_options(synchronize_session=False))
