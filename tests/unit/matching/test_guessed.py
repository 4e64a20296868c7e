"""Guesses among the neighbours: they vote with less weight, and are nothing else."""

import numpy as np
import pytest

from chatbot.domain.matching import Decision
from chatbot.matching.catalogue import Edit
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.matcher import Matcher
from factories import make_matcher

FAQ = {"vpn": ["the VPN does not connect"], "invoice": ["my invoice is wrong"]}
ASKED = ["tunnel broken since monday", "tunnel broken again", "bill for march"]
INTENTS = ["vpn", "vpn", "invoice"]
QUESTION = "is the tunnel broken"


@pytest.fixture
def guessed() -> Guessed:
    return Guessed.of(HashingEncoder().encode(ASKED), INTENTS, 0.5)


@pytest.fixture
def matcher(guessed: Guessed) -> Matcher:
    return make_matcher(FAQ).guessing(guessed)


def votes(matcher: Matcher, text: str = QUESTION) -> dict[str, float]:
    (scored,) = matcher.score([text])
    return {one.intent: one.share for one in scored}


def test_a_question_near_guesses_is_matched_through_them(matcher: Matcher) -> None:
    assert votes(matcher)["vpn"] > votes(make_matcher(FAQ))["vpn"]
    near = matcher.match(QUESTION).candidates[0]
    far = make_matcher(FAQ).match(QUESTION).candidates[0]
    assert (near.intent, near.probability > far.probability) == ("vpn", True)


def test_a_guess_has_its_weight_and_a_known_phrasing_one() -> None:
    same = HashingEncoder().encode(FAQ["vpn"])
    guessed = Guessed.of(same, ["invoice"], 0.5)
    assert votes(
        make_matcher({"vpn": FAQ["vpn"], "invoice": []}).guessing(guessed), FAQ["vpn"][0]
    ) == {
        "vpn": pytest.approx(2 / 3),
        "invoice": pytest.approx(1 / 3),
    }


def test_a_guessed_text_is_not_a_known_phrasing(matcher: Matcher) -> None:
    assert not matcher.match(ASKED[0]).exact
    assert matcher.phrasings.row_of(ASKED[0]) is None
    assert {near.key for near in matcher.nearest(ASKED[0], 10)} == {
        near.key for near in make_matcher(FAQ).nearest(ASKED[0], 10)
    }


def test_guesses_of_an_intent_that_is_gone_do_not_vote(matcher: Matcher) -> None:
    edited = matcher.edited(Edit(2, {"vpn": None}, dict.fromkeys(vpn_keys(matcher))))
    assert votes(edited).keys() == {"invoice"}
    assert votes(matcher).keys() == {"vpn", "invoice"}


def vpn_keys(matcher: Matcher) -> list[str]:
    return [near.key for near in matcher.nearest("vpn", 10) if near.intent == "vpn"]


def test_an_entry_whose_intent_is_hidden_does_not_meet_guesses_of_it(matcher: Matcher) -> None:
    (scored,) = matcher.score_as_unknown([0])
    assert {one.intent for one in scored} == {"invoice"}


def test_a_known_entry_is_scored_with_the_guesses_near_it(guessed: Guessed) -> None:
    matcher = make_matcher({**FAQ, "vpn": [ASKED[0]]}).guessing(guessed)
    (scored,) = matcher.score_known([0])
    assert scored[0].intent == "vpn"


def test_what_is_saved_opens_the_same(guessed: Guessed, tmp_path) -> None:  # type: ignore[no-untyped-def]
    guessed.save(tmp_path)
    opened = Guessed.open(tmp_path)
    assert [opened.intent_at(row) for row in range(len(opened))] == INTENTS
    np.testing.assert_array_equal(opened.vectors, guessed.vectors)
    saved = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(text.encode() in saved for text in ASKED)


def test_nothing_guessed_changes_nothing() -> None:
    nothing = Guessed.nothing(HashingEncoder.dimension)
    assert make_matcher(FAQ).guessing(nothing).match(QUESTION) == make_matcher(FAQ).match(QUESTION)
    assert make_matcher({}).guessing(nothing).match(QUESTION).decision is Decision.HANDOFF


def test_among_all_intents_they_stay_the_same_object(guessed: Guessed) -> None:
    assert guessed.among({"vpn", "invoice", "other"}) is guessed
    assert len(guessed.among({"invoice"})) == 1
    assert len(guessed.among(())) == 0
