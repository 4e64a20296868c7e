import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.storage.tables import EvaluationQuestion

AREA = "/console/knowledge"


class TestQuestions:
    PAGE = f"{AREA}/questions"

    def stored(self, parts: Parts) -> dict[str, str | None]:
        with parts.database.read() as session:
            rows = session.scalars(select(EvaluationQuestion).order_by(EvaluationQuestion.id))
            return {row.text: row.intent.name if row.intent else None for row in rows}

    def test_they_are_added_edited_removed_and_brought_back(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        editor.post(self.PAGE, data={"text": "my tunnel died", "intent": "vpn"})
        editor.post(self.PAGE, data={"text": "do you sell bread", "intent": ""})
        page = editor.get(f"{self.PAGE}?scope=out").text
        assert "do you sell bread" in page
        assert "my tunnel died" not in page
        ids = re.findall(r'name="question" value="(\d+)"', page)
        change = {"text": "have you bread", "intent": ""}
        assert editor.post(f"{self.PAGE}/{ids[0]}", data=change).status_code == 303
        assert self.stored(parts) == {"my tunnel died": "vpn", "have you bread": None}
        assert editor.post(f"{self.PAGE}/remove", data={"question": ids}).status_code == 303
        assert self.stored(parts) == {"my tunnel died": "vpn"}
        undo = re.search(r'action="([^"]+/undo)"', editor.get(self.PAGE).text)
        assert undo
        assert editor.post(undo[1]).status_code == 303
        assert len(self.stored(parts)) == 2

    def test_all_found_are_removed_at_once(self, parts: Parts, editor: FlaskClient) -> None:
        csv = "text,intent\n" + "".join(f"question {n},\n" for n in range(70)) + "tunnel?,vpn\n"
        assert editor.post(f"{self.PAGE}/import", data={"pasted": csv}).status_code == 303
        assert len(self.stored(parts)) == 71
        editor.post(f"{self.PAGE}/remove", data={"all": "1", "scope": "out"})
        assert self.stored(parts) == {"tunnel?": "vpn"}

    @pytest.mark.parametrize(
        ("path", "form", "status"),
        [
            ("", {"text": "where is my invoice?"}, 409),
            ("", {"text": "new", "intent": "gone"}, 404),
            ("", {"text": " "}, 422),
            ("/remove", {}, 422),
            ("/import", {}, 400),
            ("/import", {"pasted": "text,intent\nnew,gone\n"}, 422),
            ("/999", {"text": "new"}, 404),
        ],
    )
    def test_what_is_unfit_changes_nothing(
        self, parts: Parts, editor: FlaskClient, path: str, form: dict[str, str], status: int
    ) -> None:
        assert editor.post(self.PAGE + path, data=form).status_code == status
        assert self.stored(parts) == {}
