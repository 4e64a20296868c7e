"""What is done to many ticked intents at once."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.storage.tables import AuditEvent, Intent, Utterance

AREA = "/console/knowledge"


def owners(parts: Parts) -> dict[str, str]:
    with parts.database.read() as session:
        rows = session.execute(select(Utterance.text, Intent.name).join(Intent))
        return dict(rows.all())


class TestTicked:
    def test_what_would_happen_is_said_first(self, parts: Parts, editor: FlaskClient) -> None:
        form = {"intent": ["vpn", "leave"], "action": "delete"}
        page = editor.post(f"{AREA}/bulk", data=form).text
        assert "Delete 2 intents" in page
        assert "8 utterances" in page
        assert len(set(owners(parts).values())) == 4
        assert editor.post(f"{AREA}/bulk/do", data=form).status_code == 303
        assert set(owners(parts).values()) == {"reset-password", "invoice"}
        listed = editor.get(AREA).text
        undo = re.search(r'action="([^"]+/undo)"', listed)
        assert undo
        editor.post(undo[1])
        assert len(set(owners(parts).values())) == 4

    def test_all_that_the_search_finds(self, parts: Parts, editor: FlaskClient) -> None:
        form = {"all": "1", "q": "leave", "action": "move", "topic": "People"}
        page = editor.post(f"{AREA}/bulk", data=form).text
        assert "Move 1 intent to the topic “People”?" in page
        assert "Book leave" in page

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"action": "delete"}, 400),
            ({"intent": "vpn", "action": "burn"}, 400),
            ({"intent": "gone", "action": "delete"}, 404),
            ({"intent": "vpn", "action": "move", "topic": "x" * 81}, 400),
        ],
    )
    def test_an_unfit_form_is_refused(
        self, editor: FlaskClient, form: dict[str, str], status: int
    ) -> None:
        assert editor.post(f"{AREA}/bulk", data=form).status_code == status


def test_nothing_else_is_undone_as_an_act_on_many(parts: Parts, editor: FlaskClient) -> None:
    with parts.database.read() as session:
        event = session.scalars(select(AuditEvent.id).limit(1)).one()
    assert editor.post(f"{AREA}/acts/{event}/undo").status_code == 404
