from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq


def utterances_of(parts: Parts, name: str = "vpn") -> list[str]:
    with parts.database.read() as session:
        return [u.text for u in edit_faq.get_intent(session, name).utterances]


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
