from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from fakes import ANSWERED


def test_the_list_finds_and_says_how_intents_fare(parts: Parts, editor: FlaskClient) -> None:
    parts.answerer.ask(ANSWERED)
    page = editor.get("/console/knowledge").text
    assert all(title in page for title in ("Reset your password", "Book leave"))
    found = editor.get("/console/knowledge?q=leave").text
    assert "Book leave" in found
    assert "Reset your password" not in found
