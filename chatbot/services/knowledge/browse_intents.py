"""Browse the FAQ: a page of intents that fit, in the order asked for, each with its health."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.services.knowledge.intent_health import Health, mistakes, read_health, traffic
from chatbot.storage.tables import Intent, Utterance

PAGE = 50
_MOST_WORDS = 10


class Order(StrEnum):
    TITLE = "title"
    ASKED = "asked"
    WRONG = "wrong"
    UNUSED = "unused"


@dataclass(frozen=True)
class Wanted:
    """A choice of intents to list; empty or None means any. `page` counts from 1."""

    text: str = ""
    topic: str = ""
    enabled: bool | None = None
    order: Order = Order.TITLE
    page: int = 1


@dataclass(frozen=True)
class Row:
    """An intent in the list."""

    intent: Intent
    utterances: int
    health: Health


@dataclass(frozen=True)
class Page:
    """A page of the `total` intents that fit; `pages` is at least 1."""

    rows: list[Row]
    total: int
    number: int
    pages: int


def browse(session: Session, wanted: Wanted) -> Page:
    """Return the wanted page, or the last one if there are fewer; six queries, however many
    intents.
    """
    fitting = _fitting(wanted)
    total = session.scalar(select(func.count(Intent.id)).where(*fitting)) or 0
    pages = max(1, -(-total // PAGE))
    number = min(max(1, wanted.page), pages)
    query = _ordered(wanted.order).where(*fitting).limit(PAGE).offset((number - 1) * PAGE)
    intents = session.scalars(query).all()
    counts = _count_utterances(session, [intent.id for intent in intents])
    health = read_health(session, [intent.name for intent in intents])
    rows = [Row(each, counts.get(each.id, 0), health[each.name]) for each in intents]
    return Page(rows, total, number, pages)


def list_names(session: Session, wanted: Wanted) -> list[str]:
    """List the names of all intents that fit, on whatever page."""
    return list(session.scalars(select(Intent.name).where(*_fitting(wanted))))


def list_topics(session: Session) -> list[str]:
    """List the topics that intents have, by name."""
    query = select(Intent.topic).where(Intent.topic != "").distinct().order_by(Intent.topic)
    return list(session.scalars(query))


def _fitting(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Every word stands in title, name or topic, or all of the text in one utterance."""
    fitting: list[ColumnElement[bool]] = []
    if text := wanted.text.replace("\x00", "").strip():
        said = Utterance.normalised.contains(normalise(text), autoescape=True)
        by_utterance = Intent.id.in_(select(Utterance.intent_id).where(said))
        by_words = [_has(word) for word in text.split()[:_MOST_WORDS]]
        fitting.append(or_(by_utterance, and_(*by_words)))
    if wanted.topic:
        fitting.append(Intent.topic == wanted.topic)
    if wanted.enabled is not None:
        fitting.append(Intent.enabled == wanted.enabled)
    return fitting


def _has(word: str) -> ColumnElement[bool]:
    columns = (Intent.title, Intent.name, Intent.topic)
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def _ordered(order: Order) -> Select[Intent]:
    by_title = (func.lower(Intent.title), Intent.id)
    if order is Order.TITLE:
        return select(Intent).order_by(*by_title)
    if order is Order.WRONG:
        wrong = mistakes()
        query = select(Intent).outerjoin(wrong, wrong.c.intent == Intent.name)
        return query.order_by(func.coalesce(wrong.c.wrong, 0).desc(), *by_title)
    seen = traffic()
    query = select(Intent).outerjoin(seen, seen.c.intent == Intent.name)
    if order is Order.ASKED:
        return query.order_by(func.coalesce(seen.c.asked, 0).desc(), *by_title)
    return query.order_by(seen.c.last_asked.is_not(None), seen.c.last_asked, *by_title)


def _count_utterances(session: Session, ids: list[int]) -> dict[int, int]:
    rows = session.execute(
        select(Utterance.intent_id, func.count())
        .where(Utterance.intent_id.in_(ids))
        .group_by(Utterance.intent_id)
    )
    return dict(rows.all())
