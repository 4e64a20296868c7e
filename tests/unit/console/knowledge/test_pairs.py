import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pairs
from chatbot.services.knowledge.pairs import Source
from chatbot.storage.tables import ScoredPair
from factories import add_intent
from people import SignedIn

PAGE = "/console/knowledge/pairs"


@pytest.fixture
def ann(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.AGENT)


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def stored(parts: Parts) -> list[tuple[str, str, float, str]]:
    with parts.database.read() as session:
        rows = session.scalars(select(ScoredPair).order_by(ScoredPair.id))
        return [(row.text_a, row.text_b, row.score, row.source) for row in rows]


def test_a_verdict_takes_one_key_and_brings_the_next_pair(parts: Parts, ann: FlaskClient) -> None:
    page = ann.get(PAGE).text
    for key, likeness in ((1, "same"), (2, "related"), (3, "different")):
        assert f'value="{likeness}" data-key="{key}"' in page
    shown = fields(page)
    answer = ann.post(f"{PAGE}/score", data=shown | {"likeness": "related"})
    assert answer.status_code == 200
    assert "Kept: related." in answer.headers["HX-Trigger"]
    assert stored(parts) == [(shown["text_a"], shown["text_b"], 0.5, "desk")]
    following = fields(answer.text)
    assert {following["text_a"], following["text_b"]} != {shown["text_a"], shown["text_b"]}


def test_undo_brings_the_pair_back(parts: Parts, ann: FlaskClient) -> None:
    shown = fields(ann.get(PAGE).text)
    ann.post(f"{PAGE}/score", data=shown | {"likeness": "same"})
    undone = ann.post(f"{PAGE}/undo")
    assert fields(undone.text) == shown
    assert stored(parts) == []
    assert "Nothing to undo" in ann.post(f"{PAGE}/undo").headers["HX-Trigger"]


def test_a_skipped_pair_is_passed_by_and_not_scored(parts: Parts, ann: FlaskClient) -> None:
    shown = fields(ann.get(PAGE).text)
    skipped = fields(ann.post(f"{PAGE}/skip", data=shown).text)
    assert skipped["skipped"] == "1"
    assert skipped["text_b"] != shown["text_b"] or skipped["text_a"] != shown["text_a"]
    after = ann.post(f"{PAGE}/score", data=skipped | {"likeness": "different"})
    assert fields(after.text)["skipped"] == "1"
    assert len(stored(parts)) == 1


def test_anothers_score_that_came_first_is_not_overwritten_unseen(
    parts: Parts, ann: FlaskClient
) -> None:
    shown = fields(ann.get(PAGE).text)
    with parts.database.write() as session:
        pairs.add_pair(session, "bob", shown["text_a"], shown["text_b"], 0.0, Source.DESK)
    answer = ann.post(f"{PAGE}/score", data=shown | {"likeness": "same"})
    assert "theirs stays" in answer.headers["HX-Trigger"]
    assert [row[2] for row in stored(parts)] == [0.0]


def test_what_only_an_editor_can_settle_is_said(ann: FlaskClient) -> None:
    form = {"text_a": "one text", "text_b": "another text", "likeness": "same"}
    answer = ann.post(f"{PAGE}/score", data=form | {"intent_a": "vpn", "intent_b": "leave"})
    assert "merge the intents" in answer.headers["HX-Trigger"]


def test_what_is_no_verdict_is_refused(parts: Parts, ann: FlaskClient) -> None:
    form = {"text_a": "one text", "text_b": "another text"}
    assert ann.post(f"{PAGE}/score", data=form).status_code == 400
    assert ann.post(f"{PAGE}/score", data=form | {"likeness": "0.7"}).status_code == 400
    assert ann.post(f"{PAGE}/score", data={"likeness": "same"}).status_code == 422
    assert stored(parts) == []


def test_texts_are_escaped_and_an_editor_takes_a_pair_back(
    parts: Parts, ann: FlaskClient, signed_in: SignedIn
) -> None:
    with parts.database.write() as session:
        number = pairs.add_pair(
            session, "a file", "<b>one</b>", "two & three", 0.3, Source.IMPORT
        ).id
    page = ann.get(PAGE).text
    assert "&lt;b&gt;one" in page
    assert "0.3" in page
    assert "Take back" not in page
    assert ann.post(f"{PAGE}/{number}/remove").status_code == 403
    editor = signed_in(Scope.EDITOR)
    assert "Take back" in editor.get(PAGE).text
    assert editor.post(f"{PAGE}/{number}/remove").status_code == 303
    assert stored(parts) == []
    assert editor.post(f"{PAGE}/{number}/remove").status_code == 404


def test_the_check_page_takes_a_verdict_on_each_pair(parts: Parts, ann: FlaskClient) -> None:
    with parts.database.write() as session:
        add_intent(session, "vpn-again", "the VPN does not connect!", "something else entirely")
    parts.live.refresh()
    page = ann.get("/console/knowledge/lint").text
    assert 'value="different" data-key="3"' in page
    shown = fields(page)
    answer = ann.post(f"{PAGE}/score", data=shown | {"likeness": "different"})
    assert "different" in answer.text
    assert "<form" not in answer.text
    assert [row[2:] for row in stored(parts)] == [(0.0, "desk")]
    after = ann.get("/console/knowledge/lint").text
    assert 'data-key="3"' not in after
    assert '<span class="tag good">different</span>' in after
