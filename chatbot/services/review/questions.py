"""List what agents work through: logged questions, most useful first; and take the visitors'
thumbs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from chatbot.domain.matching import THUMB_DOWN, Candidate, Decision, usefulness
from chatbot.domain.quarantine import Standing
from chatbot.errors import NotFound
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Intent, Query


@dataclass(frozen=True)
class Filters:
    """A choice of queries to list; None means any. `intent` is the confirmed one; `ids` are few.

    `contradicted`: somebody else said otherwise of the same words.
    """

    reviewed: bool | None = False
    decision: str | None = None
    helpful: bool | None = None
    intent: str | None = None
    conversation_id: str | None = None
    text: str | None = None
    test: bool | None = False
    ids: Sequence[str] | None = None
    standing: Standing | None = None
    contradicted: bool | None = None


@dataclass(frozen=True)
class Cursor:
    """The end of a page: the order is `usefulness` falling, then `id`."""

    usefulness: float
    id: str


def list_queries(
    session: Session, filters: Filters, after: Cursor | None, limit: int
) -> tuple[Sequence[Query], Cursor | None]:
    """Return one page and the cursor of the next, None at the end."""
    query = filtered(filters).order_by(Query.usefulness.desc(), Query.id).limit(limit + 1)
    if after is not None:
        query = query.where(
            or_(
                Query.usefulness < after.usefulness,
                and_(Query.usefulness == after.usefulness, Query.id > after.id),
            )
        )
    rows = session.scalars(query).all()
    page = rows[:limit]
    more = len(rows) > limit
    return page, Cursor(page[-1].usefulness, page[-1].id) if more else None


def get_query(session: Session, query_id: str) -> Query:
    """Return a query by its id. Raises NotFound."""
    query = session.get(Query, query_id)
    if query is None:
        raise NotFound(f"There is no query {query_id}.")
    return query


def give_feedback(session: Session, query_id: str, helpful: bool) -> Query:
    """Store the visitor's thumb; a later one replaces it. Thumbs down brings a query
    up for review.
    """
    query = get_query(session, query_id)
    if query.helpful != helpful:
        query.helpful, query.feedback_at = helpful, now()
        if not query.test:
            query.usefulness = _usefulness(query)
    return query


def _usefulness(query: Query) -> float:
    """A thumb must not move what was drawn at random. One taken back leaves the first guess."""
    if query.sample_share is not None:
        return query.usefulness
    if query.helpful is False:
        return THUMB_DOWN
    candidates = [Candidate(**candidate) for candidate in query.candidates]
    return usefulness(Decision(query.decision), candidates, query.exact)


def filtered(filters: Filters) -> Select[Query]:
    """Select all queries that fit, in no order."""
    wanted = {
        Query.decision: filters.decision,
        Query.helpful: filters.helpful,
        Query.conversation_id: filters.conversation_id,
        Query.test: filters.test,
    }
    which = [column == value for column, value in wanted.items() if value is not None]
    if filters.text is not None:
        which.append(Query.text.icontains(filters.text, autoescape=True))
    if filters.ids is not None:
        which.append(Query.id.in_(filters.ids))
    return select(Query).where(*which, *_judged(filters))


def _judged(filters: Filters) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that are wanted of the verdicts."""
    verdict = Query.confirmation
    if filters.reviewed is not None:
        yield verdict.has() if filters.reviewed else ~verdict.has()
    if filters.intent is not None:
        yield verdict.has(Confirmation.intent.has(Intent.name == filters.intent))
    if filters.standing is not None:
        yield verdict.has(Confirmation.standing == filters.standing)
    if filters.contradicted is not None:
        yield _is_contradicted() if filters.contradicted else ~_is_contradicted()


def _is_contradicted() -> ColumnElement[bool]:
    own, other, same_words = aliased(Confirmation), aliased(Confirmation), aliased(Query)
    return exists().where(
        own.query_id == Query.id,
        same_words.text_key == Query.text_key,
        other.query_id == same_words.id,
        other.confirmed_by != own.confirmed_by,
        other.intent_id.is_distinct_from(own.intent_id),
    )
