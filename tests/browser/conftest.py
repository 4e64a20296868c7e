"""A real server and Chromium: `open_console("ann")` is a page of hers, signed in."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from chromium import PASSWORD, ROLES, Open, launch, need_chromium, new_page, sign_in, watch
from installation import Installation, add_people, clean_environment, running, teach


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need_chromium()
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shipped FAQ and its untrained model, to be copied.

    It is made once, also where several processes test.
    """
    need_chromium()
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "filled.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "filled").exists():
            teach(clean_environment(shared / "filling"))
            (shared / "filling").rename(shared / "filled")
    return shared / "filled"


@pytest.fixture(scope="package")
def bot(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One server for all tests of this folder: each brings its own questions and intents."""
    folder = tmp_path_factory.mktemp("console")
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    mail = {"smtp_host": "127.0.0.1", "smtp_sender": "bot@example.org"}  # named, never called
    environment = clean_environment(folder, poll_seconds=1, retrain_at="03:33", **mail)
    add_people(environment, ROLES, PASSWORD)
    with running(folder, environment, "--web-only") as installation:
        yield installation


@pytest.fixture
def open_console(bot: Installation, chromium: Browser) -> Iterator[Open]:
    """Fails at the end if a page ran into an error or asked another site for anything."""
    mistakes: list[str] = []
    pages: list[Page] = []

    def sign_in_as(name: str | None, **options: Any) -> Page:
        page = new_page(chromium, bot.port, **options)
        pages.append(page)
        watch(page, bot.port, mistakes)
        return sign_in(page, f"{name}@example.org") if name else page

    yield sign_in_as
    for page in pages:
        page.context.close()
    assert mistakes == []
