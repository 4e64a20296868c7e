import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from chatbot.domain.gate import (
    Comparison,
    Rules,
    Verdict,
    can_decide,
    compare,
    estimate_gain,
    mcnemar_exact,
    more_needed,
)
from factories import make_outcome

RULES = Rules()
RIGHT = make_outcome("a", "a")
WRONG = make_outcome("a", "b", answered=False)
REFUSED = make_outcome(None, "a", answered=False)
ANSWERED = make_outcome(None, "a", answered=True)


def judge(
    gained: int, lost: int, same: int = 100, out_of_scope: int = 50, rules: Rules = RULES
) -> Comparison:
    noise = [REFUSED] * out_of_scope
    live = [WRONG] * gained + [RIGHT] * lost + [RIGHT] * same + noise
    candidate = [RIGHT] * gained + [WRONG] * lost + [RIGHT] * same + noise
    return compare(live, candidate, rules)


def broken(comparison: Comparison) -> list[str]:
    return [guard.name for guard in comparison.guards if guard.broken]


def measured(comparison: Comparison, name: str) -> float:
    return next(guard.measured for guard in comparison.guards if guard.name == name)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_test_equals_scipys_binomial_test(gained: int, lost: int) -> None:
    n = gained + lost
    expected = binomtest(gained, n, 0.5).pvalue if n else 1.0
    assert mcnemar_exact(gained, lost) == pytest.approx(expected)


def test_mcnemars_test_takes_thousands_of_pairs() -> None:
    assert mcnemar_exact(3000, 2000) == pytest.approx(binomtest(3000, 5000, 0.5).pvalue)


def test_the_bootstrap_interval_is_that_of_resampled_rows() -> None:
    random = Random(1)
    rows = [(1, 0.5)] * 60 + [(-1, 1.0)] * 10 + [(0, 1.0)] * 130
    gains = []
    for _ in range(4000):
        drawn = random.choices(rows, k=200)
        gains.append(sum(change * w for change, w in drawn) / sum(w for _, w in drawn))
    gains.sort()
    gain, (low, high) = estimate_gain(rows, seed=13)
    assert gain == pytest.approx(20 / 170)
    assert low == pytest.approx(gains[100], abs=0.011)
    assert high == pytest.approx(gains[3900], abs=0.011)
    assert estimate_gain([], seed=13) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize("rows", [0, 1, 30, 2000])
def test_a_copy_of_the_live_model_is_never_promoted(rows: int) -> None:
    live = [RIGHT, WRONG, REFUSED, ANSWERED] * rows
    comparison = compare(live, list(live), RULES)
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert comparison.reasons == [
        f"It gives the same first candidate on all {2 * rows} held-out questions."
    ]


def test_a_clearly_better_candidate_is_promoted_with_the_counts_that_say_so() -> None:
    comparison = judge(gained=20, lost=2)
    assert comparison.verdict is Verdict.PROMOTE
    assert (comparison.only_candidate, comparison.only_live) == (20, 2)
    assert (comparison.both_right, comparison.both_wrong) == (100, 0)
    assert comparison.gain == pytest.approx(18 / 122)
    assert comparison.gain_interval[0] > 0
    assert "right on 20 held-out questions" in comparison.reasons[0]


def test_a_worse_candidate_is_held_even_where_no_intent_is_guarded() -> None:
    comparison = judge(gained=2, lost=20, same=1000)
    assert comparison.verdict is Verdict.HOLD
    assert broken(comparison) == []
    assert "worse on held-out questions" in comparison.reasons[0]


def test_a_small_gain_says_what_is_missing() -> None:
    comparison = judge(gained=3, lost=1)
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert "Better on 3, worse on 1 of 104" in comparison.reasons[0]
    assert "At least 6 differing questions" in comparison.reasons[0]


def test_the_number_that_it_asks_for_is_enough_and_one_less_is_not() -> None:
    assert judge(gained=6, lost=0).verdict is Verdict.PROMOTE
    assert judge(gained=5, lost=0).verdict is Verdict.INSUFFICIENT_EVIDENCE


def test_a_stricter_alpha_needs_more() -> None:
    strict = replace(RULES, alpha=0.001)
    assert judge(gained=10, lost=0, rules=strict).verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert judge(gained=11, lost=0, rules=strict).verdict is Verdict.PROMOTE


def test_a_broken_guard_stops_an_otherwise_better_candidate() -> None:
    live = [WRONG] * 40 + [make_outcome("b", "b")] * 20
    candidate = [RIGHT] * 40 + [make_outcome("b", "a")] * 10 + [make_outcome("b", "b")] * 10
    comparison = compare(live, candidate, RULES)
    assert comparison.p_value < 0.001
    assert comparison.verdict is Verdict.HOLD
    assert comparison.reasons[0] == "Intent “b” gets worse by 50%."


def test_every_broken_guard_is_named() -> None:
    live = [RIGHT] * 20 + [REFUSED] * 20
    candidate = [make_outcome("a", "b")] * 20 + [ANSWERED] * 20
    comparison = compare(live, candidate, RULES)
    assert comparison.verdict is Verdict.HOLD
    assert len(comparison.reasons) == len(broken(comparison)) == 4


def test_out_of_scope_rows_say_nothing_on_top1() -> None:
    comparison = compare([REFUSED] * 50, [ANSWERED] * 2 + [REFUSED] * 48, RULES)
    assert (comparison.gain, comparison.p_value) == (0.0, 1.0)


