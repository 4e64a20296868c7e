"""Record an agent's verdict on a query, put it in effect, and settle whether it may ever train."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose, is_held_out
from chatbot.domain.quarantine import Standing
from chatbot.domain.text import normalise
from chatbot.errors import Conflict
from chatbot.services.access import audit
from chatbot.services.knowledge.edit_faq import get_intent, raise_revision
from chatbot.services.knowledge.standing import settle
from chatbot.services.review.questions import get_query
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.tables import (
    Confirmation,
    Disagreement,
    EvaluationQuestion,
    Query,
)


def confirm(
    session: Session,
    query_id: str,
    intent: str | None,
    by: str,
    settings: Settings,
    by_admin: bool = False,
) -> Confirmation:
    """Record that `query_id` asked for `intent`, or, with None, for nothing that the FAQ has.

    It is in effect at once, in every web process (see `services.knowledge.standing`). Saying the
    same again changes nothing, unless it waits for a second person and this is one; saying
    something else replaces the verdict. What an admin says needs nobody else.
    Raises NotFound for an unknown query or intent, Conflict for a test query.
    """
    query = get_query(session, query_id)
    if query.test:
        raise Conflict(f"Query {query_id} was a test; tests never teach. Ask again without test.")
    intent_id = get_intent(session, intent).id if intent is not None else None
    existing = query.confirmation
    if existing is not None and existing.intent_id == intent_id:
        _second(session, query, existing, by, settings, by_admin)
        return existing
    if existing is None:
        existing = Confirmation(
            query_id=query_id, part=_purpose(session, query, intent_id, settings)
        )
        query.confirmation = existing
    existing.intent_id, existing.confirmed_by, existing.confirmed_at = intent_id, by, now()
    existing.released_by, existing.seconded_by = None, by if by_admin else None
    existing.standing = Standing.SECOND  # until it is settled below
    session.flush()
    session.refresh(existing)
    audit.record(session, by, "query.confirm", query_id, intent=intent, part=existing.part)
    _put_in_effect(session, query, settings)
    return existing


def _second(
    session: Session,
    query: Query,
    verdict: Confirmation,
    by: str,
    settings: Settings,
    by_admin: bool,
) -> None:
    """Somebody else says it too, if that is what it waits for."""
    waits = verdict.standing == Standing.SECOND
    if not waits or (by == verdict.confirmed_by and not by_admin):
        return
    verdict.seconded_by = by
    session.flush()
    audit.record(session, by, "query.second", query.id, first=verdict.confirmed_by)
    _put_in_effect(session, query, settings)


def undo(session: Session, query_id: str, by: str) -> None:
    """Take a verdict back, if there is one: the query returns to the review queue."""
    query = get_query(session, query_id)
    if query.confirmation is None:
        return
    intent = query.confirmation.intent
    audit.record(session, by, "query.undo", query_id, intent=intent.name if intent else None)
    session.delete(query.confirmation)
    raise_revision(session, phrasings=[normalise(query.text)])


def _put_in_effect(session: Session, query: Query, settings: Settings) -> None:
    changed = settle(session, query, settings)
    session.refresh(query.confirmation)
    raise_revision(session, phrasings=changed | {normalise(query.text)})


def _purpose(session: Session, query: Query, intent_id: int | None, settings: Settings) -> Purpose:
    """Held-out rows are capped for each intent, and never share a text with a row that trains.

    What was asked because two versions disagree measures these two alone, so no cap counts it.
    """
    measures = select(EvaluationQuestion.id).where(
        EvaluationQuestion.normalised == normalise(query.text)
    )
    if session.scalar(measures) is not None:
        return Purpose.HELD_OUT
    same_text = (
        select(Confirmation.part).join(Query).where(Query.text_key == query.text_key).limit(1)
    )
    if (part := session.scalar(same_text)) is not None:
        return Purpose(part)
    if not is_held_out(query.text, settings.held_out_share):
        return Purpose.TRAINING
    if session.get(Disagreement, query.id) is not None:
        return Purpose.HELD_OUT
    held_out = select(func.count()).where(
        Confirmation.intent_id.is_not_distinct_from(intent_id),
        Confirmation.part == Purpose.HELD_OUT,
        Confirmation.query_id.not_in(select(Disagreement.query_id)),
    )
    is_full = (session.scalar(held_out) or 0) >= settings.held_out_cap
    return Purpose.TRAINING if is_full else Purpose.HELD_OUT
