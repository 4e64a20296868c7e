"""Versions as people look them up: what each is, what the gate said, and in what words."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.storage.tables import ModelVersion


class Listed(NamedTuple):
    """A version without its report, of which only `change` is read: the first reason.

    That is what the version changes for visitors; in older reports it is a statistic.
    """

    id: int
    kind: str
    created_at: datetime
    training_rows: int
    verdict: str | None
    withdrawn: bool
    parent_id: int | None
    change: str | None


def list_versions(session: Session, before: int | None, limit: int) -> Sequence[Listed]:
    """List versions, newest first; `before` is the id to go on from."""
    query = (
        select(
            ModelVersion.id,
            ModelVersion.kind,
            ModelVersion.created_at,
            ModelVersion.training_rows,
            ModelVersion.verdict,
            ModelVersion.withdrawn,
            ModelVersion.parent_id,
            ModelVersion.change,
        )
        .order_by(ModelVersion.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(ModelVersion.id < before)
    return [Listed(*row) for row in session.execute(query)]
