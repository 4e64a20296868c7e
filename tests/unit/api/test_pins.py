from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from fakes import ANSWERED, UNKNOWN

Headers = dict[str, str]


def test_a_pin_can_be_made_read_and_removed(client: FlaskClient, editor: Headers) -> None:
    body = {"text": ANSWERED, "intent": "reset-password"}
    response = client.post("/v1/pins", json=body, headers=editor)
    made = response.get_json()
    assert response.status_code == 201
    assert (made["text"], made["intent"], made["fault"]) == (ANSWERED, "reset-password", None)
    assert client.post("/v1/pins", json=body, headers=editor).get_json() == made
    assert client.get("/v1/pins", headers=editor).get_json() == {
        "model_version": 1,
        "items": [made],
    }
    assert client.delete(f"/v1/pins/{made['id']}", headers=editor).status_code == 204
    assert client.delete(f"/v1/pins/{made['id']}", headers=editor).status_code == 404
    assert client.get("/v1/pins", headers=editor).get_json()["items"] == []


def test_broken_pins_are_named_with_their_fault(
    client: FlaskClient, editor: Headers, parts: Parts
) -> None:
    client.post("/v1/pins", json={"text": UNKNOWN, "intent": "vpn"}, headers=editor)
    client.post("/v1/pins", json={"text": ANSWERED, "intent": "reset-password"}, headers=editor)
    client.patch("/v1/intents/reset-password", json={"enabled": False}, headers=editor)
    parts.live.refresh()
    items = client.get("/v1/pins", headers=editor).get_json()["items"]
    assert [item["fault"] for item in items] == ["the bot hands over", "its intent is a draft"]


def test_what_cannot_be_pinned_says_why(client: FlaskClient, editor: Headers) -> None:
    def status(**body: object) -> int:
        return client.post("/v1/pins", json=body, headers=editor).status_code

    assert status(text="q", intent="nothing") == 404
    assert status(text=" ", intent="vpn") == 422
    assert status(text="x" * 501, intent="vpn") == 422
    assert status(text="q") == 422
    assert status(text=ANSWERED, intent="reset-password") == 201
    assert status(text=ANSWERED, intent="vpn") == 409


def test_an_agent_reads_pins_but_sets_none(client: FlaskClient, agent: Headers) -> None:
    body = {"text": ANSWERED, "intent": "vpn"}
    assert client.get("/v1/pins", headers=agent).status_code == 200
    assert client.post("/v1/pins", json=body, headers=agent).status_code == 403
