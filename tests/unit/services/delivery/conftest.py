"""A real receiver on loopback, and a webhook that tells it."""

from collections.abc import Iterator

import pytest

from chatbot.storage.database import Database
from chatbot.storage.tables import Webhook
from hooks import add_hook
from receiver import Receiver, running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started


@pytest.fixture
def hook(database: Database, receiver: Receiver) -> Webhook:
    return add_hook(database, receiver.url())
