"""What a page's public key may do, from where, and how often."""

import re

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chatbot.app import create_app
from chatbot.bootstrap import Parts
from fakes import ANSWERED
from shops import SHOP, make_site

Headers = dict[str, str]
PUBLIC = ("/v1/chatwoot/nothing",)  # asks for no key
QUESTION = {"text": ANSWERED}


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
            path = re.sub("<int.*?>", "7", re.sub("<(?:id|word):.*?>", "nothing", rule.rule))
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
