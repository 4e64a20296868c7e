from itertools import pairwise
from random import Random

import numpy as np
import pytest
from sklearn.metrics import (
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

from chatbot.domain.accuracy import (
    OUT_OF_SCOPE,
    Outcome,
    auroc,
    calibration_error,
    count_ends,
    matthews,
    per_intent,
    reliability,
    risk_coverage,
    summarise,
)
from chatbot.domain.matching import Candidate, Decision
from chatbot.domain.utility import End
from factories import make_outcome

INTENTS = ["a", "b", "c", "d"]


def random_outcomes(seed: int, count: int = 200) -> list[Outcome]:
    random = Random(seed)
    outcomes = []
    for _ in range(count):
        expected = random.choice([*INTENTS, None])
        ranked = random.sample(INTENTS, random.randint(1, 4))
        if expected is not None and random.random() < 0.6:
            ranked = [expected, *(i for i in ranked if i != expected)]
        shares = sorted((random.random() for _ in ranked), reverse=True)
        candidates = tuple(Candidate(i, round(p, 2)) for i, p in zip(ranked, shares, strict=True))
        outcomes.append(Outcome("q", expected, random.choice(list(Decision)), candidates))
    return outcomes


@pytest.mark.parametrize("seed", range(5))
def test_matthews_correlation_equals_sklearns(seed: int) -> None:
    outcomes = random_outcomes(seed)
    expected, predicted = [o.label for o in outcomes], [o.predicted for o in outcomes]
    assert matthews(expected, predicted) == pytest.approx(matthews_corrcoef(expected, predicted))


def test_matthews_correlation_without_evidence_is_none_or_nought() -> None:
    assert matthews([], []) is None
    assert matthews(["a", "b"], ["a", "a"]) == 0
    assert matthews(["a", "b"], ["a", "b"]) == pytest.approx(1)
    assert matthews(["a", "b"], ["b", "a"]) == pytest.approx(-1)


@pytest.mark.parametrize("decimals", [1, 6])
def test_auroc_equals_sklearns_also_with_ties(decimals: int) -> None:
    random = Random(3)
    positives = [round(random.gauss(0.3, 1), decimals) for _ in range(80)]
    negatives = [round(random.gauss(0, 1), decimals) for _ in range(120)]
    labels = [1] * 80 + [0] * 120
    assert auroc(positives, negatives) == pytest.approx(
        roc_auc_score(labels, positives + negatives)
    )


def test_auroc_needs_both_sides() -> None:
    assert auroc([], [0.1]) is None
    assert auroc([0.1], []) is None
    assert auroc([0.5], [0.5]) == 0.5


@pytest.mark.parametrize("seed", range(3))
def test_precision_recall_and_f1_of_an_intent_equal_sklearns(seed: int) -> None:
    outcomes = random_outcomes(seed)
    in_scope = [o for o in outcomes if o.expected is not None]
    expected, best = [o.label for o in in_scope], [o.best for o in in_scope]
    columns = precision_recall_fscore_support(expected, best, labels=INTENTS, zero_division=0)
    for intent, precision, recall, f1, support in zip(INTENTS, *columns, strict=True):
        row = per_intent(outcomes)[intent]
        assert row["precision"] == pytest.approx(precision)
        assert row["recall"] == pytest.approx(recall)
        assert row["f1"] == pytest.approx(f1)
        assert row["support"] == support


def test_confusions_are_counted_most_frequent_first() -> None:
    outcomes = [make_outcome("a", "b")] * 2 + [make_outcome("a", "c"), make_outcome("a", None)]
    noise = [make_outcome("b", "a"), make_outcome(None, "c"), make_outcome("a", "a")]
    confused = per_intent(outcomes + noise)["a"]["confused_with"]
    assert list(confused.items()) == [("b", 2), ("c", 1), ("nothing", 1)]


def test_calibration_error_equals_its_definition() -> None:
    random = Random(5)
    rows = [(p := random.random(), random.random() < p**2) for _ in range(500)]
    edges = np.linspace(0, 1, 16)
    gap = 0.0
    for low, high in pairwise(edges):
        inside = [(p, right) for p, right in rows if low <= p < high]
        if inside:
            gap += abs(sum(p for p, _ in inside) - sum(right for _, right in inside))
    assert calibration_error(rows) == pytest.approx(gap / 500)
    assert calibration_error([]) is None


def test_a_certain_row_falls_in_the_last_bin() -> None:
    assert reliability([(1.0, True), (0.99, False), (0.0, False)]) == [
        (0.0, 0.0, 1),
        (pytest.approx(0.995), 0.5, 2),
    ]


def test_each_headline_figure_counts_its_own_rows() -> None:
    outcomes = [
        make_outcome("a", "a"),
        make_outcome("a", "b"),
        make_outcome("b", "b", answered=False),
        make_outcome("b", None, answered=False),
        make_outcome(None, "a", answered=False, probability=0.1),
        make_outcome(None, "a", answered=True),
        make_outcome(None, None, answered=False),
        make_outcome(None, "b", answered=False, probability=0.2),
    ]
    figures = summarise(outcomes)
    assert (figures["n"], figures["n_in_scope"], figures["n_out_of_scope"]) == (8, 4, 4)
    assert figures["top1"] == 2 / 4
    assert figures["in_scope_accuracy"] == 1 / 4
    assert figures["oos_recall"] == 3 / 4
    assert figures["coverage"] == 3 / 8
    assert figures["wrong_answer_rate"] == 2 / 3


def test_top3_looks_at_three_candidates() -> None:
    ranked = tuple(Candidate(i, 0.2) for i in INTENTS)
    outcomes = [Outcome("q", intent, Decision.HANDOFF, ranked) for intent in INTENTS]
    assert summarise(outcomes)["top3"] == 3 / 4


def test_out_of_scope_separation_equals_sklearns() -> None:
    outcomes = random_outcomes(9)
    is_out = [o.expected is None for o in outcomes]
    expected = roc_auc_score(is_out, [1 - o.probability for o in outcomes])
    assert summarise(outcomes)["auroc_oos"] == pytest.approx(expected)


def test_there_are_no_figures_without_rows() -> None:
    figures = summarise([])
    assert {k: v for k, v in figures.items() if v is not None} == {
        "n": 0,
        "n_in_scope": 0,
        "n_out_of_scope": 0,
    }


def test_what_is_not_answered_is_predicted_out_of_scope() -> None:
    assert make_outcome("a", "a").predicted == "a"
    assert make_outcome("a", "a", answered=False).predicted == OUT_OF_SCOPE
    assert make_outcome(None, "a").label == OUT_OF_SCOPE
    assert not make_outcome(None, None).is_top1


@pytest.mark.parametrize("seed", range(3))
def test_the_risk_curve_counts_what_each_threshold_would_answer(seed: int) -> None:
    outcomes = random_outcomes(seed, 300)
    curve = risk_coverage(outcomes)
    for probability, answered, wrong in curve:
        chosen = [o for o in outcomes if o.probability >= probability]
        assert (len(chosen), sum(not o.is_top1 for o in chosen)) == (answered, wrong)
    assert curve[-1][1] == 300
    assert len(curve) <= 51


def test_answers_that_tie_are_given_together() -> None:
    tied = [make_outcome("a", "a", probability=0.5), make_outcome("a", "b", probability=0.5)]
    assert risk_coverage(tied * 20) == [(0.5, 40, 20)]
    assert risk_coverage([]) == []


FIRST_IS_B = (Candidate("b", 0.5), Candidate("a", 0.4))


@pytest.mark.parametrize(
    ("expected", "decision", "offered", "end"),
    [
        ("b", Decision.ANSWER, 2, End.ANSWERED_RIGHTLY),
        ("a", Decision.ANSWER, 2, End.ANSWERED_WRONGLY),
        ("a", Decision.CLARIFY, 2, End.OFFERED),
        ("a", Decision.CLARIFY, 1, End.ASKED_IN_VAIN),
        ("a", Decision.HANDOFF, 2, End.HANDED_OVER),
        (None, Decision.ANSWER, 2, End.ANSWERED_WRONGLY),
        (None, Decision.CLARIFY, 2, End.ASKED_IN_VAIN),
        (None, Decision.HANDOFF, 2, End.HANDED_OVER),
    ],
)
def test_a_question_ends_as_a_visitor_meets_it(
    expected: str | None, decision: Decision, offered: int, end: End
) -> None:
    outcome = Outcome("q", expected, decision, FIRST_IS_B, offered)
    assert outcome.end is end
    counted = count_ends([outcome])
    assert sum(counted["in_scope"].values()) == (expected is not None)
    assert counted["out_of_scope" if expected is None else "in_scope"][end] == 1


def test_what_is_handed_over_looks_the_same_whatever_comes_first() -> None:
    handed = [Outcome("q", "a", Decision.HANDOFF, some) for some in (FIRST_IS_B, FIRST_IS_B[1:])]
    assert handed[0].reply == handed[1].reply == (Decision.HANDOFF, None)
    asked = [Outcome("q", "a", Decision.CLARIFY, some) for some in (FIRST_IS_B, FIRST_IS_B[1:])]
    assert asked[0].reply != asked[1].reply
