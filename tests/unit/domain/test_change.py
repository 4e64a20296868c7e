import pytest

from chatbot.domain.accuracy import Outcome
from chatbot.domain.change import Row, say_change
from chatbot.domain.matching import Candidate, Decision
from factories import make_outcome

RIGHT = make_outcome("a", "a")
WRONG = make_outcome("a", "b")
HANDED = make_outcome("a", "b", answered=False)
OFFERED = Outcome("q", "a", Decision.CLARIFY, (Candidate("b", 0.5), Candidate("a", 0.4)), 2)
IN_VAIN = Outcome("q", "a", Decision.CLARIFY, (Candidate("b", 0.5), Candidate("c", 0.4)), 2)
FOREIGN = make_outcome(None, "a", answered=False)


def rows(*changes: tuple[Outcome, Outcome, int]) -> list[Row]:
    found = [(before, after, 1.0) for before, after, times in changes for _ in range(times)]
    return found + [(RIGHT, RIGHT, 1.0)] * (100 - len(found))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            [(HANDED, RIGHT, 11), (FOREIGN, make_outcome(None, "a"), 1), (OFFERED, HANDED, 1)],
            "Of 100 questions like these it answers 12 more, 1 more of them wrongly, asks back on "
            "1 fewer, and hands over 11 fewer.",
        ),
        (
            [(RIGHT, HANDED, 3), (RIGHT, WRONG, 2)],
            "Of 100 questions like these it answers 3 fewer, but 2 more wrongly, and hands over "
            "3 more.",
        ),
        (
            [(WRONG, RIGHT, 4)],
            "Of 100 questions like these it answers as many, 4 fewer of them wrongly.",
        ),
        (
            [(IN_VAIN, OFFERED, 5)],
            "Of 100 questions like these it answers as many, no more of them wrongly, and offers "
            "the right answer on 5 more.",
        ),
    ],
    ids=["more", "fewer", "better", "better-choices"],
)
def test_a_change_is_told_in_numbers_of_questions(
    changes: list[tuple[Outcome, Outcome, int]], sentence: str
) -> None:
    assert say_change(rows(*changes)) == sentence


def test_a_small_change_is_told_of_a_thousand() -> None:
    seldom = rows((HANDED, RIGHT, 1)) + [(RIGHT, RIGHT, 1.0)] * 400
    assert say_change(seldom) == (
        "Of 1,000 questions like these it answers 2 more, no more of them wrongly, and hands over "
        "2 fewer."
    )


def test_rows_count_as_much_as_they_weigh() -> None:
    weighed = [(HANDED, RIGHT, 0.25)] * 40 + [(RIGHT, RIGHT, 1.0)] * 90
    assert say_change(weighed).startswith("Of 100 questions like these it answers 10 more,")


def test_what_is_the_same_is_called_so() -> None:
    handed_over_otherwise = (HANDED, make_outcome("a", "c", answered=False), 1.0)
    assert say_change([(RIGHT, RIGHT, 1.0), handed_over_otherwise]) == (
        "Visitors would get the same from it on all 2 questions."
    )


def test_wrong_in_another_way_is_not_called_the_same() -> None:
    """Live always “b”, candidate always “c”, truth “a”: no reason may say that both agree."""
    assert say_change([(WRONG, make_outcome("a", "c"), 1.0)] * 50) == (
        "It serves visitors neither better nor worse on any of the 50 questions, though it replies "
        "otherwise to 50."
    )


def test_without_questions_nothing_is_claimed() -> None:
    assert say_change([]) == "There is no question yet to compare it by."
