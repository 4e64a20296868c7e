"""Record which processes run, and which model each of them serves."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatbot.matching.live import Target
from chatbot.storage.database import now
from chatbot.storage.tables import WorkingProcess

ALIVE = timedelta(seconds=60)


class ProcessKind(StrEnum):
    WEB = "web"
    WORKER = "worker"


@dataclass(frozen=True)
class Identity:
    """The name of one process for as long as it runs; made after a fork, never before."""

    kind: ProcessKind
    id: str = field(default_factory=lambda: uuid4().hex)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)


def beat(
    session: Session, who: Identity, adopted: Target | None = None, error: str | None = None
) -> None:
    """Record that this process lives and what it serves."""
    session.merge(
        WorkingProcess(
            id=who.id,
            kind=who.kind,
            host=who.host,
            pid=who.pid,
            generation=adopted.generation if adopted else None,
            version_id=adopted.version if adopted else None,
            knowledge_revision=adopted.revision if adopted else None,
            error=error,
            heartbeat_at=now(),
        )
    )


def leave(session: Session, who: Identity) -> None:
    """Delete the row of this process, which stops."""
    session.execute(delete(WorkingProcess).where(WorkingProcess.id == who.id))


def list_alive(session: Session, kind: ProcessKind) -> Sequence[WorkingProcess]:
    query = (
        select(WorkingProcess)
        .where(WorkingProcess.kind == kind, WorkingProcess.heartbeat_at > now() - ALIVE)
        .order_by(WorkingProcess.host, WorkingProcess.pid)
    )
    return session.scalars(query).all()
