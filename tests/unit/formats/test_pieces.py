import re

import pytest

from chatbot.formats.pieces import (
    join,
    plain_to_markdown,
    to_fixed,
    to_link,
    to_options,
    to_picture,
    to_piece,
)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Ask any rider*in\nof ours.", "Ask any rider\\*in\nof ours."),
        ("*Daily*, 2 * 3", "*Daily*, 2 * 3"),
        ("Note:\n\n      nine", "Note:\n\n   nine"),
        ("a < b, <name>", "a < b, <name>"),
        ("<p>Ask <b>us</b></p>", "Ask **us**"),
        ("Ask<br/>us", "Ask  \nus"),
    ],
)
def test_text_of_a_channel_looks_the_same_as_markdown(text: str, markdown: str) -> None:
    assert re.sub(" +\n", "\n", plain_to_markdown(text)) == re.sub(" +\n", "\n", markdown)


@pytest.mark.parametrize(
    ("label", "url", "link"),
    [
        ("Site", "https://b.example/a(1)", "[Site](https://b.example/a%281%29)"),
        ("[new]\nsite", "http://b.example", "[\\[new\\] site](http://b.example)"),
        ("", "mailto:a@b.example", "[mailto:a@b.example](mailto:a@b.example)"),
        ("Call", "tel:123", "[Call](tel:123)"),
        ("Help", "/help", "[Help](/help)"),
        ("Evil", "//evil.example", "Evil"),
        ("Run", "javascript:alert(1)", "Run"),
        ("Two", "https://b.example/a b", "Two"),
        ("", "", ""),
    ],
)
def test_only_what_an_answer_may_lead_to_is_linked(label: str, url: str, link: str) -> None:
    assert to_link(label, url) == link


def test_a_picture_is_named_by_its_title_or_file() -> None:
    assert to_picture("Map", "https://b.example/m.png") == "![Map](https://b.example/m.png)"
    assert to_picture("", "https://b.example/a%20b.png?x=/1").startswith("![a b.png](")
    assert to_picture("Map", "data:x") == "Map"
    assert to_picture("Map", "") == "Map"


def test_options_are_a_list_under_their_title() -> None:
    assert to_options("More:", ["one\ntwo", " "]) == "More:\n\n- one two"
    assert to_options("More:", []) == "More:"
    assert join(["a", " ", "b "]) == "a\n\nb"


def test_wordings_are_told_from_those_that_need_a_value() -> None:
    piece = to_piece(["Hi $x.", "Hi.", "Hi.", ""], re.compile(r"\$x").search)
    assert [(each.text, each.needs_a_value) for each in piece] == [("Hi $x.", True), ("Hi.", False)]
    assert list(to_fixed("", re.compile("x").search)) == []
