"""How questions end with two versions, weighed by what that costs."""

from chatbot.domain.utility import Costs
from chatbot.domain.weighed import Weighed
from factories import make_outcome

COSTS = Costs(wrong_answer=1.0, handoff=0.3, click=0.05)
RIGHT = make_outcome("vpn", "vpn")
WRONG = make_outcome("vpn", "leave")
HANDED_OVER = make_outcome("vpn", "leave", answered=False)


def weigh(*counted: tuple[int, object, object], alpha: float = 0.05) -> Weighed:
    """Each says how many questions end so with the live version, and so with the candidate."""
    rows = [(a, b, 1.0) for times, a, b in counted for _ in range(times)]
    return Weighed.of(rows, COSTS, seed=1, alpha=alpha)  # type: ignore[arg-type]


def test_what_is_saved_is_counted_in_hundredths_of_a_wrong_answer() -> None:
    found = weigh((2, HANDED_OVER, RIGHT), (1, HANDED_OVER, WRONG), (5, RIGHT, RIGHT))
    assert (found.questions, found.better, found.worse) == (8, 2, 1)
    assert found.differences == [(-70, 1), (30, 2)]
    assert found.net == -10
    assert round(found.gain, 6) == round(-0.10 / 8, 6)


def test_a_gain_is_proved_beyond_chance_only() -> None:
    assert weigh((20, HANDED_OVER, RIGHT)).proves_a_gain
    assert not weigh((3, HANDED_OVER, RIGHT)).proves_a_gain
    assert not weigh((20, RIGHT, HANDED_OVER)).proves_a_gain


def test_a_loss_is_proved_beyond_chance_only() -> None:
    assert weigh((20, RIGHT, WRONG)).proves_a_loss
    assert not weigh((3, RIGHT, WRONG)).proves_a_loss
    assert not weigh((20, WRONG, RIGHT)).proves_a_loss


def test_dear_mistakes_outweigh_more_small_gains_and_neither_is_proved() -> None:
    found = weigh((60, HANDED_OVER, RIGHT), (50, HANDED_OVER, WRONG))
    assert found.better > found.worse
    assert found.net < 0
    assert found.p_value < found.needed_p_value
    assert not found.proves_a_gain
    assert not found.proves_a_loss


def test_without_a_difference_nothing_could_decide() -> None:
    found = weigh((50, RIGHT, RIGHT))
    assert (found.net, found.p_value, found.could_decide) == (0, 1.0, False)


def test_the_stricter_the_test_the_more_differences_it_needs() -> None:
    assert weigh((10, HANDED_OVER, RIGHT), alpha=0.05).could_decide
    assert not weigh((10, HANDED_OVER, RIGHT), alpha=1e-6).could_decide


def test_it_says_itself_in_a_sentence() -> None:
    said = str(weigh((2, HANDED_OVER, RIGHT), (1, RIGHT, WRONG)))
    assert "better on 2 and worse on 1 of 3 questions" in said
    assert "less than 0.05 is needed" in said
