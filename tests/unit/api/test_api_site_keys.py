"""What a page's public key may do, from where, and how often."""

import re

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chatbot.app import create_app
from chatbot.bootstrap import Parts
from chatbot.services.asking import sites
from fakes import ANSWERED, UNCLEAR

Headers = dict[str, str]
SHOP = "https://shop.example"
PUBLIC = ("/v1/chatwoot/nothing",)  # asks for no key
QUESTION = {"text": ANSWERED}


def make_site(parts: Parts, *origins: str, per_visitor: int = 30, per_site: int = 600) -> Headers:
    """The headers that a browser sends from a page of the site's first origin."""
    parts.limits._counters.window_seconds = 3600  # none ends in a test
    with parts.database.write() as session:
        site = sites.create_site(session, "test", "Shop", origins or [SHOP], per_visitor, per_site)
        key = site.key
    parts.sites.forget()
    return {"Authorization": f"Bearer {key}", "Origin": (origins or [SHOP])[0]}


@pytest.fixture
def shop(parts: Parts) -> Headers:
    return make_site(parts)


def site_routes(app: APIFlask) -> set[tuple[str, str]]:
    found = set()
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "takes_site_keys", False):
            path = re.sub("<.*?>", "nothing", rule.rule)
            found |= {(method, path) for method in rule.methods or () if method != "HEAD"}
    return found


class TestScope:
    def test_it_opens_what_visitors_need_and_nothing_else(
        self, app: APIFlask, client: FlaskClient, shop: Headers
    ) -> None:
        routes = site_routes(app)
        assert routes == {
            ("POST", "/ask"),
            ("POST", "/v1/ask"),
            ("GET", "/v1/popular-questions"),
            ("POST", "/v1/queries/nothing/choice"),
            ("POST", "/v1/queries/nothing/feedback"),
            ("POST", "/v1/handoffs"),
        }
        for rule in app.url_map.iter_rules():
            path = re.sub("<int.*?>", "7", re.sub("<word.*?>", "nothing", rule.rule))
            if not path.startswith(("/v1/", "/ask")) or path in PUBLIC:
                continue
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                status = client.open(path, method=method, json={}, headers=shop).status_code
                assert (status not in (401, 403)) == ((method, path) in routes), (method, path)

    def test_it_works_as_x_api_key_too(self, client: FlaskClient, shop: Headers) -> None:
        key = shop["Authorization"].removeprefix("Bearer ")
        headers = {"X-API-Key": key, "Origin": SHOP}
        assert client.post("/v1/ask", json=QUESTION, headers=headers).status_code == 200


class TestOrigin:
    @pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "null", ""])
    def test_another_or_no_origin_is_refused(
        self, client: FlaskClient, shop: Headers, origin: str
    ) -> None:
        headers = shop | {"Origin": origin} if origin else {"Authorization": shop["Authorization"]}
        response = client.post("/v1/ask", json=QUESTION, headers=headers)
        assert response.status_code == 403
        assert response.mimetype == "application/problem+json"
        assert "Access-Control-Allow-Origin" not in response.headers

    def test_a_revoked_key_is_refused(
        self, client: FlaskClient, admin: Headers, shop: Headers
    ) -> None:
        key = shop["Authorization"].split()[1]
        assert client.post("/v1/ask", json=QUESTION, headers=shop).status_code == 200
        assert client.delete(f"/v1/admin/sites/{key}", headers=admin).status_code == 204
        response = client.post("/v1/ask", json=QUESTION, headers=shop)
        assert response.status_code == 401
        assert "Access-Control-Allow-Origin" not in response.headers

    @pytest.mark.parametrize("host", ["localhost:8000", "help.example"])
    def test_self_is_this_instance_under_whatever_name(
        self, client: FlaskClient, parts: Parts, host: str
    ) -> None:
        headers = make_site(parts, "self")
        own = headers | {"Origin": f"http://{host}", "Host": host}
        assert client.post("/v1/ask", json=QUESTION, headers=own).status_code == 200
        other = headers | {"Origin": "http://other.example", "Host": host}
        assert client.post("/v1/ask", json=QUESTION, headers=other).status_code == 403

    @pytest.mark.parametrize(
        ("site", "status"), [("same-origin", 200), ("cross-site", 403), ("none", 403)]
    )
    def test_a_get_from_an_own_page_has_no_origin(
        self, client: FlaskClient, parts: Parts, site: str, status: int
    ) -> None:
        headers = {
            "Authorization": make_site(parts, "self")["Authorization"],
            "Sec-Fetch-Site": site,
        }
        assert client.get("/v1/popular-questions", headers=headers).status_code == status


