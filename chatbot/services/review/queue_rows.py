"""Read at one moment what waits for a verdict, and all that its order depends on."""

import hashlib
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from chatbot.domain.holdout import Purpose
from chatbot.domain.review_queue import Waiting
from chatbot.services.learning.shadow import Shadow, find_shadow, read_standing
from chatbot.services.releases.release import read_pointer
from chatbot.settings import Settings
from chatbot.storage.tables import (
    Confirmation,
    Disagreement,
    EvaluationQuestion,
    Intent,
    Knowledge,
    ModelPointer,
    Pin,
    Query,
    QueueRanking,
    VersionExample,
)

MOST_RANKED = 5000
MOST_NOT_LEARNT = 1000


@dataclass(frozen=True)
class Queue:
    """The questions to be ranked, newest first, and `state`, a digest of what their order depends
    on.

    A verdict on a text of `measured` teaches nothing and proves nothing new. `not_learnt` was
    judged, but the live version does not know it; `full` intents have all held-out questions that
    they may have. There is `room` for so many questions that the candidate in the shadow disputes.
    What was asked before `begins_at` is too old to be ranked; None if nothing waits.
    """

    state: str
    live_id: int
    shadow: Shadow | None
    room: int
    waiting: Sequence[Waiting]
    begins_at: datetime | None
    measured: AbstractSet[str]
    not_learnt: Sequence[str]
    full: AbstractSet[str]


def read_queue(session: Session, settings: Settings) -> Queue | None:
    """Return the queue as it is now; None before the first model, or if it is ranked already."""
    pointer = read_pointer(session)
    if pointer is None:
        return None
    state = _digest_state(session, pointer, settings)
    ranked = session.get(QueueRanking, 1)
    if ranked is not None and ranked.state == state:
        return None
    authored = session.scalars(select(EvaluationQuestion.normalised))
    standing = read_standing(session, settings)
    waiting = _list_waiting(session)
    return Queue(
        state=state,
        live_id=pointer.version_id,
        shadow=find_shadow(session),
        room=standing.room if standing else 0,
        waiting=waiting,
        begins_at=session.get_one(Query, waiting[-1].id).asked_at if waiting else None,
        measured={*authored, *session.scalars(select(Pin.normalised))},
        not_learnt=_list_not_learnt(session, pointer.version_id),
        full=_list_full(session, settings.held_out_cap),
    )


def is_ranked() -> ColumnElement[bool]:
    """Return the condition for a query to be ranked.

    Thumbs down stay in front, and what was drawn at random stays where chance put it.
    """
    return and_(Query.test.is_(False), Query.sample_share.is_(None), Query.helpful.is_not(False))


def _digest_state(session: Session, pointer: ModelPointer, settings: Settings) -> str:
    """Return a digest of all that the order depends on: rows, versions and settings."""
    newest = select(Query.asked_at).where(Query.test.is_(False)).order_by(Query.asked_at.desc())
    verdicts = select(func.count(), func.max(Confirmation.confirmed_at)).select_from(Confirmation)
    content = [
        pointer.generation,
        session.scalar(select(Knowledge.revision)),
        str(session.scalar(newest.limit(1))),
        str(session.execute(verdicts).one()),
        str(find_shadow(session)),
        settings.held_out_share,
        settings.held_out_cap,
        settings.validation_share,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _list_waiting(session: Session) -> list[Waiting]:
    other = aliased(Query)
    is_settled = exists().where(Confirmation.query_id == other.id, other.text_key == Query.text_key)
    newest = (
        select(Query.id, Query.text, Query.text_key, Query.usefulness, is_settled)
        .where(is_ranked(), ~Query.confirmation.has())
        .order_by(Query.asked_at.desc(), Query.id)
        .limit(MOST_RANKED)
    )
    return [Waiting(*row) for row in session.execute(newest)]


def _list_not_learnt(session: Session, live_id: int) -> Sequence[str]:
    newest = (
        select(Query.text)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(
            VersionExample,
            and_(VersionExample.query_id == Query.id, VersionExample.version_id == live_id),
        )
        .where(Confirmation.part == Purpose.TRAINING, VersionExample.query_id.is_(None))
        .order_by(Confirmation.confirmed_at.desc(), Query.id)
        .limit(MOST_NOT_LEARNT)
    )
    return session.scalars(newest).all()


def _list_full(session: Session, cap: int) -> set[str]:
    counted = (
        select(Intent.name)
        .join(Confirmation, Confirmation.intent_id == Intent.id)
        .where(
            Confirmation.part == Purpose.HELD_OUT,
            Confirmation.query_id.not_in(select(Disagreement.query_id)),
        )
        .group_by(Intent.name)
        .having(func.count() >= cap)
    )
    return set(session.scalars(counted))
