from dataclasses import replace

from flask.testing import FlaskClient

from chatbot.app import create_app
from chatbot.bootstrap import Parts


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
    assert "img-src" not in policy


def test_pictures_of_previews_come_from_where_those_of_visitors_do(parts: Parts) -> None:
    origins = "https://cdn.example, http://Pictures.example:8080"
    settings = parts.settings.model_copy(update={"image_origins": origins})
    client = create_app(parts=replace(parts, settings=settings), follow=False).test_client()
    policy = client.get("/console/sign-in").headers["Content-Security-Policy"]
    assert policy.endswith("; img-src 'self' http://pictures.example:8080 https://cdn.example")
