"""Questions that wait for a verdict, and how they are ranked."""

from collections.abc import Sequence

from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.domain.holdout import is_held_out
from chatbot.services.review.questions import Filters, list_queries
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.tables import Query
from factories import add_query

SHARE = 0.3


def texts(pattern: str, count: int, held_out: bool) -> list[str]:
    """The first that the hash puts into the wanted part."""
    found = (pattern.format(number) for number in range(1000))
    return [text for text in found if is_held_out(text, SHARE) == held_out][:count]


def ask(parts: Parts, *asked: str, **changes: object) -> list[str]:
    with parts.database.write() as session:
        return [add_query(session, text, **changes).id for text in asked]


def rank_now(parts: Parts) -> bool:
    return rank_queue(parts.database, parts.models, parts.settings)


def queue(parts: Parts) -> Sequence[str]:
    with parts.database.read() as session:
        return [row.text for row in list_queries(session, Filters(), None, 200)[0]]


def usefulness(parts: Parts) -> dict[str, float]:
    with parts.database.read() as session:
        return {row.text: row.usefulness for row in session.scalars(select(Query))}
