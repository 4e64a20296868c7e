"""Fixtures for every test: assembled parts over a real SQLite database, and an app on them.

The database is migrated and filled once for the whole run; each test gets its own copy.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event

from chatbot.app import create_app
from chatbot.bootstrap import Parts, build
from chatbot.services.access import keys
from chatbot.services.access.keys import Scope
from chatbot.services.releases import release
from chatbot.settings import Settings
from chatbot.storage.database import Database
from fakes import add_faq, add_version, with_fake_models

Headers = dict[str, str]

# No clock decides a test: a machine that is busy is not a fault.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database that holds the FAQ of `fakes` and version 1, live."""
    folder = tmp_path_factory.mktemp("template")
    parts = build(Settings(data_dir=folder))
    with parts.database.write() as session:
        add_faq(session)
        release.install_untrained(session, add_version(session), "first", expected_generation=0)
    parts.database.close()
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Votes are pinned: `fakes` says what they make of its questions, whatever the defaults are.

    No question is drawn at random, so that each stands where its usefulness puts it.
    """
    return Settings(
        data_dir=tmp_path / "data", neighbours=10, vote_temperature=0.05, live_sample_share=0.0
    )


@pytest.fixture
def empty_parts(settings: Settings) -> Iterator[Parts]:
    """Nothing but the schema: no FAQ, no model."""
    parts = with_fake_models(build(settings))
    yield parts
    parts.database.close()


@pytest.fixture
def parts(settings: Settings, template: Path) -> Iterator[Parts]:
    """The FAQ of `fakes`, version 1 loaded; nothing follows: tests call `live.refresh()`."""
    shutil.copytree(template, settings.data_dir)
    parts = with_fake_models(build(settings))
    _do_not_wait_for_the_disk(parts.database)
    parts.live.refresh()
    yield parts
    parts.database.close()


@pytest.fixture
def app(parts: Parts) -> APIFlask:
    return create_app(parts=parts, follow=False)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    """A client without a key."""
    return app.test_client()


@pytest.fixture
def key(parts: Parts) -> Callable[[Scope], Headers]:
    """`key(Scope.AGENT)` makes a key and returns the headers that present it."""

    def make(scope: Scope) -> Headers:
        with parts.database.write() as session:
            _, secret = keys.create_key(session, "test", f"{scope} of a test", scope)
        return {"Authorization": f"Bearer {secret}"}

    return make


@pytest.fixture
def asker(key: Callable[[Scope], Headers]) -> Headers:
    return key(Scope.ASK)


@pytest.fixture
def agent(key: Callable[[Scope], Headers]) -> Headers:
    return key(Scope.AGENT)


@pytest.fixture
def editor(key: Callable[[Scope], Headers]) -> Headers:
    return key(Scope.EDITOR)


@pytest.fixture
def admin(key: Callable[[Scope], Headers]) -> Headers:
    return key(Scope.ADMIN)


@pytest.fixture
def broken_database(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no session can be opened."""
    unreachable = parts.settings.data_dir / "missing" / "chatbot.db"
    other = Database(f"sqlite:///{unreachable}")
    shutil.rmtree(unreachable.parent)
    parts.database.close()
    monkeypatch.setattr(parts.database, "_sessions", other._sessions)


def _do_not_wait_for_the_disk(database: Database) -> None:
    """Tests survive no power cut, and fsync is most of what they would wait for."""

    def relax(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(database.engine, "connect", relax)
    database.engine.dispose()
