"""Fit, for one model version, what its votes mean as probabilities and when it may answer."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from chatbot.domain.matching import Calibration, Candidate, Scored
from chatbot.settings import Settings
from workers.unseen import Unseen

GENERIC = Path(__file__).parent / "generic_out_of_scope.txt"
LEAST_ROWS = 50
NEVER = 1.01
OUT_OF_SCOPE_SHARE = 0.2
OTHER_PROMISES = tuple(percent / 100 for percent in range(1, 21))
_STEPS = 50

T = TypeVar("T")
Vote = tuple[list[Scored], str | None]


def gather_votes(unseen: Sequence[Unseen], out_of_scope: Sequence[str]) -> list[Vote]:
    """For catalogue entries that the encoder was not trained on, each hidden from the index.

    Up to a fifth of the rows is out of scope, as visitors' questions are. Where no `out_of_scope`
    questions are known, half of these are what people ask any chatbot, and half are entries whose
    whole intent is hidden: foreign to the FAQ, but near.
    """
    votes: list[Vote] = []
    foreign_texts = out_of_scope or GENERIC.read_text(encoding="utf-8").splitlines()
    for number, part in enumerate(unseen):
        unknown = int(len(part.rows) * OUT_OF_SCOPE_SHARE / (1 - OUT_OF_SCOPE_SHARE))
        hidden = 0 if out_of_scope else unknown // 2
        foreign = _spread(foreign_texts[number :: len(unseen)], unknown - hidden)
        stand_ins = _spread(part.rows, hidden)
        matcher = part.matcher
        votes += zip(matcher.score_known(part.rows), part.intents, strict=True)
        votes += [(scored, None) for scored in matcher.score(foreign)]
        votes += [(scored, None) for scored in matcher.score_as_unknown(stand_ins)]
    return votes


def fit(votes: Sequence[Vote], settings: Settings) -> Calibration:
    """Logistic regression over all candidates of all questions, then the answering threshold."""
    features = [s.features for scored, _ in votes for s in scored]
    is_right = [s.intent == truth for scored, truth in votes for s in scored]
    if len(votes) < LEAST_ROWS or len(set(is_right)) < 2:
        return Calibration.unfitted(settings.clarify_probability)
    model = LogisticRegression(C=100.0, max_iter=1000).fit(np.array(features), np.array(is_right))
    weights = [float(w) for w in model.coef_[0]]
    draft = Calibration(
        weights=(weights[0], weights[1]),
        bias=float(model.intercept_[0]),
        answer_at=NEVER,
        clarify_at=settings.clarify_probability,
        rows=len(votes),
    )
    answers = _answers(draft, votes)
    answer_at = answering_threshold(answers, settings.promise, settings.promise_confidence)
    return Calibration.from_json(draft.to_json() | {"answer_at": answer_at})


def thresholds_of_other_promises(
    calibration: Calibration, votes: Sequence[Vote], confidence: float
) -> list[tuple[float, float]]:
    """(promise, where this version would answer if that were the promise); none if unfitted."""
    if calibration.rows == 0:
        return []
    answers = _answers(calibration, votes)
    return [(p, answering_threshold(answers, p, confidence)) for p in OTHER_PROMISES]


def answering_threshold(
    answers: Sequence[tuple[float, bool]], promise: float, confidence: float
) -> float:
    """The lowest probability from which at most `promise` of the answers are wrong.

    `answers` are (probability of the first candidate, whether it is right). Thresholds are tested
    from the safest fifth on, each with an exact binomial test, until one fails: with probability
    `confidence` the promise holds on questions like these (fixed-sequence testing in Learn then
    Test, Angelopoulos et al. 2021). NEVER if even the safest fails or there is too little data.
    """
    ranked = sorted(answers, key=lambda answer: -answer[0])
    can_pass = int(np.ceil(np.log(1 - confidence) / np.log(1 - promise))) if 0 < promise < 1 else 1
    least = max(can_pass, len(ranked) // 5)
    step = max(1, len(ranked) // _STEPS)
    falling = [-probability for probability, _ in ranked]
    wrong = np.cumsum([not is_right for _, is_right in ranked])
    threshold = NEVER
    for n in range(least, len(ranked) + 1, step):
        answered = bisect_right(falling, falling[n - 1])
        if binom.cdf(wrong[answered - 1], answered, promise) > 1 - confidence:
            break
        threshold = ranked[n - 1][0]
    return threshold


def _spread(items: Sequence[T], most: int) -> Sequence[T]:
    """Up to `most` of `items`, evenly spread."""
    if most <= 0:
        return []
    return [items[i * len(items) // most] for i in range(most)] if len(items) > most else items


def _answers(calibration: Calibration, votes: Sequence[Vote]) -> list[tuple[float, bool]]:
    """Probability of the first candidate, and whether it is right."""
    return [_first(calibration.candidates(scored), truth) for scored, truth in votes]


def _first(candidates: Sequence[Candidate], truth: str | None) -> tuple[float, bool]:
    if not candidates:
        return 0.0, False
    return candidates[0].probability, candidates[0].intent == truth
