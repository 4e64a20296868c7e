import re

from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq
from chatbot.storage.tables import Utterance

PAGE = "/console/knowledge/intents/vpn"


def utterances_of(parts: Parts, name: str = "vpn") -> list[str]:
    with parts.database.read() as session:
        return [u.text for u in edit_faq.get_intent(session, name).utterances]


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
