from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq


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
