import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]


def test_a_new_key_is_shown_once_and_works(client: FlaskClient, admin: Headers) -> None:
    asked = {"name": "widget", "scope": "ask"}
    response = client.post("/v1/admin/keys", json=asked, headers=admin)
    made = response.get_json()
    assert response.status_code == 201
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.post("/v1/ask", json={"text": "hello"}, headers=headers).status_code == 200
    listed = client.get("/v1/admin/keys", headers=admin)
    assert made["id"] in [item["id"] for item in listed.get_json()["items"]]
    assert made["key"] not in listed.text


@pytest.mark.parametrize(
    ("expires_at", "status"),
    [("2001-01-01T00:00:00Z", 401), ("2999-01-01T00:00:00+02:00", 200)],
)
def test_a_key_lives_until_it_expires(
    client: FlaskClient, admin: Headers, expires_at: str, status: int
) -> None:
    asked = {"name": "visitor", "scope": "agent", "expires_at": expires_at}
    made = client.post("/v1/admin/keys", json=asked, headers=admin).get_json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/v1/queries", headers=headers).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": "", "scope": "ask"},
        {"name": "x", "scope": "root"},
        {"name": "x", "scope": "ask", "expires_at": "tomorrow"},
        {"name": "x", "scope": "ask", "expires_at": "2030-01-01T00:00:00"},
        {"name": "x", "scope": "ask", "expires_at": "0001-01-01T00:00:00+14:00"},
        {"name": "a\u0000b", "scope": "ask"},
    ],
)
def test_a_bad_key_request_is_refused(
    client: FlaskClient, admin: Headers, body: dict[str, str]
) -> None:
    assert client.post("/v1/admin/keys", json=body, headers=admin).status_code == 422


def test_revoking_an_unknown_key_is_not_found(client: FlaskClient, admin: Headers) -> None:
    assert client.delete("/v1/admin/keys/none", headers=admin).status_code == 404


def test_the_trail_tells_who_did_what_in_pages(client: FlaskClient, admin: Headers) -> None:
    client.patch("/v1/intents/vpn", json={"title": "Tunnel"}, headers=admin)
    seen, cursor = [], ""
    while True:
        page = client.get(f"/v1/admin/audit?limit=7{cursor}", headers=admin).get_json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    ids = [event["id"] for event in seen]
    assert ids == list(range(len(ids), 0, -1))
    assert (seen[0]["action"], seen[0]["subject"]) == ("intent.change", "vpn")
    assert seen[0]["actor"].startswith("admin of a test")
    assert seen[0]["detail"]["after"] == {"title": "Tunnel"}
