"""Every error has one shape, application/problem+json, and leaks nothing."""

import json

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from chatbot import errors
from chatbot.bootstrap import Parts
from chatbot.http.errors import TABLE, explain, status_of

Headers = dict[str, str]


def assert_problem(response: TestResponse, status: int) -> dict[str, object]:
    body: dict[str, object] = response.get_json()
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= body.keys()
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert str(body["type"]).startswith("urn:chatbot:problem:")
    assert body["title"]
    assert body["detail"]
    return body


def test_an_unknown_path_is_a_problem(client: FlaskClient) -> None:
    body = assert_problem(client.get("/v2/nothing?text=secret"), 404)
    assert body["instance"] == "/v2/nothing"


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(client: FlaskClient) -> None:
    response = client.get("/v1/ask")
    assert_problem(response, 405)
    assert "POST" in response.headers["Allow"]


def test_a_large_body_is_a_problem(client: FlaskClient, asker: Headers) -> None:
    response = client.post("/v1/ask", json={"text": "a" * 70_000}, headers=asker)
    assert_problem(response, 413)


def test_a_wrong_content_type_is_a_problem(client: FlaskClient, asker: Headers) -> None:
    assert_problem(client.post("/v1/ask", data="text=hello", headers=asker), 415)


def test_missing_and_small_keys_are_problems(client: FlaskClient, asker: Headers) -> None:
    assert_problem(client.get("/v1/queries"), 401)
    body = assert_problem(client.get("/v1/queries", headers=asker), 403)
    assert body["type"] == "urn:chatbot:problem:not-authorised"


def test_validation_points_at_every_mistake(client: FlaskClient, editor: Headers) -> None:
    wrong = {"name": "No Good", "title": "", "utterances": ["fine", " "], "a/b": 1}
    body = assert_problem(client.post("/v1/intents", json=wrong, headers=editor), 422)
    pointers = {mistake["pointer"] for mistake in body["errors"]}  # type: ignore[attr-defined]
    assert pointers == {"/name", "/title", "/answer", "/utterances/1", "/a~1b"}


def test_a_surprise_is_a_500_that_tells_nothing(app: APIFlask, asker: Headers) -> None:
    secret = "my secret question"

    class Fails:
        def ask(self, *question: object) -> None:
            raise RuntimeError(secret)

    object.__setattr__(app.extensions["chatbot"], "answerer", Fails())
    with capture_logs() as logs:
        response = app.test_client().post("/v1/ask", json={"text": secret}, headers=asker)
    body = assert_problem(response, 500)
    assert secret not in json.dumps(body)
    [logged] = [line for line in logs if line["event"] == "error"]
    assert logged["kinds"] == ["RuntimeError"]
    assert "in ask" in logged["traceback"]
    assert logged["request_id"] == body["request_id"]
    assert secret not in logged["traceback"].replace("RuntimeError(secret)", "")


def test_a_missing_model_is_a_503_that_says_when_to_come_back(
    app: APIFlask, parts: Parts, asker: Headers
) -> None:
    parts.live._current = None
    response = app.test_client().post("/v1/ask", json={"text": "hello"}, headers=asker)
    assert_problem(response, 503)
    assert response.headers["Retry-After"] == "5"


def test_who_asks_too_early_hears_what_becomes_of_the_first_model(client: FlaskClient) -> None:
    with client.application.test_request_context():
        status, _, detail = explain(errors.NotReady("The first model is being made."))
    assert (status, detail) == (503, "The first model is being made.")


def every_error() -> list[type[Exception]]:
    found: list[type[Exception]] = []
    waiting = [errors.ChatbotError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", every_error())
def test_every_error_of_the_package_has_a_status(kind: type[Exception]) -> None:
    status, title = status_of(kind.__new__(kind))
    assert 400 <= status < 600
    assert title


def test_what_an_admin_never_meets_is_our_fault() -> None:
    ours = {kind.__name__ for kind in every_error() if status_of(kind.__new__(kind))[0] == 500}
    assert ours == {
        "ChatbotError",
        "SettingsError",
        "LeaseLost",
        "TrainingFailed",
        "ExportRefused",
        "BaseModelRefused",
        "Unreachable",
    }
    assert TABLE[Exception][0] == 500
