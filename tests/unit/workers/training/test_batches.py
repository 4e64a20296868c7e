from collections import Counter
from random import Random

import pytest

from chatbot.domain.example import Example
from workers.training.batches import LEAST_PAIRS, MOST_PAIRS, compose, spread_pairs

EXAMPLES = [Example(f"{intent} {n}", intent) for intent in "abcdefgh" for n in range(9)]


def test_every_text_comes_once_and_batches_are_about_as_large_as_asked() -> None:
    batches = list(compose(EXAMPLES, 16, Random(1)))
    assert sorted(n for batch in batches for n in batch) == list(range(72))
    assert all(16 <= len(batch) <= 17 for batch in batches[:-1])


def test_a_text_has_another_of_its_intent_beside_it() -> None:
    lonely = 0
    for batch in compose(EXAMPLES, 16, Random(1)):
        found = Counter(EXAMPLES[n].intent for n in batch)
        lonely += sum(count == 1 for count in found.values())
    assert lonely <= 8, "one at most of each intent, because nine is odd"


def test_a_corrected_question_comes_with_what_it_was_mistaken_for() -> None:
    corrected = Example("odd", "a", rejected="h")
    examples = [*EXAMPLES, corrected]
    for seed in range(20):
        [batch] = [b for b in compose(examples, 4, Random(seed)) if len(examples) - 1 in b]
        assert "h" in {examples[n].intent for n in batch}


def test_a_rejected_intent_that_has_no_texts_brings_none() -> None:
    examples = [*EXAMPLES, Example("odd", "a", rejected="gone")]
    assert sum(map(len, compose(examples, 16, Random(1)))) == 73


def test_the_same_seed_gives_the_same_batches() -> None:
    first, again, other = (list(compose(EXAMPLES, 16, Random(seed))) for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_gives_no_batch() -> None:
    assert list(compose([], 16, Random(1))) == []


@pytest.mark.parametrize(("pairs", "steps"), [(1, 9), (50, 3), (50, 7), (50, 160), (128, 2)])
def test_an_epoch_trains_each_pair_once_and_few_pairs_in_few_steps(pairs: int, steps: int) -> None:
    spread = spread_pairs(pairs, steps, Random(1))
    assert len(spread) == steps
    assert sorted(n for some in spread for n in some) == list(range(pairs))
    sizes = [len(some) for some in spread if some]
    assert max(sizes) - min(sizes) <= 1
    assert pairs < LEAST_PAIRS or len(sizes) == min(steps, -(-pairs // LEAST_PAIRS))


def test_steps_with_pairs_lie_apart() -> None:
    spread = spread_pairs(4 * LEAST_PAIRS, 8, Random(1))
    assert [bool(some) for some in spread] == [True, False] * 4


def test_more_pairs_than_an_epoch_holds_take_turns() -> None:
    random = Random(1)
    first, second = (spread_pairs(1000, 2, random) for _ in range(2))
    assert [len(some) for some in first] == [MOST_PAIRS] * 2
    assert first != second


def test_no_pairs_and_no_steps_give_nothing() -> None:
    assert spread_pairs(0, 3, Random(1)) == [[], [], []]
    assert spread_pairs(3, 0, Random(1)) == []
