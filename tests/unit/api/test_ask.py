import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.storage.tables import Query
from fakes import ANSWERED, KNOWN, UNCLEAR, UNKNOWN
from shops import make_site

Headers = dict[str, str]
QUESTION = {"text": ANSWERED}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


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


@pytest.fixture
def shop(parts: Parts) -> Headers:
    return make_site(parts)


class TestIdempotency:
    def test_a_repeated_question_is_logged_once_and_answered_the_same(
        self, client: FlaskClient, agent: Headers
    ) -> None:
        first, again = (
            client.post("/v1/ask", json={"text": UNCLEAR}, headers=agent | KEY).get_json()
            for _ in range(2)
        )
        assert again == first
        assert len(client.get("/v1/queries", headers=agent).get_json()["items"]) == 1

    def test_without_it_each_is_another(self, client: FlaskClient, agent: Headers) -> None:
        ids = {
            client.post("/ask", json=QUESTION, headers=agent).get_json()["query_id"] for _ in "12"
        }
        assert len(ids) == 2

    def test_another_question_with_it_is_a_conflict(
        self, client: FlaskClient, agent: Headers
    ) -> None:
        client.post("/v1/ask", json=QUESTION, headers=agent | KEY)
        response = client.post("/v1/ask", json={"text": UNCLEAR}, headers=agent | KEY)
        assert response.status_code == 409
        assert "Idempotency-Key" in response.get_json()["detail"]

    def test_it_is_each_callers_own(
        self, client: FlaskClient, agent: Headers, shop: Headers
    ) -> None:
        one = client.post("/v1/ask", json=QUESTION, headers=agent | KEY).get_json()
        other = client.post("/v1/ask", json=QUESTION, headers=shop | KEY).get_json()
        assert one["query_id"] != other["query_id"]

    @pytest.mark.parametrize("given", ["", "short", "x" * 201, "with a space in it", "ü" * 20])
    def test_one_that_is_easy_to_guess_or_no_key_is_refused(
        self, client: FlaskClient, agent: Headers, given: str
    ) -> None:
        headers = agent | {"Idempotency-Key": given}
        assert client.post("/v1/ask", json=QUESTION, headers=headers).status_code == 400


class TestHtml:
    def test_an_answer_comes_as_markdown_or_as_safe_html(
        self, client: FlaskClient, shop: Headers
    ) -> None:
        plain = client.post("/v1/ask", json=QUESTION, headers=shop).get_json()
        html = client.post("/v1/ask", json=QUESTION | {"format": "html"}, headers=shop).get_json()
        assert plain["answer"]["body"] == "Open https://id.example/reset."
        link = '<a href="https://id.example/reset" rel="noopener nofollow">'
        assert html["answer"]["body"].strip() == (
            f"<p>Open {link}https://id.example/reset</a>.</p>"
        )

    def test_a_place_of_the_site_is_a_link_in_its_pages(
        self, client: FlaskClient, editor: Headers, shop: Headers, parts: Parts
    ) -> None:
        text = "[guide](/help/x) ![shot](https://evil.example/s.png)"
        client.patch("/v1/intents/reset-password", json={"answer": text}, headers=editor)
        parts.live.refresh()
        answer = client.post("/v1/ask", json=QUESTION | {"format": "html"}, headers=shop)
        body = answer.get_json()["answer"]["body"]
        assert 'href="/help/x"' in body
        assert "<img" not in body
        assert 'href="https://evil.example/s.png"' in body

    def test_hostile_answers_are_harmless(
        self, client: FlaskClient, editor: Headers, shop: Headers, parts: Parts
    ) -> None:
        text = "**bold** <img src=x onerror=alert(1)> [x](javascript:alert(1))"
        client.patch("/v1/intents/reset-password", json={"answer": text}, headers=editor)
        parts.live.refresh()
        body = client.post("/v1/ask", json=QUESTION | {"format": "html"}, headers=shop).get_json()[
            "answer"
        ]["body"]
        assert "<strong>bold</strong>" in body
        assert "<img" not in body
        assert "<a" not in body

    def test_no_other_format(self, client: FlaskClient, shop: Headers) -> None:
        body = QUESTION | {"format": "pdf"}
        assert client.post("/v1/ask", json=body, headers=shop).status_code == 422


class TestChoice:
    def ask_unclear(self, client: FlaskClient, headers: Headers) -> str:
        answer = client.post("/v1/ask", json={"text": UNCLEAR}, headers=headers).get_json()
        assert answer["decision"] == "clarify"
        return str(answer["query_id"])

    def test_it_brings_the_answer_and_agents_see_it(
        self, client: FlaskClient, shop: Headers, agent: Headers
    ) -> None:
        query_id = self.ask_unclear(client, shop)
        path = f"/v1/queries/{query_id}/choice"
        for intent in ("reset-password", "vpn", "vpn"):
            card = client.post(path, json={"intent": intent}, headers=shop).get_json()
        assert card == {
            "intent": "vpn",
            "title": "Connect to the VPN",
            "body": "Start the VPN client and sign in.",
        }
        found = client.get(f"/v1/queries/{query_id}", headers=agent).get_json()
        assert found["chosen_intent"] == "vpn"

    @pytest.mark.parametrize(("intent", "status"), [("no-such", 409), ("No Name", 422), (7, 422)])
    def test_only_a_candidate_can_be_chosen(
        self, client: FlaskClient, shop: Headers, intent: object, status: int
    ) -> None:
        path = f"/v1/queries/{self.ask_unclear(client, shop)}/choice"
        assert client.post(path, json={"intent": intent}, headers=shop).status_code == status

    def test_what_is_gone_is_not_found(
        self, client: FlaskClient, shop: Headers, editor: Headers, parts: Parts
    ) -> None:
        path = f"/v1/queries/{self.ask_unclear(client, shop)}/choice"
        client.delete("/v1/intents/vpn", headers=editor)
        parts.live.refresh()
        assert client.post(path, json={"intent": "vpn"}, headers=shop).status_code == 404
        other = "/v1/queries/none/choice"
        assert client.post(other, json={"intent": "vpn"}, headers=shop).status_code == 404


def test_popular_questions_may_be_kept_for_minutes(client: FlaskClient, shop: Headers) -> None:
    response = client.get("/v1/popular-questions", headers=shop)
    assert response.headers["Cache-Control"] == "private, max-age=300"
    items = response.get_json()["items"]
    assert items[0] == {"title": "Reset your password", "question": "I forgot my password"}
    assert len(items) == 4
