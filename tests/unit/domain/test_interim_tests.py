from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.domain.interim_tests import (
    Counted,
    Figure,
    InterimTest,
    Rules,
    begin,
    fisher_exact,
    repeat_tests,
)

RULES = Rules(alpha=0.01, margin=0.05, least=200)
NOTHING, BEFORE = Counted(0, 0), Counted(100, 1000)


def looked(*after: Counted, before: Counted = BEFORE, rules: Rules = RULES) -> InterimTest:
    look = InterimTest(Figure.HANDED_OVER, NOTHING, NOTHING)
    for counted in after:
        look = look.again(before, counted, rules)
    return look


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_p_value_is_that_of_fishers_exact_test(a: int, b: int, c: int, d: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.fisher_exact([[c, d], [a, b]], alternative="greater").pvalue
    assert fisher_exact(Counted(a, a + b), Counted(c, c + d)) == pytest.approx(expected, abs=1e-9)


def test_large_counts_are_exact_too() -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.fisher_exact([[5_200, 44_800], [5_000, 45_000]], alternative="greater").pvalue
    assert fisher_exact(Counted(5_000, 50_000), Counted(5_200, 50_000)) == pytest.approx(
        expected, rel=1e-6
    )
    assert fisher_exact(Counted(0, 50_000), Counted(50_000, 50_000)) == 0.0


def test_too_few_questions_are_not_tested() -> None:
    assert looked(Counted(199, 199)).tests == 0
    assert looked(Counted(200, 200), before=Counted(0, 199)).tests == 0
    assert looked(Counted(200, 200)).is_worse


def test_a_tenth_suffices_of_what_is_judged_or_rated() -> None:
    look = InterimTest(Figure.CORRECTED, NOTHING, NOTHING)
    assert look.again(Counted(0, 20), Counted(0, 19), RULES).tests == 0
    assert look.again(Counted(0, 20), Counted(20, 20), RULES).is_worse


@pytest.mark.parametrize(("least", "needed"), [(219, 21), (220, 22), (10, 1), (9, 1), (0, 1)])
def test_a_tenth_is_rounded_down_but_never_nothing(least: int, needed: int) -> None:
    assert Rules(least=least).least_of(Figure.DID_NOT_HELP) == needed
    assert Rules(least=least).least_of(Figure.HANDED_OVER) == least


def test_a_watch_begins_with_every_figure_and_nothing_counted() -> None:
    assert begin() == [InterimTest(figure, NOTHING, NOTHING) for figure in Figure]


def test_all_figures_are_looked_at_by_the_same_rules_each_with_its_counts() -> None:
    counts = {figure: (BEFORE, Counted(n, 300)) for n, figure in enumerate(Figure)}
    looks = repeat_tests(begin(), counts, RULES, is_last=False)
    assert [(look.figure, look.before, look.after) for look in looks] == [
        (figure, *counts[figure]) for figure in Figure
    ]
    strict = repeat_tests(begin(), counts, Rules(least=5_000), is_last=False)
    assert [look.tests for look in strict] == [0, 0, 0]
    later = {figure: (BEFORE, Counted(0, 301)) for figure in Figure}
    assert {look.tests for look in repeat_tests(looks, later, RULES, is_last=False)} == {1}
    assert {look.tests for look in repeat_tests(looks, later, RULES, is_last=True)} == {2}


def test_an_alarm_needs_more_than_the_margin() -> None:
    rules = Rules(margin=0.25)
    assert not looked(Counted(1_000, 2_000), before=Counted(500, 2_000), rules=rules).is_worse
    assert looked(Counted(1_001, 2_000), before=Counted(500, 2_000), rules=rules).is_worse


def test_it_tests_again_only_when_the_count_has_doubled_and_asks_more_each_time() -> None:
    first = looked(Counted(20, 200))
    assert (first.tests, first.needed) == pytest.approx((1, 0.01 / 3 / 2))
    waiting = first.again(first.before, Counted(399, 399), RULES)
    assert (waiting.tests, waiting.is_worse) == (1, False)
    second = waiting.again(first.before, Counted(399, 400), RULES)
    assert (second.tests, second.needed) == pytest.approx((2, 0.01 / 3 / 6))
    assert second.is_worse


def test_the_last_look_tests_whatever_came_since() -> None:
    look = looked(Counted(20, 200))
    assert look.again(look.before, Counted(120, 300), RULES).is_worse is False
    assert look.again(look.before, Counted(120, 300), RULES, is_last=True).is_worse is True
    assert look.again(look.before, look.after, RULES, is_last=True).tests == 1


def test_a_sure_but_small_difference_is_no_alarm() -> None:
    look = looked(Counted(1_400, 10_000), before=Counted(1_000, 10_000))
    assert look.p_value is not None
    assert look.p_value < 1e-10
    assert not look.is_worse
    assert looked(Counted(1_600, 10_000), before=Counted(1_000, 10_000)).is_worse


def test_better_is_never_an_alarm() -> None:
    assert not looked(Counted(0, 10_000), before=Counted(9_000, 10_000)).is_worse


def test_a_look_survives_being_stored() -> None:
    look = looked(Counted(20, 200))
    assert InterimTest.from_json(look.to_json()) == look


def alarms(seed: int, before: float, after: float, rules: Rules, of: int) -> bool:
    """One watch: each figure is looked at after every 20 of `of` questions."""
    random = Random(seed)
    reference = {f: Counted(sum(random.random() < before for _ in range(of)), of) for f in Figure}
    bad = dict.fromkeys(Figure, 0)
    looks = begin()
    for asked in range(20, of + 1, 20):
        for figure in Figure:
            bad[figure] += sum(random.random() < after for _ in range(20))
        counts = {f: (reference[f], Counted(bad[f], asked)) for f in Figure}
        looks = repeat_tests(looks, counts, rules, is_last=asked == of)
        if any(look.is_worse for look in looks):
            return True
    return False


def test_looking_again_and_again_raises_no_more_false_alarms_than_alpha() -> None:
    """Without the correction, 50 looks at three figures would raise one in most watches."""
    rules = Rules(alpha=0.2, margin=0.0, least=100)
    count = sum(alarms(seed, 0.2, 0.2, rules, of=1000) for seed in range(300))
    assert count <= 0.2 * 300


def test_a_plain_regression_is_found() -> None:
    found = sum(alarms(seed, 0.1, 0.25, RULES, of=1000) for seed in range(50))
    assert found >= 48
