from pathlib import Path

import pytest

from chatbot.domain.example import Example
from chatbot.settings import Settings
from factories import make_matcher
from workers.fitting.unseen import Unseen


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, promise=0.05, promise_confidence=0.9)


WORDS = {
    "password": "reset my forgotten password for the {} portal",
    "vpn": "the vpn tunnel to {} keeps dropping all day",
    "invoice": "please send an invoice about {} to accounting",
    "leave": "how many days of holiday leave during {} remain",
}
PLACES = [
    "paris",
    "oslo",
    "rome",
    "berlin",
    "madrid",
    "lisbon",
    "vienna",
    "dublin",
    "prague",
    "bern",
]


PLACES += [
    "kyiv",
    "riga",
    "athens",
    "sofia",
    "warsaw",
    "zagreb",
    "tallinn",
    "vilnius",
    "cairo",
    "lima",
]


UTTERANCES = {name: [text.format(place) for place in PLACES] for name, text in WORDS.items()}
EXAMPLES = [Example(text, name) for name, texts in UTTERANCES.items() for text in texts]


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
