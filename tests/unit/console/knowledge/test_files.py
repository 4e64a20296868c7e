import io
import re

import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq
from people import bring_in

PAGE = "/console/knowledge/intents/vpn"


def form_of(page: str) -> dict[str, str]:
    """The version that the form was opened with, and the fields that must be sent."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return {"seen": found[1], "title": "VPN", "answer": "Start it.", "topic": "", "enabled": "1"}


def utterances_of(parts: Parts, name: str = "vpn") -> list[str]:
    with parts.database.read() as session:
        return [u.text for u in edit_faq.get_intent(session, name).utterances]


@pytest.mark.parametrize("kind", ["yaml", "csv"])
def test_what_is_exported_can_be_imported_again(
    parts: Parts, editor: FlaskClient, kind: str
) -> None:
    exported = editor.get(f"/console/knowledge/export.{kind}").data
    form = form_of(editor.get(PAGE).text)
    before = utterances_of(parts)
    editor.post(f"{PAGE}/delete", data=form)
    bring_in(editor, {"file": (io.BytesIO(exported), f"faq.{kind}")})
    assert utterances_of(parts) == before


def test_articles_are_imported_shown_and_exported(parts: Parts, editor: FlaskClient) -> None:
    articles = b"title,answer,topic\nCar park,Behind the **house**.,Office\n"
    bring_in(editor, {"file": (io.BytesIO(articles), "articles.csv")})
    assert "Behind the" in editor.get("/console/knowledge/intents/car-park").text
    assert utterances_of(parts, "car-park") == []
    assert "car-park" in editor.get("/console/knowledge/lint").text
    exported = editor.get("/console/knowledge/export.csv").text.splitlines()
    assert ",car-park,Behind the **house**.,Car park,Office,yes" in exported
