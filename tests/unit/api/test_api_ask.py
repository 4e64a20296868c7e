import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.storage.tables import Query
from fakes import ANSWERED, KNOWN, UNCLEAR, UNKNOWN

Headers = dict[str, str]


def stored(parts: Parts, query_id: str) -> Query:
    with parts.database.read() as session:
        row = session.get(Query, query_id)
    assert row is not None
    return row


def test_a_close_question_is_answered(client: FlaskClient, asker: Headers) -> None:
    response = client.post("/v1/ask", json={"text": ANSWERED}, headers=asker)
    body = response.get_json()
    assert response.status_code == 200
    assert body["decision"] == "answer"
    assert body["answer"] == {
        "intent": "reset-password",
        "title": "Reset your password",
        "body": "Open https://id.example/reset.",
    }
    assert body["candidates"][0]["title"] == "Reset your password"
    assert (body["model_version"], body["knowledge_revision"]) == (1, 4)


def test_a_known_utterance_is_answered_with_certainty(client: FlaskClient, asker: Headers) -> None:
    body = client.post("/v1/ask", json={"text": KNOWN}, headers=asker).get_json()
    assert body["decision"] == "answer"
    assert [(c["intent"], c["probability"]) for c in body["candidates"]] == [
        ("reset-password", 1.0)
    ]


def test_an_unclear_question_is_answered_with_a_choice(client: FlaskClient, asker: Headers) -> None:
    body = client.post("/v1/ask", json={"text": UNCLEAR}, headers=asker).get_json()
    assert body["decision"] == "clarify"
    assert body["answer"] is None
    assert [c["intent"] for c in body["candidates"]] == ["reset-password", "vpn"]


def test_an_unknown_question_is_handed_over(client: FlaskClient, asker: Headers) -> None:
    body = client.post("/v1/ask", json={"text": UNKNOWN}, headers=asker).get_json()
    assert (body["decision"], body["answer"]) == ("handoff", None)


def test_the_question_is_stored_redacted_before_the_answer_leaves(
    client: FlaskClient, asker: Headers, parts: Parts
) -> None:
    asked = {"text": "reset my password, mail me at ann@example.org", "conversation_id": "c-1"}
    body = client.post("/v1/ask", json=asked, headers=asker).get_json()
    row = stored(parts, body["query_id"])
    assert row.text == "reset my password, mail me at [email]"
    assert (row.conversation_id, row.test, row.decision) == ("c-1", False, body["decision"])


def test_a_test_question_is_marked(client: FlaskClient, asker: Headers, parts: Parts) -> None:
    body = client.post("/v1/ask", json={"text": UNCLEAR, "test": True}, headers=asker).get_json()
    row = stored(parts, body["query_id"])
    assert (row.test, row.usefulness) == (True, 0.0)


def test_ask_without_a_version_is_the_same_route(client: FlaskClient, asker: Headers) -> None:
    body = client.post("/ask", json={"text": ANSWERED}, headers=asker).get_json()
    assert body["answer"]["intent"] == "reset-password"


def test_no_answer_leaves_that_could_not_be_stored(
    client: FlaskClient, asker: Headers, broken_database: None
) -> None:
    response = client.post("/v1/ask", json={"text": ANSWERED}, headers=asker)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "answer" not in response.get_json()


@pytest.mark.parametrize("helpful", [True, False])
def test_feedback_is_kept_and_repeating_it_changes_nothing(
    client: FlaskClient, asker: Headers, parts: Parts, helpful: bool
) -> None:
    query_id = client.post("/v1/ask", json={"text": ANSWERED}, headers=asker).get_json()["query_id"]
    for _ in range(2):
        response = client.post(
            f"/v1/queries/{query_id}/feedback", json={"helpful": helpful}, headers=asker
        )
        assert response.get_json() == {"query_id": query_id, "helpful": helpful}
    assert stored(parts, query_id).helpful is helpful


def test_feedback_on_an_unknown_query_is_not_found(client: FlaskClient, asker: Headers) -> None:
    response = client.post("/v1/queries/none/feedback", json={"helpful": True}, headers=asker)
    assert response.status_code == 404
    assert response.get_json()["detail"] == "There is no query none."
