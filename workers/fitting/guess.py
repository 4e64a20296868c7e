"""Questions that nobody judged become neighbours: what they ask for is guessed (decision 0021)."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from chatbot.domain.example import Example
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import Vectors
from chatbot.matching.matcher import Matcher
from workers.fitting.propagation import Propagated, propagate
from workers.fitting.unseen import Fold, known_rows

WEIGHT = 0.5  # of a guess's vote
UNFAMILIAR_SHARE = 0.1
MOST_OF_AN_INTENT = 3.0


def guess_all(
    matcher: Matcher, taught: Sequence[Example], folds: Sequence[Fold], asked: Sequence[str]
) -> tuple[Matcher, list[Fold]]:
    """Return `matcher` and `folds`, each matcher with its own guesses among its neighbours.

    How many of the `asked` are sure enough is found on what each fold has not seen.
    """
    guessers = [_Guesser(fold.matcher, fold.taught, asked) for fold in folds]
    shares = [guesser.familiar(fold.unseen) for guesser, fold in zip(guessers, folds, strict=True)]
    guessing = [
        replace(fold, matcher=guesser.guess(share))
        for fold, guesser, share in zip(folds, guessers, shares, strict=True)
    ]
    if folds[0].matcher is matcher:
        return guessing[0].matcher, guessing
    return _Guesser(matcher, taught, asked).guess(fmean(shares)), guessing


class _Guesser:
    """Guesses, with one encoder, from the examples that it was `taught`, what the `asked` mean."""

    def __init__(self, matcher: Matcher, taught: Sequence[Example], asked: Sequence[str]) -> None:
        self._matcher = matcher
        rows = known_rows(matcher, taught)
        self._names = sorted({example.intent for _, example in rows})
        number = {name: place for place, name in enumerate(self._names)}
        self._labels = np.array([number[example.intent] for _, example in rows], np.int64)
        self._labelled = self._vectors([row for row, _ in rows])
        self._asked = matcher.bundle.encoder.encode(asked)

    def familiar(self, unseen: Sequence[Example]) -> float:
        """Share of the asked that get as much of a label as all but a tenth of `unseen` do.

        The encoder was not trained on those either, and their own labels are hidden.
        """
        hidden = self._vectors([row for row, _ in known_rows(self._matcher, unseen)])
        masses = self._propagate(np.concatenate([self._asked, hidden])).masses
        asked, known = np.split(masses, [len(self._asked)])
        return float(np.mean(asked >= np.quantile(known, UNFAMILIAR_SHARE))) if len(known) else 0.0

    def guess(self, share: float) -> Matcher:
        """The matcher with the surest `share` of the asked among its neighbours."""
        found = self._propagate(self._asked)
        surest = found.surest(share, MOST_OF_AN_INTENT)
        intents = [self._names[number] for number in found.intents[surest].tolist()]
        return self._matcher.guessing(Guessed.of(self._asked[surest], intents, WEIGHT))

    def _propagate(self, texts: Vectors) -> Propagated:
        return propagate(self._labelled, self._labels, texts)

    def _vectors(self, rows: Sequence[int]) -> Vectors:
        return self._matcher.phrasings.rows.vectors(np.array(rows, np.int64))
