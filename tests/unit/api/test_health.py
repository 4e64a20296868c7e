from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from chatbot.app import create_app
from chatbot.bootstrap import Parts
from chatbot.errors import ArtefactRefused
from chatbot.services.access.keys import Scope
from chatbot.services.releases import release
from fakes import add_version

Key = Callable[[Scope], dict[str, str]]


def test_a_loaded_model_and_a_database_are_ready(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json() == {
        "status": "ready",
        "model_version": 1,
        "knowledge_revision": 4,
        "error": None,
    }


def test_without_a_model_nothing_is_ready_but_the_process_is_up(empty_parts: Parts) -> None:
    client = create_app(parts=empty_parts, follow=False).test_client()
    empty_parts.live.refresh()
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["status"]) == (503, "not_ready")
    assert "no model yet: it is made from the FAQ" in response.get_json()["error"]
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_a_newer_model_that_cannot_be_loaded_degrades(
    client: FlaskClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(digest: str) -> None:
        raise ArtefactRefused("the content was changed")

    monkeypatch.setattr(parts.models, "open_bundle", refuse)
    with parts.database.write() as session:
        release.promote(session, add_version(session, "1"), "test", "broken on purpose")
    parts.live.refresh()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json()["status"] == "degraded"
    assert response.get_json()["model_version"] == 1
    assert "the content was changed" in response.get_json()["error"]


def test_a_silent_database_degrades_and_names_no_host(
    client: FlaskClient, parts: Parts, broken_database: None
) -> None:
    parts.live.refresh()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json()["status"] == "degraded"
    assert response.get_json()["error"] == "The database does not answer."


def test_the_root_points_at_the_rest(client: FlaskClient) -> None:
    assert client.get("/").get_json()["ask"] == "/v1/ask"


@pytest.mark.parametrize("scope", [None, Scope.ASK])
def test_metrics_are_not_for_visitors(client: FlaskClient, key: Key, scope: Scope | None) -> None:
    headers = key(scope) if scope else {}
    assert client.get("/metrics", headers=headers).status_code in (401, 403)
