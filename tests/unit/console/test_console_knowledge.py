"""The FAQ as editors see and change it."""

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq
from chatbot.storage.tables import Intent, Query, Utterance
from fakes import ANSWERED
from people import SignedIn

PAGE = "/console/knowledge/intents/vpn"


@pytest.fixture
def editor(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.EDITOR)


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


def test_the_list_finds_and_says_how_intents_fare(parts: Parts, editor: FlaskClient) -> None:
    parts.answerer.ask(ANSWERED)
    page = editor.get("/console/knowledge").text
    assert all(title in page for title in ("Reset your password", "Book leave"))
    found = editor.get("/console/knowledge?q=leave").text
    assert "Book leave" in found
    assert "Reset your password" not in found


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


def test_an_utterance_is_added_and_undone(parts: Parts, editor: FlaskClient) -> None:
    before = utterances_of(parts)
    editor.post(f"{PAGE}/utterances", data={"text": "a wholly different thing"})
    assert utterances_of(parts) == [*before, "a wholly different thing"]
    event = re.search(r'name="event" value="(\d+)"', editor.get(PAGE).text)
    assert event
    assert editor.post(f"{PAGE}/undo", data={"event": event[1]}).status_code == 303
    assert utterances_of(parts) == before


def test_an_utterance_like_anothers_is_added_only_on_purpose(
    parts: Parts, editor: FlaskClient
) -> None:
    near = {"text": "send me the invoice for last month!"}
    response = editor.post(f"{PAGE}/utterances", data=near)
    assert response.status_code == 409
    assert '/intents/invoice"' in response.text
    assert near["text"] not in utterances_of(parts)
    assert editor.post(f"{PAGE}/utterances", data=near | {"anyway": "1"}).status_code == 303
    assert near["text"] in utterances_of(parts)


def test_anothers_very_utterance_is_refused_in_any_case(parts: Parts, editor: FlaskClient) -> None:
    form = {"text": "Where is my INVOICE?", "anyway": "1"}
    assert editor.post(f"{PAGE}/utterances", data=form).status_code == 409
    assert form["text"] not in utterances_of(parts)


def test_anothers_very_utterance_is_offered_to_be_moved(parts: Parts, editor: FlaskClient) -> None:
    form = {"text": "Where is my INVOICE?"}
    response = editor.post(f"{PAGE}/utterances", data=form)
    assert response.status_code == 409
    assert "Move it here" in response.text
    assert editor.post(f"{PAGE}/utterances", data=form | {"move": "1"}).status_code == 303
    assert "where is my invoice?" in utterances_of(parts)
    assert "where is my invoice?" not in utterances_of(parts, "invoice")
    assert editor.post(f"{PAGE}/utterances", data={"text": "new", "move": "1"}).status_code == 303
    assert "new" in utterances_of(parts)


def test_an_utterance_is_reworded_unless_somebody_was_faster(
    parts: Parts, editor: FlaskClient
) -> None:
    with parts.database.read() as session:
        row = session.scalars(select(Utterance).where(Utterance.text.startswith("VPN drops"))).one()
    address = f"{PAGE}/utterances/{row.id}"
    form = {"before": row.text, "text": "the VPN drops every hour"}
    assert editor.post(address, data=form).status_code == 303
    assert editor.post(address, data=form | {"text": "too late"}).status_code == 409
    assert "the VPN drops every hour" in utterances_of(parts)
    gone = {"before": "the VPN drops every hour", "delete": "1"}
    assert editor.post(address, data=gone).status_code == 303
    assert "the VPN drops every hour" not in utterances_of(parts)


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


def test_a_new_intent_may_begin_as_a_draft(parts: Parts, editor: FlaskClient) -> None:
    form = {
        "title": "Feed the cat",
        "answer": "Twice a day.",
        "utterances": "cat is hungry\n\nmeow",
    }
    assert editor.post("/console/knowledge/new", data=form | {"state": "draft"}).status_code == 303
    assert utterances_of(parts, "feed-the-cat") == ["cat is hungry", "meow"]
    with parts.database.read() as session:
        assert not edit_faq.get_intent(session, "feed-the-cat").enabled


def test_the_linter_names_what_to_mend(parts: Parts, editor: FlaskClient) -> None:
    with parts.database.write() as session:
        edit_faq.create_intent(
            session, "test", "thin", "Thin", "Yes.", "", ["one lonely utterance"]
        )
        edit_faq.add_utterance(session, "test", "vpn", "send me the invoice for last month!")
    parts.live.refresh()
    page = editor.get("/console/knowledge/lint").text
    assert "send me the invoice for last month!" in page
    assert "Thin" in page


def test_a_trial_says_why_and_is_not_logged(parts: Parts, editor: FlaskClient) -> None:
    page = editor.post("/console/knowledge/try", data={"text": ANSWERED}).text
    assert "how do I reset my password?" in page
    with parts.database.read() as session:
        assert session.scalars(select(Query.id)).all() == []
    assert editor.post("/console/knowledge/try", data={"text": " "}).status_code == 422


@pytest.mark.parametrize("kind", ["yaml", "csv"])
def test_what_is_exported_can_be_imported_again(
    parts: Parts, editor: FlaskClient, kind: str
) -> None:
    exported = editor.get(f"/console/knowledge/export.{kind}").data
    form = form_of(editor.get(PAGE).text)
    before = utterances_of(parts)
    editor.post(f"{PAGE}/delete", data=form)
    upload = {"file": (io.BytesIO(exported), f"faq.{kind}")}
    assert editor.post("/console/knowledge/files", data=upload).status_code == 200
    assert utterances_of(parts) == before


def test_articles_are_imported_shown_and_exported(parts: Parts, editor: FlaskClient) -> None:
    articles = b"title,answer,topic\nCar park,Behind the **house**.,Office\n"
    upload = {"file": (io.BytesIO(articles), "articles.csv")}
    assert editor.post("/console/knowledge/files", data=upload).status_code == 200
    assert "Behind the" in editor.get("/console/knowledge/intents/car-park").text
    assert utterances_of(parts, "car-park") == []
    assert "car-park" in editor.get("/console/knowledge/lint").text
    exported = editor.get("/console/knowledge/export.csv").text.splitlines()
    assert ",car-park,Behind the **house**.,Car park,Office,yes" in exported


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"intent,title\n\xff\xfe", "faq.csv", 422),
        (b"- [unclosed", "faq.yaml", 422),
        (b"anything", "faq.exe", 422),
        (b"", "", 400),
    ],
)
def test_an_unfit_file_changes_nothing(
    parts: Parts, editor: FlaskClient, content: bytes, name: str, status: int
) -> None:
    upload = {"file": (io.BytesIO(content), name)}
    assert editor.post("/console/knowledge/files", data=upload).status_code == status
    with parts.database.read() as session:
        assert len(session.scalars(select(Intent.id)).all()) == 4


def test_a_huge_file_is_refused_unread(editor: FlaskClient) -> None:
    kind = "multipart/form-data; boundary=b"
    response = editor.post("/console/knowledge/files", data=b"x" * 7_000_000, content_type=kind)
    assert response.status_code == 413
