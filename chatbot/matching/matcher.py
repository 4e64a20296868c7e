"""Matcher: everything that an answer needs, loaded together and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Self

import numpy as np

from chatbot import metrics
from chatbot.domain.matching import Calibration, Candidate, Decision, Scored, vote
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Edit, IntentCard
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import Vectors
from chatbot.matching.neighbourhood import Neighbourhood
from chatbot.matching.phrasings import Indexed, Phrasings
from chatbot.matching.reading import Match, match_read
from chatbot.matching.wording import Wording

MOST_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class Near:
    """A known phrasing near a question, by its key; `similarity` is a cosine, -1 to 1."""

    key: str
    intent: str
    similarity: float


class Matcher:
    """Immutable: a request that holds one gets one consistent answer, whatever is swapped in."""

    def __init__(
        self,
        version: int,
        bundle: Bundle,
        revision: int,
        intents: Mapping[str, IntentCard],
        phrasings: Phrasings,
        rule: Rule,
        wording: Wording,
    ) -> None:
        self.version = version
        self.bundle = bundle
        self.revision = revision
        self.intents = MappingProxyType(dict(intents))
        self.phrasings = phrasings
        self.wording = wording
        self._rule = rule

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

        Vectors and index come from the artefact, or from `previous` if it has the same model; only
        new texts are encoded. An index is built only for a model that has none.
        """
        if previous is not None and previous.bundle is bundle:
            start = previous.phrasings.emptied()
        else:
            start = Phrasings.of_bundle(bundle)
        entries = dict(zip(catalogue.keys, catalogue.entries, strict=True))
        phrasings = start.edited(entries, bundle.encoder)
        if phrasings.indexed.index.size == 0:
            phrasings = phrasings.reindexed(phrasings.build_index())
        wording = Wording.of(catalogue)
        return cls(version, bundle, catalogue.revision, catalogue.intents, phrasings, rule, wording)

    def edited(self, edit: Edit) -> Self:
        """The same model after an edit of the FAQ, at the price of the edit."""
        cards = {**self.intents, **edit.cards}
        return type(self)(
            self.version,
            self.bundle,
            edit.revision,
            {name: card for name, card in cards.items() if card is not None},
            self.phrasings.edited(edit.entries, self.bundle.encoder),
            self._rule,
            self.wording.edited(edit),
        )

    def reindexed(self, indexed: Indexed) -> Self:
        """The same answers through another index of its phrasings, or of its predecessors'."""
        phrasings = self.phrasings.reindexed(indexed)
        return type(self)(
            self.version,
            self.bundle,
            self.revision,
            self.intents,
            phrasings,
            self._rule,
            self.wording,
        )

    def guessing(self, guessed: Guessed) -> Self:
        """The same with other guesses among its neighbours."""
        bundle = replace(self.bundle, guessed=guessed)
        return type(self)(
            self.version,
            bundle,
            self.revision,
            self.intents,
            self.phrasings,
            self._rule,
            self.wording,
        )

    @property
    def calibration(self) -> Calibration:
        return self.bundle.calibration

    def match(self, text: str) -> Match:
        """Decide on one message; its lines may tell what of it is quoted."""
        return self.match_all([text])[0]

    def match_all(self, texts: Sequence[str]) -> list[Match]:
        """Decide on many messages, each as it is read: see `matching.reading`."""
        return match_read(texts, self.wording, self.match_each)

    def match_each(self, texts: Sequence[str]) -> list[Match]:
        """Decide on many texts as they stand; the encoder and the index work on batches."""
        known = [self.phrasings.intent_of(text) for text in texts]
        unknown = [text for text, intent in zip(texts, known, strict=True) if intent is None]
        judged = iter(self._match_unknown(unknown))
        return [self._exact(intent) if intent else next(judged) for intent in known]

    def nearest(self, text: str, k: int) -> list[Near]:
        """The known phrasings that are most like `text`, nearest first: why it is answered so."""
        vectors = self.bundle.embedder.embed([text])
        (rows,), (similarities,) = self.phrasings.search(vectors, min(k, MOST_NEIGHBOURS))
        keys = self.phrasings.rows.keys(rows)
        return [
            Near(key, self.phrasings.intent_at(row), similarity)
            for key, row, similarity in zip(keys, rows.tolist(), similarities.tolist(), strict=True)
        ]

    def score_known(self, rows: Sequence[int]) -> list[list[Scored]]:
        """Votes for known phrasings, each as if it were not in the index."""
        return [
            self._vote(found, near, without_row=own)
            for own, found, near in self._around(rows, self._rule.neighbours + 1)
        ]

    def score_as_unknown(self, rows: Sequence[int]) -> list[list[Scored]]:
        """Votes for known phrasings, each as if its whole intent were not in the index."""
        return [
            self._vote(found, near, without_intent=self.phrasings.intent_at(own))
            for own, found, near in self._around(rows, MOST_NEIGHBOURS)
        ]

    def score(self, texts: Sequence[str]) -> list[list[Scored]]:
        """Votes for `texts`, before calibration and without the short cut for known ones."""
        return self._score(self.bundle.encoder.encode(texts))

    def _match_unknown(self, texts: Sequence[str]) -> list[Match]:
        if not texts:
            return []
        vectors = self.bundle.embedder.embed(texts)
        with metrics.SEARCH.time():
            scored = self._score(vectors)
        return [self._judge(votes) for votes in scored]

    def _score(self, vectors: Vectors) -> list[list[Scored]]:
        rows, similarities = self._neighbourhood.search(vectors, self._rule.neighbours)
        found = zip(rows.tolist(), similarities.tolist(), strict=True)
        return [self._vote(at, near) for at, near in found]

    def _around(self, rows: Sequence[int], k: int) -> list[tuple[int, list[int], list[float]]]:
        vectors = self.phrasings.rows.vectors(np.array(rows, np.int64))
        found, similarities = self._neighbourhood.search(vectors, k)
        return list(zip(rows, found.tolist(), similarities.tolist(), strict=True))

    @cached_property
    def _neighbourhood(self) -> Neighbourhood:
        return Neighbourhood(self.phrasings, self.bundle.guessed.among(self.intents))

    def _vote(
        self,
        rows: list[int],
        similarities: list[float],
        without_row: int | None = None,
        without_intent: str | None = None,
    ) -> list[Scored]:
        near = [
            (row, self._neighbourhood.neighbour(row, similarity))
            for row, similarity in zip(rows, similarities, strict=True)
            if row != without_row
        ]
        heard = [(row, one) for row, one in near if one.intent != without_intent]
        heard = heard[: self._rule.neighbours]
        vectors = self._neighbourhood.vectors(np.array([row for row, _ in heard], np.int64))
        between = (vectors @ vectors.T).tolist()
        return vote([one for _, one in heard], between, self._rule.temperature)

    def _judge(self, scored: list[Scored]) -> Match:
        candidates = self.calibration.candidates(scored)
        return Match(self.calibration.decide(candidates), tuple(candidates), exact=False)

    def _exact(self, intent: str) -> Match:
        return Match(Decision.ANSWER, (Candidate(intent, 1.0),), exact=True)