def test_rows_must_pair_up() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare([RIGHT, RIGHT], [RIGHT], RULES)


def test_candidates_that_are_no_better_are_promoted_no_oftener_than_alpha() -> None:
    random = Random(2026)
    promoted = 0
    for _ in range(400):
        pairs = random.choices([(RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT)], [8, 1, 1], k=200)
        live, candidate = zip(*pairs, strict=True)
        promoted += compare(live, candidate, RULES).verdict is Verdict.PROMOTE
    assert promoted / 400 <= RULES.alpha


def test_candidates_that_are_better_are_mostly_promoted() -> None:
    random = Random(2026)
    promoted = 0
    for _ in range(100):
        pairs = random.choices([(RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT)], [80, 3, 17], k=200)
        live, candidate = zip(*pairs, strict=True)
        promoted += compare(live, candidate, RULES).verdict is Verdict.PROMOTE
    assert promoted >= 95


def test_a_comparison_is_json() -> None:
    stored = judge(gained=20, lost=2).to_json()
    assert stored["verdict"] == "promote"
    assert stored["gain_interval"][0] > 0


def test_fewer_in_favour_means_that_more_are_needed() -> None:
    more = more_needed(35, 17, 0.004, in_favour=0.75)
    assert more > more_needed(35, 17, 0.004)
    won = math.floor(0.75 * more)
    assert mcnemar_exact(35 + won, 17 + more - won) < 0.004


DIFFERENT = make_outcome("a", "c", answered=False)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_number_that_is_still_needed_is_the_least_that_decides(gained: int, lost: int) -> None:
    more = more_needed(gained, lost, 0.05)
    assert mcnemar_exact(gained + more, lost) < 0.05
    assert gained + more > lost
    if more:
        fewer = gained + more - 1
        assert fewer <= lost or mcnemar_exact(fewer, lost) >= 0.05


class TestEvidenceThatWasAskedForBecauseTheTwoDisagree:
    """100 rows as visitors ask, 4 of which differ, and 36 more that were chosen to differ."""

    live = [WRONG] * 10 + [RIGHT] * 30 + [RIGHT] * 96
    candidate = [RIGHT] * 10 + [WRONG] * 30 + [RIGHT] * 96

    def test_counts_in_full_for_the_test(self) -> None:
        natural = compare(self.candidate, self.live, replace(RULES, differing=0.04))
        assert natural.p_value == mcnemar_exact(30, 10)
        assert natural.verdict is Verdict.PROMOTE
        assert natural.gain_interval[0] > 0

    def test_counts_for_gain_and_guards_as_with_visitors(self) -> None:
        """Of 100 questions 4 differ, of which a quarter is gained: the loss is 2 %, not 15 %."""
        chosen = compare(self.live, self.candidate, replace(RULES, differing=0.04))
        assert chosen.differing_weight == pytest.approx(0.04 / 0.96 * 96 / 40)
        assert chosen.gain == pytest.approx(-0.02)
        assert measured(chosen, "rightly_answered") == pytest.approx(0.02)
        assert broken(chosen) == []
        as_it_came = compare(self.live, self.candidate, RULES)
        assert as_it_came.gain == pytest.approx(-20 / 136)
        assert broken(as_it_came) == ["intents", "rightly_answered"]

    def test_wrong_answers_and_foreign_questions_weigh_the_same_way(self) -> None:
        wrong = make_outcome("a", "b", answered=True)
        live = [DIFFERENT] * 40 + [REFUSED] * 40 + [RIGHT] * 96
        candidate = [wrong] * 40 + [ANSWERED] * 40 + [RIGHT] * 96
        chosen = compare(live, candidate, replace(RULES, differing=0.04))
        weight = 0.04 / 0.96 * 96 / 80
        share = 80 * weight / (80 * weight + 96)
        assert measured(chosen, "wrong_answers") == pytest.approx(share)
        assert measured(chosen, "out_of_scope") == pytest.approx(1.0)

    @pytest.mark.parametrize("differing", [None, 0.5, 1.0])
    def test_is_not_made_to_weigh_more_than_it_does(self, differing: float | None) -> None:
        chosen = compare(self.live, self.candidate, replace(RULES, differing=differing))
        assert chosen.differing_weight == 1.0

    def test_what_was_not_asked_for_keeps_its_weight_beside_it(self) -> None:
        """An intent that really suffers is held back, however many disputes there are."""
        live = self.live + [make_outcome("b", "b")] * 20
        candidate = self.candidate + [make_outcome("b", "a")] * 8 + [make_outcome("b", "b")] * 12
        rules = replace(RULES, differing=0.04)
        found = compare(live, candidate, rules, cross_fitted=20)
        assert found.differing_weight == pytest.approx(0.04 / 0.96 * 96 / 40)
        assert found.gain == pytest.approx((-2 - 8) / 120)
        assert "intents" in broken(found)

    def test_alone_it_keeps_its_weight(self) -> None:
        chosen = compare([WRONG] * 9, [RIGHT] * 9, replace(RULES, differing=0.04))
        assert (chosen.differing_weight, chosen.gain) == (1.0, 1.0)


def test_a_comparison_can_decide_once_all_differing_pairs_in_one_favour_would() -> None:
    assert not can_decide(7, 0.013)
    assert can_decide(8, 0.013)
