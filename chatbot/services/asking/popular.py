"""Suggest what a visitor may want before they have asked: the FAQ's most asked, else
one a topic.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.services.monitoring.daily_counts import WINDOW
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Intent, Query, Utterance

MOST = 4
_MOST_INTENTS = 500
_TRUST_SECONDS = 300.0


@dataclass(frozen=True)
class PopularQuestion:
    """A question to suggest: `title` to show, and an utterance to ask, so certain to
    be understood.
    """

    title: str
    question: str


def list_popular(session: Session, most: int = MOST) -> list[PopularQuestion]:
    return list(islice(_candidates(session), most))


class PopularQuestions:
    """The suggested questions, counted again when the FAQ changes, else every few minutes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: tuple[int, float, Sequence[PopularQuestion]] = (-1, 0.0, ())

    def current(self, revision: int) -> Sequence[PopularQuestion]:
        """Return the questions to suggest for the FAQ at `revision`."""
        counted_at_revision, trusted_until, found = self._counted
        if counted_at_revision == revision and time.monotonic() < trusted_until:
            return found
        with self._database.read() as session:
            found = list_popular(session)
        self._counted = (revision, time.monotonic() + _TRUST_SECONDS, found)
        return found


def _candidates(session: Session) -> Iterator[PopularQuestion]:
    """Most asked first; then what never was, one of each topic before the rest."""
    asked = _count_asked(session)
    first_utterances = select(func.min(Utterance.id)).group_by(Utterance.intent_id)
    intents = (
        select(Intent.name, Intent.title, Intent.topic, Utterance.text)
        .join(Utterance, Utterance.intent_id == Intent.id)
        .where(Intent.enabled, Utterance.id.in_(first_utterances))
        .order_by(Intent.id)
    )
    by_name = {name: rest for name, *rest in session.execute(intents)}
    for name in asked:
        if name in by_name:
            title, _, question = by_name[name]
            yield PopularQuestion(title, question)
    never_asked = [rest for name, rest in by_name.items() if name not in asked]
    of_each_topic = {topic: rest for rest in reversed(never_asked) for topic in [rest[1]]}
    first = list(of_each_topic.values())[::-1]
    for title, _, question in first + [rest for rest in never_asked if rest not in first]:
        yield PopularQuestion(title, question)


def _count_asked(session: Session) -> list[str]:
    """Names of intents that were answered lately, the most frequent first."""
    counted = (
        select(Query.first_intent)
        .where(
            Query.asked_at >= now() - WINDOW,
            Query.test.is_(False),
            Query.decision == Decision.ANSWER,
            Query.first_intent.is_not(None),
        )
        .group_by(Query.first_intent)
        .order_by(func.count().desc(), Query.first_intent)
        .limit(_MOST_INTENTS)
    )
    return [str(name) for name in session.scalars(counted)]
