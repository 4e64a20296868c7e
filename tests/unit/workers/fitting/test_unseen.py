from chatbot.domain.example import Example
from factories import make_matcher
from places import EXAMPLES, UTTERANCES
from workers.fitting.unseen import Unseen


def test_only_known_texts_of_the_same_intent_are_used() -> None:
    matcher = make_matcher(UTTERANCES)
    moved = Example(EXAMPLES[0].text, "vpn")
    found = Unseen.of(
        matcher,
        [moved, Example(EXAMPLES[1].text.upper(), EXAMPLES[1].intent), Example("new", "vpn")],
    )
    assert found.texts == [EXAMPLES[1].text.upper()]
    assert found.intents == [EXAMPLES[1].intent]


def test_an_unseen_text_is_answered_as_if_the_catalogue_did_not_have_it() -> None:
    lonely = {**UTTERANCES, "bees": ["zzz bumblebee"]}
    matcher = make_matcher(lonely)
    outcomes = Unseen.of(matcher, [Example("zzz bumblebee", "bees"), EXAMPLES[0]]).outcomes(
        matcher.calibration
    )
    assert outcomes["zzz bumblebee"].best != "bees"
    assert outcomes[EXAMPLES[0].text].is_top1
