import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.asking import sites
from fakes import UNKNOWN

Headers = dict[str, str]
WANTED = {"conversation_id": "talk-1", "email": "ann@example.org", "message": "hello"}


@pytest.fixture
def shop(parts: Parts) -> Headers:
    with parts.database.write() as session:
        key = sites.create_site(session, "test", "Shop", ["https://shop.example"]).key
    return {"Authorization": f"Bearer {key}", "Origin": "https://shop.example"}


def test_a_visitor_asks_for_a_person_and_an_agent_sees_it_with_the_transcript(
    client: FlaskClient, shop: Headers, agent: Headers
) -> None:
    question = {"text": UNKNOWN, "conversation_id": "talk-1"}
    client.post("/v1/ask", json=question, headers=shop)
    receipt = client.post("/v1/handoffs", json=WANTED, headers=shop)
    assert receipt.status_code == 202
    assert receipt.get_json().keys() == {"conversation_id", "requested_at"}
    [listed] = client.get("/v1/handoffs", headers=agent).get_json()["items"]
    assert (listed["email"], listed["message"], listed["site"]) == (
        "ann@example.org",
        "hello",
        "Shop",
    )
    found = client.get(f"/v1/handoffs/{listed['id']}", headers=agent).get_json()
    assert found["handoff"] == listed
    assert [line["text"] for line in found["transcript"]] == [UNKNOWN]


def test_repeating_it_makes_no_second_one(
    client: FlaskClient, asker: Headers, agent: Headers
) -> None:
    answers = [client.post("/v1/handoffs", json=WANTED, headers=asker).get_json() for _ in "123"]
    assert answers[0] == answers[1] == answers[2]
    assert len(client.get("/v1/handoffs", headers=agent).get_json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"email": "a@b.org\nBcc: all@example.org"}, "/email"),
        ({"email": ""}, "/email"),
        ({"email": None}, "/email"),
        ({"email": "a" * 300 + "@example.org"}, "/email"),
        ({"message": "x" * 2001}, "/message"),
        ({"message": "\u0000"}, "/message"),
        ({"conversation_id": ""}, "/conversation_id"),
        ({"conversation_id": "x" * 101}, "/conversation_id"),
        ({"admin": True}, "/admin"),
    ],
)
def test_a_mistake_is_pointed_at_and_nothing_is_stored(
    client: FlaskClient, asker: Headers, agent: Headers, change: dict[str, object], pointer: str
) -> None:
    response = client.post("/v1/handoffs", json=WANTED | change, headers=asker)
    assert response.status_code == 422
    assert [mistake["pointer"] for mistake in response.get_json()["errors"]] == [pointer]
    assert client.get("/v1/handoffs", headers=agent).get_json()["items"] == []


def test_an_agent_closes_and_opens_it_and_an_admin_erases_it(
    client: FlaskClient, asker: Headers, agent: Headers, admin: Headers
) -> None:
    client.post("/v1/handoffs", json=WANTED, headers=asker)
    [listed] = client.get("/v1/handoffs", headers=agent).get_json()["items"]
    path = f"/v1/handoffs/{listed['id']}"
    closed = client.patch(path, json={"open": False}, headers=agent).get_json()
    assert closed["closed_by"].startswith("agent of a test")
    assert client.get("/v1/handoffs", headers=agent).get_json()["items"] == []
    assert client.get("/v1/handoffs?open=false", headers=agent).get_json()["items"] == [closed]
    assert client.patch(path, json={"open": True}, headers=agent).get_json() == listed
    assert client.delete(path, headers=agent).status_code == 403
    assert client.delete(path, headers=admin).status_code == 204
    assert client.get(path, headers=agent).status_code == 404
    assert client.delete(path, headers=admin).status_code == 404


def test_the_list_has_pages(client: FlaskClient, asker: Headers, agent: Headers) -> None:
    for number in range(5):
        wanted = WANTED | {"conversation_id": f"talk-{number}"}
        client.post("/v1/handoffs", json=wanted, headers=asker)
    seen, cursor = [], ""
    while True:
        page = client.get(f"/v1/handoffs?limit=2{cursor}", headers=agent).get_json()
        seen += [item["conversation_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"talk-{number}" for number in (4, 3, 2, 1, 0)]
