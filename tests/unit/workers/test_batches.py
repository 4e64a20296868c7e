from collections import Counter
from random import Random

from chatbot.domain.example import Example
from workers.batches import compose

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
