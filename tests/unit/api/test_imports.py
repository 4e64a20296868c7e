from flask.testing import FlaskClient

Headers = dict[str, str]
ROWS = "text,intent,answer\nwhere is my parcel?,parcels,Look.\n"


def test_a_small_file_with_mistakes_is_refused_and_not_kept(
    client: FlaskClient, editor: Headers
) -> None:
    refused = client.post("/v1/imports", data=b"text,intent\n,wifi\n", headers=editor)
    assert refused.status_code == 422
    assert ":2:" in refused.get_json()["detail"]
    assert client.get("/v1/imports/1", headers=editor).status_code == 404


def test_the_reply_says_where_the_import_is(client: FlaskClient, editor: Headers) -> None:
    sent = client.post("/v1/imports", data=ROWS, headers=editor)
    assert client.get(sent.headers["Location"], headers=editor).get_json() == sent.get_json()


def test_a_decision_that_there_is_not_is_refused(client: FlaskClient, editor: Headers) -> None:
    found = client.post("/v1/imports", data=ROWS, headers=editor).get_json()
    body = {"decided": {"where is my parcel?": "burn"}}
    address = f"/v1/imports/{found['id']}"
    assert client.post(address, json=body, headers=editor).status_code == 422
    assert client.get(f"{address}/left-out", headers=editor).status_code == 404


def test_nothing_is_no_file(client: FlaskClient, editor: Headers) -> None:
    assert client.post("/v1/imports", data=b"", headers=editor).status_code == 400


def test_agents_may_not_import(client: FlaskClient, agent: Headers) -> None:
    assert client.post("/v1/imports", data=ROWS, headers=agent).status_code == 403
