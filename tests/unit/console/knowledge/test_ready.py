import pytest
from flask.testing import FlaskClient

import fakes
from chatbot.bootstrap import Parts
from chatbot.domain.matching import Calibration


def test_the_page_says_what_becomes_of_a_hundred_questions(
    parts: Parts, editor: FlaskClient
) -> None:
    page = editor.get("/console/knowledge/ready").text
    found = parts.readiness.read(parts.live.current())
    assert found.all is not None
    assert f"<b>{found.all.right}</b><span>answered rightly</span>" in page
    assert "16 of 16 known phrasings" in page
    assert "5 more phrasings" in page
    assert 'href="/console/knowledge/intents/vpn"' in page
    assert "answers hardly anything" not in page
    assert "answers hardly anything" not in editor.get("/console/knowledge/mute").text


def test_a_mute_bot_is_loud_on_all_three_pages(
    parts: Parts, editor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakes, "CALIBRATION", Calibration.unfitted(0.5))
    parts.live._current = parts.models.open_version()
    for page in ("ready", "lint", "mute"):
        text = editor.get(f"/console/knowledge/{page}").text
        assert "The bot answers hardly anything." in text
        assert "retrain it at Models" in text
    assert 'hx-get="/console/knowledge/mute"' in editor.get("/console/").text
    assert "Nothing to mend" not in editor.get("/console/knowledge/lint").text


def test_form_and_check_give_one_rule(editor: FlaskClient) -> None:
    rule = "At least 5, better 15"
    assert rule in editor.get("/console/knowledge/new").text
    assert rule in editor.get("/console/knowledge/lint").text
