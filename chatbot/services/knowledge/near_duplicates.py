"""Find phrasings of one intent that say nearly the same as one of another.

How near is too near is a judgement, so an editor who knows better can add such a text anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge.explain import LOOKED_AT, Neighbouring, with_texts

NEARLY_SAME = 0.925
ALIKE = 0.9


@dataclass(frozen=True)
class Clash:
    """A text that somebody wants to add, and the nearest phrasing of another intent."""

    text: str
    other: Neighbouring

    @property
    def is_same(self) -> bool:
        """True if the other intent has these very words: both cannot be."""
        return normalise(self.text) == normalise(self.other.text)


def find_clashes(
    session: Session, matcher: Matcher, intent: str, texts: Sequence[str]
) -> list[Clash]:
    """Return the clashes of cleaned `texts` for `intent` with phrasings of another intent."""
    clashes = []
    for text in texts:
        near = [
            each
            for each in matcher.nearest(text, LOOKED_AT)
            if each.intent != intent and each.similarity >= NEARLY_SAME
        ]
        clashes += [Clash(text, other) for other in with_texts(session, near)[:1]]
    return clashes
