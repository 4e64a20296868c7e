"""Takes docs/pictures/console/: every page of a filled instance, on a desktop and a phone.

Run it from the repository's root: make screenshots. Needs Chromium (apt-get install chromium).
"""

import argparse
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.showcase import fill
from chatbot.settings import Settings
from tests.browser.chromium import DESKTOP, PHONE, SIGNED_IN, SIGNED_OUT, launch, new_page, sign_in
from tests.installation import clean_environment, running

TARGET = Path(__file__).parent / "pictures" / "console"
LOOKS = {
    "desktop": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "device_scale_factor": 1.5},
}
LATEST = {"report": "/console/models/2"}
MOST_BYTES, LONGEST = 150_000, 2400


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data-dir", type=Path, help="an instance that this filled before")
    arguments.add_argument("--only", nargs="*", help="names of pages")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.data_dir or Path(temporary)
        if not (folder / "chatbot.db").exists():
            fill(Settings.from_env(data_dir=folder))
        environment = clean_environment(folder, retrain_at="03:33")
        with running(folder, environment) as bot, sync_playwright() as playwright:
            with launch(playwright) as browser:
                for look in LOOKS:
                    take_all(browser, bot.port, look, chosen.only)


def take_all(browser: Browser, port: int, look: str, only: list[str] | None) -> None:
    page = new_page(browser, port, **LOOKS[look])
    for pages in (SIGNED_OUT, SIGNED_IN | LATEST):
        if pages is not SIGNED_OUT:
            sign_in(page, "zoe@fernway.example")
        for name, address in pages.items():
            if not only or name in only:
                page.goto(address)
                prepare(page, name)
                page.wait_for_load_state("networkidle")
                keep(page, TARGET / f"{name}-{look}.webp")


def prepare(page: Page, name: str) -> None:
    if name == "try":
        page.fill("[name=text]", "the vpn dies whenever I walk to the meeting room")
        page.keyboard.press("Enter")
        page.locator("#decision").wait_for()


def keep(page: Page, path: Path) -> None:
    """As WebP, which is small; the end of a very long page is cut off."""
    height = min(LONGEST, page.evaluate("document.documentElement.scrollHeight"))
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.set_viewport_size({"width": width, "height": max(height, 600)})
    taken = Image.open(BytesIO(page.screenshot()))
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in (80, 60, 40, 20):
        taken.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size < MOST_BYTES:
            break


if __name__ == "__main__":
    main()
