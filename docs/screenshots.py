"""Takes docs/pictures/console/: every page of a filled instance, on a desktop and a phone.

Run it from the repository's root: make screenshots. Needs Chromium (apt-get install chromium).
"""

import argparse
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.showcase import ADMIN, AGENTS, LATEST, fill
from chatbot.settings import Settings
from tests.browser.chromium import DESKTOP, PHONE, SIGNED_IN, SIGNED_OUT, launch, new_page, sign_in
from tests.browser.old_bots import write_dialogflow
from tests.installation import clean_environment, running
from tests.waiting import wait_until

TARGET = Path(__file__).parent / "pictures" / "console"
LOOKS: dict[str, Any] = {
    "desktop": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "device_scale_factor": 1.5},
}
FOR_AGENTS = {"review": SIGNED_IN["review"]}
IMPORTS = {"import": SIGNED_IN["files"]}
FOR_ADMINS = {n: p for n, p in SIGNED_IN.items() if n != "review"} | LATEST | IMPORTS
MOST_BYTES, LONGEST = 150_000, 1700


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data-dir", type=Path, help="keep the instance here, or use it again")
    arguments.add_argument("--only", nargs="*", help="names of pages")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.data_dir or Path(temporary)
        if not (folder / "chatbot.db").exists():
            fill(Settings.from_env(data_dir=folder))
        environment = clean_environment(folder)
        with (
            running(folder, environment) as bot,
            sync_playwright() as playwright,
            launch(playwright) as browser,
        ):
            for look in LOOKS:
                take_all(browser, bot.port, look, chosen.only)


def take_all(browser: Browser, port: int, look: str, only: list[str] | None) -> None:
    for email, pages in ((None, SIGNED_OUT), (AGENTS[0], FOR_AGENTS), (ADMIN, FOR_ADMINS)):
        page = new_page(browser, port, **LOOKS[look])
        if email:
            sign_in(page, email)
            wait_until(lambda page=page: has_worker(page), "the start of a worker")
        for name, address in pages.items():
            if not only or name in only:
                page.set_viewport_size(LOOKS[look]["viewport"])
                page.goto(address)
                prepare(page, name)
                page.wait_for_load_state("networkidle")
                keep(page, TARGET / f"{name}-{look}.webp")


def has_worker(page: Page) -> bool:
    page.reload()
    return page.locator(".entry", has_text="Worker").get_by_text("well").count() > 0


def prepare(page: Page, name: str) -> None:
    if name == "try":
        page.fill("[name=text]", "the vpn dies whenever I walk to the meeting room")
        page.keyboard.press("Enter")
        page.locator("#decision").wait_for()
    if name == "import":
        page.set_input_files("[name=file]", write_dialogflow(Path(tempfile.mkdtemp())))
        page.wait_for_url("**/imports/*")
    if name == "demo":
        page.get_by_role("button", name="Open the chat").click()
        page.get_by_label("Type your question").fill("the vpn keeps dropping during my calls")
        page.keyboard.press("Enter")
        page.get_by_text("Did this help?").wait_for()


def keep(page: Page, path: Path) -> None:
    """As WebP, which is small; the end of a very long page is cut off."""
    height = min(LONGEST, page.evaluate("document.documentElement.scrollHeight"))
    assert page.viewport_size is not None
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    taken = Image.open(BytesIO(page.screenshot()))
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in (80, 60, 40, 20):
        taken.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size < MOST_BYTES:
            break


if __name__ == "__main__":
    main()
