"""Find utterances of different intents that a matcher can hardly tell apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chatbot.domain.text import key_of_normalised
from chatbot.matching.index import Positions, Vectors, search_exactly
from chatbot.matching.matcher import Matcher
from chatbot.matching.phrasings import GONE
from chatbot.matching.rows import UNKNOWN, as_keys
from chatbot.services.knowledge.near_duplicates import ALIKE

MOST_DRAFTED = 2000
_NEIGHBOURS = 30
_SEARCHED = 256


@dataclass(frozen=True)
class Phrase:
    """An utterance of an intent, live or in a draft."""

    text: str
    normalised: str
    intent: str


@dataclass(frozen=True)
class Pair:
    """The two nearest utterances of two intents, and how many pairs of them are ALIKE."""

    one: Phrase
    other: Phrase
    similarity: float
    count: int = 1


@dataclass(frozen=True)
class Pairs:
    """The pairs found, nearest first; `left_out` utterances of drafts were too many to compare."""

    found: list[Pair]
    left_out: int


def find_pairs(matcher: Matcher, phrases: Sequence[Phrase]) -> Pairs:
    """Find the pairs; live phrasings are looked up in the matcher's index, those of drafts encoded
    first.
    """
    rows = matcher.phrasings.rows.find(as_keys([key_of_normalised(p.normalised) for p in phrases]))
    is_live = rows != UNKNOWN
    is_live[is_live] = matcher.phrasings.intents[rows[is_live]] != GONE
    live, drafted = np.flatnonzero(is_live), np.flatnonzero(~is_live)
    left_out, drafted = max(0, len(drafted) - MOST_DRAFTED), drafted[:MOST_DRAFTED]
    vectors = matcher.bundle.encoder.encode([phrases[place].text for place in drafted.tolist()])
    near = [
        *_near_live(matcher, live, matcher.phrasings.rows.vectors(rows[live]), rows),
        *_near_live(matcher, drafted, vectors, rows),
        *_near_each_other(drafted, vectors),
    ]
    return Pairs(_by_intents(phrases, near), left_out)


Near = tuple[int, int, float]


def _near_live(
    matcher: Matcher, places: Positions, vectors: Vectors, rows: Positions
) -> Iterator[Near]:
    """Places of phrases that are ALIKE, the second of them live."""
    place_of = _places_by_row(matcher, rows)
    for start in range(0, len(places), _SEARCHED):
        some = slice(start, start + _SEARCHED)
        found, similarities = matcher.phrasings.search(vectors[some], _NEIGHBOURS)
        for line, column in np.argwhere(similarities >= ALIKE).tolist():
            other = int(place_of[found[line, column]])
            if other != UNKNOWN:
                yield int(places[some][line]), other, float(similarities[line, column])


def _near_each_other(places: Positions, vectors: Vectors) -> Iterator[Near]:
    found, similarities = search_exactly(
        vectors.__getitem__, np.arange(len(places)), vectors, _NEIGHBOURS
    )
    for line, column in np.argwhere(similarities >= ALIKE).tolist():
        yield int(places[line]), int(places[found[line, column]]), float(similarities[line, column])


def _places_by_row(matcher: Matcher, rows: Positions) -> NDArray[np.int64]:
    """UNKNOWN for rows of the matcher that are no utterance, such as confirmed questions."""
    place_of = np.full(len(matcher.phrasings.rows), UNKNOWN, np.int64)
    known = np.flatnonzero(rows != UNKNOWN)
    place_of[rows[known]] = known
    return place_of


def _by_intents(phrases: Sequence[Phrase], near: Sequence[Near]) -> list[Pair]:
    """One for two intents, whichever way round they were found."""
    pairs: dict[frozenset[str], Pair] = {}
    counted = set()
    for one, other, similarity in near:
        intents = frozenset((phrases[one].intent, phrases[other].intent))
        if len(intents) == 1 or frozenset((one, other)) in counted:
            continue
        counted.add(frozenset((one, other)))
        new = Pair(phrases[one], phrases[other], similarity)
        old = pairs.get(intents, replace(new, count=0))
        pairs[intents] = replace(max(old, new, key=_similarity), count=old.count + 1)
    return sorted(pairs.values(), key=_similarity, reverse=True)


def _similarity(pair: Pair) -> float:
    return pair.similarity
