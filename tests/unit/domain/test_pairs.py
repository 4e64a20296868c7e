"""Which texts the trainer compares."""

import time
from collections import Counter

import pytest

from chatbot.domain.pairs import Example, contrastive_triplets, scored_pairs

PARCEL = [Example(f"where is my parcel {number}", "parcel") for number in range(4)]
REFUND = [Example(f"I want my money back {number}", "refund") for number in range(4)]
LOGIN = [Example(f"I cannot sign in {number}", "login") for number in range(4)]
EXAMPLES = PARCEL + REFUND + LOGIN
INTENT = {example.text: example.intent for example in EXAMPLES}


@pytest.mark.parametrize("per_example", [0.5, 1, 3])
def test_a_triplet_has_a_positive_of_its_intent_and_a_negative_of_another(
    per_example: float,
) -> None:
    triplets = contrastive_triplets(EXAMPLES, seed=1, per_example=per_example)

    for triplet in triplets:
        assert INTENT[triplet.anchor] == INTENT[triplet.positive] == triplet.intent
        assert INTENT[triplet.negative] == triplet.negative_intent != triplet.intent
        assert triplet.positive != triplet.anchor


@pytest.mark.parametrize(("per_example", "expected"), [(0.5, 6), (1, 12), (2, 24)])
def test_there_are_as_many_triplets_as_asked_for(per_example: float, expected: int) -> None:
    triplets = contrastive_triplets(EXAMPLES, seed=1, per_example=per_example)

    assert len(triplets) == len(set(triplets)) == expected


def test_half_a_triplet_for_each_text_still_uses_every_text_once() -> None:
    triplets = contrastive_triplets(EXAMPLES, seed=1, per_example=0.5)

    used = Counter(text for triplet in triplets for text in (triplet.anchor, triplet.positive))
    assert used == Counter(list(INTENT))


def test_an_intent_with_one_text_is_its_own_positive() -> None:
    lonely = Example("goodbye", "bye")

    triplets = contrastive_triplets([lonely, *PARCEL], seed=1, per_example=0.5)

    assert [t.positive for t in triplets if t.intent == "bye"] == ["goodbye"]


def test_one_intent_alone_gives_no_triplets() -> None:
    assert contrastive_triplets(PARCEL, seed=1) == []


def test_the_rejected_intent_is_the_negative() -> None:
    corrected = Example("my parcel money", "parcel", rejected="refund")

    triplets = contrastive_triplets([*EXAMPLES, corrected], seed=1, per_example=0.5)

    assert [t.negative_intent for t in triplets if t.anchor == corrected.text] == ["refund"]


def test_a_rejected_intent_that_left_the_faq_is_ignored() -> None:
    corrected = Example("my parcel money", "parcel", rejected="retired")

    triplets = contrastive_triplets([*EXAMPLES, corrected], seed=1)

    assert {t.negative_intent for t in triplets if t.anchor == corrected.text} <= {
        "refund",
        "login",
    }


def test_half_of_the_negatives_come_from_confusable_intents_and_the_rest_from_anywhere() -> None:
    many = [
        Example(f"{intent} {number}", f"intent {intent}")
        for intent in range(20)
        for number in range(20)
    ]

    triplets = contrastive_triplets(many, seed=1, confusable={"intent 0": ["intent 1"]})

    negatives = Counter(t.negative_intent for t in triplets if t.intent == "intent 0")
    assert negatives["intent 1"] >= 10
    assert len(negatives) > 3


def test_the_same_seed_gives_the_same_rows_and_another_seed_gives_others() -> None:
    assert contrastive_triplets(EXAMPLES, seed=1) == contrastive_triplets(EXAMPLES, seed=1)
    assert contrastive_triplets(EXAMPLES, seed=1) != contrastive_triplets(EXAMPLES, seed=2)
    assert scored_pairs(EXAMPLES, seed=1) == scored_pairs(EXAMPLES, seed=1)
    assert scored_pairs(EXAMPLES, seed=1) != scored_pairs(EXAMPLES, seed=2)


def test_a_pair_scores_one_within_an_intent_and_nought_across() -> None:
    pairs = scored_pairs(EXAMPLES, seed=1, negatives_per_positive=2)

    assert {pair.score for pair in pairs} == {0.0, 1.0}
    for pair in pairs:
        assert pair.score == float(INTENT[pair.first] == INTENT[pair.second])


def test_no_pair_comes_twice_not_even_mirrored() -> None:
    pairs = scored_pairs([*EXAMPLES, *EXAMPLES], seed=1, negatives_per_positive=5)

    assert len(pairs) == len({frozenset((pair.first, pair.second)) for pair in pairs})


def test_a_rejected_intent_gives_a_negative_pair_even_when_none_are_asked_for() -> None:
    corrected = Example("my parcel money", "parcel", rejected="refund")

    pairs = scored_pairs([*EXAMPLES, corrected], seed=1, negatives_per_positive=0)

    negative = [pair for pair in pairs if pair.score == 0.0]
    assert [(pair.first, INTENT[pair.second]) for pair in negative] == [(corrected.text, "refund")]


def test_a_hundred_thousand_examples_take_seconds() -> None:
    many = [
        Example(f"text {number}", f"intent {number % 1000}", "intent 1" if number % 7 else None)
        for number in range(100_000)
    ]
    started = time.process_time()

    contrastive_triplets(many, seed=1)
    scored_pairs(many, seed=1)

    assert time.process_time() - started < 20
