"""The chat widget on the demo page, and on a site of somebody else."""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from chromium import new_page
from installation import Installation, clean_environment, running
from payloads import PAYLOADS
from waiting import wait_until

ANSWERED = "the vpn keeps dropping during my calls"
ASKED_BACK = "problem with my account"
UNSURE = "update my password"
HANDED_OVER = "can you recommend a good pasta recipe"
FIELD = "Type your question"
TOGETHER = 20  # payloads in one answer

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def bot(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server of its own: what is popular depends on all that was asked."""
    folder = tmp_path_factory.mktemp("widget")
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    environment = clean_environment(folder, poll_seconds=1, retrain_at="03:33")
    with running(folder, environment, "--web-only") as installation:
        [demo] = installation.ok("GET", "/v1/admin/sites")["items"]
        path = f"/v1/admin/sites/{demo['key']}"  # all tests are one visitor
        installation.ok("PUT", path, {"name": "Demo", "origins": ["self"], "per_visitor": 5000})
        yield installation


class Shop:
    """A site of somebody else, on another port, whose policy allows the chat and nothing else."""

    def __init__(self, chat: str) -> None:
        self.chat, self.page = chat, ""
        shop = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                policy = f"default-src 'none'; script-src {chat}; connect-src {chat}"
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.send_header("Content-Security-Policy", "require-trusted-types-for 'script'")
                self.end_headers()
                self.wfile.write(shop.page.encode())

            def log_message(self, *arguments: Any) -> None:
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def show(self, key: str, attributes: str = "") -> None:
        self.page = (
            '<!doctype html><html lang="de"><title>Shop</title><body><h1>Shop</h1>'
            f'<script src="{self.chat}/widget.js" data-key="{key}" {attributes} async></script>'
        )


@pytest.fixture
def shop(bot: Installation) -> Iterator[Shop]:
    shop = Shop(f"http://127.0.0.1:{bot.port}")
    yield shop
    shop.server.shutdown()
    shop.server.server_close()


@pytest.fixture
def visit(bot: Installation, chromium: Browser) -> Iterator[Open]:
    """`visit("/demo")` opens a page as a new visitor.

    Fails at the end if a page ran into an error, ran a hostile text, or asked a third site for
    anything.
    """
    mistakes: list[str] = []
    pages: list[Any] = []

    def watch(request: Any) -> None:
        if not request.url.startswith("http://127.0.0.1:"):
            mistakes.append(f"asked for {request.url}")

    def open_page(address: str, **options: Any) -> Any:
        page = new_page(chromium, bot.port, **options)
        pages.append(page)
        page.on("request", watch)
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.on("dialog", lambda dialog: mistakes.append(f"dialog: {dialog.message}"))
        page.goto(address)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert mistakes == []


def open_chat(page: Any) -> None:
    page.get_by_role("button", name="Open the chat").click()
    page.get_by_text("Often asked").wait_for()


def ask(page: Any, text: str) -> None:
    page.get_by_label(FIELD).fill(text)
    page.keyboard.press("Enter")


def logged(bot: Installation, text: str) -> list[Any]:
    found = bot.ok("GET", f"/v1/queries?q={text.replace(' ', '%20')}")["items"]
    return [query for query in found if query["text"] == text]


def focused(page: Any) -> str:
    """The accessible name of what has the focus inside the chat."""
    return str(
        page.evaluate(
            "(at => at?.getAttribute('aria-label') || at?.textContent || '')"
            "(document.querySelector('helpdesk-chat').shadowRoot.activeElement)"
        )
    )


def test_a_visitor_asks_rates_the_answer_and_finds_it_again(bot: Installation, visit: Open) -> None:
    page = visit("/demo")
    open_chat(page)
    ask(page, ANSWERED)
    page.get_by_text("If the VPN connects but then drops").wait_for()
    assert page.get_by_role("listitem").count() == 5
    page.get_by_role("button", name="Yes").click()
    page.get_by_text("Glad to hear it.").first.wait_for()
    wait_until(lambda: logged(bot, ANSWERED)[0]["helpful"] is True, "the thumb")
    page.reload()
    page.get_by_text("If the VPN connects but then drops").wait_for()
    assert page.get_by_text("Glad to hear it.").is_visible()
    page.get_by_role("button", name="Start over").click()
    page.get_by_text("Often asked").wait_for()
    assert page.get_by_text(ANSWERED).locator("visible=true").count() == 0
    assert len(logged(bot, ANSWERED)) == 1


def test_a_popular_question_is_answered_for_certain(bot: Installation, visit: Open) -> None:
    page = visit("/demo")
    with page.expect_response("**/v1/popular-questions") as response:
        open_chat(page)
    choice = page.locator("helpdesk-chat .choice").first
    title = choice.inner_text()
    choice.click()
    page.get_by_role("button", name="Yes").wait_for()
    assert page.locator("helpdesk-chat .name").inner_text() == title
    offered = response.value.json()["items"]
    question = next(each["question"] for each in offered if each["title"] == title)
    assert [query["exact"] for query in logged(bot, question)] == [True]


def test_a_visitor_says_which_reading_was_meant(bot: Installation, visit: Open) -> None:
    page = visit("/demo")
    open_chat(page)
    ask(page, ASKED_BACK)
    group = page.get_by_role("group", name="Did you mean one of these?")
    option = group.get_by_role("button").first
    title = option.inner_text()
    option.click()
    page.get_by_role("button", name="Yes").wait_for()
    assert page.locator("helpdesk-chat .name").inner_text() == title
    [query] = logged(bot, ASKED_BACK)
    assert bot.ok("GET", f"/v1/intents/{query['chosen_intent']}")["title"] == title


def test_an_answer_that_is_not_quite_sure_has_a_way_out(bot: Installation, visit: Open) -> None:
    page = visit("/demo")
    open_chat(page)
    ask(page, UNSURE)
    page.get_by_text("I think you mean:").wait_for()
    other = page.get_by_role("group", name="Or did you mean").get_by_role("button").first
    title = other.inner_text()
    other.click()
    page.get_by_text(f"→ {title}").wait_for()
    assert page.locator("helpdesk-chat .name").last.inner_text() == title
    [query] = logged(bot, UNSURE)
    assert query["decision"] == "answer"
    assert bot.ok("GET", f"/v1/intents/{query['chosen_intent']}")["title"] == title


def test_a_visitor_leaves_an_address_for_a_person(bot: Installation, visit: Open) -> None:
    page = visit("/demo")
    open_chat(page)
    ask(page, HANDED_OVER)
    email = page.get_by_label("E-mail address")
    email.fill("ann at example")
    page.keyboard.press("Enter")
    page.get_by_text("Please check the e-mail address.").wait_for()
    email.fill("ann@example.org")
    page.get_by_label("Anything to add?").fill("For six people.")
    page.get_by_role("button", name="Send").first.click()
    page.get_by_text("A person will answer you by e-mail.").first.wait_for()
    [waiting] = bot.ok("GET", "/v1/handoffs")["items"]
    assert (waiting["email"], waiting["message"]) == ("ann@example.org", "For six people.")
    assert waiting["site"] == "Demo"
    transcript = bot.ok("GET", f"/v1/handoffs/{waiting['id']}")["transcript"]
    assert [line["text"] for line in transcript] == [HANDED_OVER]
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert HANDED_OVER in kept
    assert "ann@example.org" not in kept


def test_what_is_asked_offline_is_asked_once_when_back(bot: Installation, visit: Open) -> None:
    page = visit("/demo")
    open_chat(page)
    page.context.set_offline(True)
    ask(page, "the printer on floor two is offline")
    page.get_by_text("You are offline.").first.wait_for()
    page.context.set_offline(False)
    other_tab = page.context.new_page()
    other_tab.goto("/demo")
    for each in (page, other_tab):
        each.locator("helpdesk-chat .bot .bubble:not(.dots)").nth(1).wait_for(state="attached")
    assert len(logged(bot, "the printer on floor two is offline")) == 1


def test_a_lost_answer_is_fetched_again_without_a_second_question(
    bot: Installation, visit: Open
) -> None:
    question = "the projector in room nine hums"
    page = visit("/demo")
    open_chat(page)
    lost: list[Any] = []

    def lose(route: Any) -> None:
        if len(lost) < 2:  # the server has answered, but nobody hears it
            lost.append(route.fetch().json())
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/ask", lose)
    ask(page, question)
    page.get_by_role("button", name="Try again").wait_for()
    page.reload()
    page.get_by_role("button", name="Try again").click()
    page.locator("helpdesk-chat .bot .bubble:not(.dots)").nth(1).wait_for()
    assert {each["query_id"] for each in lost} == {query["id"] for query in logged(bot, question)}
    assert len(logged(bot, question)) == 1


def test_the_chat_is_used_by_keyboard_alone(visit: Open) -> None:
    page = visit("/demo")
    page.get_by_role("button", name="Open the chat").wait_for()
    for _ in range(10):
        page.keyboard.press("Tab")
        if focused(page) == "Open the chat":
            break
    page.keyboard.press("Enter")
    assert focused(page) == FIELD
    page.keyboard.type(ASKED_BACK)
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Did you mean one of these?").wait_for()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "None of these"
    page.keyboard.press("Enter")
    page.get_by_label("E-mail address").wait_for()
    page.keyboard.type("bob@example.org")
    page.keyboard.press("Enter")
    page.get_by_text("A person will answer you by e-mail.").first.wait_for()
    assert focused(page) == FIELD
    page.keyboard.press("Escape")
    assert focused(page) == "Open the chat"
    assert not page.get_by_role("dialog").is_visible()


def test_it_works_on_an_allowed_site_under_a_strict_policy_in_its_language(
    bot: Installation, visit: Open, shop: Shop
) -> None:
    site = {"name": "Shop", "origins": [shop.origin]}
    shop.show(bot.ok("POST", "/v1/admin/sites", site)["key"], 'data-color="#ffd166"')
    page = visit(shop.origin)
    page.get_by_role("button", name="Chat öffnen").click()
    page.get_by_text("Häufig gefragt").wait_for()
    page.get_by_label("Ihre Frage").fill(ANSWERED)
    page.keyboard.press("Enter")
    page.get_by_text("If the VPN connects but then drops").first.wait_for()
    header = page.locator("helpdesk-chat .head")
    assert header.evaluate("at => getComputedStyle(at).color") == "rgb(0, 0, 0)"
    assert header.evaluate("at => getComputedStyle(at).backgroundColor") == "rgb(255, 209, 102)"


def test_it_is_refused_on_a_site_that_is_not_allowed(
    bot: Installation, visit: Open, shop: Shop
) -> None:
    site = {"name": "Another shop", "origins": ["https://shop.example"]}
    shop.show(bot.ok("POST", "/v1/admin/sites", site)["key"], 'data-lang="en"')
    page = visit(shop.origin)
    page.get_by_role("button", name="Open the chat").click()
    ask(page, "may I ask from here")
    page.get_by_text("This did not go through.").first.wait_for()
    assert logged(bot, "may I ask from here") == []


def test_links_and_pictures_of_an_answer_lead_to_the_page_s_own_site(
    bot: Installation, visit: Open, shop: Shop
) -> None:
    answer = (
        "[guide](/help/x) https://a.example/b [call](tel:+493012345) [mail](mailto:a@b.example) "
        "[evil](//evil.example/x) ![shot](https://evil.example/s.png)"
    )
    faq = {"name": "links", "title": "Where links lead", "topic": "", "answer": answer}
    bot.ok("POST", "/v1/intents", faq | {"utterances": ["show me the links"]})
    wait_until(lambda: bool(bot.ask("show me the links")["answer"]), "it is live")
    site = {"name": "Linked shop", "origins": [shop.origin]}
    shop.show(bot.ok("POST", "/v1/admin/sites", site)["key"], 'data-lang="en"')
    page = visit(shop.origin)
    page.get_by_role("button", name="Open the chat").click()
    ask(page, "show me the links")
    page.get_by_role("link", name="guide").wait_for()
    links = page.locator("helpdesk-chat .prose a")
    assert links.evaluate_all("all => all.map(each => [each.href, each.target])") == [
        [f"{shop.origin}/help/x", ""],
        ["https://a.example/b", "_blank"],
        ["tel:+493012345", "_blank"],
        ["mailto:a@b.example", "_blank"],
        ["https://evil.example/s.png", "_blank"],
    ]
    assert page.locator("helpdesk-chat .prose img").count() == 0


@pytest.mark.timeout(600)
def test_hostile_texts_do_not_run(bot: Installation, visit: Open, shop: Shop) -> None:
    questions = []
    for start in range(0, len(PAYLOADS), TOGETHER):
        some = PAYLOADS[start : start + TOGETHER]
        questions.append(f"the {start}th hostile zeppelin")
        faq = {"name": f"zeppelin-{start}", "title": some[0], "topic": ""}
        bot.ok(
            "POST", "/v1/intents", faq | {"answer": "\n\n".join(some), "utterances": questions[-1:]}
        )
    wait_until(lambda: bool(bot.ask(questions[-1])["answer"]), "the answer")
    site = {"name": "Hostile shop", "origins": [shop.origin], "per_visitor": 500}
    shop.show(bot.ok("POST", "/v1/admin/sites", site)["key"], 'data-lang="en"')
    for address, asked in (("/demo", [*questions, *PAYLOADS]), (shop.origin, questions)):
        page = visit(address)
        page.get_by_role("button", name="Open the chat").click()
        for text in asked:
            ask(page, text)
        expect(page.locator("helpdesk-chat .me.sent").last).to_contain_text(
            asked[-1], timeout=90_000
        )
        inside = page.locator("helpdesk-chat .log")
        assert inside.locator("script, img, iframe, style, svg, math").count() == 0
        links = inside.locator("a").evaluate_all("all => all.map(each => each.href)")
        assert all(re.match("https?:|mailto:", link) for link in links)
        page.reload()  # and what was kept does not run either
        page.locator("helpdesk-chat .launcher, helpdesk-chat .panel").first.wait_for(
            state="attached"
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_it_fits_its_screen(visit: Open, tmp_path: Path, width: int, scheme: str) -> None:
    screen = {"width": width, "height": 700}
    page = visit("/demo", viewport=screen, color_scheme=scheme, reduced_motion="reduce")
    open_chat(page)
    ask(page, ANSWERED)
    page.get_by_text("If the VPN connects but then drops").wait_for()
    page.screenshot(path=tmp_path / "answer.png")
    panel = page.get_by_role("dialog").bounding_box()
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= width
    assert panel["y"] + panel["height"] <= 700
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    log = page.locator("helpdesk-chat .log")
    assert log.evaluate("at => at.scrollWidth <= at.clientWidth")
