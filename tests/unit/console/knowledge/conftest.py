"""`editor` is a browser of somebody who may change the FAQ."""

import pytest
from flask.testing import FlaskClient

from chatbot.services.access.keys import Scope
from people import SignedIn


@pytest.fixture
def editor(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.EDITOR)