class TestCors:
    def test_the_answer_may_be_read_by_its_page_alone(
        self, client: FlaskClient, shop: Headers
    ) -> None:
        response = client.post("/v1/ask", json=QUESTION, headers=shop)
        assert response.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/v1/ask", 422), ("/v1/queries/none/feedback", 422), ("/v1/handoffs", 422)],
    )
    def test_so_may_a_mistake(
        self, client: FlaskClient, shop: Headers, path: str, status: int
    ) -> None:
        response = client.post(path, json={}, headers=shop)
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == SHOP

    def test_a_preflight_of_every_route_is_allowed(
        self, app: APIFlask, client: FlaskClient, shop: Headers
    ) -> None:
        asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
        for _, path in site_routes(app):
            response = client.options(path, headers=asked)
            assert response.status_code == 204, path
            assert response.headers["Access-Control-Allow-Origin"] == SHOP
            assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]
            assert response.data == b""

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
    def test_a_preflight_from_elsewhere_is_refused(
        self, app: APIFlask, client: FlaskClient, shop: Headers, origin: str
    ) -> None:
        for _, path in site_routes(app):
            response = client.options(path, headers={"Origin": origin} if origin else {})
            assert response.status_code == 403, path
            assert not [name for name, _ in response.headers if name.startswith("Access-Control")]

    def test_an_ordinary_key_gets_none(
        self, client: FlaskClient, asker: Headers, shop: Headers
    ) -> None:
        response = client.post("/v1/ask", json=QUESTION, headers=asker | {"Origin": SHOP})
        assert response.status_code == 200
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
        assert "RateLimit" not in response.headers


class TestLimits:
    def ask(self, client: FlaskClient, shop: Headers, address: str = "192.0.2.1") -> TestResponse:
        return client.post(
            "/v1/ask", json=QUESTION, headers=shop, environ_overrides={"REMOTE_ADDR": address}
        )

    def test_the_headers_tell_what_is_left(self, client: FlaskClient, parts: Parts) -> None:
        shop = make_site(parts, per_visitor=2, per_site=9)
        response = self.ask(client, shop)
        assert response.headers["RateLimit-Policy"] == '"visitor";q=2;w=3600, "site";q=9;w=3600'
        assert re.fullmatch(r'"visitor";r=1;t=\d+, "site";r=8;t=\d+', response.headers["RateLimit"])
        assert "Retry-After" not in response.headers

    def test_too_many_of_one_visitor_are_refused_and_told_when_to_come_back(
        self, client: FlaskClient, parts: Parts
    ) -> None:
        shop = make_site(parts, per_visitor=2)
        assert [self.ask(client, shop).status_code for _ in range(3)] == [200, 200, 429]
        refused = self.ask(client, shop)
        assert 1 <= int(refused.headers["Retry-After"]) <= 3600
        assert refused.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]
        assert refused.get_json()["type"] == "urn:chatbot:problem:rate-limited"
        assert self.ask(client, shop, "192.0.2.2").status_code == 200

    def test_too_many_of_a_site_are_refused(self, client: FlaskClient, parts: Parts) -> None:
        shop = make_site(parts, per_site=2)
        statuses = [self.ask(client, shop, f"192.0.2.{n}").status_code for n in range(4)]
        assert statuses == [200, 200, 429, 429]

    def test_other_routes_count_too(self, client: FlaskClient, parts: Parts) -> None:
        shop = make_site(parts, per_visitor=1)
        client.get("/v1/popular-questions", headers=shop)
        assert client.post("/v1/handoffs", json={}, headers=shop).status_code == 429

    def test_a_forged_address_counts_only_with_a_trusted_proxy(
        self, client: FlaskClient, parts: Parts
    ) -> None:
        shop = make_site(parts, per_visitor=1)
        forged = [shop | {"X-Forwarded-For": f"203.0.113.{n}"} for n in range(2)]
        assert [self.ask(client, headers).status_code for headers in forged] == [200, 429]
        settings = parts.settings.model_copy(update={"trusted_proxies": 1})
        object.__setattr__(parts, "settings", settings)
        behind = create_app(parts=parts, follow=False).test_client()
        assert [self.ask(behind, headers).status_code for headers in forged] == [200, 200]


KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


