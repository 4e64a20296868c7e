"""Every page on a desktop and a phone, light and dark: it fits, and axe-core finds no barrier."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from chromium import DESKTOP, PHONE, SIGNED_IN, SIGNED_OUT, Open
from installation import Installation

SCREENS = (DESKTOP, PHONE)
SCHEMES: tuple[Any, ...] = ("light", "dark")


@pytest.mark.parametrize(("name", "pages"), [(None, SIGNED_OUT), ("zoe", SIGNED_IN)])
def test_every_page_fits_and_has_no_barrier(
    bot: Installation, open_console: Open, name: str | None, pages: dict[str, str]
) -> None:
    bot.ask("the wi-fi of the moon base is slow")
    for url in ("https://hooks.example.org/x", "mailto:a-helpdesk-with-a-long-name@example.org"):
        bot.ok("POST", "/v1/admin/webhooks", {"url": url, "kinds": ["handoff.requested"]})
    page = open_console(name)
    flaws = []
    for address in pages.values():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true })")
        flaws += [f"{address} {flaw}" for flaw in list_flaws(page)]
    assert flaws == []


@pytest.mark.parametrize("key", ["/", "c"])
def test_what_opens_on_the_desk_has_no_barrier(
    bot: Installation, open_console: Open, key: str
) -> None:
    bot.ask("may I paint my office chair")
    page = open_console("zoe")
    page.goto("/console/review?q=chair")
    page.keyboard.press(key)
    page.locator("dialog[open]").wait_for()
    assert list(list_flaws(page)) == []


def list_flaws(page: Page) -> Iterator[str]:
    """On each screen and in each scheme; the page is not loaded anew."""
    for screen, scheme in product(SCREENS, SCHEMES):
        page.set_viewport_size(screen)
        page.emulate_media(color_scheme=scheme)
        where = f"({screen['width']}, {scheme})"
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > screen["width"]:
            yield f"{where} is {width} wide"
        for violation in Axe().run(page).response["violations"]:
            for node in violation["nodes"]:
                yield f"{where} {violation['id']}: {node['html'][:200]}"
