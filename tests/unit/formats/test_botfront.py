from collections import Counter
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, Others
from chatbot.formats.gathering import ANOTHER_LANGUAGE
from chatbot.formats.rasa.parts import NOT_A_QUESTION
from chatbot.formats.rasa.project import FURTHER
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of

GERMAN = """\
version: "2.0"
nlu:
- intent: no
  metadata:
    language: de
  examples:
  - text: |
      lieber nicht
- intent: pool
  metadata:
    language: de
  examples:
  - text: |
      wo kann ich schwimmen
  - text: |
      Ist das Bad in [Bonn]{"entity": "city"} offen?
    metadata:
      canonical: true
- synonym: Bonn
  examples: |
    - bonna
"""
ENGLISH = """\
version: "2.0"
nlu:
- intent: pool
  metadata:
    language: en
  examples:
  - text: |
      where to swim
    metadata:
      canonical: true
- intent: bus
  metadata:
    language: en
  examples:
  - text: |
      when does the bus leave
"""
DOMAIN = """\
intents: [pool, bus, 'no']
responses:
  utter_swim:
  - language: en
    text: There is a pool.
    buttons:
    - {title: Bus, type: postback, payload: /bus}
    - {title: Prices, type: web_url, url: 'https://pool.example'}
  - language: de
    text: Es gibt ein Bad.
  - language: de
    text: Es gibt zwei.
  utter_more:
  - language: de
    text: Noch etwas?
  utter_bus:
  - language: de
    text: Um acht.
  - language: en
    text: At eight.
  - language: sv
    text: Klockan {time}.
"""
STORIES = """\
stories:
- story: Pool
  steps:
  - or:
    - intent: pool
      user: ich will ins Wasser
  - action: utter_swim
  - action: utter_more
  - checkpoint: Pool__branches
- story: Pool__No
  steps:
  - checkpoint: Pool__branches
  - intent: 'no'
  - checkpoint: link-to-Bus/1
- story: Bus
  steps:
  - intent: bus
  - action: utter_bus
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in {
        "data/nlu/de.yml": GERMAN,
        "data/nlu/en.yml": ENGLISH,
        "data/stories/all.yml": STORIES,
        "domain.yml": DOMAIN,
        "botfront/bfconfig.yml": "instance: {token: [secret",
        "credentials.dev.yml": "also: [secret",
        "config-de.yml": "language: de\npipeline: []\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def left_out(draft: CatalogueDraft) -> Counter[str]:
    return Counter(each.reason for each in draft.left_out)


def test_a_project_in_several_languages_is_read(project: Path) -> None:
    draft = read_path(project)
    assert draft.format == "botfront"
    assert {name: intent.utterances for name, intent in draft.intents.items()} == {
        "no": ["lieber nicht"],
        "pool": [
            "wo kann ich schwimmen",
            "Ist das Bad in Bonn offen?",
            "ich will ins Wasser",
        ],
        "bus": [],
    }
    assert draft.languages == {"de": 3, "en": 2}


def test_an_answer_is_in_the_language_of_most_questions_or_the_wanted_one(project: Path) -> None:
    draft, english = read_path(project), read_path(project, "en")
    assert draft.intents["pool"].answer == "Es gibt ein Bad."
    assert draft.intents["bus"].answer == "Um acht."
    assert left_out(draft) == {
        ANOTHER_LANGUAGE.format("en"): 4,
        ANOTHER_LANGUAGE.format("sv"): 1,
        FURTHER: 1,
        NOT_A_QUESTION: 1,
    }
    assert draft.others == {"en": Others(2, 2)}
    assert str(english.intents["pool"].answer).startswith("There is a pool.")
    assert (english.intents["pool"].title, english.intents["bus"].answer) == (
        "where to swim",
        "At eight.",
    )


def test_buttons_become_options_and_links(project: Path) -> None:
    (project / "data/nlu/de.yml").unlink()
    pool = read_path(project).intents["pool"]
    assert pool.answer == "There is a pool.\n\n- Bus\n- [Prices](https://pool.example)"
    assert pool.follow_ups == ["bus", "no"]


def test_the_canonical_example_is_the_title(project: Path) -> None:
    draft = read_path(project)
    assert draft.intents["pool"].title == "Ist das Bad in Bonn offen?"
    assert not draft.intents["bus"].has_own_title


def test_one_file_of_examples_is_enough() -> None:
    draft = read_source(source_of("de.yml", GERMAN.encode()))
    assert draft.format == "botfront"
    assert list(draft.intents) == ["no", "pool"]


def test_an_export_of_the_database_is_refused_unread() -> None:
    database = b'{"models": [], "storyGroups": [], "instance": {"token": "s3"}}'
    with pytest.raises(InvalidCatalogue, match="database") as refused:
        read_source(source_of("export.json", database))
    assert "s3" not in str(refused.value)


def test_every_beginning_of_a_file_is_read_or_refused() -> None:
    for end in range(0, len(GERMAN), 5):
        try:
            read_source(source_of("de.yml", GERMAN[:end].encode()))
        except InvalidCatalogue as error:
            assert error.mistakes  # noqa: PT017 most beginnings are read
