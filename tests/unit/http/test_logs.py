import pytest
import structlog
from flask.testing import FlaskClient
from structlog.testing import capture_logs

Headers = dict[str, str]


@pytest.mark.parametrize("presented", ["abc-1.2_3", "a" * 100])
def test_a_good_request_id_is_echoed(client: FlaskClient, presented: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": presented})
    assert response.headers["X-Request-ID"] == presented


@pytest.mark.parametrize("presented", ["a" * 101, "a b", "ä", '"><script>', ""])
def test_a_bad_request_id_is_replaced(client: FlaskClient, presented: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": presented})
    assert response.headers["X-Request-ID"] != presented
    assert len(response.headers["X-Request-ID"]) == 32


def test_the_access_log_has_the_route_and_never_the_text(
    client: FlaskClient, asker: Headers, agent: Headers
) -> None:
    with capture_logs() as logs:
        client.post("/v1/ask", json={"text": "zebra secret"}, headers=asker)
        client.get("/v1/queries?q=zebra", headers=agent)
        client.get("/zebra")
    assert [(line["method"], line["route"], line["status"]) for line in logs] == [
        ("POST", "/v1/ask", 200),
        ("GET", "/v1/queries", 200),
        ("GET", None, 404),
    ]
    assert all(line["ms"] >= 0 and line["request_id"] for line in logs)
    assert "zebra" not in repr(logs)
    assert structlog.is_configured()
