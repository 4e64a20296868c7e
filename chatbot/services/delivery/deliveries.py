"""Deliveries to foreign servers, as rows: queue them, claim them, conclude them, look at them.

Claiming moves `due_at` past the longest that an attempt can take, so a worker that dies leaves a
row that becomes due again by itself. At least once, therefore: a server that answered in the moment
before may get the same message, under the same id, again.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from chatbot.errors import Conflict, NotFound
from chatbot.services.access import audit
from chatbot.storage.database import Database, changes_a_row, now
from chatbot.storage.tables import Delivery

MOST_ATTEMPTS = 10
LEASE = timedelta(seconds=60)
_LOOKED_AT = 20  # of which other workers may have taken some
_FIRST_WAIT = 10.0
_JITTER = 0.2


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class Filters:
    """A choice of deliveries to list; None filters nothing."""

    webhook_id: int | None = None
    bot_id: int | None = None
    state: DeliveryState | None = None


def wait_after(attempt: int) -> timedelta:
    """Return the time to wait after a failed attempt (exponential backoff with jitter).

    It is 10 s, 30 s, 90 s … 18 hours, each a fifth more or less: ten attempts in 27 hours.
    """
    jitter = 1 + random.uniform(-_JITTER, _JITTER)
    return timedelta(seconds=_FIRST_WAIT * 3 ** (attempt - 1) * jitter)


def claim(database: Database) -> Delivery | None:
    """Claim what is due, what was tried least first; None if nothing is. One worker gets each."""
    with database.write() as session:
        moment = database.clock(session)
        due = (
            select(Delivery)
            .where(Delivery.state == DeliveryState.WAITING, _is_due(moment), ~_must_queue())
            .order_by(Delivery.attempt, Delivery.id)
            .limit(_LOOKED_AT)
        )
        for delivery in session.scalars(due):
            if delivery.attempt >= MOST_ATTEMPTS:
                _close(
                    delivery, DeliveryState.FAILED, None, "Its last attempt ended with its worker."
                )
                continue
            take = (
                update(Delivery)
                .where(Delivery.id == delivery.id, Delivery.attempt == delivery.attempt)
                .where(Delivery.state == DeliveryState.WAITING)
                .values(attempt=delivery.attempt + 1, due_at=moment + LEASE)
            )
            if changes_a_row(session, take):
                session.refresh(delivery)
                return delivery
        return None


def succeed(session: Session, claimed: Delivery, status: int | None) -> None:
    if (delivery := _still_claimed(session, claimed)) is not None:
        _close(delivery, DeliveryState.DELIVERED, status, "")


def fail(
    session: Session,
    claimed: Delivery,
    moment: datetime,
    status: int | None,
    why: str,
    for_good: bool = False,
) -> None:
    """Try again later, or give up after the last attempt or `for_good`; `moment` is now."""
    delivery = _still_claimed(session, claimed)
    if delivery is None:
        return
    if for_good or delivery.attempt >= MOST_ATTEMPTS:
        _close(delivery, DeliveryState.FAILED, status, why)
        return
    delivery.status, delivery.error = status, why
    delivery.due_at = moment + wait_after(delivery.attempt)


def give_up(session: Session, webhook_id: int, why: str) -> None:
    """Fail whatever waits for this webhook: it is not sent any more until somebody asks for it
    again.
    """
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook_id, Delivery.state == DeliveryState.WAITING)
        .values(state=DeliveryState.FAILED, error=why, finished_at=now())
    )


def get_delivery(session: Session, delivery_id: int) -> Delivery:
    """Return a delivery by its id. Raises NotFound."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return delivery


def list_deliveries(
    session: Session, filters: Filters, before: int | None, limit: int
) -> Sequence[Delivery]:
    """List the deliveries that fit, newest first; `before` is the id to go on from."""
    query = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
    if filters.webhook_id is not None:
        query = query.where(Delivery.webhook_id == filters.webhook_id)
    if filters.bot_id is not None:
        query = query.where(Delivery.bot_id == filters.bot_id)
    if filters.state is not None:
        query = query.where(Delivery.state == filters.state)
    if before is not None:
        query = query.where(Delivery.id < before)
    return session.scalars(query).all()


def waits_since(session: Session) -> datetime | None:
    """Return since when the most overdue delivery waits for a worker; None if none does."""
    query = (
        select(Delivery)
        .where(Delivery.state == DeliveryState.WAITING, _is_due(now()), ~_must_queue())
        .order_by(func.coalesce(Delivery.due_at, Delivery.created_at))
        .limit(1)
    )
    first = session.scalar(query)
    return (first.due_at or first.created_at) if first is not None else None


def redeliver(session: Session, by: str, delivery_id: int) -> Delivery:
    """Send it again from the first attempt on, under its old id.

    Raises NotFound, Conflict if its webhook is disabled.
    """
    delivery = get_delivery(session, delivery_id)
    if delivery.webhook is not None and not delivery.webhook.enabled:
        raise Conflict(f"Webhook {delivery.webhook_id} is disabled. Enable it first.")
    delivery.state, delivery.attempt, delivery.due_at = DeliveryState.WAITING, 0, None
    delivery.finished_at = None
    audit.record(session, by, "delivery.redeliver", delivery_id)
    return delivery


def _is_due(moment: datetime) -> ColumnElement[bool]:
    return or_(Delivery.due_at.is_(None), Delivery.due_at <= moment)


def _must_queue() -> ColumnElement[bool]:
    """Something earlier waits for the same conversation."""
    earlier = aliased(Delivery)
    return exists().where(
        earlier.bot_id == Delivery.bot_id,
        earlier.conversation == Delivery.conversation,
        earlier.state == DeliveryState.WAITING,
        earlier.id < Delivery.id,
    )


def _still_claimed(session: Session, claimed: Delivery) -> Delivery | None:
    """The row, unless the lease ran out and another worker has tried since."""
    return session.scalar(
        select(Delivery).where(
            Delivery.id == claimed.id,
            Delivery.attempt == claimed.attempt,
            Delivery.state == DeliveryState.WAITING,
        )
    )


def _close(delivery: Delivery, state: DeliveryState, status: int | None, error: str) -> None:
    delivery.state, delivery.status, delivery.error = state, status, error
    delivery.finished_at = now()