class TestIdempotency:
    def test_a_repeated_question_is_logged_once_and_answered_the_same(
        self, client: FlaskClient, agent: Headers
    ) -> None:
        first, again = (
            client.post("/v1/ask", json={"text": UNCLEAR}, headers=agent | KEY).get_json()
            for _ in range(2)
        )
        assert again == first
        assert len(client.get("/v1/queries", headers=agent).get_json()["items"]) == 1

    def test_without_it_each_is_another(self, client: FlaskClient, agent: Headers) -> None:
        ids = {
            client.post("/ask", json=QUESTION, headers=agent).get_json()["query_id"] for _ in "12"
        }
        assert len(ids) == 2

    def test_another_question_with_it_is_a_conflict(
        self, client: FlaskClient, agent: Headers
    ) -> None:
        client.post("/v1/ask", json=QUESTION, headers=agent | KEY)
        response = client.post("/v1/ask", json={"text": UNCLEAR}, headers=agent | KEY)
        assert response.status_code == 409
        assert "Idempotency-Key" in response.get_json()["detail"]

    def test_it_is_each_callers_own(
        self, client: FlaskClient, agent: Headers, shop: Headers
    ) -> None:
        one = client.post("/v1/ask", json=QUESTION, headers=agent | KEY).get_json()
        other = client.post("/v1/ask", json=QUESTION, headers=shop | KEY).get_json()
        assert one["query_id"] != other["query_id"]

    @pytest.mark.parametrize("given", ["", "short", "x" * 201, "with a space in it", "ü" * 20])
    def test_one_that_is_easy_to_guess_or_no_key_is_refused(
        self, client: FlaskClient, agent: Headers, given: str
    ) -> None:
        headers = agent | {"Idempotency-Key": given}
        assert client.post("/v1/ask", json=QUESTION, headers=headers).status_code == 400


class TestHtml:
    def test_an_answer_comes_as_markdown_or_as_safe_html(
        self, client: FlaskClient, shop: Headers
    ) -> None:
        plain = client.post("/v1/ask", json=QUESTION, headers=shop).get_json()
        html = client.post("/v1/ask", json=QUESTION | {"format": "html"}, headers=shop).get_json()
        assert plain["answer"]["body"] == "Open https://id.example/reset."
        assert html["answer"]["body"].strip() == "<p>Open https://id.example/reset.</p>"

    def test_hostile_answers_are_harmless(
        self, client: FlaskClient, editor: Headers, shop: Headers, parts: Parts
    ) -> None:
        text = "**bold** <img src=x onerror=alert(1)> [x](javascript:alert(1))"
        client.patch("/v1/intents/reset-password", json={"answer": text}, headers=editor)
        parts.live.refresh()
        body = client.post("/v1/ask", json=QUESTION | {"format": "html"}, headers=shop).get_json()[
            "answer"
        ]["body"]
        assert "<strong>bold</strong>" in body
        assert "<img" not in body
        assert "<a" not in body

    def test_no_other_format(self, client: FlaskClient, shop: Headers) -> None:
        body = QUESTION | {"format": "pdf"}
        assert client.post("/v1/ask", json=body, headers=shop).status_code == 422


class TestChoice:
    def ask_unclear(self, client: FlaskClient, headers: Headers) -> str:
        answer = client.post("/v1/ask", json={"text": UNCLEAR}, headers=headers).get_json()
        assert answer["decision"] == "clarify"
        return str(answer["query_id"])

    def test_it_brings_the_answer_and_agents_see_it(
        self, client: FlaskClient, shop: Headers, agent: Headers
    ) -> None:
        query_id = self.ask_unclear(client, shop)
        path = f"/v1/queries/{query_id}/choice"
        for intent in ("reset-password", "vpn", "vpn"):
            card = client.post(path, json={"intent": intent}, headers=shop).get_json()
        assert card == {
            "intent": "vpn",
            "title": "Connect to the VPN",
            "body": "Start the VPN client and sign in.",
        }
        found = client.get(f"/v1/queries/{query_id}", headers=agent).get_json()
        assert found["chosen_intent"] == "vpn"

    @pytest.mark.parametrize(("intent", "status"), [("no-such", 409), ("No Name", 422), (7, 422)])
    def test_only_a_candidate_can_be_chosen(
        self, client: FlaskClient, shop: Headers, intent: object, status: int
    ) -> None:
        path = f"/v1/queries/{self.ask_unclear(client, shop)}/choice"
        assert client.post(path, json={"intent": intent}, headers=shop).status_code == status

    def test_what_is_gone_is_not_found(
        self, client: FlaskClient, shop: Headers, editor: Headers, parts: Parts
    ) -> None:
        path = f"/v1/queries/{self.ask_unclear(client, shop)}/choice"
        client.delete("/v1/intents/vpn", headers=editor)
        parts.live.refresh()
        assert client.post(path, json={"intent": "vpn"}, headers=shop).status_code == 404
        other = "/v1/queries/none/choice"
        assert client.post(other, json={"intent": "vpn"}, headers=shop).status_code == 404


def test_popular_questions_may_be_kept_for_minutes(client: FlaskClient, shop: Headers) -> None:
    response = client.get("/v1/popular-questions", headers=shop)
    assert response.headers["Cache-Control"] == "private, max-age=300"
    items = response.get_json()["items"]
    assert items[0] == {"title": "Reset your password", "question": "I forgot my password"}
    assert len(items) == 4
