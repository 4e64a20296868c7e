from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import update

from chatbot.bootstrap import Parts
from chatbot.services.access import users
from chatbot.services.access.keys import Scope
from chatbot.storage.database import now
from chatbot.storage.tables import FailedSignIn, SignIn
from people import PASSWORD, Accounts, SignedIn, browser


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
