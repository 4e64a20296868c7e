import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from fakes import FAQ

Headers = dict[str, str]

PRINTER = {
    "name": "printer",
    "title": "Fix the printer",
    "answer": "Turn it off and on.",
    "topic": "office",
    "utterances": ["the printer is stuck", "no paper comes out"],
}


@pytest.fixture
def nudges(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The committed revisions that a nudge announced."""
    seen: list[int] = []

    def send() -> None:
        target = parts.models.read_target()
        seen.append(target.revision if target else -1)

    monkeypatch.setattr(parts.nudge, "send", send)
    return seen


def test_intents_are_listed_by_name_in_pages(client: FlaskClient, agent: Headers) -> None:
    first = client.get("/v1/intents?limit=3", headers=agent).get_json()
    rest = client.get(f"/v1/intents?limit=3&cursor={first['next']}", headers=agent).get_json()
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == sorted(FAQ)
    assert rest["next"] is None
    assert first["items"][0]["utterances"] == 4


def test_a_new_intent_can_be_read_back(client: FlaskClient, editor: Headers) -> None:
    response = client.post("/v1/intents", json=PRINTER, headers=editor)
    created = response.get_json()
    assert response.status_code == 201
    assert client.get("/v1/intents/printer", headers=editor).get_json() == created
    assert [u["text"] for u in created["utterances"]] == PRINTER["utterances"]
    assert created["enabled"] is True


def test_a_new_intent_answers_as_soon_as_a_matcher_looks(
    client: FlaskClient, editor: Headers, parts: Parts
) -> None:
    client.post("/v1/intents", json=PRINTER, headers=editor)
    parts.live.refresh()
    body = client.post("/v1/ask", json={"text": "the printer is stuck"}, headers=editor).get_json()
    assert body["answer"]["body"] == "Turn it off and on."


def test_every_edit_is_announced_after_it_is_committed(
    client: FlaskClient, editor: Headers, nudges: list[int]
) -> None:
    revision = 4
    client.post("/v1/intents", json=PRINTER, headers=editor)
    client.patch("/v1/intents/printer", json={"title": "Printers"}, headers=editor)
    added = client.post(
        "/v1/intents/printer/utterances", json={"text": "ink is out"}, headers=editor
    )
    path = f"/v1/intents/printer/utterances/{added.get_json()['id']}"
    client.put(path, json={"text": "the ink is out"}, headers=editor)
    client.delete(path, headers=editor)
    client.delete("/v1/intents/printer", headers=editor)
    assert nudges == [revision + step for step in (1, 2, 3, 4, 5, 6)]


def test_a_taken_name_is_a_conflict(client: FlaskClient, editor: Headers) -> None:
    response = client.post("/v1/intents", json=PRINTER | {"name": "vpn"}, headers=editor)
    assert response.status_code == 409
    assert response.get_json()["type"] == "urn:chatbot:problem:conflict"


def test_a_taken_utterance_is_a_conflict_that_names_both_intents(
    client: FlaskClient, editor: Headers
) -> None:
    wanted = PRINTER | {"utterances": ["fresh one", "i forgot  my PASSWORD"]}
    response = client.post("/v1/intents", json=wanted, headers=editor)
    body = response.get_json()
    assert response.status_code == 409
    assert body["type"] == "urn:chatbot:problem:utterance-taken"
    assert "reset-password" in body["detail"]
    assert "printer" in body["detail"]
    assert client.get("/v1/intents/printer", headers=editor).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"title": "New"}, {"answer": "New"}, {"topic": "New"}, {"topic": ""}, {"enabled": False}, {}],
)
def test_a_patch_changes_only_what_it_names(
    client: FlaskClient, editor: Headers, change: dict[str, object]
) -> None:
    before = client.get("/v1/intents/vpn", headers=editor).get_json()
    after = client.patch("/v1/intents/vpn", json=change, headers=editor).get_json()
    del before["updated_at"], after["updated_at"]
    assert after == before | change


@pytest.mark.parametrize(
    "change",
    [{"title": None}, {"answer": None}, {"enabled": None}, {"title": " "}, {"name": "other"}],
)
def test_a_patch_cannot_empty_or_rename(
    client: FlaskClient, editor: Headers, change: dict[str, object]
) -> None:
    assert client.patch("/v1/intents/vpn", json=change, headers=editor).status_code == 422


def test_a_disabled_intent_is_no_longer_matched(
    client: FlaskClient, editor: Headers, parts: Parts
) -> None:
    client.patch("/v1/intents/vpn", json={"enabled": False}, headers=editor)
    parts.live.refresh()
    body = client.post(
        "/v1/ask", json={"text": "how do I set up the VPN?"}, headers=editor
    ).get_json()
    assert "vpn" not in [c["intent"] for c in body["candidates"]]


def test_a_deleted_intent_is_gone(client: FlaskClient, editor: Headers) -> None:
    assert client.delete("/v1/intents/vpn", headers=editor).status_code == 204
    assert client.get("/v1/intents/vpn", headers=editor).status_code == 404
    assert client.delete("/v1/intents/vpn", headers=editor).status_code == 404


def test_adding_an_utterance_twice_adds_it_once(client: FlaskClient, editor: Headers) -> None:
    path = "/v1/intents/vpn/utterances"
    first = client.post(path, json={"text": "tunnel is down"}, headers=editor)
    second = client.post(path, json={"text": "Tunnel is  down"}, headers=editor)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()


def test_an_utterance_can_be_reworded_and_removed(client: FlaskClient, editor: Headers) -> None:
    old = client.get("/v1/intents/vpn", headers=editor).get_json()["utterances"][0]
    path = f"/v1/intents/vpn/utterances/{old['id']}"
    changed = client.put(path, json={"text": "tunnel is down"}, headers=editor)
    assert changed.get_json() == {"id": old["id"], "text": "tunnel is down"}
    assert client.delete(path, headers=editor).status_code == 204
    assert client.delete(path, headers=editor).status_code == 404


def test_an_utterance_of_another_intent_is_not_found_here(
    client: FlaskClient, editor: Headers
) -> None:
    other = client.get("/v1/intents/leave", headers=editor).get_json()["utterances"][0]
    path = f"/v1/intents/vpn/utterances/{other['id']}"
    assert client.put(path, json={"text": "anything"}, headers=editor).status_code == 404


def test_rewording_to_a_taken_phrasing_is_a_conflict(client: FlaskClient, editor: Headers) -> None:
    own, sibling = client.get("/v1/intents/vpn", headers=editor).get_json()["utterances"][:2]
    path = f"/v1/intents/vpn/utterances/{own['id']}"
    for text in (sibling["text"], "I forgot my password"):
        assert client.put(path, json={"text": text}, headers=editor).status_code == 409


@pytest.mark.parametrize("name", ["Upper", "with space", "-dash", "", "a" * 81, "vpn\n"])
def test_a_bad_name_is_refused(client: FlaskClient, editor: Headers, name: str) -> None:
    response = client.post("/v1/intents", json=PRINTER | {"name": name}, headers=editor)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"] == "/name"


def test_at_most_a_thousand_utterances_come_at_once(client: FlaskClient, editor: Headers) -> None:
    many = PRINTER | {"utterances": [f"question {n}" for n in range(1001)]}
    assert client.post("/v1/intents", json=many, headers=editor).status_code == 422
    many["utterances"] = many["utterances"][:1000]
    assert client.post("/v1/intents", json=many, headers=editor).status_code == 201
