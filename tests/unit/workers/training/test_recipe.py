"""A training as it is asked for; its folds: few, and only what is worth leaving out."""

from collections import Counter

from chatbot.domain.example import Example, PairExample
from chatbot.services.learning.training_set import Frozen
from chatbot.settings import Settings
from factories import make_catalogue
from workers.training.recipe import ENOUGH_LEFT_OUT, make_folds, make_spec, trained_share_for


def examples(intents: int, of_each: int) -> list[Example]:
    return [Example(f"{i} {n}", str(i)) for n in range(of_each) for i in range(intents)]


def test_a_small_faq_is_left_out_once_in_three_parts_of_one_size() -> None:
    folds = make_folds(examples(30, 5), examples(30, 5))
    assert sorted(number for fold in folds for number in fold) == list(range(150))
    assert [len(fold) for fold in folds] == [50, 50, 50]


def test_an_intent_keeps_two_thirds_of_its_examples_in_each_training() -> None:
    given = examples(7, 6)
    for fold in make_folds(given, given):
        assert set(Counter(given[number].intent for number in fold).values()) == {2}


def test_an_intents_only_example_is_never_left_out() -> None:
    given = [*examples(4, 3), Example("one of a kind", "lonely")]
    folds = make_folds(given, given)
    assert sorted(number for fold in folds for number in fold) == list(range(12))


def test_only_what_is_worth_it_is_left_out_and_then_one_training_more_is_enough() -> None:
    given = examples(10, 30)
    folds = make_folds(given, given[:50])
    assert [set(fold) for fold in folds] == [set(range(50))]


def test_what_is_left_out_is_no_older_than_the_rest() -> None:
    given = examples(20, 30)
    [fold] = make_folds(given, given[: 20 * 11])
    ages = [number // 20 for number in fold]
    assert len(ages) == 200
    assert max(ages) == 10
    assert min(Counter(ages).values()) > 10


def test_no_more_are_left_out_than_it_takes() -> None:
    given = examples(10, 3 * ENOUGH_LEFT_OUT // 10)
    assert [len(fold) for fold in make_folds(given, given)] == [ENOUGH_LEFT_OUT]


def test_without_anything_to_leave_out_there_is_no_fold() -> None:
    assert make_folds(examples(10, 1), examples(10, 1)) == ()
    assert make_folds(examples(10, 5), []) == ()


def test_an_intent_with_little_else_keeps_what_trains_it() -> None:
    """Nine of its ten examples are worth it, but a training without them would not know it."""
    given = examples(20, 10)
    for fold in make_folds(given, given[:180]):
        assert max(Counter(given[number].intent for number in fold).values()) <= 4


def test_pairs_with_a_score_are_trained_or_left_out_as_they_were_frozen() -> None:
    pairs = [PairExample("one", "two", 0.5)], [PairExample("three", "four", 1.0)]
    frozen = Frozen(
        training=examples(3, 5),
        validation=[],
        out_of_scope=[],
        held_out=[],
        catalogue=make_catalogue({}),
        pairs=pairs[0],
        left_out_pairs=pairs[1],
    )
    spec = make_spec(frozen, frozen.training, Settings(), trains=True, start_from=None)
    assert (list(spec.pairs), list(spec.left_out_pairs)) == pairs


def test_the_more_texts_train_the_more_of_what_they_taught_is_kept() -> None:
    shares = [trained_share_for(rows) for rows in (2, 50, 150, 1000, 10_000)]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)
    assert shares[2] == 0.5
    assert shares[-1] > 0.95
