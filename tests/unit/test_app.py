from flask.testing import FlaskClient


def test_every_response_carries_security_headers(client: FlaskClient) -> None:
    for path in ("/", "/healthz", "/docs", "/openapi.json", "/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_pages_forbid_every_script_and_style_that_is_not_theirs(client: FlaskClient) -> None:
    policy = client.get("/console/sign-in").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
