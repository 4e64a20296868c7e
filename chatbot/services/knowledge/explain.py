"""Explain why a question is answered as it is: which phrasings it is near to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.text import key_of_normalised
from chatbot.matching.matcher import Matcher, Near
from chatbot.storage.tables import Intent, Query, Utterance

LOOKED_AT = 30


@dataclass(frozen=True)
class Neighbouring:
    """A phrasing of an intent, with its cosine similarity to the question."""

    text: str
    intent: str
    similarity: float


def list_neighbours(session: Session, matcher: Matcher, text: str) -> list[Neighbouring]:
    """List the phrasings nearest to `text`, nearest first, without those that are gone."""
    return with_texts(session, matcher.nearest(text, LOOKED_AT))


def with_texts(session: Session, near: Sequence[Near]) -> list[Neighbouring]:
    """Return the same phrasings with their texts, in their order, without those that are gone."""
    texts = _texts(session, {n.intent for n in near}, {n.key for n in near})
    return [Neighbouring(texts[n.key], n.intent, n.similarity) for n in near if n.key in texts]


def nearest_of_each(neighbours: Iterable[Neighbouring]) -> dict[str, Neighbouring]:
    """Return the nearest phrasing of each intent, by intent."""
    best: dict[str, Neighbouring] = {}
    for neighbour in neighbours:
        best.setdefault(neighbour.intent, neighbour)
    return best


def _texts(session: Session, intents: set[str], keys: set[str]) -> dict[str, str]:
    """Return texts by key: confirmed questions are stored with theirs, utterances are not."""
    asked = session.execute(select(Query.text_key, Query.text).where(Query.text_key.in_(keys)))
    authored = session.execute(
        select(Utterance.normalised, Utterance.text).join(Intent).where(Intent.name.in_(intents))
    )
    by_key = {key_of_normalised(normalised): text for normalised, text in authored}
    return dict(asked.all()) | {k: t for k, t in by_key.items() if k in keys}
