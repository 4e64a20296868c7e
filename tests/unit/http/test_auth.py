"""Who may call what: every route against every scope, read from the app's own map of routes."""

import re
from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.app import create_app
from chatbot.bootstrap import Parts
from chatbot.http.auth import PUBLIC, rule_of
from chatbot.services.access.keys import Scope

Headers = dict[str, str]
DECLARED = {
    "POST /ask": "ask",
    "POST /v1/ask": "ask",
    "POST /v1/queries/<id:query_id>/feedback": "ask",
    "POST /v1/queries/<id:query_id>/choice": "ask",
    "POST /v1/handoffs": "ask",
    "GET /v1/popular-questions": "ask",
    "GET /v1/handoffs": "agent",
    "GET /v1/handoffs/<int:handoff_id>": "agent",
    "PATCH /v1/handoffs/<int:handoff_id>": "agent",
    "GET /v1/queries": "agent",
    "GET /v1/queries/<id:query_id>": "agent",
    "PUT /v1/queries/<id:query_id>/confirmation": "agent",
    "DELETE /v1/queries/<id:query_id>/confirmation": "agent",
    "GET /v1/intents": "agent",
    "GET /v1/intents/<word:name>": "agent",
    "GET /v1/pins": "agent",
    "POST /v1/pins": "editor",
    "DELETE /v1/pins/<int:pin_id>": "editor",
    "GET /v1/pairs": "agent",
    "POST /v1/pairs": "agent",
    "DELETE /v1/pairs/<int:pair_id>": "editor",
    "GET /v1/models": "agent",
    "GET /v1/models/<int:version_id>/report": "agent",
    "GET /v1/readiness": "editor",
    "GET /v1/releases": "agent",
    "POST /v1/intents": "editor",
    "PATCH /v1/intents/<word:name>": "editor",
    "DELETE /v1/intents/<word:name>": "editor",
    "POST /v1/intents/<word:name>/utterances": "editor",
    "PUT /v1/intents/<word:name>/utterances/<int:utterance_id>": "editor",
    "DELETE /v1/intents/<word:name>/utterances/<int:utterance_id>": "editor",
    "POST /v1/faq/import": "editor",
    "POST /v1/imports": "editor",
    "POST /v1/faq/bulk": "editor",
    "POST /v1/faq/undo": "editor",
    "GET /v1/demo": "agent",
    "POST /v1/demo": "editor",
    "DELETE /v1/demo": "editor",
    "GET /v1/evaluation-questions": "agent",
    "POST /v1/evaluation-questions": "editor",
    "POST /v1/evaluation-questions/delete": "editor",
    "PUT /v1/evaluation-questions/<int:question_id>": "editor",
    "DELETE /v1/evaluation-questions/<int:question_id>": "editor",
    "GET /v1/quarantine": "agent",
    "POST /v1/admin/quarantine/release": "admin",
    "GET /v1/monitoring": "agent",
    "POST /v1/admin/clear-hold": "admin",
    "GET /v1/thresholds": "agent",
    "POST /v1/admin/thresholds": "admin",
    "POST /v1/admin/rollback": "admin",
    "POST /v1/admin/promote": "admin",
    "POST /v1/admin/retrain": "admin",
    "GET /v1/admin/jobs": "admin",
    "GET /v1/admin/jobs/<int:job_id>": "admin",
    "GET /v1/admin/audit": "admin",
    "GET /v1/admin/keys": "admin",
    "POST /v1/admin/keys": "admin",
    "DELETE /v1/admin/keys/<id:key_id>": "admin",
    "DELETE /v1/handoffs/<int:handoff_id>": "admin",
    "GET /v1/admin/sites": "admin",
    "POST /v1/admin/sites": "admin",
    "PUT /v1/admin/sites/<id:key>": "admin",
    "DELETE /v1/admin/sites/<id:key>": "admin",
    "GET /v1/admin/webhooks": "admin",
    "POST /v1/admin/webhooks": "admin",
    "PATCH /v1/admin/webhooks/<int:webhook_id>": "admin",
    "DELETE /v1/admin/webhooks/<int:webhook_id>": "admin",
    "POST /v1/admin/webhooks/<int:webhook_id>/rotate": "admin",
    "POST /v1/admin/webhooks/<int:webhook_id>/test": "admin",
    "GET /v1/admin/deliveries": "admin",
    "POST /v1/admin/deliveries/<int:delivery_id>/redeliver": "admin",
    "GET /v1/admin/chatwoot": "admin",
    "POST /v1/admin/chatwoot": "admin",
    "DELETE /v1/admin/chatwoot/<int:bot_id>": "admin",
    "POST /v1/chatwoot/<word:path_secret>": "public",
}
Key = Callable[[Scope], dict[str, str]]
QUESTION = {"text": "how do I change my e-mail address"}


