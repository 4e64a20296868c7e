"""Choose the two phrasings to score next: those whose likeness a model is surest wrong about.

Turn about the nearest of two intents and the farthest of one, under the model that is live. Ranked
as one, the farthest would come first: a small FAQ words an intent in ways that have no word in
common, which an untrained model takes for unlike, and a person hardly ever does.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy.orm import Session

from chatbot.domain.redaction import redact
from chatbot.domain.text import key, normalise
from chatbot.matching.index import Positions
from chatbot.matching.matcher import Matcher, Near
from chatbot.services.knowledge.explain import with_texts
from chatbot.services.knowledge.lint_pairs import Pair, Phrase
from chatbot.services.knowledge.pairs import find_scored, key_of

MOST_LOOKED_AT = 4_000
MOST_PROPOSED = 500
_OF_TWO_INTENTS = 5
_OF_A_TEXT = 2
_NEIGHBOURS = 20
_TOGETHER = 256
_SHOWN_AT_ONCE = 25


class Ranked(NamedTuple):
    """A pair of rows of a matcher and their cosine, -1 to 1."""

    one: int
    other: int
    similarity: float


def propose(session: Session, matcher: Matcher, skipped: int = 0) -> Pair | None:
    """Return the most useful pair without a score, after so many that were `skipped`.

    None if there is none left. What would be redacted is not asked for: it would be kept as another
    text than the FAQ's.
    """
    ranked = rank(matcher)
    for start in range(0, len(ranked), _SHOWN_AT_ONCE):
        found = _with_texts(session, matcher, ranked[start : start + _SHOWN_AT_ONCE])
        scored = find_scored(session, [(pair.one.text, pair.other.text) for pair in found])
        for pair in found:
            if key_of(pair.one.text, pair.other.text) in scored:
                continue
            if skipped == 0:
                return pair
            skipped -= 1
    return None


def rank(matcher: Matcher) -> Sequence[Ranked]:
    """Return at most MOST_PROPOSED pairs of live phrasings, the most useful first.

    Of a large FAQ only every so many phrasings one is looked at. A text, and two intents, come a
    few times at most, so that a person sees more than one corner of the FAQ.
    """
    if (known := _ranked.get(matcher)) is None:
        known = _ranked[matcher] = tuple(_rank_all(matcher))
    return known


_ranked: WeakKeyDictionary[Matcher, Sequence[Ranked]] = WeakKeyDictionary()
"""A matcher never changes, so neither does its ranking; both go together."""


def _rank_all(matcher: Matcher) -> Iterator[Ranked]:
    rows = matcher.phrasings.named_rows
    rows = rows[:: max(1, -(-len(rows) // MOST_LOOKED_AT))]
    across = sorted(_once(_nearest_across(matcher, rows)), key=_similarity, reverse=True)
    within = sorted(_once(_farthest_within(matcher, rows)), key=_similarity)
    turns = zip_longest(_varied(matcher, across), _varied(matcher, within))
    return islice((pair for turn in turns for pair in turn if pair is not None), MOST_PROPOSED)


def _once(pairs: Iterable[Ranked]) -> Iterable[Ranked]:
    """Each two rows one way round."""
    return {frozenset(pair[:2]): pair for pair in pairs}.values()


def _similarity(pair: Ranked) -> float:
    return pair.similarity


def _nearest_across(matcher: Matcher, rows: Positions) -> Iterator[Ranked]:
    """Yield for each row the nearest of another intent, if it is among the nearest at all."""
    intents = matcher.phrasings.intents
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        vectors = matcher.phrasings.rows.vectors(some)
        found, similarities = matcher.phrasings.search(vectors, _NEIGHBOURS)
        is_other = (intents[found] != intents[some][:, None]) & (intents[found] >= 0)
        first = is_other.argmax(axis=1)
        for place in np.flatnonzero(is_other.any(axis=1)).tolist():
            at = first[place]
            yield Ranked(int(some[place]), int(found[place, at]), float(similarities[place, at]))


def _farthest_within(matcher: Matcher, rows: Positions) -> Iterator[Ranked]:
    """Yield for each row the farthest of its own intent."""
    intents = matcher.phrasings.intents[rows]
    for intent in np.unique(intents).tolist():
        own = rows[intents == intent][:_TOGETHER]
        if len(own) < 2:
            continue
        vectors = matcher.phrasings.rows.vectors(own)
        similarities = vectors @ vectors.T
        for place, other in enumerate(similarities.argmin(axis=1).tolist()):
            if other != place:
                yield Ranked(int(own[place]), int(own[other]), float(similarities[place, other]))


def _varied(matcher: Matcher, ranked: Iterable[Ranked]) -> Iterator[Ranked]:
    """Yield pairs of which neither a text nor the two intents have come a few times already."""
    intents, texts = Counter[frozenset[int]](), Counter[int]()
    for pair in ranked:
        of = frozenset(matcher.phrasings.intents[list(pair[:2])].tolist())
        if intents[of] >= _OF_TWO_INTENTS or max(texts[r] for r in pair[:2]) >= _OF_A_TEXT:
            continue
        intents[of] += 1
        texts.update(pair[:2])
        yield pair


def _with_texts(session: Session, matcher: Matcher, ranked: Sequence[Ranked]) -> list[Pair]:
    """Return the pairs whose texts are still there, as they were."""
    rows = np.array([row for pair in ranked for row in pair[:2]], np.int64)
    keys = matcher.phrasings.rows.keys(rows)
    near = [
        Near(row_key, intent, 0.0)
        for row_key, row in zip(keys, rows.tolist(), strict=True)
        if (intent := matcher.phrasings.intent_at(row)) is not None
    ]
    there = {
        key(each.text): Phrase(each.text, normalise(each.text), each.intent)
        for each in with_texts(session, near)
        if redact(each.text) == each.text
    }
    return [
        Pair(there[one], there[other], pair.similarity)
        for pair, one, other in zip(ranked, keys[::2], keys[1::2], strict=True)
        if one in there and other in there
    ]
