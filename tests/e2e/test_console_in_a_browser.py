"""The console in a real browser, against a real server: `make test-browser`.

Needs Chromium (`apt-get install chromium`); another one by CHROMIUM=/path/to/it.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installation import Installation, clean_environment, command, running, wait_until

sync_api = pytest.importorskip("playwright.sync_api", reason="`make test-browser` installs it")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
PASSWORD = "correct horse battery"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
    # The browser's own loop is closed by its garbage collection.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

QUESTIONS = [
    f"{start} {thing}"
    for start in ("where do I find", "who can mend", "what about", "please tell me about")
    for thing in ("the zeppelin", "a harpsichord", "my aquarium", "our trebuchet", "the marzipan")
]
SHED = ["where is the bike shed", "where is the bike shed please", "the bike shed, where is it"]
HOSTILE = [
    "<script>fetch('https://evil.example')</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "{{ cycler.__init__.__globals__ }}",
    "</textarea><script>alert(1)</script>",
    "' autofocus onfocus=alert(1) x='",
    "<style>@import 'https://evil.example/x.css'</style>",
    "\u202egnp.exe <math><mtext></p><style><img src=x onerror=alert(1)>",
]
PAGES = [
    "/console/",
    "/console/review",
    "/console/knowledge",
    "/console/knowledge/intents/vpn-drops",
    "/console/knowledge/new",
    "/console/knowledge/lint",
    "/console/knowledge/try",
    "/console/knowledge/files",
    "/console/models",
    "/console/models/1",
    "/console/people",
]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("console")
    environment = clean_environment(folder, poll_seconds=1, retrain_at="03:33")
    command(environment, "import", "faq_data")
    command(environment, "ask", "hello", "--test")  # makes the first model
    for name, role in (("ann", "agent"), ("bob", "agent"), ("zoe", "admin")):
        account = (f"{name}@example.org", "--role", role, "--password", PASSWORD)
        command(environment, "user", "create", *account)
    with running(folder, environment, "--web-only") as installation:
        yield installation


@pytest.fixture
def open_console(bot: Installation) -> Iterator[Open]:
    """`open_console("ann")` signs in with a browser of her own and returns its page.

    Fails at the end if a page ran into an error or asked another site for anything.
    """
    mistakes: list[str] = []
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)

        def watch(request: Any) -> None:
            if not request.url.startswith(f"http://127.0.0.1:{bot.port}/"):
                mistakes.append(f"asked for {request.url}")

        def sign_in(name: str, **options: Any) -> Any:
            context = browser.new_context(base_url=f"http://127.0.0.1:{bot.port}", **options)
            page = context.new_page()
            page.on("request", watch)
            page.on("pageerror", lambda error: mistakes.append(str(error)))
            page.on("dialog", lambda dialog: mistakes.append(f"dialog: {dialog.message}"))
            page.goto("/console/sign-in")
            page.fill("[name=email]", f"{name}@example.org")
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**/console/")
            return page

        yield sign_in
        browser.close()
    assert mistakes == []


def shown(page: Any) -> str | None:
    """The id of the question on the desk."""
    form = page.locator("form[hx-post$='/verdict']").first
    address = form.get_attribute("hx-post") if form.count() else None
    return re.search(r"review/(\w+)/", address)[1] if address else None  # type: ignore[index]


def press(page: Any, key: str) -> None:
    """A key that brings another question."""
    before = shown(page)
    page.keyboard.press(key)
    wait_until(lambda: shown(page) != before, 10, f"{key} brings another question")


def test_an_agent_clears_twenty_questions_by_keyboard_alone(
    bot: Installation, open_console: Open
) -> None:
    for question in QUESTIONS:
        bot.ask(question)
    page = open_console("ann")
    page.goto("/console/review")
    requests: list[Any] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108
    judged = []
    for number in range(20):
        judged.append(shown(page))
        press(page, "n" if number % 2 else "1")
    assert not [r for r in requests if r.resource_type == "document"]
    assert len([r for r in requests if "/static/" not in r.url]) == 20
    for query_id in judged:
        assert bot.ok("GET", f"/v1/queries/{query_id}")["confirmation"] is not None
    press(page, "u")
    assert shown(page) == judged[-1]
    assert bot.ok("GET", f"/v1/queries/{judged[-1]}")["confirmation"] is None


def test_a_new_faq_from_a_group_answers_within_seconds(
    bot: Installation, open_console: Open
) -> None:
    for question in SHED:
        bot.ask(question)
    page = open_console("ann")
    page.goto("/console/review?q=shed")
    page.keyboard.press("a")
    page.keyboard.press("c")
    page.keyboard.type("Find the bike shed")
    page.keyboard.press("Tab")
    page.keyboard.type("Behind the **main** building.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing waits").wait_for()

    def answers() -> bool:
        answer = bot.ask("The bike shed, where is it")["answer"]
        return answer is not None and answer["intent"] == "find-the-bike-shed"

    wait_until(answers, 5, "the new FAQ answers")
    waiting = bot.ok("GET", "/v1/queries?reviewed=false&test=false&q=shed")["items"]
    assert not {item["text"] for item in waiting} & set(SHED)


def test_two_agents_never_have_the_same_question(bot: Installation, open_console: Open) -> None:
    for number in range(8):
        bot.ask(f"is there any news of parcel number {number}")
    ann, bob = open_console("ann"), open_console("bob")
    seen: list[str | None] = []
    for page in (ann, bob):
        page.goto("/console/review?q=parcel")
    for _ in range(4):
        seen += [shown(ann), shown(bob)]
        press(ann, "n")
        press(bob, "n")
    assert None not in seen
    assert len(set(seen)) == 8


def test_an_editor_sees_a_preview_and_mends_what_the_check_finds(
    bot: Installation, open_console: Open
) -> None:
    page = open_console("zoe")
    page.goto("/console/knowledge/intents/vpn-drops")
    page.fill("[name=answer]", "Restart **everything**.")
    page.locator("strong", has_text="everything").wait_for()
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_load_state()
    assert bot.ok("GET", "/v1/intents/vpn-drops")["answer"] == "Restart **everything**."
    page.goto("/console/knowledge/lint")
    assert page.get_by_role("heading", name="Check").is_visible()


def test_hostile_text_runs_nothing_on_any_page(bot: Installation, open_console: Open) -> None:
    for text in HOSTILE:
        bot.ask(text)
    hostile = json.loads(json.dumps(HOSTILE))
    faq = {"name": "hostile", "title": HOSTILE[1], "topic": "<b>", "utterances": hostile[:6]}
    bot.ok("POST", "/v1/intents", faq | {"answer": "\n\n".join(HOSTILE)})
    page = open_console("zoe")
    for address in (*PAGES, "/console/knowledge/intents/hostile"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    for _ in HOSTILE:
        page.goto("/console/review")
        if shown(page) is None:
            break
        press(page, "n")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_screen(
    open_console: Open, tmp_path: Path, width: int, scheme: str
) -> None:
    page = open_console("zoe", viewport={"width": width, "height": 844}, color_scheme=scheme)
    for address in PAGES:
        page.goto(address)
        page.screenshot(path=tmp_path / f"{address.strip('/').replace('/', '-')}.png")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, address
