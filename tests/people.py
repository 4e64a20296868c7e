"""People at the console, and their browsers."""

import re
from collections.abc import Callable
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.services.access.keys import Scope

_PREVIEW_FORM = '<form class="stack" method="post" action="/console/knowledge/imports/'
PASSWORD = "correct horse battery"
Accounts = Callable[[str, Scope], str]
SignedIn = Callable[..., FlaskClient]


def browser(app: APIFlask) -> FlaskClient:
    """Its requests come from pages of the same site, as browsers say."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def hidden_fields(page: str) -> dict[str, str]:
    """What a browser sends back with the form of a preview."""
    form = page.split(_PREVIEW_FORM)[1].split("</form>", maxsplit=1)[0]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    chosen = re.findall(r'<input type="radio" name="(\w+)" [^>]*value="(\w+)" checked', form)
    return found | dict(chosen)


def bring_in(editor: FlaskClient, upload: dict[str, Any]) -> str:
    """Send a file at the console, import it as proposed, and return the page after it."""
    page = editor.post("/console/knowledge/imports", data=upload).headers["Location"]
    shown = editor.get(page)
    assert shown.status_code == 200, shown.text
    done = editor.post(page, data=hidden_fields(shown.text))
    assert done.status_code == 303
    return editor.get(page, follow_redirects=True).text
