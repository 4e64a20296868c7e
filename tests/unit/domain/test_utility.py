import pytest

from chatbot.domain.utility import IN_SCOPE_ONLY, Costs, End


def test_a_right_answer_costs_least_and_a_wrong_one_clearly_most() -> None:
    costs = [Costs().of(end) for end in End]
    assert costs == sorted(costs)
    assert costs[0] == 0
    assert costs[-1] > 2 * costs[-2]


def test_asked_in_vain_a_visitor_clicks_and_is_handed_over() -> None:
    costs = Costs(wrong_answer=8, handoff=3, click=1)
    assert costs.of(End.ASKED_IN_VAIN) == 4
    assert costs.of(End.OFFERED) == 1


@pytest.mark.parametrize("unit", [1, 0.02, 250])
def test_what_is_saved_does_not_depend_on_the_unit(unit: float) -> None:
    costs = Costs(unit, 0.3 * unit, 0.05 * unit)
    assert costs.saved(End.HANDED_OVER, End.ANSWERED_RIGHTLY) == 30
    assert costs.saved(End.ANSWERED_RIGHTLY, End.OFFERED) == -5
    assert costs.saved(End.ANSWERED_WRONGLY, End.HANDED_OVER) == 70
    assert costs.saved(End.OFFERED, End.OFFERED) == 0


class TestAPromise:
    def test_takes_as_many_wrong_answers_as_it_says_for_the_right_ones(self) -> None:
        """One of ten is wrong: nine visitors click less, and that is just worth it."""
        costs = Costs(wrong_answer=1.0, handoff=0.3, click=0.0).at_promise(0.1)
        right = costs.saved(End.OFFERED, End.ANSWERED_RIGHTLY)
        assert 9 * right + costs.saved(End.OFFERED, End.ANSWERED_WRONGLY) == 0

    def test_makes_nothing_cheaper(self) -> None:
        costs = Costs(wrong_answer=2.0, handoff=0.6, click=0.4)
        assert costs.at_promise(0.1) == costs

    def test_leaves_a_person_no_cheaper_than_a_click(self) -> None:
        assert Costs(1.0, 0.1, 0.05).at_promise(0.2) == Costs(1.0, 0.2, 0.2)

    def test_is_in_the_unit_of_the_costs(self) -> None:
        assert Costs(50, 20, 1).at_promise(0.1).click == 5


def test_what_the_faq_has_no_answer_to_is_never_answered_rightly() -> None:
    assert {End.ANSWERED_RIGHTLY, End.OFFERED} == IN_SCOPE_ONLY
