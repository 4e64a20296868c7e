"""An intent as editors see and change it."""

import re

import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq

PAGE = "/console/knowledge/intents/vpn"


def form_of(page: str) -> dict[str, str]:
    """The version that the form was opened with, and the fields that must be sent."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return {"seen": found[1], "title": "VPN", "answer": "Start it.", "topic": "", "enabled": "1"}


def answer_of(parts: Parts, name: str = "vpn") -> str:
    with parts.database.read() as session:
        return edit_faq.get_intent(session, name).answer


def utterances_of(parts: Parts, name: str = "vpn") -> list[str]:
    with parts.database.read() as session:
        return [u.text for u in edit_faq.get_intent(session, name).utterances]


def test_an_edit_is_saved(parts: Parts, editor: FlaskClient) -> None:
    form = form_of(editor.get(PAGE).text)
    assert editor.post(PAGE, data=form).status_code == 303
    assert answer_of(parts) == "Start it."


def test_a_preview_saves_nothing(parts: Parts, editor: FlaskClient) -> None:
    form = form_of(editor.get(PAGE).text) | {"answer": "**bold**", "preview": "1"}
    assert "<strong>bold</strong>" in editor.post(PAGE, data=form).text
    assert answer_of(parts) != "**bold**"


def test_of_two_editors_the_second_sees_both_texts(parts: Parts, editor: FlaskClient) -> None:
    form = form_of(editor.get(PAGE).text)
    editor.post(PAGE, data=form | {"answer": "The first text."})
    response = editor.post(PAGE, data=form | {"answer": "The second text."})
    assert response.status_code == 409
    assert "The first text." in response.text
    assert "The second text." in response.text
    assert answer_of(parts) == "The first text."


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"seen": ""}, 400),
        ({"seen": "yesterday"}, 400),
        ({"title": ""}, 422),
        ({"answer": ""}, 422),
    ],
)
def test_an_unfit_edit_changes_nothing(
    parts: Parts, editor: FlaskClient, changes: dict[str, str], status: int
) -> None:
    before = answer_of(parts)
    form = form_of(editor.get(PAGE).text) | changes
    assert editor.post(PAGE, data=form).status_code == status
    assert answer_of(parts) == before


def test_a_deleted_intent_leaves_a_page_that_can_bring_it_back(
    parts: Parts, editor: FlaskClient
) -> None:
    form = form_of(editor.get(PAGE).text)
    assert editor.post(f"{PAGE}/delete", data=form).status_code == 303
    page = editor.get(PAGE)
    assert page.status_code == 410
    event = re.search(r'name="event" value="(\d+)"', page.text)
    assert event
    assert editor.post(f"{PAGE}/undo", data={"event": event[1]}).status_code == 303
    assert "VPN drops all the time" in utterances_of(parts)
