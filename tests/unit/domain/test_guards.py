from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from chatbot.domain.guards import CHANCE, Guard, Margins, Row, set_guards, sign_test, tarone_level
from chatbot.domain.metrics import Outcome
from factories import make_outcome

RIGHT = make_outcome("a", "a")
WRONG = make_outcome("a", "b", answered=False)
WRONGLY_ANSWERED = make_outcome("a", "b", answered=True)
UNSURE = make_outcome("a", "a", answered=False)
REFUSED = make_outcome(None, "a", answered=False)
ANSWERED = make_outcome(None, "a", answered=True)


def guard(
    name: str, live: Sequence[Outcome], candidate: Sequence[Outcome], margins: Margins | None = None
) -> Guard:
    rows = [(a, b, 1.0) for a, b in zip(live, candidate, strict=True)]
    found = set_guards(rows, rows, [], margins or Margins())
    return next(each for each in found if each.name == name)


def in_intent(intent: str, lost: int, gained: int, same: int) -> list[Row]:
    right, wrong = make_outcome(intent, intent), make_outcome(intent, "z", answered=False)
    changes = [(right, wrong)] * lost + [(wrong, right)] * gained + [(right, right)] * same
    return [(before, after, 1.0) for before, after in changes]


def intents_guard(*intents: list[Row]) -> Guard:
    return set_guards([row for intent in intents for row in intent], [], [], Margins())[0]


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_equals_scipys_binomial_test(gained: int, lost: int) -> None:
    n = gained + lost
    expected = binomtest(lost, n, 0.5, alternative="greater").pvalue if n else 1.0
    assert sign_test(gained, lost) == pytest.approx(expected)


@given(st.lists(st.integers(0, 12), max_size=80))
def test_what_the_tests_that_can_be_significant_use_up_is_no_more_than_the_level(
    discordant: list[int],
) -> None:
    level = tarone_level(discordant, CHANCE)
    assert sum(level for n in discordant if 0.5**n <= level) <= CHANCE + 1e-9
    assert CHANCE / max(1, len(discordant)) <= level <= CHANCE


class TestIntents:
    def test_one_that_clearly_suffers_breaks_it(self) -> None:
        found = intents_guard(in_intent("b", 5, 0, 15), in_intent("c", 0, 3, 17))
        assert found.broken == ["Intent “b” gets worse by 25%."]
        assert (found.measured, found.allowed) == (pytest.approx(0.25), 0.1)

    @pytest.mark.parametrize(
        ("lost", "gained", "same"),
        [
            pytest.param(4, 0, 8, id="too-few-to-tell-from-chance"),
            pytest.param(6, 4, 10, id="gains-beside-the-losses"),
            pytest.param(5, 0, 45, id="within-the-margin"),
            pytest.param(9, 0, 0, id="fewer-than-ten-questions"),
        ],
    )
    def test_one_that_may_suffer_does_not(self, lost: int, gained: int, same: int) -> None:
        assert intents_guard(in_intent("b", lost, gained, same)).broken == []

    def test_of_many_that_change_one_must_stand_out(self) -> None:
        others = [in_intent(f"i{n}", 0, 5, 15) for n in range(20)]
        assert intents_guard(in_intent("b", 5, 0, 15)).broken
        assert not intents_guard(in_intent("b", 5, 0, 15), *others).broken
        assert intents_guard(in_intent("b", 9, 0, 11), *others).broken

    def test_trainings_that_differ_by_chance_break_it_as_seldom_as_promised(self) -> None:
        random = Random(2026)
        broken = 0
        for _ in range(300):
            rows: list[Row] = []
            for number in range(77):
                changed = [random.random() < 0.5 for _ in range(12) if random.random() < 0.1]
                lost = sum(changed)
                rows += in_intent(f"i{number}", lost, len(changed) - lost, 12 - len(changed))
            broken += bool(intents_guard(rows).broken)
        assert broken / 300 <= CHANCE

    def test_without_questions_nothing_is_lost(self) -> None:
        assert intents_guard().measured == 0.0


