"""Every page on a desktop and a phone, light and dark: it fits, and axe-core finds no barrier."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from chromium import DESKTOP, PHONE, SIGNED_IN, SIGNED_OUT, Open
from installation import Installation

SCREENS = {"desktop": DESKTOP, "phone": PHONE}
looks = pytest.mark.parametrize("scheme", ["light", "dark"])
on_screens = pytest.mark.parametrize("screen", SCREENS)


@looks
@on_screens
def test_every_page_fits_and_has_no_barrier(
    bot: Installation, open_console: Open, screen: str, scheme: Any
) -> None:
    bot.ask("the wi-fi of the moon base is slow")
    options = {"viewport": SCREENS[screen], "color_scheme": scheme}
    flaws: dict[str, list[str]] = {}
    for name, pages in ((None, SIGNED_OUT), ("zoe", SIGNED_IN)):
        page = open_console(name, **options)
        for address in pages.values():
            page.goto(address)
            page.wait_for_load_state("networkidle")
            flaws[address] = list_flaws(page)
    assert {address: found for address, found in flaws.items() if found} == {}


@looks
def test_what_opens_on_the_desk_has_no_barrier(
    bot: Installation, open_console: Open, scheme: Any
) -> None:
    bot.ask("may I paint my office chair")
    page = open_console("zoe", color_scheme=scheme)
    for key in ("/", "c"):
        page.goto("/console/review?q=chair")
        page.keyboard.press(key)
        page.locator("dialog[open]").wait_for()
        assert list_flaws(page) == []


def list_flaws(page: Page) -> list[str]:
    page.eval_on_selector_all("details", "all => all.forEach(details => { details.open = true })")
    width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    found = Axe().run(page).response["violations"]
    barriers = [f"{v['id']}: {node['html'][:200]}" for v in found for node in v["nodes"]]
    return barriers + ([f"{width} pixels wide"] if width > screen else [])
