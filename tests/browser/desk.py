"""The review desk as an agent's hands and eyes use it."""

import re

from playwright.sync_api import Page

_FORM = "form[hx-post$='/verdict']"


def shown(page: Page) -> str | None:
    """The id of the question on the desk."""
    form = page.locator(_FORM).first
    address = form.get_attribute("hx-post") if form.count() else None
    found = re.search(r"review/(\w+)/", address or "")
    return found[1] if found else None


def press(page: Page, key: str) -> None:
    """A key that brings another question."""
    before = shown(page)
    page.keyboard.press(key)
    wait_for_another(page, before)


def wait_for_another(page: Page, before: str | None) -> None:
    page.wait_for_function(
        f"""before => {{
            const address = document.querySelector("{_FORM}")?.getAttribute("hx-post") ?? "";
            return !address.includes(`/${{before}}/`);
        }}""",
        arg=before,
    )
