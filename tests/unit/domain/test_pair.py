"""What a score says against the FAQ, and how many of one account's pairs may teach."""

import pytest

from chatbot.domain.holdout import is_left_out
from chatbot.domain.pair import SCORES, Judged, Likeness, admit, contradicts
from chatbot.domain.text import pair_key


@pytest.mark.parametrize(
    ("likeness", "one", "other", "denies"),
    [
        (Likeness.SAME, "parcel", "refund", True),
        (Likeness.DIFFERENT, "parcel", "parcel", True),
        (Likeness.SAME, "parcel", "parcel", False),
        (Likeness.DIFFERENT, "parcel", "refund", False),
        (Likeness.RELATED, "parcel", "refund", False),
        (Likeness.RELATED, "parcel", "parcel", False),
        (Likeness.SAME, "parcel", None, False),
        (Likeness.DIFFERENT, None, None, False),
    ],
)
def test_a_score_contradicts_intents_only_where_it_is_sure(
    likeness: Likeness, one: str | None, other: str | None, denies: bool
) -> None:
    assert contradicts(SCORES[likeness], one, other) is denies


def test_of_each_account_only_the_first_pairs_teach() -> None:
    judged = [Judged(number, "ann" if number < 6 else "bob", False) for number in range(8)]
    assert admit(judged, most=4, alone=9) == {0, 1, 2, 3, 6, 7}


def test_fewer_of_those_that_contradict_the_faq_teach() -> None:
    judged = [Judged(number, "ann", number % 2 == 0) for number in range(8)]
    assert admit(judged, most=6, alone=2) == {0, 1, 2, 3, 5, 7}


def test_what_may_not_teach_uses_up_no_share() -> None:
    denied = [Judged(number, "ann", True) for number in range(5)]
    assert admit([*denied, Judged(5, "ann", False)], most=2, alone=1) == {0, 5}


def test_two_texts_are_one_pair_in_whichever_order_and_case() -> None:
    assert pair_key("Where is it?", "Who  sent it?") == pair_key("who sent it?", "WHERE is it?")
    assert pair_key("a b", "c") != pair_key("a", "b c")


def test_about_a_fifth_of_pairs_is_left_out_and_always_the_same() -> None:
    keys = [pair_key(f"one {number}", f"other {number}") for number in range(2000)]
    left_out = [key for key in keys if is_left_out(key, 0.2)]
    assert 340 < len(left_out) < 460
    assert left_out == [key for key in keys if is_left_out(key, 0.2)]