class TestOutOfScope:
    @pytest.mark.parametrize(("answered", "is_broken"), [(5, False), (6, True)])
    def test_answering_more_than_the_margin_breaks_it(self, answered: int, is_broken: bool) -> None:
        candidate = [ANSWERED] * answered + [REFUSED] * (100 - answered)
        found = guard("out_of_scope", [REFUSED] * 100, candidate)
        assert found.measured == pytest.approx(answered / 100)
        assert bool(found.broken) is is_broken

    def test_four_of_four_can_be_chance(self) -> None:
        assert guard("out_of_scope", [REFUSED] * 4, [ANSWERED] * 4).broken == []
        assert guard("out_of_scope", [REFUSED] * 5, [ANSWERED] * 5).broken == [
            "It answers 100.0% more of the out-of-scope questions."
        ]


class TestRightAnswers:
    @pytest.mark.parametrize(("silent", "is_broken"), [(5, False), (6, True)])
    def test_fewer_than_the_margin_allows_break_it(self, silent: int, is_broken: bool) -> None:
        """It may know more intents and still help fewer, because it dares to answer less."""
        live = [RIGHT] * 60 + [WRONG] * 40
        found = guard("rightly_answered", live, [RIGHT] * (60 - silent) + [UNSURE] * (40 + silent))
        assert found.measured == pytest.approx(silent / 100)
        assert bool(found.broken) is is_broken

    def test_many_changes_that_nearly_balance_can_be_chance(self) -> None:
        live = [RIGHT] * 40 + [UNSURE] * 34 + [RIGHT] * 6
        found = guard("rightly_answered", live, [UNSURE] * 40 + [RIGHT] * 34 + [RIGHT] * 6)
        assert found.measured > found.allowed
        assert found.broken == []


class TestThePromise:
    @pytest.mark.parametrize(("wrong", "is_broken"), [(10, False), (14, True)])
    def test_more_wrong_answers_than_chance_explains_break_it(
        self, wrong: int, is_broken: bool
    ) -> None:
        candidate = [RIGHT] * (100 - wrong) + [WRONGLY_ANSWERED] * wrong
        found = guard("wrong_answers", [WRONG] * 100, candidate)
        assert (found.measured, found.allowed) == (wrong / 100, pytest.approx(0.07))
        assert bool(found.broken) is is_broken

    def test_a_live_version_that_breaks_it_already_excuses_as_much(self) -> None:
        live = [WRONGLY_ANSWERED] * 50 + [RIGHT] * 50
        candidate = [WRONGLY_ANSWERED] * 20 + [RIGHT] * 80
        found = guard("wrong_answers", live, candidate)
        assert (found.allowed, found.broken) == (pytest.approx(0.52), [])

    def test_chance_breaks_it_nearly_as_seldom_as_promised(self) -> None:
        """Wilson's interval is an approximation."""
        random = Random(2026)
        broken = 0
        for _ in range(1000):
            kinds = random.choices([RIGHT, WRONGLY_ANSWERED], [93, 7], k=200)
            broken += bool(guard("wrong_answers", [WRONG] * 200, kinds).broken)
        assert 0 < broken / 1000 <= 1.5 * CHANCE

    def test_what_set_the_threshold_tells_nothing_of_it(self) -> None:
        held_out, others = [(WRONG, RIGHT, 1.0)] * 20, [(WRONG, WRONGLY_ANSWERED, 1.0)] * 80
        found = set_guards(held_out + others, held_out, [], Margins())[3]
        assert (found.name, found.measured, found.broken) == ("wrong_answers", 0.0, [])

    def test_silence_breaks_no_promise(self) -> None:
        assert guard("wrong_answers", [RIGHT] * 9, [UNSURE] * 9).broken == []


def test_each_says_how_much_was_measured_and_allowed() -> None:
    rows = in_intent("b", 5, 0, 15) + [(RIGHT, RIGHT, 1.0)] * 80 + [(REFUSED, REFUSED, 1.0)] * 19
    rows.append((REFUSED, ANSWERED, 1.0))
    found = {each.name: each for each in set_guards(rows, rows, [], Margins())}
    assert list(found) == ["intents", "out_of_scope", "rightly_answered", "wrong_answers", "pins"]
    assert found["out_of_scope"].measured == pytest.approx(0.05)
    assert found["rightly_answered"].measured == pytest.approx(0.05)
    assert found["wrong_answers"].measured == pytest.approx(1 / 96)
    assert [name for name, each in found.items() if each.broken] == ["intents"]


def test_a_pin_that_both_break_is_no_reason_to_stay() -> None:
    pins = [(RIGHT, WRONG), (WRONG, WRONG), (WRONG, RIGHT)]
    found = set_guards([], [], pins, Margins())[-1]
    assert (found.name, found.measured, len(found.broken)) == ("pins", 1, 1)
