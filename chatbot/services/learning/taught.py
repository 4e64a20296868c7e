"""Find what agents taught a candidate that the live version had not learnt when it was trained."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.storage.tables import Confirmation, ModelVersion, Query, VersionExample


def list_newly_taught(session: Session, version_id: int, live_id: int | None) -> frozenset[str]:
    """Return texts that agents judged since the live version was made, about what was newly taught.

    Newly taught is every intent of which the candidate learnt a verdict that the live version had
    not. What became of the questions is not read.
    """
    learnt_before = select(VersionExample.query_id).where(VersionExample.version_id == live_id)
    taught = (
        select(Confirmation.intent_id)
        .join(VersionExample, VersionExample.query_id == Confirmation.query_id)
        .where(
            VersionExample.version_id == version_id,
            VersionExample.query_id.not_in(learnt_before),
        )
    )
    made = select(ModelVersion.created_at).where(ModelVersion.id == live_id).scalar_subquery()
    texts = (
        select(Query.text)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .where(Confirmation.intent_id.in_(taught), Confirmation.confirmed_at > made)
    )
    return frozenset(session.scalars(texts))
