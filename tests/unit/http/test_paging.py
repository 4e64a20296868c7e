import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("cursor=!!", "cursor"),
        ("cursor=bmFuOmE", "cursor"),
        ("cursor=MWU5OTk6YQ", "cursor"),
        ("cursor=%00", "cursor"),
        ("reviewed=perhaps", "reviewed"),
        ("decision=maybe", "decision"),
        ("intent=No%20Name", "intent"),
        ("q=%00", "q"),
        ("q=" + "a" * 201, "q"),
        ("colour=red", "colour"),
    ],
)
def test_a_malformed_parameter_is_named(
    client: FlaskClient, agent: Headers, query: str, parameter: str
) -> None:
    response = client.get(f"/v1/queries?{query}", headers=agent)
    assert response.status_code == 422
    assert [m["parameter"] for m in response.get_json()["errors"]] == [parameter]


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/admin/jobs", "/v1/admin/audit", "/v1/handoffs", "/v1/intents"]
)
@pytest.mark.parametrize("cursor", ["!!", "AAAA", "OTk5OTk5OTk5OTk5", "4pi6", "w7w"])
def test_a_bad_cursor_is_refused_by_every_list(
    client: FlaskClient, admin: Headers, path: str, cursor: str
) -> None:
    status = client.get(f"{path}?cursor={cursor}", headers=admin).status_code
    assert status == 422 or (path == "/v1/intents" and status == 200)
