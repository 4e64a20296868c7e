from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import lu
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path, read_source
from chatbot.formats.source import source_of

APP = """\
> LUIS application information
> !# @app.name = Caretaker
> !# @app.culture = it-it
> !# @app.luis_schema_version = 7.0.0

## Heating
- the heating is cold
* {@Room=the kitchen} is cold
+ set {@Order={@Amount=two} radiators} to {@Level:target=five}

@ intent Heating

# Lost key
- where is my key \\{round\\}

## None
- sing a song

> # Entity definitions
@ ml Order
    - @ ml Amount usesFeature Sizes
@ prebuilt number
@ phraselist Sizes(interchangeable) =
\t- small,large
@ list Room =
    - Kitchen :
        - cooking place
        - galley
"""


def read(text: str, name: str = "app.lu") -> CatalogueDraft:
    return read_source(source_of(name, text.encode()))


def left_out(draft: CatalogueDraft) -> list[tuple[str, str, int]]:
    return [(row.text, row.reason, row.line) for row in draft.left_out]


def utterances(*lines: str) -> list[str]:
    """What the lines of an intent are read as."""
    definition = "@ list Room =\n- Kitchen :\n  - galley\n"
    text = "\n".join(["# Heating", *(f"- {line}" for line in lines), definition])
    draft = read(text)
    assert draft.left_out == []
    return draft.intents["heating"].utterances


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_is_read_completely(newline: str, mark: str) -> None:
    draft = read(mark + APP.replace("\n", newline))
    heating, key = draft.intents.values()
    assert draft.format == "lu"
    assert (heating.name, heating.title, heating.answer) == ("heating", "Heating", None)
    assert heating.utterances == [
        "the heating is cold",
        "the kitchen is cold",
        "set two radiators to five",
    ]
    assert (key.name, key.title) == ("lost-key", "Lost key")
    assert key.utterances == ["where is my key {round}"]
    assert draft.out_of_scope == ["sing a song"]
    assert draft.languages == {"it-it": 4}
    assert draft.left_out == []


def test_any_name_will_do_for_a_file_with_the_marks_of_the_format() -> None:
    assert read(APP, "export.txt").format == "lu"


def test_patterns_become_sentences() -> None:
    lines = ["is {Room} cold[?]", "(heat|warm) {@Room:target}", "[please] heat = on"]
    assert utterances(*lines) == [
        "is Kitchen cold",
        "heat Kitchen",
        "warm Kitchen",
        "please heat = on",
    ]


def test_brackets_without_a_choice_are_text() -> None:
    assert utterances("is it on (or off) :-)", "a | b") == ["is it on (or off) :-)", "a | b"]


def test_a_list_in_the_old_way_fills_slots() -> None:
    draft = read("# Go\n- go to {city}\n\n$city:Torino =\n- Turin\n- TRN\n\n$number:prebuilt\n")
    assert draft.intents["go"].utterances == ["go to Torino"]


def test_a_slot_that_no_list_fills_is_left_out() -> None:
    draft = read("# Go\n- go to {city}\n- {city}\n- {\n")
    assert left_out(draft) == [
        ("go to {city}", "its pattern has a slot that no list fills", 2),
        ("{city}", "it is nothing but a slot", 3),
        ("{", "it has no letter or digit", 4),
    ]


def test_references_to_other_files_and_stray_lines_are_left_out() -> None:
    text = "[all](./all.lu)\n- too early\n# Help\n- [more](./all.lu#Help)\n- help\nstray\n"
    assert left_out(read(text)) == [
        ("[all](./all.lu)", "it stands for what is in another file", 1),
        ("too early", "it names no intent", 2),
        ("[more](./all.lu#Help)", "it stands for what is in another file", 4),
        ("stray", "it is on a line that is neither intent nor utterance", 6),
    ]


def test_questions_with_answers_are_read() -> None:
    text = (
        "# ? When are you open?\n- opening hours\n\n**Filters:**\n- place = Rome\n\n"
        "```markdown\n# Daily\n- nine to five\n```\n# Greeting\n- hi\n"
    )
    opening, greeting = read(text).intents.values()
    assert opening.title == "When are you open?"
    assert opening.utterances == ["When are you open?", "opening hours"]
    assert opening.answer == "# Daily\n- nine to five"
    assert (greeting.utterances, greeting.answer) == (["hi"], None)


def test_a_project_is_read_from_all_its_files(tmp_path: Path) -> None:
    for name, text in {
        "bot/lu/main.de-de.lu": "# Heizung\n- wo ist {Raum}\n",
        "bot/lu/lists.de-de.lu": "# Leer\n@ list Raum =\n- Küche :\n  - Herd\n",
        "bot/generated/main.de-de.lu": "# Heizung_Interruption\n- egal\n",
        "bot/settings/appsettings.json": '{"key": "geheim"}',
        "bot/main.dialog": "{}",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    draft = read_path(tmp_path)
    assert {name: each.utterances for name, each in draft.intents.items()} == {
        "leer": [],
        "heizung": ["wo ist Küche"],
    }
    assert draft.languages == {"de-de": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rasa.lu", "## intent:greet\n- hi\n"),
        ("notes.md", "# Shopping\n- milk\n"),
        ("faq.yaml", "# faq\nintents:\n- name: a\n"),
        ("faq.csv", "text,intent\nhi,greet\n"),
        ("empty.lu", ""),
    ],
)
def test_files_of_other_kinds_are_not_taken(name: str, text: str) -> None:
    assert not lu.FORMAT.sniff(source_of(name, text.encode()))


def test_a_file_without_intents_is_refused() -> None:
    with pytest.raises(InvalidCatalogue, match="has no line `# intent`"):
        read("> !# @app.culture = en-us\n- hi\n")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidCatalogue):
        read_source(source_of("app.lu", b"# Go\n- \xff\xfe\x00\n"))


@pytest.mark.parametrize("part", ["{@a=", "{", "}", "[", "(a|", "\\", "{a}", "```", "#"])
def test_a_line_without_end_takes_no_time(part: str) -> None:
    read("# Go\n- x\n- go " + part * 200_000)
