"""A real server and Chromium: `open_console("ann")` is a page of hers, signed in."""

from collections.abc import Iterator
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


@pytest.fixture(scope="package")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One server for all tests of this folder: each brings its own questions and intents."""
    need_chromium()
    folder = tmp_path_factory.mktemp("console")
    mail = {"smtp_host": "127.0.0.1", "smtp_sender": "bot@example.org"}  # named, never called
    environment = clean_environment(folder, poll_seconds=1, retrain_at="03:33", **mail)
    teach(environment)
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
