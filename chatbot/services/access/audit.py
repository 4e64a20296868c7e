"""Write down who did what, in the transaction that does it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.storage.tables import AuditEvent


def record(session: Session, actor: str, action: str, subject: object, **detail: Any) -> AuditEvent:
    event = AuditEvent(actor=actor, action=action, subject=str(subject), detail=detail)
    session.add(event)
    return event


def list_events(session: Session, before: int | None, limit: int) -> Sequence[AuditEvent]:
    """List up to `limit` events, newest first; `before` is the id to go on from."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEvent.id < before)
    return session.scalars(query).all()
