import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import botpress
from chatbot.formats.botpress import (
    NO_ELEMENT,
    NO_ENTRY,
    NOT_TEXT,
    ONLY_LINKS,
    PRIVATE_LINK,
    TO_A_FLOW,
)
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import (
    ANOTHER_LANGUAGE,
    ANSWER_TOO_LONG,
    DISABLED_TWIN,
    IN_TWO_INTENTS,
    NEEDS_A_VALUE,
    REPEATED,
)
from chatbot.formats.registry import find_format, read_path, read_source
from chatbot.formats.source import source_of


def entry(name: str, questions: Any, answers: Any, **data: Any) -> dict[str, Any]:
    return {"id": name, "data": {"questions": questions, "answers": answers, **data}}


OPENING = entry(
    "opening_1",
    {"fr": ["Quand ouvrez-vous ?", "vos\nhoraires"], "en": ["When do you open?"]},
    {"fr": ["À **neuf** heures."], "en": ["At nine."]},
    enabled=True,
    action="text",
    contexts=["visits"],
    redirectFlow="",
    redirectNode="",
)


EXPORT = json.dumps({"qnas": [OPENING]}).encode()
ENGLISH = ANOTHER_LANGUAGE.format("en")


def read_export(*entries: Any, **more: Any) -> CatalogueDraft:
    content = json.dumps({"qnas": entries, **more}).encode()
    source = source_of("export.json", content)
    assert find_format(source) is botpress.FORMAT
    return read_source(source)


def left_out(draft: CatalogueDraft) -> Counter[str]:
    return Counter(each.reason for each in draft.left_out)


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def test_an_export_is_read_in_its_languages() -> None:
    draft = read_export(OPENING)
    [intent] = draft.intents.values()
    assert (intent.name, intent.title, intent.topic) == (
        "opening_1",
        "Quand ouvrez-vous ?",
        "visits",
    )
    assert intent.utterances == ["Quand ouvrez-vous ?", "vos horaires"]
    assert intent.answer == "À **neuf** heures."
    assert draft.languages == {"fr": 2, "en": 1}
    assert left_out(draft) == {ENGLISH: 2}
    english = read_source(source_of("export.json", EXPORT), "en").intents["opening_1"]
    assert (english.title, english.answer) == ("When do you open?", "At nine.")


@pytest.mark.parametrize("folder", ["bot/qna", "."])
def test_a_folder_has_a_file_an_entry(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "opening_1.json", OPENING)
    write(tmp_path / folder / "second.json", {"data": OPENING["data"] | {"questions": {"fr": "x"}}})
    write(tmp_path / "bot.config.json", {"name": "bot", "private": "key"})
    draft = read_path(tmp_path)
    assert draft.intents["opening_1"] == read_export(OPENING).intents["opening_1"]
    assert draft.intents["second"].utterances == ["x"]


def test_generated_twins_are_skipped_and_own_intents_read(tmp_path: Path) -> None:
    write(tmp_path / "qna" / "opening_1.json", OPENING)
    twin = {"name": "__qna__opening_1", "utterances": {"fr": ["Quand ouvrez-vous ?"]}}
    write(tmp_path / "intents" / "__qna__opening_1.json", twin)
    rent = {"name": "rent", "utterances": {"fr": ["louer un [vélo](thing)"]}, "slots": []}
    write(tmp_path / "intents" / "rent.json", rent)
    write(tmp_path / "intents" / "none.json", {"name": "none", "utterances": {"fr": ["bla"]}})
    draft = read_path(tmp_path)
    assert list(draft.intents) == ["opening_1", "rent"]
    assert draft.intents["rent"].utterances == ["louer un vélo"]
    assert draft.out_of_scope == ["bla"]
    assert left_out(draft) == {ENGLISH: 2}


def test_a_disabled_entry_stays_so_and_its_twin_keeps_the_question() -> None:
    old = entry("old", {"fr": ["Où ?", "Et où ?"]}, {"fr": ["Là."]}, enabled=False)
    new = entry("new", {"fr": ["où ?"]}, {"fr": ["Ici."]}, enabled=True)
    draft = read_export(old, new)
    assert draft.intents["old"].enabled is False
    assert draft.intents["old"].utterances == ["Et où ?"]
    assert (draft.intents["new"].enabled, draft.intents["new"].utterances) == (True, ["où ?"])
    assert (left_out(draft), draft.clashes) == ({DISABLED_TWIN: 1}, [])


def test_a_question_of_two_enabled_entries_goes_to_neither() -> None:
    draft = read_export(entry("a", {"en": ["Why"]}, {}), entry("b", {"en": ["why", "how"]}, {}))
    assert left_out(draft) == {IN_TWO_INTENTS: 2}
    assert [intent.utterances for intent in draft.intents.values()] == [[], ["how"]]


