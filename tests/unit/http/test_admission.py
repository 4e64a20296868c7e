"""Overload: what a process refuses."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.settings import Settings
from waiting import PATIENCE

Key = Callable[[Scope], dict[str, str]]
QUESTION = {"text": "how do I change my e-mail address"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_questions": 2})


@pytest.fixture
def stuck(
    app: APIFlask, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> Iterator[threading.Event]:
    """Questions wait until the event is set."""
    go = threading.Event()
    live = parts.live.current()
    original = live.match_all
    monkeypatch.setattr(live, "match_all", lambda texts: go.wait(PATIENCE) and original(texts))
    yield go
    go.set()


def test_more_questions_than_the_limit_are_refused_at_once(
    app: APIFlask, key: Key, stuck: threading.Event
) -> None:
    headers = key(Scope.ASK)

    def ask() -> int:
        return app.test_client().post("/ask", json=QUESTION, headers=headers).status_code

    with ThreadPoolExecutor(2) as threads:
        admitted = [threads.submit(ask) for _ in range(2)]
        while app.wsgi_app._places._value:  # type: ignore[attr-defined]
            pass
        for path in ("/ask", "/v1/ask", "/v1/chatwoot/secret"):
            refused = app.test_client().post(path, json=QUESTION, headers=headers)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "1"
            assert refused.headers["Access-Control-Allow-Origin"] == "*"  # so a widget reads it
            assert refused.mimetype == "application/problem+json"
            body = refused.get_json()
            assert body["type"] == "urn:chatbot:problem:overloaded"
            assert (body["status"], body["instance"]) == (503, path)
        assert app.test_client().get("/healthz").status_code == 200
        stuck.set()
        assert [one.result(20) for one in admitted] == [200, 200]
    assert ask() == 200


def test_a_question_that_fails_gives_its_place_back(
    client: FlaskClient, key: Key, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = key(Scope.ASK)
    for _ in range(5):
        assert client.post("/ask", json={"text": ""}, headers=headers).status_code == 422
        assert client.post("/ask", json=QUESTION).status_code == 401
    monkeypatch.setattr(parts.live.current(), "match_all", lambda texts: 1 / 0)
    for _ in range(5):
        assert client.post("/ask", json=QUESTION, headers=headers).status_code == 500
