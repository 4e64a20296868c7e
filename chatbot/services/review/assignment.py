"""The review desk: each agent gets a question that no other agent has before them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.orm import Session

from chatbot.matching.matcher import Matcher
from chatbot.services.review.questions import Filters, filtered, get_query
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Query, ReviewTurn

TURN = timedelta(minutes=10)
SKIPPED_FOR = timedelta(hours=8)
LEAST_SIMILARITY = 0.75
_COMPARED = 200
_MOST_SIMILAR = 20
_SHOWN_BEFORE, _SHOWN_AFTER = 5, 2


@dataclass(frozen=True)
class Alike:
    """A waiting question that asks much the same; `same` when only case or spacing differ."""

    query: Query
    same: bool


def take(session: Session, agent: str, filters: Filters) -> Query | None:
    """Return the most useful waiting question, `agent`'s for the next minutes; None if none is
    left.

    A page that is loaded again gets the question that it showed. To be called in a write.
    """
    _one_at_a_time(session)
    waiting = filtered(filters).outerjoin(ReviewTurn, ReviewTurn.query_id == Query.id)
    order = (_held_by(agent).desc(), Query.usefulness.desc(), Query.id)
    query = session.scalars(waiting.where(_free_for(agent)).order_by(*order).limit(1)).first()
    if query is not None:
        _hold(session, agent, query.id)
    return query


def reserve(session: Session, agent: str, query_id: str) -> Query:
    """Reserve this question for the agent, whoever has it; to be called in a write. Raises
    NotFound.
    """
    query = get_query(session, query_id)
    _hold(session, agent, query_id)
    return query


def skip(session: Session, agent: str, query_id: str) -> None:
    """Leave a question to others for the rest of the day. Raises NotFound."""
    get_query(session, query_id)
    session.merge(
        ReviewTurn(query_id=query_id, agent=agent, until=now() + SKIPPED_FOR, skipped=True)
    )


def list_alike(session: Session, matcher: Matcher, query: Query, agent: str) -> list[Alike]:
    """List waiting questions that the same verdict probably fits, the likest first.

    What was drawn at random waits for its own turn: popular questions would be judged sooner.
    """
    others = session.scalars(
        filtered(Filters())
        .outerjoin(ReviewTurn, ReviewTurn.query_id == Query.id)
        .where(Query.id != query.id, Query.sample_share.is_(None), _free_for(agent))
        .order_by(Query.asked_at.desc())
        .limit(_COMPARED)
    ).all()
    if not others:
        return []
    vectors = matcher.bundle.embedder.embed([query.text, *(other.text for other in others)])
    same = np.array([other.text_key == query.text_key for other in others])
    similarities = np.where(same, 1.0, vectors[1:] @ vectors[0])
    likest = np.argsort(-similarities, kind="stable")[:_MOST_SIMILAR].tolist()
    return [
        Alike(others[place], bool(same[place]))
        for place in likest
        if similarities[place] >= LEAST_SIMILARITY
    ]


def count_waiting(session: Session, filters: Filters) -> int:
    return session.scalar(select(func.count()).select_from(filtered(filters).subquery())) or 0


def count_judged_today(session: Session, agent: str) -> int:
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = select(func.count()).where(
        Confirmation.confirmed_by == agent, Confirmation.confirmed_at >= midnight
    )
    return session.scalar(mine) or 0


def list_judged(session: Session, agent: str, limit: int) -> Sequence[Query]:
    """List the questions that `agent` judged last, newest first."""
    return session.scalars(
        select(Query)
        .join(Confirmation)
        .where(Confirmation.confirmed_by == agent)
        .order_by(Confirmation.confirmed_at.desc())
        .limit(limit)
    ).all()


def list_conversation(session: Session, query: Query) -> tuple[list[Query], list[Query]]:
    """Return the questions shortly before and shortly after this one in its conversation, as they
    came.
    """
    if query.conversation_id is None:
        return [], []
    others = select(Query).where(
        Query.conversation_id == query.conversation_id, Query.id != query.id
    )
    before = others.where(Query.asked_at <= query.asked_at).order_by(Query.asked_at.desc())
    after = others.where(Query.asked_at > query.asked_at).order_by(Query.asked_at)
    return (
        list(reversed(session.scalars(before.limit(_SHOWN_BEFORE)).all())),
        list(session.scalars(after.limit(_SHOWN_AFTER)).all()),
    )


def _hold(session: Session, agent: str, query_id: str) -> None:
    session.merge(ReviewTurn(query_id=query_id, agent=agent, until=now() + TURN, skipped=False))


def _held_by(agent: str) -> ColumnElement[bool]:
    return func.coalesce(
        and_(ReviewTurn.agent == agent, ReviewTurn.until > now(), ~ReviewTurn.skipped), False
    )


def _free_for(agent: str) -> ColumnElement[bool]:
    """Nobody's, or this agent's own; a skipped one is anybody's but theirs."""
    mine = ReviewTurn.agent == agent
    return or_(
        ReviewTurn.query_id.is_(None),
        ReviewTurn.until <= now(),
        and_(mine, ~ReviewTurn.skipped),
        and_(~mine, ReviewTurn.skipped),
    )


def _one_at_a_time(session: Session) -> None:
    """SQLite writes one at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE review_turns IN SHARE ROW EXCLUSIVE MODE"))
