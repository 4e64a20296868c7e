"""Matcher: everything that an answer needs, loaded together and never changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Self

import numpy as np

from chatbot.domain.matching import Calibration, Candidate, Decision, Neighbour, Scored, vote
from chatbot.domain.text import key, normalise
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.index import HnswIndex, Index, Vectors

_ENCODE_BATCH = 256
MOST_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class IntentCard:
    """What a visitor is shown of an intent."""

    title: str
    answer: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One known phrasing of an intent: an FAQ utterance, or a confirmed question."""

    text: str
    intent: str


@dataclass(frozen=True)
class Catalogue:
    """All that the FAQ says at one knowledge revision, as one model version may use it."""

    revision: int
    intents: Mapping[str, IntentCard]
    entries: tuple[Entry, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(key(entry.text) for entry in self.entries)

    @cached_property
    def known(self) -> dict[str, str]:
        """Intent by normalised text."""
        return {normalise(entry.text): entry.intent for entry in self.entries}


@dataclass(frozen=True)
class Match:
    """What the matcher makes of one question; `exact` when it is a known utterance."""

    decision: Decision
    candidates: tuple[Candidate, ...]
    exact: bool


class Matcher:
    """Immutable: a request that holds one gets one consistent answer, whatever is swapped in."""

    def __init__(
        self,
        version: int,
        bundle: Bundle,
        catalogue: Catalogue,
        index: Index,
        vectors: Vectors,
        rule: Rule,
    ) -> None:
        self.version = version
        self.bundle = bundle
        self.catalogue = catalogue
        self.intents = MappingProxyType(dict(catalogue.intents))
        self.index = index
        self.vectors = vectors
        self._rule = rule
        self._entry_intents = [entry.intent for entry in catalogue.entries]

    @classmethod
    def build(
        cls,
        version: int,
        bundle: Bundle,
        catalogue: Catalogue,
        rule: Rule,
        previous: "Matcher | None" = None,
    ) -> Self:
        """Join an opened model and a catalogue.

        Vectors come from the artefact, from `previous` if it has the same model, and only for new
        texts from the encoder. The published index is used when the catalogue is unchanged.
        """
        vectors = _collect_vectors(bundle, catalogue, previous)
        index = bundle.stored_index(catalogue.keys) or HnswIndex.build(vectors)
        return cls(version, bundle, catalogue, index, vectors, rule)

    @property
    def calibration(self) -> Calibration:
        return self.bundle.calibration

    @property
    def revision(self) -> int:
        return self.catalogue.revision

    def match(self, text: str) -> Match:
        """Decide on one cleaned question."""
        return self.match_all([text])[0]

    def match_all(self, texts: Sequence[str]) -> list[Match]:
        """Decide on many; the encoder and the index work on batches."""
        known = [self.catalogue.known.get(normalise(text)) for text in texts]
        unknown = [text for text, intent in zip(texts, known, strict=True) if intent is None]
        scored = iter(self._score(self.bundle.encoder.encode(unknown)))
        return [self._exact(intent) if intent else self._judge(next(scored)) for intent in known]

    def score_known(self, rows: Sequence[int]) -> list[list[Scored]]:
        """Votes for the catalogue's own entries, each as if it were not in the index."""
        return [
            self._vote(found, near, hidden={own})
            for own, found, near in self._around(rows, self._rule.neighbours + 1)
        ]

    def score_as_unknown(self, rows: Sequence[int]) -> list[list[Scored]]:
        """Votes for the catalogue's own entries as if their whole intent were not in the index."""
        members: dict[str, set[int]] = {}
        for position, intent in enumerate(self._entry_intents):
            members.setdefault(intent, set()).add(position)
        return [
            self._vote(found, near, hidden=members[self._entry_intents[own]])
            for own, found, near in self._around(rows, MOST_NEIGHBOURS)
        ]

    def score(self, texts: Sequence[str]) -> list[list[Scored]]:
        """Votes for `texts`, before calibration and without the short cut for known ones."""
        return self._score(self.bundle.encoder.encode(texts))

    def _score(self, vectors: Vectors) -> list[list[Scored]]:
        positions, similarities = self.index.search(vectors, self._rule.neighbours)
        found = zip(positions.tolist(), similarities.tolist(), strict=True)
        return [self._vote(at, near, hidden=()) for at, near in found]

    def _around(self, rows: Sequence[int], k: int) -> list[tuple[int, list[int], list[float]]]:
        positions, similarities = self.index.search(self.vectors[list(rows)], k)
        return list(zip(rows, positions.tolist(), similarities.tolist(), strict=True))

    def _vote(
        self, positions: list[int], similarities: list[float], hidden: Collection[int]
    ) -> list[Scored]:
        seen = zip(positions, similarities, strict=True)
        near = [Neighbour(self._entry_intents[p], s) for p, s in seen if p not in hidden]
        return vote(near[: self._rule.neighbours], self._rule.temperature)

    def _judge(self, scored: list[Scored]) -> Match:
        candidates = self.calibration.candidates(scored)
        return Match(self.calibration.decide(candidates), tuple(candidates), exact=False)

    def _exact(self, intent: str) -> Match:
        return Match(Decision.ANSWER, (Candidate(intent, 1.0),), exact=True)


def _collect_vectors(bundle: Bundle, catalogue: Catalogue, previous: Matcher | None) -> Vectors:
    reusable = previous if previous is not None and previous.bundle is bundle else None
    earlier = {k: row for row, k in enumerate(reusable.catalogue.keys)} if reusable else {}
    vectors = np.empty((len(catalogue.entries), bundle.encoder.dimension), np.float32)
    new: list[int] = []
    for row, k in enumerate(catalogue.keys):
        if (published := bundle.rows.get(k)) is not None:
            vectors[row] = bundle.vectors[published]
        elif reusable and (kept := earlier.get(k)) is not None:
            vectors[row] = reusable.vectors[kept]
        else:
            new.append(row)
    for start in range(0, len(new), _ENCODE_BATCH):
        rows = new[start : start + _ENCODE_BATCH]
        vectors[rows] = bundle.encoder.encode([catalogue.entries[row].text for row in rows])
    return vectors
