from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.domain.accuracy import Outcome
from chatbot.domain.guards import CHANCE, Guard, GuardState, Margins, Row, set_guards, tarone_level
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
        assert (found.measured, found.allowed) == pytest.approx((0.25, 0.1))

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
            "It answers 100.0% more of the 5 out-of-scope questions."
        ]


class TestRightAnswers:
    @pytest.mark.parametrize(("silent", "is_broken"), [(5, False), (6, True)])
    def test_fewer_than_a_margin_allows_break_it(self, silent: int, is_broken: bool) -> None:
        """It may know more intents and still help fewer, because it dares to answer less."""
        live = [RIGHT] * 60 + [WRONG] * 40
        candidate = [RIGHT] * (60 - silent) + [UNSURE] * (40 + silent)
        found = guard("rightly_answered", live, candidate, Margins(coverage=0.05))
        assert found.measured == pytest.approx(silent / 100)
        assert bool(found.broken) is is_broken

    def test_many_changes_that_nearly_balance_can_be_chance(self) -> None:
        live = [RIGHT] * 40 + [UNSURE] * 34 + [RIGHT] * 6
        found = guard("rightly_answered", live, [UNSURE] * 40 + [RIGHT] * 34 + [RIGHT] * 6)
        assert found.measured > found.allowed
        assert (found.state, found.broken) == (GuardState.OPEN, [])
        assert found.words == (
            "It answers 7.5% fewer of the 80 in-scope questions rightly: 40 no longer, 34 only now. "
            "With so few questions that can be chance."
        )

    def test_no_fewer_hold(self) -> None:
        found = guard("rightly_answered", [UNSURE] * 9, [RIGHT] * 9)
        assert (found.state, found.measured) == (GuardState.HOLDS, -1.0)

    def test_without_questions_nothing_can_be_told(self) -> None:
        assert guard("rightly_answered", [REFUSED], [REFUSED]).state is GuardState.OPEN
        assert guard("out_of_scope", [RIGHT], [RIGHT]).state is GuardState.OPEN


class TestWrongAnswers:
    @pytest.mark.parametrize(
        ("wrong", "state"), [(0, GuardState.HOLDS), (4, GuardState.OPEN), (5, GuardState.BROKEN)]
    )
    def test_more_than_chance_explains_break_it(self, wrong: int, state: GuardState) -> None:
        candidate = [WRONGLY_ANSWERED] * wrong + [UNSURE] * (100 - wrong)
        found = guard("wrongly_answered", [RIGHT] * 50 + [UNSURE] * 50, candidate)
        assert (found.state, bool(found.broken)) == (state, state is GuardState.BROKEN)

    def test_who_answers_more_may_be_wrong_on_as_many_as_is_promised(self) -> None:
        margins = Margins(promise=0.1)
        kept = [WRONGLY_ANSWERED] * 10 + [RIGHT] * 90 + [UNSURE] * 100
        assert guard("wrongly_answered", [UNSURE] * 200, kept, margins).state is GuardState.HOLDS
        found = guard(
            "wrongly_answered", [UNSURE] * 200, [WRONGLY_ANSWERED] * 24 + kept[24:], margins
        )
        assert found.broken == [
            "It answers 12.0% more of the 200 questions wrongly: 24 only now, 0 no longer. It "
            "answers 50.0% more in all, which would allow for 5.0%."
        ]

    def test_a_few_more_than_is_promised_of_further_answers_can_be_chance(self) -> None:
        """Chance is told beside what is allowed, not beside no wrong answer at all."""
        candidate = [WRONGLY_ANSWERED] * 12 + [RIGHT] * 88 + [UNSURE] * 100
        margins = Margins(promise=0.1)
        found = guard("wrongly_answered", [UNSURE] * 200, candidate, margins)
        assert (found.state, found.broken) == (GuardState.OPEN, [])
        assert found.words.endswith("With so few questions that can be chance.")

    def test_out_of_scope_questions_count(self) -> None:
        found = guard(
            "wrongly_answered", [REFUSED] * 20 + [RIGHT] * 80, [ANSWERED] * 20 + [RIGHT] * 80
        )
        assert found.state is GuardState.BROKEN


