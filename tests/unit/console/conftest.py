"""A browser in which somebody is signed in."""

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
    """`signed_in(Scope.AGENT)` returns a client that sends what that agent's browser would."""

    def make(role: Scope) -> FlaskClient:
        email = f"{role}@example.org"
        with parts.database.write() as session:
            users.create_user(session, "test", email, role, PASSWORD)
        client = app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        answer = client.post("/console/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 303
        return client

    return make
