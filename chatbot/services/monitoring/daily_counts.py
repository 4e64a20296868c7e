"""Count what visitors asked and what became of it; every query looks at a bounded time
or number.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.domain.proportion import Share
from chatbot.services.review.questions import Filters, filtered
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Intent, Query

WINDOW = timedelta(days=30)
MOST_COUNTED = 10_000
MOST_JUDGED = 2_000


@dataclass(frozen=True)
class Traffic:
    """The number of questions asked in a time, by what the bot did and what visitors thought."""

    answered: int = 0
    asked_back: int = 0
    handed_over: int = 0
    helped: int = 0
    did_not_help: int = 0

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        columns = zip(*map(astuple, parts), strict=True)
        return cls(*(sum(column) for column in columns))

    @property
    def asked(self) -> int:
        return self.answered + self.asked_back + self.handed_over


@dataclass(frozen=True)
class Backlog:
    """The questions without a verdict, counted up to MOST_COUNTED, and since when the
    first waits.
    """

    waiting: int
    oldest: datetime | None

    @property
    def is_more(self) -> bool:
        return self.waiting > MOST_COUNTED


def list_days(session: Session, days: int = WINDOW.days) -> list[tuple[date, Traffic]]:
    """List the last `days` days of UTC, today last; trials do not count.

    One statement, a part for each day: so an index alone answers it, without sorting.
    """
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = [today - timedelta(days=n) for n in range(days - 1, -1, -1)]
    parts = union_all(*(_count(n, begin) for n, begin in enumerate(wanted)))
    counted = {n: Traffic(*counts) for n, *counts in session.execute(parts)}
    return [(begin.date(), counted[n]) for n, begin in enumerate(wanted)]


def read_backlog(session: Session) -> Backlog:
    waiting = filtered(Filters())
    some = waiting.with_only_columns(Query.id).limit(MOST_COUNTED + 1).subquery()
    oldest = waiting.with_only_columns(Query.asked_at).order_by(Query.asked_at).limit(1)
    return Backlog(
        session.scalar(select(func.count()).select_from(some)) or 0, session.scalar(oldest)
    )


def read_agreement(session: Session) -> Share:
    """Return the share of lately judged answers that agents confirmed.

    They choose what they judge, so this is no random sample of all answers.
    """
    said: Any = Query.candidates[(0, "intent")]
    judged = (
        select((Intent.name == said.as_string()).label("agrees"))
        .select_from(Confirmation)
        .join(Query, Query.id == Confirmation.query_id)
        .outerjoin(Intent, Intent.id == Confirmation.intent_id)
        .where(
            Confirmation.confirmed_at >= now() - WINDOW,
            Query.decision == Decision.ANSWER,
            Query.test.is_(False),
        )
        .order_by(Confirmation.confirmed_at.desc())
        .limit(MOST_JUDGED)
        .subquery()
    )
    counted = select(func.count(), func.count().filter(judged.c.agrees))
    of, agreed = session.execute(counted.select_from(judged)).one()
    return Share.counted(agreed, of)


def _count(number: int, begin: datetime) -> Select[*tuple[Any, ...]]:
    """One day's row, in the order of `Traffic`'s fields."""
    kinds = (
        Query.decision == Decision.ANSWER,
        Query.decision == Decision.CLARIFY,
        Query.decision == Decision.HANDOFF,
        Query.helpful.is_(True),
        Query.helpful.is_(False),
    )
    return select(literal(number), *(func.count().filter(kind) for kind in kinds)).where(
        Query.asked_at >= begin,
        Query.asked_at < begin + timedelta(days=1),
        Query.test.is_(False),
    )
