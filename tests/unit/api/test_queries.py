from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.access import audit
from fakes import ANSWERED, UNCLEAR, UNKNOWN

Headers = dict[str, str]
Ask = Callable[..., str]


@pytest.fixture
def asked(parts: Parts) -> Ask:
    """`asked("text")` logs a question and returns its id."""

    def ask_once(text: str = UNCLEAR, conversation: str | None = None, test: bool = False) -> str:
        return parts.answerer.ask(text, conversation, test).query_id

    return ask_once


def listed(client: FlaskClient, headers: Headers, query: str = "") -> list[str]:
    items = client.get(f"/v1/queries?{query}", headers=headers).get_json()["items"]
    return [item["id"] for item in items]


def test_a_query_shows_what_was_asked_and_what_was_made_of_it(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    query_id = asked(UNCLEAR, "c-1")
    body = client.get(f"/v1/queries/{query_id}", headers=agent).get_json()
    assert body["text"] == UNCLEAR
    assert body["decision"] == "clarify"
    assert body["candidates"][0]["intent"] == "reset-password"
    assert (body["conversation_id"], body["model_version"], body["test"]) == ("c-1", 1, False)
    assert body["asked_at"].endswith(("Z", "+00:00"))
    assert (body["helpful"], body["confirmation"]) == (None, None)


def test_an_unknown_query_is_not_found(client: FlaskClient, agent: Headers) -> None:
    assert client.get("/v1/queries/none", headers=agent).status_code == 404


def test_pages_have_no_gaps_and_no_repeats_while_questions_come_in(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    texts = [UNCLEAR, UNKNOWN, ANSWERED, "password VPN"]
    expected = {asked(texts[n % 4]) for n in range(23)}
    seen: list[str] = []
    cursor = ""
    while True:
        path = f"/v1/queries?limit=5{cursor}"
        page = client.get(path, headers=agent).get_json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
        asked("I forgot my password")  # worth least, so at the very end
    assert len(seen) == len(set(seen))
    assert expected <= set(seen)
    assert seen[: len(expected)] == listed(client, agent, "limit=200")[: len(expected)]


def test_the_last_page_says_that_it_is(client: FlaskClient, agent: Headers, asked: Ask) -> None:
    for _ in range(4):
        asked()
    page = client.get("/v1/queries?limit=4", headers=agent).get_json()
    assert (len(page["items"]), page["next"]) == (4, None)


def test_filters_choose(client: FlaskClient, agent: Headers, asked: Ask) -> None:
    unclear, unknown, answered = asked(UNCLEAR, "c-1"), asked(UNKNOWN, "c-1"), asked(ANSWERED)
    test = asked(UNKNOWN, test=True)
    client.put(f"/v1/queries/{unclear}/confirmation", json={"intent": "vpn"}, headers=agent)
    client.post(f"/v1/queries/{answered}/feedback", json={"helpful": False}, headers=agent)
    assert set(listed(client, agent)) == {unclear, unknown, answered, test}
    assert set(listed(client, agent, "reviewed=false&test=false")) == {unknown, answered}
    assert listed(client, agent, "reviewed=true") == [unclear]
    assert listed(client, agent, "intent=vpn") == [unclear]
    assert listed(client, agent, "decision=clarify") == [unclear]
    assert listed(client, agent, "helpful=false") == [answered]
    assert set(listed(client, agent, "conversation_id=c-1")) == {unclear, unknown}
    assert set(listed(client, agent, "q=ELEPHANT")) == {unknown, test}
    assert listed(client, agent, "test=true") == [test]
    assert listed(client, agent, "q=%25") == []


def test_confirming_returns_the_query_with_the_verdict(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    query_id = asked()
    response = client.put(
        f"/v1/queries/{query_id}/confirmation", json={"intent": "vpn"}, headers=agent
    )
    confirmation = response.get_json()["confirmation"]
    assert response.status_code == 200
    assert confirmation["intent"] == "vpn"
    assert confirmation["part"] in ("training", "held_out")
    assert confirmation["by"].startswith("agent of a test")


def test_confirming_twice_is_confirming_once(
    client: FlaskClient, agent: Headers, asked: Ask, parts: Parts
) -> None:
    path = f"/v1/queries/{asked()}/confirmation"
    first = client.put(path, json={"intent": "vpn"}, headers=agent).get_json()
    second = client.put(path, json={"intent": "vpn"}, headers=agent).get_json()
    assert first == second
    with parts.database.read() as session:
        events = audit.list_events(session, None, 50)
    assert [event.action for event in events].count("query.confirm") == 1


def test_a_verdict_can_be_none_of_these_and_can_be_corrected(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    path = f"/v1/queries/{asked()}/confirmation"
    for intent in (None, "vpn", "invoice", None):
        body = client.put(path, json={"intent": intent}, headers=agent).get_json()
        assert body["confirmation"]["intent"] == intent


def test_the_intent_must_be_said_even_if_it_is_none(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    response = client.put(f"/v1/queries/{asked()}/confirmation", json={}, headers=agent)
    assert response.status_code == 422
    assert response.get_json()["errors"] == [{"pointer": "/intent", "detail": "Field required"}]


def test_an_unknown_intent_and_a_test_query_cannot_be_confirmed(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    unknown = client.put(
        f"/v1/queries/{asked()}/confirmation", json={"intent": "nothing"}, headers=agent
    )
    test = client.put(
        f"/v1/queries/{asked(test=True)}/confirmation", json={"intent": "vpn"}, headers=agent
    )
    assert (unknown.status_code, test.status_code) == (404, 409)


def test_undoing_returns_the_query_to_the_queue_and_may_be_repeated(
    client: FlaskClient, agent: Headers, asked: Ask
) -> None:
    query_id = asked()
    path = f"/v1/queries/{query_id}/confirmation"
    client.put(path, json={"intent": "vpn"}, headers=agent)
    assert listed(client, agent, "reviewed=false") == []
    for _ in range(2):
        assert client.delete(path, headers=agent).status_code == 204
    assert listed(client, agent, "reviewed=false") == [query_id]


def test_undoing_on_an_unknown_query_is_not_found(client: FlaskClient, agent: Headers) -> None:
    assert client.delete("/v1/queries/none/confirmation", headers=agent).status_code == 404
