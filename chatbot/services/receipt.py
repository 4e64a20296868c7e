"""What became of a verdict: from the queue into the training set, into a model, and live."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.split import Part
from chatbot.storage.tables import Confirmation, ModelPointer, Query, VersionExample


class Stage(StrEnum):
    WAITING = "waiting"  # for the next training
    LEARNT = "learnt"  # by a version that is not live
    LIVE = "live"
    MEASURES = "measures"  # kept out of training, to judge models by


@dataclass(frozen=True)
class Receipt:
    """`version` is the newest that learnt it, or, if live, the one that answers now."""

    query: Query
    verdict: Confirmation
    stage: Stage
    version: int | None = None


def list_receipts(session: Session, queries: Iterable[Query]) -> list[Receipt]:
    """For those of `queries` that were judged, in their order."""
    judged = [(query, query.confirmation) for query in queries if query.confirmation is not None]
    ids = [query.id for query, _ in judged]
    live = session.scalar(select(ModelPointer.version_id))
    newest = _newest_by_query(session, ids, None)
    now_live = _newest_by_query(session, ids, live) if live is not None else {}
    return [_receipt(query, verdict, newest, now_live) for query, verdict in judged]


def _receipt(
    query: Query, verdict: Confirmation, newest: dict[str, int], live: dict[str, int]
) -> Receipt:
    if verdict.part == Part.HELD_OUT:
        return Receipt(query, verdict, Stage.MEASURES)
    if query.id in live:
        return Receipt(query, verdict, Stage.LIVE, live[query.id])
    if query.id in newest:
        return Receipt(query, verdict, Stage.LEARNT, newest[query.id])
    return Receipt(query, verdict, Stage.WAITING)


def _newest_by_query(session: Session, ids: list[str], version: int | None) -> dict[str, int]:
    """The newest version that learnt each query; only `version` counts if it is given."""
    learnt = (
        select(VersionExample.query_id, func.max(VersionExample.version_id))
        .where(VersionExample.query_id.in_(ids))
        .group_by(VersionExample.query_id)
    )
    if version is not None:
        learnt = learnt.where(VersionExample.version_id == version)
    return dict(session.execute(learnt).all())
