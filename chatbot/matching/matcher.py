"""Matcher: everything that an answer needs, loaded together and never changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Self, TypeVar

import numpy as np

from chatbot import telemetry
from chatbot.domain.matching import (
    MOST_SCORED,
    Calibration,
    Candidate,
    Decision,
    Scored,
    vote,
)
from chatbot.domain.redaction import redact
from chatbot.domain.text import key, normalise
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Edit, Entry, IntentCard
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import Positions, Vectors
from chatbot.matching.neighbourhood import Neighbourhood
from chatbot.matching.passages import Passages, Said
from chatbot.matching.phrasings import Indexed, Phrasings
from chatbot.matching.reading import Match, match_read
from chatbot.matching.wording import Wording

MOST_NEIGHBOURS = 100
_MOST_MEASURED = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Near:
    """A known phrasing near a question, by its key; `similarity` is a cosine, -1 to 1."""

    key: str
    intent: str
    similarity: float


class Matcher:
    """An immutable matcher: a request that holds one gets one consistent answer, whatever is
    swapped in.
    """

    def __init__(
        self,
        version: int,
        bundle: Bundle,
        revision: int,
        intents: Mapping[str, IntentCard],
        phrasings: Phrasings,
        rule: Rule,
        wording: Wording,
        passages: Passages | None = None,
        obeyed: Mapping[str, Entry] = MappingProxyType({}),
    ) -> None:
        self.version = version
        self.bundle = bundle
        self.revision = revision
        self.intents = MappingProxyType(dict(intents))
        self.phrasings = phrasings
        self.wording = wording
        self.passages = passages or Passages.none(bundle.encoder.dimension)
        self._rule = rule
        self._obeyed = obeyed

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
            start, passages = previous.phrasings.emptied(), previous.passages
        else:
            start, passages = Phrasings.of_bundle(bundle), bundle.passages
        gone = dict.fromkeys(passages.places.keys() - catalogue.intents.keys())
        entries = dict(zip(catalogue.keys, catalogue.entries, strict=True))
        phrasings = start.edited(entries, bundle.encoder)
        if phrasings.indexed.index.size == 0:
            phrasings = phrasings.reindexed(phrasings.build_index())
        return cls(
            version,
            bundle,
            catalogue.revision,
            catalogue.intents,
            phrasings,
            rule,
            Wording.of(catalogue),
            passages.edited({**catalogue.intents, **gone}, bundle.encoder),
            catalogue.obeyed,
        )

    def edited(self, edit: Edit) -> Self:
        """Return the same model after an edit of the FAQ; the cost is that of the edit."""
        return self._with(
            revision=edit.revision,
            intents=_edited(self.intents, edit.cards),
            phrasings=self.phrasings.edited(edit.entries, self.bundle.encoder),
            wording=self.wording.edited(edit),
            passages=self.passages.edited(edit.cards, self.bundle.encoder),
            obeyed=_edited(self._obeyed, edit.obeyed) if edit.obeyed else self._obeyed,
        )

    def reindexed(self, indexed: Indexed) -> Self:
        """Return the same matcher with another index of its phrasings, or of its predecessors'."""
        return self._with(phrasings=self.phrasings.reindexed(indexed))

    def guessing(self, guessed: Guessed) -> Self:
        """Return the same matcher with other guesses among its neighbours."""
        return self._with(bundle=replace(self.bundle, guessed=guessed))

    def calibrated(self, adapted: Calibration | None) -> Self:
        """Return the same matcher with a calibration that follows the traffic; None is the
        version's own.
        """
        if adapted == self.bundle.adapted:
            return self
        return self._with(bundle=replace(self.bundle, adapted=adapted))

    @property
    def calibration(self) -> Calibration:
        return self.bundle.adapted or self.bundle.calibration

    def match(self, text: str) -> Match:
        """Decide on one message; its lines may tell what of it is quoted."""
        return self.match_all([text])[0]

    def match_all(self, texts: Sequence[str]) -> list[Match]:
        """Decide on many messages, each as it is read: see `matching.reading`."""
        return match_read(texts, self.wording, self.match_each)

    def match_each(self, texts: Sequence[str]) -> list[Match]:
        """Decide on many texts as they stand; the encoder and the index work on batches."""
        known = [self._recall(text) for text in texts]
        unknown = [text for text, match in zip(texts, known, strict=True) if match is None]
        judged = iter(self._match_unknown(unknown))
        return [match or next(judged) for match in known]

    def nearest(self, text: str, k: int) -> list[Near]:
        """Return the known phrasings that are most like `text`, nearest first: why it is answered
        so.
        """
        vectors = self.bundle.embedder.embed([text])
        (rows,), (similarities,) = self.phrasings.search(vectors, min(k, MOST_NEIGHBOURS))
        keys = self.phrasings.rows.keys(rows)
        return [
            Near(name, intent, similarity)
            for name, row, similarity in zip(
                keys, rows.tolist(), similarities.tolist(), strict=True
            )
            if (intent := self.phrasings.intent_at(row)) is not None
        ]

    def score_known(self, rows: Sequence[int]) -> list[list[Scored]]:
        """Return the votes for known phrasings, each as if it were not in the index."""
        return [
            self._vote(found, near, said, without_row=own)
            for own, found, near, said in self._around(rows, self._rule.neighbours + 1)
        ]

    def score_as_unknown(self, rows: Sequence[int]) -> list[list[Scored]]:
        """Return the votes for known phrasings, each as if its whole intent were not
        in the index.
        """
        return [
            self._vote(found, near, said, without_intent=self.phrasings.intent_at(own))
            for own, found, near, said in self._around(rows, MOST_NEIGHBOURS)
        ]

    def score(self, texts: Sequence[str]) -> list[list[Scored]]:
        """Return the votes for `texts`, before calibration and without the short cut for known
        ones.
        """
        return self._score(self.bundle.encoder.encode(texts))

    def density(self) -> float:
        """Return how near intents lie to each other, a cosine; 0 with fewer than two intents.

        It is the mean cosine of a phrasing to the nearest of another intent, over a sample of at
        most 500.
        """
        rows = self.phrasings.named_rows
        step = max(1, len(rows) // _MOST_MEASURED)
        rows = rows[::step]
        own = [self.phrasings.intent_at(row) for row in rows.tolist()]
        rows = rows[[intent is not None for intent in own]]
        own = [*filter(None, own), *self.passages.names]
        if len(set(own)) < 2:
            return 0.0
        vectors = np.vstack([self.phrasings.rows.vectors(rows), self.passages.titles])
        found, similarities = self._neighbourhood.search(vectors, MOST_NEIGHBOURS)
        rivals = [
            next(
                (cosine for row, cosine in near if self._neighbourhood.intent_at(row) != intent),
                near[-1][1],
            )
            for intent, near in zip(own, _pairs(found, similarities), strict=True)
        ]
        return float(np.mean(rivals))

    def _match_unknown(self, texts: Sequence[str]) -> list[Match]:
        if not texts:
            return []
        vectors = self.bundle.embedder.embed(texts)
        with telemetry.SEARCH.time():
            scored = self._score(vectors)
        return [self._judge(text, votes) for text, votes in zip(texts, scored, strict=True)]

    def _score(self, vectors: Vectors) -> list[list[Scored]]:
        rows, similarities = self._neighbourhood.search(vectors, self._rule.neighbours)
        said = self.passages.compare(vectors)
        found = zip(rows.tolist(), similarities.tolist(), *said, strict=True)
        return [self._vote(at, near, Said(*both)) for at, near, *both in found]

    def _around(
        self, rows: Sequence[int], k: int
    ) -> list[tuple[int, list[int], list[float], Said]]:
        vectors = self.phrasings.rows.vectors(np.array(rows, np.int64))
        found, similarities = self._neighbourhood.search(vectors, k)
        said = zip(*self.passages.compare(vectors), strict=True)
        return [
            (row, near.tolist(), cosines.tolist(), Said(*both))
            for row, near, cosines, both in zip(rows, found, similarities, said, strict=True)
        ]

    @cached_property
    def _neighbourhood(self) -> Neighbourhood:
        """A title that is a phrasing as well speaks once."""
        is_phrasing = self.phrasings.knows(self.passages.title_keys)
        return Neighbourhood(
            self.phrasings,
            self.bundle.guessed.among(self.intents),
            self.passages.search_titles(without=is_phrasing),
            self.passages.names,
        )

    def _vote(
        self,
        rows: list[int],
        similarities: list[float],
        said: Said,
        without_row: int | None = None,
        without_intent: str | None = None,
    ) -> list[Scored]:
        near = [
            (row, self._neighbourhood.neighbour(row, similarity))
            for row, similarity in zip(rows, similarities, strict=True)
            if row != without_row
        ]
        if without_intent is not None:
            near = [(row, one) for row, one in near if one.intent != without_intent]
        heard = near[: self._rule.neighbours]
        vectors = self._neighbourhood.vectors(np.array([row for row, _ in heard], np.int64))
        between = (vectors @ vectors.T).tolist()
        votes = vote([one for _, one in heard], between, self._rule.temperature)
        return self._with_answers(votes, said, without_intent)

    def _with_answers(self, votes: list[Scored], said: Said, without: str | None) -> list[Scored]:
        """Return the votes with what answers say of these intents, and with those whose answers say
        most.
        """
        if not self.passages.says_much:
            return votes
        names, number = self.passages.names, self.passages.number
        answer, passage, nearest = said
        evidence = {one.intent: (one.share, one.similarity) for one in votes}
        for column in nearest[: MOST_SCORED - len(votes)].tolist():
            if names[column] != without:
                evidence.setdefault(names[column], (0.0, float(answer[column])))
        found = []
        for intent, (share, similarity) in evidence.items():
            at = number.get(intent)
            both = (0.0, 0.0) if at is None else (float(answer[at]), float(passage[at]))
            found.append(Scored(intent, share, similarity, *both))
        return found

    def _judge(self, text: str, scored: list[Scored]) -> Match:
        named = self.wording.weigh_names(text, len(self.intents))
        candidates = self.calibration.candidates(scored, named)
        return Match(self.calibration.decide(candidates), tuple(candidates), exact=False)

    def _recall(self, text: str) -> Match | None:
        """Return what was said of the same words; questions are kept, and confirmed, in redacted
        form.
        """
        match = self._recall_exactly(text)
        if match is None and (redacted := redact(text)) != text:
            return self._recall_exactly(redacted)
        return match

    def _recall_exactly(self, text: str) -> Match | None:
        """Return what is known by an agent's word, a known phrasing, or a title that only one
        intent has.
        """
        obeyed = self._obeyed.get(key(text)) if self._obeyed else None
        if obeyed is not None:
            return _exact(obeyed.intent)
        row = self.phrasings.row_of(text)
        if row is not None:
            return _exact(self.phrasings.intent_at(row))
        titled = self.passages.by_title.get(normalise(text))
        return None if titled is None else _exact(titled)

    def _with(
        self,
        *,
        bundle: Bundle | None = None,
        revision: int | None = None,
        intents: Mapping[str, IntentCard] | None = None,
        phrasings: Phrasings | None = None,
        wording: Wording | None = None,
        passages: Passages | None = None,
        obeyed: Mapping[str, Entry] | None = None,
    ) -> Self:
        """The same but for what is given."""
        return type(self)(
            self.version,
            bundle or self.bundle,
            self.revision if revision is None else revision,
            self.intents if intents is None else intents,
            phrasings or self.phrasings,
            self._rule,
            wording or self.wording,
            passages or self.passages,
            self._obeyed if obeyed is None else obeyed,
        )


def _edited(before: Mapping[str, T], changes: Mapping[str, T | None]) -> dict[str, T]:
    """Return a copy with the changes; None takes away."""
    after = {**before, **changes}
    return {name: value for name, value in after.items() if value is not None}


def _exact(intent: str | None) -> Match:
    """Return an exact match; of what is known to be none of the intents, nothing is near enough to
    be named.
    """
    if intent is None:
        return Match(Decision.HANDOFF, (), exact=True)
    return Match(Decision.ANSWER, (Candidate(intent, 1.0),), exact=True)


def _pairs(rows: Positions, similarities: Vectors) -> Iterator[list[tuple[int, float]]]:
    """Yield (row, similarity) pairs of each line."""
    for line, cosines in zip(rows.tolist(), similarities.tolist(), strict=True):
        yield list(zip(line, cosines, strict=True))