def routes(app: APIFlask) -> Iterator[tuple[str, str, str | None]]:
    """(method, rule, who may) of every route but the console's, which has people, not keys."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, rule.rule, rule_of(app.view_functions[rule.endpoint])


def concrete(rule: str) -> str:
    return re.sub(r"<(?:id|word):\w+>", "nothing", re.sub(r"<int:\w+>", "999999", rule))


def test_every_route_says_who_may_call_it(app: APIFlask) -> None:
    assert [f"{method} {rule}" for method, rule, who in routes(app) if who is None] == []


def test_every_route_of_the_api_has_the_declared_rule(app: APIFlask) -> None:
    found = {
        f"{method} {rule}": who
        for method, rule, who in routes(app)
        if rule == "/ask" or rule.startswith("/v1/")
    }
    assert found == DECLARED


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_opens_exactly_the_routes_that_it_includes(
    app: APIFlask, client: FlaskClient, key: Callable[[Scope], Headers], scope: Scope
) -> None:
    headers = key(scope)
    for method, rule, who in routes(app):
        if who in (PUBLIC, None):
            continue
        status = client.open(concrete(rule), method=method, headers=headers, json={}).status_code
        allowed = scope.includes(Scope(str(who)))
        assert (status not in (401, 403)) == allowed, f"{scope} {method} {rule}: {status}"
        assert allowed or status == 403, f"{scope} {method} {rule}: {status}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer cb_00000000_wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic Y2I6Y2I="},
        {"X-API-Key": "wrong\u00ff"},
    ],
    ids=["none", "unknown", "empty", "basic", "not-ascii"],
)
def test_without_a_good_key_every_closed_route_is_401(
    app: APIFlask, client: FlaskClient, headers: Headers
) -> None:
    for method, rule, who in routes(app):
        if who != PUBLIC:
            response = client.open(concrete(rule), method=method, headers=headers, json={})
            assert response.status_code == 401, f"{method} {rule}"
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_public_routes_need_no_key(app: APIFlask, client: FlaskClient) -> None:
    for method, rule, who in routes(app):
        if who == PUBLIC:
            assert client.open(concrete(rule), method=method).status_code in (200, 404), rule


def test_the_key_may_come_as_x_api_key(client: FlaskClient, agent: Headers) -> None:
    secret = agent["Authorization"].removeprefix("Bearer ")
    assert client.get("/v1/queries", headers={"X-API-Key": secret}).status_code == 200


def test_a_revoked_key_is_refused_at_once(
    client: FlaskClient, agent: Headers, admin: Headers
) -> None:
    key_id = agent["Authorization"].split("_")[1]
    assert client.delete(f"/v1/admin/keys/{key_id}", headers=admin).status_code == 204
    assert client.get("/v1/queries", headers=agent).status_code == 401
    assert client.delete(f"/v1/admin/keys/{key_id}", headers=admin).status_code == 204


def test_the_rule_is_checked_before_the_body_is_read(client: FlaskClient) -> None:
    assert client.post("/v1/ask", data="not JSON").status_code == 401


def test_a_revoked_key_is_refused_at_once_by_the_process_that_revoked_it(
    parts: Parts, key: Key
) -> None:
    client = create_app(parts=parts, follow=False).test_client()
    admin, ask = key(Scope.ADMIN), key(Scope.ASK)
    assert client.post("/ask", json=QUESTION, headers=ask).status_code == 200
    (key_id,) = [
        row["id"]
        for row in client.get("/v1/admin/keys", headers=admin).get_json()["items"]
        if row["scope"] == "ask"
    ]
    assert client.delete(f"/v1/admin/keys/{key_id}", headers=admin).status_code == 204
    assert client.post("/ask", json=QUESTION, headers=ask).status_code == 401
