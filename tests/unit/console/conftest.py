"""`account("ann", role)` makes an account, `signed_in(role)` a browser signed in with one."""

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.access import users
from chatbot.services.access.keys import Scope
from people import PASSWORD, Accounts, SignedIn, browser


@pytest.fixture
def account(parts: Parts) -> Accounts:
    def make(name: str, role: Scope) -> str:
        email = f"{name}@example.org"
        with parts.database.write() as session:
            users.create_user(session, "test", email, role, PASSWORD)
        return email

    return make


@pytest.fixture
def signed_in(app: APIFlask, account: Accounts) -> SignedIn:
    def make(role: Scope, name: str = "") -> FlaskClient:
        client = browser(app)
        form = {"email": account(name or role, role), "password": PASSWORD}
        assert client.post("/console/sign-in", data=form).status_code == 303
        return client

    return make
