"""What questions without a verdict mean, guessed from what an encoder was taught."""

import pytest

from chatbot.domain.example import Example
from chatbot.matching.matcher import Matcher
from factories import make_matcher
from workers.fitting.guess import WEIGHT, guess_all
from workers.fitting.unseen import Fold

PLACES = ("office", "train", "hotel", "airport", "kitchen", "garden")
TAUGHT = [
    *(Example(f"the VPN tunnel drops in the {place}", "vpn") for place in PLACES),
    *(Example(f"wrong invoice amount for the {place}", "invoice") for place in PLACES),
]
UNSEEN = [
    Example("since yesterday my VPN tunnel keeps dropping", "vpn"),
    Example("VPN tunnel unstable", "vpn"),
    Example("the amount on that invoice seems wrong to me", "invoice"),
    Example("invoice amount incorrect", "invoice"),
]
ASKED = [
    *(f"please help, {example.text}" for example in TAUGHT),
    *(f"zzz qqq {number}{number} xxx" for number in range(6)),
]
MEANT = ["vpn"] * 6 + ["invoice"] * 6


@pytest.fixture
def matcher() -> Matcher:
    return make()


def make() -> Matcher:
    faq: dict[str, list[str]] = {}
    for example in TAUGHT + UNSEEN:
        faq.setdefault(example.intent, []).append(example.text)
    return make_matcher(faq)


def intents(matcher: Matcher) -> list[str]:
    guessed = matcher.bundle.guessed
    return [guessed.intent_at(row) for row in range(len(guessed))]


def test_questions_like_the_faq_become_neighbours_and_foreign_ones_do_not(
    matcher: Matcher,
) -> None:
    part = Fold(matcher, TAUGHT, UNSEEN)
    guessing, (same,) = guess_all(matcher, TAUGHT, [part], ASKED)
    assert intents(guessing) == MEANT
    assert guessing.bundle.guessed.weight == WEIGHT
    assert same.matcher is guessing
    assert len(matcher.bundle.guessed) == 0


def test_each_fold_guesses_from_its_own_examples_and_the_model_from_all(matcher: Matcher) -> None:
    half = [example for example in TAUGHT if example.intent == "vpn"]
    parts = [Fold(make(), half, UNSEEN[:2]), Fold(make(), TAUGHT, UNSEEN)]
    guessing, (only_vpn, both) = guess_all(matcher, TAUGHT + UNSEEN, parts, ASKED)
    assert set(intents(only_vpn.matcher)) == {"vpn"}
    assert intents(both.matcher) == MEANT
    assert set(intents(guessing)) == {"vpn", "invoice"}


def test_without_examples_to_be_measured_on_nothing_is_guessed(matcher: Matcher) -> None:
    guessing, _ = guess_all(matcher, TAUGHT, [Fold(matcher, TAUGHT, [])], ASKED)
    assert intents(guessing) == []


def test_examples_that_have_another_intent_by_now_are_no_ground_for_guesses(
    matcher: Matcher,
) -> None:
    moved = [Example(example.text, "vpn") for example in TAUGHT]
    guessing, _ = guess_all(matcher, moved, [Fold(matcher, moved, UNSEEN[:2])], ASKED)
    assert set(intents(guessing)) == {"vpn"}
