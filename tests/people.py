"""People at the console, and their browsers."""

from collections.abc import Callable

from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.services.keys import Scope

PASSWORD = "correct horse battery"
Accounts = Callable[[str, Scope], str]
SignedIn = Callable[..., FlaskClient]


def browser(app: APIFlask) -> FlaskClient:
    """Its requests come from pages of the same site, as browsers say."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client
