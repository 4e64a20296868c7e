import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.storage.tables import EvaluationQuestion

Headers = dict[str, str]


class TestEvaluationQuestions:
    ROUTE = "/v1/evaluation-questions"

    def test_they_are_listed_changed_and_removed(
        self, parts: Parts, client: FlaskClient, editor: Headers
    ) -> None:
        made = [
            client.post(self.ROUTE, json=body, headers=editor).get_json()
            for body in ({"text": "my tunnel died", "intent": "vpn"}, {"text": "a joke"})
        ]
        page = client.get(f"{self.ROUTE}?limit=1", headers=editor).get_json()
        rest = client.get(f"{self.ROUTE}?cursor={page['next']}", headers=editor).get_json()
        assert page["items"] + rest["items"] == made[::-1]
        assert made[0]["origin"] is None
        assert made[0]["by"] is not None
        out = client.get(f"{self.ROUTE}?out_of_scope=true", headers=editor).get_json()
        assert [item["text"] for item in out["items"]] == ["a joke"]
        address = f"{self.ROUTE}/{made[1]['id']}"
        changed = client.put(address, json={"text": "bill?", "intent": "invoice"}, headers=editor)
        assert changed.get_json()["intent"] == "invoice"
        assert client.delete(address, headers=editor).status_code == 204
        assert client.delete(address, headers=editor).status_code == 404
        body = {"ids": [made[0]["id"], made[1]["id"]]}
        gone = client.post(f"{self.ROUTE}/delete", json=body, headers=editor).get_json()
        assert gone == {"removed": 1}
        with parts.database.read() as session:
            assert session.scalars(select(EvaluationQuestion.id)).all() == []

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"text": "where is my invoice?"}, 409),
            ({"text": "new", "intent": "gone"}, 404),
            ({"text": ""}, 422),
        ],
    )
    def test_what_cannot_measure_is_refused(
        self, client: FlaskClient, editor: Headers, body: dict[str, str], status: int
    ) -> None:
        assert client.post(self.ROUTE, json=body, headers=editor).status_code == status
