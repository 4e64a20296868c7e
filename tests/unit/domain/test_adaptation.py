"""Traffic is simulated from a calibration, so that the truth is known."""

import numpy as np
import pytest

from chatbot.domain.adaptation import (
    MOST_STEP,
    SHARE_BOUNDS,
    Adapted,
    Answers,
    Asked,
    Promise,
    Traffic,
    adapt,
    estimate_shift,
    estimate_uncovered,
    rescale,
)
from chatbot.domain.matching import NEVER, Calibration, Scored
from chatbot.domain.proportion import Share

OWN = Calibration(10.0, 0.0, -5.0, answer_at=0.8, clarify_at=0.2, rows=100)


def simulate(
    share: float, count: int = 1500, judged: int = 0, seed: int = 1, bold: float = 0.0
) -> list[Asked]:
    """Questions for which OWN is exactly right at a share of one half.

    Similarities are normal, so that the log odds of "covered" are linear in them. `bold` is how
    much nearer uncovered ones lie than OWN believes.
    """
    chance = np.random.default_rng(seed)
    asked = []
    for place in range(count):
        covered = chance.random() >= share
        mean = 0.65 if covered else 0.35 + bold
        similarity = float(chance.normal(mean, np.sqrt(0.3 / OWN.similarity)))
        meant = "vpn" if covered else None
        asked.append(Asked([Scored("vpn", 1.0, similarity)], place < judged, meant))
    return asked


def run(asked: list[Asked], before: Calibration | None = None, promise: float = 0.1) -> Adapted:
    found = adapt(asked, OWN, before, promise)
    assert found is not None
    return found


def settle(asked: list[Asked], promise: float = 0.1) -> Adapted:
    found = run(asked, promise=promise)
    for _ in range(10):
        found = run(asked, found.calibration, promise)
    return found


def truly_wrong(calibration: Calibration, share: float, bold: float = 0.0) -> float:
    """Of the answers on other traffic of the same kind, all of it judged."""
    fresh = simulate(share, 8000, judged=8000, seed=9, bold=bold)
    answers = Answers.of(Traffic.of(fresh, calibration))
    return answers.wrong_from(calibration.answer_at).value


@pytest.mark.parametrize("share", [0.2, 0.35, 0.5, 0.7, 0.85])
def test_the_share_that_is_not_covered_is_found_without_any_label(share: float) -> None:
    none = Traffic.of(simulate(share), OWN).probabilities()[:, -1]
    assert estimate_uncovered(none) == pytest.approx(share, abs=0.05)


def test_a_few_questions_move_little_and_nothing_moves_beyond_the_bounds() -> None:
    assert estimate_uncovered(np.full(2, 1.0)) == pytest.approx(0.55, abs=0.01)
    assert estimate_uncovered(np.ones(5000)) == SHARE_BOUNDS[1]
    assert estimate_uncovered(np.zeros(5000)) == SHARE_BOUNDS[0]


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_the_promise_holds_where_the_share_is_not_what_was_assumed(share: float) -> None:
    found = settle(simulate(share))
    assert truly_wrong(found.calibration, share) == pytest.approx(0.1, abs=0.03)
    assert found.state is Promise.ASSUMED


def test_more_is_answered_where_more_is_covered() -> None:
    assert settle(simulate(0.2)).answered > settle(simulate(0.7)).answered + 0.2


def test_verdicts_show_what_the_probabilities_cannot() -> None:
    """Uncovered questions that lie nearer than believed pass for covered ones, until judged."""
    blind = settle(simulate(0.6, 1000, bold=0.08))
    told = settle(simulate(0.6, 1000, judged=300, bold=0.08))
    wrong = truly_wrong(blind.calibration, 0.6, bold=0.08)
    assert truly_wrong(told.calibration, 0.6, bold=0.08) < wrong - 0.1


def test_verdicts_count_as_much_as_they_stand_for() -> None:
    """Fifty of one row say no more than one."""
    rows = [Asked([Scored("vpn", 1.0, 0.6)], True, "vpn", weight=w) for w in (1.0, 1.0, 50.0)]
    assert Traffic.of(rows, OWN).weight.sum() == pytest.approx(52**2 / 2502)


def test_one_step_is_bounded_both_ways() -> None:
    bold, shy = (rescale(OWN, 0, 1, at) for at in (0.5, NEVER))
    hard, easy = simulate(0.85), simulate(0.1)
    assert run(hard, bold, promise=0.02).calibration.answer_at == pytest.approx(0.5 + MOST_STEP)
    assert run(easy, shy).calibration.answer_at == pytest.approx(NEVER - MOST_STEP)


def test_it_is_never_answered_what_is_more_likely_wrong() -> None:
    assert settle(simulate(0.05), promise=0.6).calibration.answer_at == pytest.approx(0.5)


def test_a_broken_promise_means_fewer_answers_at_once_and_says_so() -> None:
    asked = simulate(0.7, 400, judged=200, bold=0.25)
    bold = rescale(OWN, 1.0, 1.0, 0.5)
    found = run(asked, bold)
    assert found.state is Promise.BROKEN
    assert found.wrong.low > 0.1
    assert found.answered < 0.9 * found.answered_before
    assert found.calibration.answer_at > 0.5
    assert "broken" in found.explain(0.1)
    assert "answers less" in found.explain(0.1)


def test_a_broken_promise_is_not_bound_to_small_steps() -> None:
    found = run(simulate(0.85, 400, judged=400, bold=0.3), rescale(OWN, 2.0, 1.0, 0.5))
    assert found.calibration.answer_at > 0.5 + MOST_STEP


def test_the_states_of_the_promise() -> None:
    assert Promise.judge(Share.counted(0, 0), 0.1) is Promise.ASSUMED
    assert Promise.judge(Share.counted(10, 19), 0.1) is Promise.ASSUMED
    assert Promise.judge(Share.counted(5, 40), 0.1) is Promise.MEASURED
    assert Promise.judge(Share.counted(5, 400), 0.1) is Promise.PROVEN
    assert Promise.judge(Share.counted(20, 40), 0.1) is Promise.BROKEN


def test_an_intent_that_nobody_scored_counts_as_wrong() -> None:
    asked = [Asked([Scored("vpn", 1.0, 0.9)], True, "leave")]
    assert Answers.of(Traffic.of(asked, OWN)).wrong.tolist() == [True]


def test_a_question_without_candidates_is_never_answered() -> None:
    answers = Answers.of(Traffic.of([Asked([], True, None)], OWN))
    assert answers.probability.tolist() == [0.0]


def test_probabilities_are_those_of_the_calibration() -> None:
    scored = [Scored("vpn", 0.6, 0.7, 0.3, 0.4), Scored("leave", 0.4, 0.5, 0.2, 0.1)]
    own = Calibration(8.0, 0.5, -4.0, 0.8, 0.2, 10, answer=1.0, passage=2.0)
    adapted = rescale(own, 0.3, 1.2, 0.7)
    first = Answers.of(Traffic.of([Asked(scored)], own), 0.3, 1.2).probability[0]
    assert adapted.candidates(scored)[0].probability == pytest.approx(first)


def test_few_questions_change_nothing() -> None:
    assert adapt(simulate(0.5, 49), OWN, None, 0.1) is None


def test_nothing_to_do_is_not_worth_a_change() -> None:
    found = settle(simulate(0.4))
    assert not found.is_worth_it
    assert found.answered == found.answered_before


def test_without_verdicts_the_slope_stays() -> None:
    assert estimate_shift(Traffic.of(simulate(0.7), OWN))[1] == 1.0
