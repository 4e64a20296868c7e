"""Browsers in which somebody is signed in."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services import users
from chatbot.services.keys import Scope

PASSWORD = "correct horse battery"


@pytest.fixture
def signed_in(app: APIFlask, parts: Parts) -> Callable[[Scope], FlaskClient]:
    """`signed_in(Scope.AGENT)` is a browser of an agent, agent@example.org."""

    def sign_in(role: Scope) -> FlaskClient:
        email = f"{role}@example.org"
        with parts.database.write() as session:
            users.create_user(session, "test", email, role, PASSWORD)
        browser = app.test_client()
        browser.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        form = {"email": email, "password": PASSWORD}
        assert browser.post("/console/sign-in", data=form).status_code == 303
        return browser

    return sign_in
