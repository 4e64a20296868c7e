"""Measure how heavy the console's pages are, and how soon something is seen on a slow phone.

Each page is loaded twice by a Chromium that is throttled as Lighthouse throttles it (slow 4G, a
processor four times slower): with nothing cached, as on the first visit, and as later visits are.
The instance is filled as a team's is after a month.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.common import console, finish, parser
from bench.instance import free_port, serve
from bench.showcase import ADMIN, LATEST, fill
from chatbot.settings import Settings
from tests.browser.chromium import PHONE, SIGNED_IN, SIGNED_OUT, launch, new_page, sign_in

MOST_BYTES = 150_000
SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6 * 1024 * 1024 / 8,
    "uploadThroughput": 750 * 1024 / 8,
}
SLOWER = 4
READ = """() => {
  const loaded = [...performance.getEntriesByType("navigation"),
                  ...performance.getEntriesByType("resource")];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return [loaded.reduce((sum, each) => sum + each.transferSize, 0), paint.startTime];
}"""
IS_PAINTED = """() => performance.getEntriesByName("first-contentful-paint").length"""


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data-dir", type=Path, help="keep the instance here, or use it again")
    made.add_argument("--times", type=int, default=5, help="each page is loaded so often")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data_dir or Path(temporary)
        settings = Settings.from_env(data_dir=folder)
        if not (folder / "chatbot.db").exists():
            with console.status("filling an instance …"):
                fill(settings)
        port = free_port()
        with serve(settings, port), sync_playwright() as playwright, launch(playwright) as browser:
            pages = {
                name: measure(browser, port, address, arguments.times)
                for name, address in (SIGNED_OUT | SIGNED_IN | LATEST).items()
            }
    finish("pages", figures(pages), arguments.keep)


def measure(browser: Browser, port: int, address: str, times: int) -> dict[str, float]:
    """Return medians of milliseconds; bytes are those that came over the wire, headers included."""
    first = [load(browser, port, address, with_cache=False) for _ in range(times)]
    later = [load(browser, port, address, with_cache=True) for _ in range(times)]
    return {
        "bytes": max(size for size, _ in first),
        "first_paint_ms": statistics.median(paint for _, paint in first),
        "bytes_later": max(size for size, _ in later),
        "first_paint_later_ms": statistics.median(paint for _, paint in later),
    }


def load(browser: Browser, port: int, address: str, with_cache: bool) -> tuple[int, float]:
    with somebody(browser, port, address) as page:
        if with_cache:
            page.goto(address)
            page.wait_for_load_state("networkidle")
        throttle(page, with_cache)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.wait_for_function(IS_PAINTED)
        size, paint = page.evaluate(READ)
        return size, paint


@contextmanager
def somebody(browser: Browser, port: int, address: str) -> Iterator[Page]:
    page = new_page(browser, port, viewport=PHONE)
    if address not in SIGNED_OUT.values():
        sign_in(page, ADMIN)
    yield page
    page.context.close()


def throttle(page: Page, with_cache: bool) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": not with_cache})
    devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def figures(pages: dict[str, dict[str, float]]) -> dict[str, Any]:
    heaviest = max(pages, key=lambda name: pages[name]["bytes"])
    slowest = max(pages, key=lambda name: pages[name]["first_paint_ms"])
    return {
        "heaviest_page": heaviest,
        "heaviest_bytes": pages[heaviest]["bytes"],
        "all_below_150_kB": pages[heaviest]["bytes"] < MOST_BYTES,
        "slowest_page": slowest,
        "slowest_first_paint_ms": pages[slowest]["first_paint_ms"],
        "slowest_first_paint_later_ms": max(p["first_paint_later_ms"] for p in pages.values()),
        "pages": pages,
    }


if __name__ == "__main__":
    run()
