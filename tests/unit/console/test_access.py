"""Who sees which page: every route against every role, and the ways in that must not exist."""

import re
from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from chatbot.console.access import EVERYONE, console_rule_of
from chatbot.services.access import users
from chatbot.services.access.keys import Scope
from people import PASSWORD, Accounts, SignedIn, browser

DECLARED = {
    "GET /console/": "agent",
    "GET /console/gaps": "agent",
    "GET /console/handoffs": "agent",
    "POST /console/handoffs/<int:handoff_id>": "agent",
    "POST /console/handoffs/<int:handoff_id>/delete": "admin",
    "GET /console/knowledge": "agent",
    "POST /console/knowledge/acts/<int:event_id>/undo": "editor",
    "POST /console/knowledge/bulk": "editor",
    "POST /console/knowledge/bulk/do": "editor",
    "GET /console/knowledge/demo": "agent",
    "POST /console/knowledge/demo/remove": "editor",
    "GET /console/knowledge/export.csv": "agent",
    "GET /console/knowledge/export.yaml": "agent",
    "GET /console/knowledge/files": "agent",
    "POST /console/knowledge/files": "editor",
    "POST /console/knowledge/files/preview": "editor",
    "GET /console/knowledge/intents/<word:name>": "agent",
    "POST /console/knowledge/intents/<word:name>": "editor",
    "POST /console/knowledge/intents/<word:name>/delete": "editor",
    "POST /console/knowledge/intents/<word:name>/pins": "editor",
    "POST /console/knowledge/intents/<word:name>/pins/<int:pin_id>/remove": "editor",
    "POST /console/knowledge/intents/<word:name>/undo": "editor",
    "POST /console/knowledge/intents/<word:name>/utterances": "editor",
    "POST /console/knowledge/intents/<word:name>/utterances/<int:utterance_id>": "editor",
    "GET /console/knowledge/lint": "agent",
    "GET /console/knowledge/mute": "agent",
    "GET /console/knowledge/new": "editor",
    "POST /console/knowledge/new": "editor",
    "GET /console/knowledge/pairs": "agent",
    "POST /console/knowledge/pairs/score": "agent",
    "POST /console/knowledge/pairs/skip": "agent",
    "POST /console/knowledge/pairs/undo": "agent",
    "POST /console/knowledge/pairs/<int:pair_id>/remove": "editor",
    "POST /console/knowledge/preview": "agent",
    "GET /console/knowledge/questions": "agent",
    "GET /console/knowledge/ready": "agent",
    "POST /console/knowledge/questions": "editor",
    "POST /console/knowledge/questions/<int:question_id>": "editor",
    "POST /console/knowledge/questions/import": "editor",
    "POST /console/knowledge/questions/remove": "editor",
    "GET /console/knowledge/try": "agent",
    "POST /console/knowledge/try": "agent",
    "GET /console/models": "agent",
    "GET /console/models/<int:version_id>": "agent",
    "POST /console/models/<int:version_id>/promote": "admin",
    "POST /console/models/<int:version_id>/roll-back": "admin",
    "GET /console/models/now": "agent",
    "GET /console/models/promise": "agent",
    "GET /console/models/quarantine": "agent",
    "POST /console/models/quarantine/<id:query_id>/second": "agent",
    "POST /console/models/quarantine/release": "admin",
    "POST /console/models/clear-hold": "admin",
    "POST /console/models/retrain": "admin",
    "POST /console/models/thresholds": "admin",
    "GET /console/people": "admin",
    "POST /console/people": "admin",
    "POST /console/people/change": "admin",
    "GET /console/review": "agent",
    "GET /console/review/<id:query_id>/changes": "agent",
    "POST /console/review/<id:query_id>/intent": "agent",
    "GET /console/review/<id:query_id>/intents": "agent",
    "POST /console/review/<id:query_id>/skip": "agent",
    "POST /console/review/<id:query_id>/verdict": "agent",
    "POST /console/review/undo": "agent",
    "GET /console/webhooks": "admin",
    "POST /console/webhooks": "admin",
    "POST /console/webhooks/<int:webhook_id>/change": "admin",
    "POST /console/webhooks/<int:webhook_id>/delete": "admin",
    "POST /console/webhooks/<int:webhook_id>/rotate": "admin",
    "POST /console/webhooks/<int:webhook_id>/test": "admin",
    "GET /console/webhooks/deliveries": "admin",
    "POST /console/webhooks/deliveries/<int:delivery_id>/redeliver": "admin",
    "GET /console/sign-in": "everyone",
    "POST /console/sign-in": "everyone",
    "POST /console/sign-out": "agent",
    "GET /console/sites": "admin",
    "POST /console/sites": "admin",
    "POST /console/sites/<id:key>": "admin",
    "GET /console/start": "agent",
    "POST /console/start/demo": "editor",
    "GET /console/start/model": "agent",
    "POST /console/start/model": "editor",
    "GET /console/static/<path:name>": "everyone",
}


def routes(app: APIFlask) -> Iterator[tuple[str, str, str | None]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, rule.rule, console_rule_of(app.view_functions[rule.endpoint])


def concrete(rule: str) -> str:
    return re.sub(r"<\w+:\w+>", "7", rule)


def test_every_page_has_the_declared_rule(app: APIFlask) -> None:
    assert {f"{method} {rule}": who for method, rule, who in routes(app)} == DECLARED


@pytest.mark.parametrize("role", users.ROLES)
def test_a_role_opens_exactly_the_pages_that_it_includes(
    app: APIFlask, signed_in: SignedIn, role: Scope
) -> None:
    person = signed_in(role)
    for method, rule, who in routes(app):
        if who == EVERYONE or rule.endswith("/sign-out"):
            continue
        status = person.open(concrete(rule), method=method).status_code
        assert (status == 403) != role.includes(Scope(str(who))), f"{role} {method} {rule}"
        assert status < 500, f"{role} {method} {rule}: {status}"


def test_without_signing_in_every_closed_page_leads_to_the_sign_in(app: APIFlask) -> None:
    stranger = browser(app)
    for method, rule, who in routes(app):
        if who != EVERYONE:
            response = stranger.open(concrete(rule), method=method)
            assert response.status_code == 303, f"{method} {rule}"
            assert response.location.startswith("/console/sign-in"), f"{method} {rule}"


def test_an_api_key_opens_no_page(app: APIFlask, admin: dict[str, str]) -> None:
    assert browser(app).get("/console/people", headers=admin).status_code == 303


class TestOtherSites:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {},
        ],
    )
    def test_cannot_change_anything(
        self, app: APIFlask, signed_in: SignedIn, headers: dict[str, str]
    ) -> None:
        person = signed_in(Scope.ADMIN)
        del person.environ_base["HTTP_SEC_FETCH_SITE"]
        for method, rule, _ in routes(app):
            if method == "POST":
                assert person.post(concrete(rule), headers=headers).status_code == 403, rule
        assert person.get("/console/people").status_code == 200

    def test_an_older_browser_says_its_origin(self, app: APIFlask, account: Accounts) -> None:
        form = {"email": account("ann", Scope.AGENT), "password": PASSWORD}
        response = app.test_client().post(
            "/console/sign-in", data=form, headers={"Origin": "http://localhost"}
        )
        assert response.status_code == 303
