"""Measure how intents fare with visitors: how often they come first, and how often people say
otherwise.

An intent is known here by its name, as logged questions keep it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Subquery, case, func, select
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Intent, Query

PERIOD = timedelta(days=30)


@dataclass
class Health:
    """The figures of one intent. All but `last_asked` counts what was asked within PERIOD.

    `right` and `confused` count its answers that agents judged, and no question that it came first
    for without being given as the answer. `confused` is what they said instead, the most frequent
    first; None is “none of these”.
    """

    asked: int = 0
    last_asked: datetime | None = None
    right: int = 0
    confused: dict[str | None, int] = field(default_factory=dict)

    @property
    def wrong(self) -> int:
        return sum(self.confused.values())

    @property
    def judged(self) -> int:
        return self.right + self.wrong


def traffic() -> Subquery:
    """Return a query of (intent, asked, last_asked) for each intent that ever came first."""
    recent = case((Query.asked_at >= now() - PERIOD, 1), else_=0)
    return (
        select(
            Query.first_intent.label("intent"),
            func.sum(recent).label("asked"),
            func.max(Query.asked_at).label("last_asked"),
        )
        .where(Query.first_intent.is_not(None), ~Query.test)
        .group_by(Query.first_intent)
        .subquery()
    )


def mistakes() -> Subquery:
    """Return a query of (intent, wrong) for each intent that was answered where agents said
    otherwise.
    """
    verdicts = _verdicts()
    return (
        select(verdicts.c.first.label("intent"), func.sum(verdicts.c.times).label("wrong"))
        .where(verdicts.c.meant.is_distinct_from(verdicts.c.first))
        .group_by(verdicts.c.first)
        .subquery()
    )


def read_health(session: Session, names: Sequence[str]) -> dict[str, Health]:
    """Return the health of intents by name, for a page of them or one; two queries,
    however many.
    """
    health = {name: Health() for name in names}
    seen = traffic()
    for name, asked, last_asked in session.execute(select(seen).where(seen.c.intent.in_(names))):
        health[name].asked, health[name].last_asked = asked, last_asked
    _count_verdicts(session, health, names)
    return health


def _count_verdicts(session: Session, health: dict[str, Health], names: Iterable[str]) -> None:
    verdicts = _verdicts()
    rows = select(verdicts).where(verdicts.c.first.in_(names)).order_by(verdicts.c.times.desc())
    for first, meant, times in session.execute(rows):
        if meant == first:
            health[first].right = times
        else:
            health[first].confused[meant] = times


def _verdicts() -> Subquery:
    """(first, meant, times): what was answered, what agents said, and how often."""
    return (
        select(
            Query.first_intent.label("first"),
            Intent.name.label("meant"),
            func.count().label("times"),
        )
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(Intent, Intent.id == Confirmation.intent_id)
        .where(
            Query.first_intent.is_not(None),
            Query.decision == Decision.ANSWER.value,
            Query.asked_at >= now() - PERIOD,
            ~Query.test,
        )
        .group_by(Query.first_intent, Intent.name)
        .subquery()
    )
