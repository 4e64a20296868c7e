"""Who sees which page: every route against every role, and the ways in that must not exist."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import update

from chatbot.bootstrap import Parts
from chatbot.console.access import EVERYONE, console_rule_of
from chatbot.services.access import users
from chatbot.services.access.keys import Scope
from chatbot.storage.database import now
from chatbot.storage.tables import FailedSignIn, SignIn
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
    "POST /console/models/quarantine/<word:query_id>/second": "agent",
    "POST /console/models/quarantine/release": "admin",
    "POST /console/models/clear-hold": "admin",
    "POST /console/models/retrain": "admin",
    "POST /console/models/thresholds": "admin",
    "GET /console/people": "admin",
    "POST /console/people": "admin",
    "POST /console/people/change": "admin",
    "GET /console/review": "agent",
    "GET /console/review/<word:query_id>/changes": "agent",
    "POST /console/review/<word:query_id>/intent": "agent",
    "GET /console/review/<word:query_id>/intents": "agent",
    "POST /console/review/<word:query_id>/skip": "agent",
    "POST /console/review/<word:query_id>/verdict": "agent",
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
    "POST /console/sites/<word:key>": "admin",
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


class TestSigningIn:
    def test_leads_to_the_page_that_was_wanted(self, app: APIFlask, account: Accounts) -> None:
        form = {"email": account("ann", Scope.AGENT), "password": PASSWORD}
        wanted = browser(app).get("/console/review?decision=handoff").location
        response = browser(app).post(wanted, data=form)
        assert response.location == "/console/review?decision=handoff"

    @pytest.mark.parametrize(
        "target", ["https://evil.example", "//evil.example", "/console/\\evil", "/v1/intents", ""]
    )
    def test_never_leads_to_another_site(
        self, app: APIFlask, account: Accounts, target: str
    ) -> None:
        form = {"email": account("ann", Scope.AGENT), "password": PASSWORD, "next": target}
        assert browser(app).post("/console/sign-in", data=form).location == "/console/"

    def test_says_the_same_of_a_wrong_password_and_of_nobody(
        self, app: APIFlask, account: Accounts
    ) -> None:
        known, unknown = (
            browser(app).post("/console/sign-in", data={"email": email, "password": "wrong"})
            for email in (account("ann", Scope.AGENT), "nobody@example.org")
        )
        assert known.status_code == unknown.status_code == 401
        assert "do not belong together" in known.text
        assert "do not belong together" in unknown.text

    def test_a_planted_cookie_is_worth_nothing_and_is_replaced(
        self, app: APIFlask, account: Accounts
    ) -> None:
        client = browser(app)
        client.set_cookie("chatbot_sign_in", "planted")
        assert client.get("/console/").status_code == 303
        form = {"email": account("ann", Scope.AGENT), "password": PASSWORD}
        client.post("/console/sign-in", data=form)
        cookie = client.get_cookie("chatbot_sign_in")
        assert cookie is not None
        assert cookie.value != "planted"

    def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
        self, app: APIFlask, account: Accounts
    ) -> None:
        form = {"email": account("ann", Scope.AGENT), "password": PASSWORD}
        plain = browser(app).post("/console/sign-in", data=form).headers["Set-Cookie"]
        assert "HttpOnly" in plain
        assert "SameSite=Lax" in plain
        tls = browser(app).post("/console/sign-in", data=form, base_url="https://bot.example")
        assert tls.headers["Set-Cookie"].startswith("__Host-chatbot_sign_in=")
        assert "Secure" in tls.headers["Set-Cookie"]


class TestGuessing:
    def test_closes_the_door_for_an_address_known_or_not(
        self, app: APIFlask, account: Accounts
    ) -> None:
        for email in (account("ann", Scope.AGENT), "nobody@example.org"):
            guesses = [
                browser(app).post("/console/sign-in", data={"email": email, "password": str(i)})
                for i in range(users.MOST_FAILURES_OF_EMAIL + 1)
            ]
            assert [g.status_code for g in guesses] == [401] * users.MOST_FAILURES_OF_EMAIL + [429]
        form = {"email": "ann@example.org", "password": PASSWORD}
        assert browser(app).post("/console/sign-in", data=form).status_code == 429

    def test_ends_when_the_failures_are_old(
        self, app: APIFlask, account: Accounts, parts: Parts
    ) -> None:
        email = account("ann", Scope.AGENT)
        with parts.database.write() as session:
            old = now() - users.FAILURES_COUNT_FOR - timedelta(seconds=1)
            session.add_all(
                FailedSignIn(email=email, address="127.0.0.1", at=old) for _ in range(50)
            )
        form = {"email": email, "password": PASSWORD}
        assert browser(app).post("/console/sign-in", data=form).status_code == 303

    def test_from_one_network_is_counted_over_all_addresses(
        self, app: APIFlask, account: Accounts, parts: Parts
    ) -> None:
        with parts.database.write() as session:
            session.add_all(
                FailedSignIn(email=f"{i}@example.org", address="127.0.0.1")
                for i in range(users.MOST_FAILURES_OF_ADDRESS)
            )
        form = {"email": account("ann", Scope.AGENT), "password": PASSWORD}
        assert browser(app).post("/console/sign-in", data=form).status_code == 429


class TestSigningOut:
    def test_ends_the_token_itself(self, signed_in: SignedIn) -> None:
        person = signed_in(Scope.AGENT)
        cookie = person.get_cookie("chatbot_sign_in")
        assert cookie is not None
        assert person.post("/console/sign-out").status_code == 303
        person.set_cookie("chatbot_sign_in", cookie.value)
        assert person.get("/console/").status_code == 303

    def test_happens_when_the_token_expires(self, signed_in: SignedIn, parts: Parts) -> None:
        person = signed_in(Scope.AGENT)
        with parts.database.write() as session:
            session.execute(update(SignIn).values(expires_at=now()))
        assert person.get("/console/").status_code == 303

    def test_happens_everywhere_with_a_new_password_and_when_disabled(
        self, signed_in: SignedIn
    ) -> None:
        admin, agent = signed_in(Scope.ADMIN, "boss"), signed_in(Scope.AGENT, "ann")
        change = {"email": "ann@example.org", "password": "another good one"}
        assert admin.post("/console/people/change", data=change).status_code == 200
        assert agent.get("/console/").status_code == 303
        form = {"email": "ann@example.org", "password": "another good one"}
        assert agent.post("/console/sign-in", data=form).status_code == 303
        admin.post("/console/people/change", data={"email": "ann@example.org", "disable": "1"})
        assert agent.get("/console/").status_code == 303
        assert agent.post("/console/sign-in", data=form).status_code == 401


def test_htmx_is_led_to_the_sign_in_as_a_whole_page(app: APIFlask) -> None:
    response = browser(app).post("/console/review/undo", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/console/sign-in"


def test_a_new_role_holds_from_the_next_request_on(signed_in: SignedIn) -> None:
    admin, agent = signed_in(Scope.ADMIN, "boss"), signed_in(Scope.AGENT, "ann")
    assert agent.get("/console/people").status_code == 403
    admin.post("/console/people/change", data={"email": "ann@example.org", "role": "admin"})
    assert agent.get("/console/people").status_code == 200


def test_the_last_admin_cannot_be_locked_out(signed_in: SignedIn) -> None:
    admin = signed_in(Scope.ADMIN, "boss")
    for change in ({"disable": "1"}, {"role": "agent"}):
        response = admin.post("/console/people/change", data={"email": "boss@example.org"} | change)
        assert response.status_code == 409
        assert "only admin" in response.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"email": "no address", "role": "agent", "password": PASSWORD}, 409),
        ({"email": "x@example.org", "role": "agent", "password": "short"}, 409),
        ({"email": "x@example.org", "role": "agent", "password": "x" * 1000}, 409),
        ({"email": "x@example.org", "role": "ask", "password": PASSWORD}, 409),
        ({"email": "x@example.org", "role": "king", "password": PASSWORD}, 400),
        ({"email": "boss@example.org", "role": "agent", "password": PASSWORD}, 409),
        ({}, 400),
    ],
)
def test_an_unfit_account_is_refused(
    signed_in: SignedIn, form: dict[str, str], status: int
) -> None:
    admin = signed_in(Scope.ADMIN, "boss")
    assert admin.post("/console/people", data=form).status_code == status


def test_pages_forbid_every_script_and_style_that_is_not_theirs(client: FlaskClient) -> None:
    policy = client.get("/console/sign-in").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_assets_are_kept_and_their_address_changes_with_them(client: FlaskClient) -> None:
    page = client.get("/console/sign-in").text
    for address in re.findall(r'"(/console/static/[^"]+)"', page):
        assert re.search(r"\?v=[0-9a-f]{10}$", address)
        with client.get(address) as response:
            assert "max-age=31536000" in response.headers["Cache-Control"]