class TestThePromise:
    @pytest.mark.parametrize(("wrong", "is_broken"), [(10, False), (14, True)])
    def test_more_wrong_answers_than_chance_explains_break_it(
        self, wrong: int, is_broken: bool
    ) -> None:
        candidate = [RIGHT] * (100 - wrong) + [WRONGLY_ANSWERED] * wrong
        found = guard("wrong_answers", [WRONG] * 100, candidate)
        assert (found.measured, found.allowed) == pytest.approx((wrong / 100, 0.07))
        assert bool(found.broken) is is_broken

    @pytest.mark.parametrize(
        ("wrong", "right", "state"),
        [
            (0, 99, GuardState.HOLDS),
            (4, 96, GuardState.OPEN),
            (8, 10, GuardState.BROKEN),
            (1, 1, GuardState.OPEN),
        ],
    )
    def test_it_holds_only_where_it_is_proved(
        self, wrong: int, right: int, state: GuardState
    ) -> None:
        candidate = [WRONGLY_ANSWERED] * wrong + [RIGHT] * right
        found = guard("wrong_answers", [WRONG] * (wrong + right), candidate)
        assert found.state is state

    def test_44_percent_wrong_are_never_said_to_hold(self) -> None:
        """Nor is a candidate that is worse than a live version that breaks it let through."""
        live = [WRONGLY_ANSWERED] * 6 + [RIGHT] * 12
        found = guard(
            "wrong_answers", live, [WRONGLY_ANSWERED] * 8 + [RIGHT] * 10, Margins(promise=0.1)
        )
        assert found.state is GuardState.BROKEN
        assert found.broken == ["44.4% of its 18 automatic answers are wrong; the promise is 10%."]

    def test_few_answers_are_called_few(self) -> None:
        found = guard("wrong_answers", [WRONG] * 4, [WRONGLY_ANSWERED] + [RIGHT] * 3)
        assert found.words.startswith(
            "25.0% of its 4 automatic answers are wrong. With so few the true share may be anything"
        )
        assert found.words.endswith("whether the promise of 5% is kept cannot be told.")

    def test_a_live_version_that_breaks_it_more_excuses_a_candidate_that_breaks_it(self) -> None:
        live = [WRONGLY_ANSWERED] * 50 + [RIGHT] * 50
        candidate = [WRONGLY_ANSWERED] * 20 + [RIGHT] * 80
        found = guard("wrong_answers", live, candidate)
        assert found.allowed == pytest.approx(0.52)
        assert found.broken == []
        assert found.state is GuardState.BROKEN
        assert "Of the live version's 50.0% are" in found.words

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
        guards = set_guards(held_out + others, held_out, [], Margins())
        [found] = [each for each in guards if each.name == "wrong_answers"]
        assert (found.measured, found.broken) == (0.0, [])

    def test_silence_breaks_no_promise(self) -> None:
        found = guard("wrong_answers", [RIGHT] * 9, [UNSURE] * 9)
        assert (found.state, found.broken) == (GuardState.OPEN, [])


def test_each_says_how_much_was_measured_and_allowed() -> None:
    rows = in_intent("b", 5, 0, 15) + [(RIGHT, RIGHT, 1.0)] * 80 + [(REFUSED, REFUSED, 1.0)] * 19
    rows.append((REFUSED, ANSWERED, 1.0))
    found = {each.name: each for each in set_guards(rows, rows, [], Margins())}
    assert list(found) == [
        "intents",
        "out_of_scope",
        "rightly_answered",
        "wrongly_answered",
        "wrong_answers",
        "pins",
    ]
    assert found["out_of_scope"].measured == pytest.approx(0.05)
    assert found["rightly_answered"].measured == pytest.approx(0.05)
    assert found["wrong_answers"].measured == pytest.approx(1 / 96)
    assert [name for name, each in found.items() if each.broken] == ["intents", "rightly_answered"]


def test_a_pin_that_both_break_is_no_reason_to_stay() -> None:
    pins = [(RIGHT, WRONG), (WRONG, WRONG), (WRONG, RIGHT)]
    found = set_guards([], [], pins, Margins())[-1]
    assert (found.name, found.measured, len(found.broken)) == ("pins", 1, 1)
