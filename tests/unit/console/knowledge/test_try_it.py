from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.storage.tables import Query
from fakes import ANSWERED


def test_a_trial_says_why_and_is_not_logged(parts: Parts, editor: FlaskClient) -> None:
    page = editor.post("/console/knowledge/try", data={"text": ANSWERED}).text
    assert "how do I reset my password?" in page
    with parts.database.read() as session:
        assert session.scalars(select(Query.id)).all() == []
    assert editor.post("/console/knowledge/try", data={"text": " "}).status_code == 422
