"""What waits for a verdict, what of it is settled already, and what agents were asked by choice."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from chatbot.domain.split import Purpose, is_validation
from chatbot.services.learning.shadow import Shadow, find_shadow, read_standing
from chatbot.services.releases.release import read_pointer
from chatbot.settings import Settings
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    Confirmation,
    Disagreement,
    EvaluationQuestion,
    Intent,
    Knowledge,
    Pin,
    Query,
    VersionExample,
)

MOST_RANKED = 5000
MOST_NOT_LEARNT = 1000


class Waiting(NamedTuple):
    """A question that waits; `is_settled` if the same words were judged already."""

    id: str
    text: str
    text_key: str
    usefulness: float
    is_settled: bool


@dataclass(frozen=True)
class Queue:
    """What is to be ranked, read at one moment; the newest come first.

    A verdict on a text of `measured` teaches nothing and proves nothing new. `not_learnt` was
    judged, but the live version does not know it; `full` intents have all held-out questions that
    they may have. There is `room` for so many questions that the candidate in the shadow disputes.
    """

    live_id: int
    shadow: Shadow | None
    room: int
    waiting: Sequence[Waiting]
    measured: set[str]
    not_learnt: Sequence[str]
    full: set[str]


def read_state(session: Session, settings: Settings) -> str | None:
    """A digest of all that the order depends on; None before the first model."""
    pointer = read_pointer(session)
    if pointer is None:
        return None
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


def read_queue(session: Session, settings: Settings) -> Queue:
    pointer = read_pointer(session)
    assert pointer is not None
    authored = session.scalars(select(EvaluationQuestion.normalised))
    standing = read_standing(session, settings)
    return Queue(
        live_id=pointer.version_id,
        shadow=find_shadow(session),
        room=standing.room if standing else 0,
        waiting=_list_waiting(session),
        measured={*authored, *session.scalars(select(Pin.normalised))},
        not_learnt=_list_not_learnt(session, pointer.version_id),
        full=_list_full(session, settings.held_out_cap),
    )


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


def is_ranked() -> ColumnElement[bool]:
    """Thumbs down stay in front, and what was drawn at random stays where chance put it."""
    return and_(Query.test.is_(False), Query.sample_share.is_(None), Query.helpful.is_not(False))


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


def list_chosen(session: Session, query_ids: Collection[str], settings: Settings) -> set[str]:
    """Texts of those that agents were asked for because of what the model, or a visitor, made of
    them; the others came by chance.
    """
    texts: set[str] = set()
    for some in batched(query_ids):
        asked = select(Query.text, Query.helpful).where(
            Query.id.in_(some), Query.sample_share.is_(None)
        )
        for text, helpful in session.execute(asked):
            if helpful is False or not is_validation(text, settings.validation_share):
                texts.add(text)
    return texts
