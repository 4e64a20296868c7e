import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
BODY = {"text_a": "My card was declined", "text_b": "my transfer was declined", "score": 0.5}


def test_a_pair_can_be_scored_read_and_taken_back(
    client: FlaskClient, agent: Headers, editor: Headers
) -> None:
    response = client.post("/v1/pairs", json=BODY, headers=agent)
    made = response.get_json()
    assert response.status_code == 201
    assert {name: made[name] for name in BODY} == BODY
    assert made["source"] == "api"
    assert client.post("/v1/pairs", json=BODY, headers=editor).get_json() == made
    assert client.get("/v1/pairs", headers=agent).get_json() == {"items": [made], "next": None}
    assert client.delete(f"/v1/pairs/{made['id']}", headers=editor).status_code == 204
    gone = client.delete(f"/v1/pairs/{made['id']}", headers=editor)
    assert gone.status_code == 404
    assert gone.mimetype == "application/problem+json"
    assert client.get("/v1/pairs", headers=agent).get_json()["items"] == []


def test_a_newer_score_replaces_the_one_before_in_whichever_order(
    client: FlaskClient, agent: Headers
) -> None:
    client.post("/v1/pairs", json=BODY, headers=agent)
    turned = {"text_a": BODY["text_b"], "text_b": "MY CARD  was declined", "score": 1}
    client.post("/v1/pairs", json=turned, headers=agent)
    [only] = client.get("/v1/pairs", headers=agent).get_json()["items"]
    assert only["score"] == 1


def test_pages_follow_each_other_from_the_newest_to_the_oldest(
    client: FlaskClient, agent: Headers
) -> None:
    for number in range(5):
        client.post("/v1/pairs", json=BODY | {"text_a": f"text {number}"}, headers=agent)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/pairs", query_string=query, headers=agent).get_json()
        seen += [item["text_a"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [f"text {number}" for number in reversed(range(5))]


def test_what_names_a_visitor_is_not_kept(client: FlaskClient, agent: Headers) -> None:
    body = BODY | {"text_a": "write to ann@example.org please"}
    assert client.post("/v1/pairs", json=body, headers=agent).get_json()["text_a"] == (
        "write to [email] please"
    )


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"score": 1.01}, "/score"),
        ({"score": -0.1}, "/score"),
        ({"score": "0.5"}, "/score"),
        ({"score": None}, "/score"),
        ({"text_a": " "}, "/text_a"),
        ({"text_b": "x" * 501}, "/text_b"),
        ({"text_c": "more"}, "/text_c"),
    ],
)
def test_what_is_no_pair_says_what_is_wrong(
    client: FlaskClient, agent: Headers, change: dict[str, object], pointer: str
) -> None:
    response = client.post("/v1/pairs", json=BODY | change, headers=agent)
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert [error["pointer"] for error in response.get_json()["errors"]] == [pointer]


def test_one_text_twice_is_no_pair(client: FlaskClient, agent: Headers) -> None:
    body = BODY | {"text_b": "MY card was  declined"}
    response = client.post("/v1/pairs", json=body, headers=agent)
    assert response.status_code == 422
    assert "the same" in response.get_json()["detail"]


def test_who_only_asks_scores_nothing_and_an_agent_removes_nothing(
    client: FlaskClient, asker: Headers, agent: Headers
) -> None:
    assert client.post("/v1/pairs", json=BODY, headers=asker).status_code == 403
    made = client.post("/v1/pairs", json=BODY, headers=agent).get_json()
    assert client.delete(f"/v1/pairs/{made['id']}", headers=agent).status_code == 403