@pytest.mark.parametrize(
    ("answer", "shown", "reasons"),
    [
        pytest.param("page://Xy1\nsection://9", None, {ONLY_LINKS: 1}, id="only-links"),
        pytest.param("Read on.\n\nnode://7", "Read on.", {PRIVATE_LINK: 1}, id="text-and-link"),
        pytest.param(
            "See [hours](page://7).", "See hours.", {PRIVATE_LINK: 1}, id="link-in-a-sentence"
        ),
        pytest.param(
            "[Map](https://m.example), mailto:a@b.example",
            "[Map](https://m.example), mailto:a@b.example",
            {},
            id="public-links",
        ),
        pytest.param("Hi {{user.name}}", None, {NEEDS_A_VALUE: 1}, id="template"),
        pytest.param("#!builtin_text-1", "Element.", {}, id="element"),
        pytest.param(
            "#!builtin_choice-1", "Which?\n\n- Red\n- Blue", {}, id="element-with-choices"
        ),
        pytest.param("#!builtin_text-9", None, {NO_ELEMENT: 1}, id="element-elsewhere"),
        pytest.param("x" * 20_001, None, {ANSWER_TOO_LONG: 1}, id="long"),
        pytest.param(7, None, {NOT_TEXT: 1}, id="number"),
        pytest.param("", None, {}, id="empty"),
    ],
)
def test_an_answer_is_text_or_left_out(
    answer: Any, shown: str | None, reasons: dict[str, int]
) -> None:
    elements = [
        {"id": "builtin_text-1", "formData": {"text$en": "Element.", "text$fr": "Élément."}},
        {
            "id": "builtin_choice-1",
            "formData": {"text": "Which?", "choices$en": [{"title": "Red"}, {"title": "Blue"}, 1]},
        },
    ]
    draft = read_export(entry("a", {"en": ["Why"]}, {"en": [answer]}), contentElements=elements)
    assert draft.intents["a"].answer == shown
    assert left_out(draft) == reasons


def test_variants_are_kept_and_the_first_is_the_answer() -> None:
    draft = read_export(entry("a", {"en": ["Why", "why"]}, {"en": ["One.", "Two."], "fr": []}))
    assert draft.intents["a"].answer == "One."
    assert draft.intents["a"].variants == ["Two."]
    assert left_out(draft) == {REPEATED: 1}


def test_elements_of_a_folder_are_found(tmp_path: Path) -> None:
    write(tmp_path / "qna" / "a.json", entry("a", {"en": ["Why"]}, {"en": ["#!builtin_text-1"]}))
    element = {"id": "builtin_text-1", "formData": {"text$en": "So."}}
    write(tmp_path / "content-elements" / "builtin_text.json", [element])
    assert read_path(tmp_path).intents["a"].answer == "So."


def test_a_redirection_leads_to_an_entry_or_is_counted() -> None:
    to_flow = entry("a", {"en": ["Why"]}, {}, action="redirect", redirectFlow="rent.flow.json")
    to_entry = entry(
        "b", {"en": ["How"]}, {"en": ["So."]}, action="text_redirect", redirectNode="a"
    )
    draft = read_export(to_flow, to_entry)
    assert draft.intents["b"].follow_ups == ["a"]
    assert [(each.reason, each.text) for each in draft.left_out] == [(TO_A_FLOW, "rent.flow.json")]


def test_the_oldest_entries_have_lists_and_a_category() -> None:
    old = {"id": "a", "data": {"questions": ["Why"], "answer": "So.", "category": "global"}}
    draft = read_export(old)
    [intent] = draft.intents.values()
    assert (intent.utterances, intent.answer, intent.topic) == (["Why"], "So.", "")
    assert draft.languages == {}


def test_a_table_of_ids_is_read_line_by_line() -> None:
    table = '\ufeffID,Question,Answer\r\nQ1,Where?,Here.\r\nQ1,"Where,\nthen?",Here.\r\n,,\r\n'
    draft = read_source(source_of("data.csv", table.encode()))
    assert draft.format == "botpress"
    assert draft.intents["q1"].utterances == ["Where?", "Where, then?"]
    assert (draft.intents["q1"].title, draft.intents["q1"].answer) == ("Where?", "Here.")
    assert draft.places["where?"] == ("data.csv", 2)


def test_two_bots_at_once_are_refused(tmp_path: Path) -> None:
    for bot in ("one", "other"):
        write(tmp_path / bot / "qna" / "a.json", OPENING)
    with pytest.raises(InvalidCatalogue, match="several bots, such as in “one/qna”"):
        read_path(tmp_path)


WRONG: list[Any] = [None, 7, "text", [], {}, [None, 7, ["x"]], {"en": None}, {"en": [7, None, {}]}]


@pytest.mark.parametrize("value", WRONG, ids=json.dumps)
@pytest.mark.parametrize(
    "key",
    ["questions", "answers", "answer", "enabled", "contexts", "category", "action", "redirectFlow"],
)
def test_a_value_of_a_wrong_type_spoils_nothing_else(key: str, value: Any) -> None:
    spoilt = entry("a", {"fr": ["Why"]}, {"fr": ["So."]}, action="redirect")
    spoilt["data"][key] = value
    draft = read_export(OPENING, spoilt)
    assert draft.intents["opening_1"].answer == "À **neuf** heures."


@pytest.mark.parametrize("value", WRONG, ids=json.dumps)
def test_what_is_no_entry_is_counted(value: Any) -> None:
    assert left_out(read_export(OPENING, value))[NO_ENTRY] == 1


@pytest.mark.parametrize("value", [value for value in WRONG if not isinstance(value, list)])
def test_an_export_without_a_list_is_refused(value: Any) -> None:
    with pytest.raises(InvalidCatalogue, match=r"export\.json: qnas is not a list"):
        read_source(source_of("export.json", json.dumps({"qnas": value}).encode()))


def test_a_damaged_file_of_a_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path / "qna" / "a.json", OPENING)
    write(tmp_path / "qna" / "b.json", '{\n"id": ')
    with pytest.raises(InvalidCatalogue, match=r"qna/b\.json:2: is not JSON"):
        read_path(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"intents": [], "utterances": []}, id="other-bot"),
        pytest.param({"data": {"questions": 5}}, id="no-questions"),
        pytest.param([], id="nothing"),
        pytest.param([{"question": "a", "answer": "b"}], id="list-by-hand"),
    ],
)
def test_other_files_are_not_taken_for_botpress(content: Any) -> None:
    assert not botpress.FORMAT.sniff(source_of("faq.json", json.dumps(content).encode()))
