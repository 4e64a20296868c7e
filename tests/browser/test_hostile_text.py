"""Two hundred texts that try to run a script, everywhere that text comes in, on every page.

Escaping has to hold by itself: the admin's browser ignores the pages' Content-Security-Policy, so
there a script that slips through runs. The others obey it, and report what it blocks.
"""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from chromium import PASSWORD, SIGNED_IN, SIGNED_OUT, Open, sign_in
from desk import press, shown
from installation import Installation
from payloads import PAYLOADS

pytestmark = pytest.mark.timeout(600)  # the first of them starts the server

MOST_ON_THE_DESK = 60
NAMED = 8
# What no page of the console contains, wherever it would come from.
FOREIGN = """
() => [...document.querySelectorAll("*")].filter(element => {
  const name = element.localName;
  const attributes = [...element.attributes];
  return ["img", "image", "iframe", "object", "embed", "base", "math", "video", "audio", "style",
          "foreignobject", "animate", "set", "use", "marquee", "xss"].includes(name)
    || (name === "script" && !element.src.startsWith(location.origin + "/console/static/"))
    || (name === "meta" && element.httpEquiv)
    || attributes.some(a => a.name.startsWith("on") || a.name.includes("hx-on"))
    || attributes.some(a => ["href", "src", "action", "formaction"].includes(a.name)
         && /^\\s*(java|vb|data)/i.test(a.value.replace(/[\\x00-\\x20]/g, "")));
}).map(element => element.outerHTML.slice(0, 200))
"""


@pytest.fixture(scope="module")
def hostile(bot: Installation) -> list[str]:
    """Each payload is a question, and title, topic, answer and utterance of an intent, which
    somebody of such a name made; returns the addresses of all that show them."""
    addresses = []
    somebody = bot
    for number, text in enumerate(PAYLOADS):
        bot.ok("POST", "/v1/ask", {"text": text, "conversation_id": f"hostile-{number // 4}"})
        if number % NAMED == 0:
            somebody = named(bot, text)
        name = f"hostile-{number}"
        faq = {"title": text[:200], "topic": text[:80], "answer": text}
        somebody.ok("POST", "/v1/intents", faq | {"name": name, "utterances": [f"{text} {number}"]})
        addresses.append(f"/console/knowledge/intents/{name}")
    pages = [f"/console/knowledge?{urlencode({'q': 'hostile', 'page': n})}" for n in range(1, 6)]
    return [*addresses, *pages]


def named(bot: Installation, name: str) -> Installation:
    """With a key of that name, which the history of what it does shows."""
    made = bot.ok("POST", "/v1/admin/keys", {"name": name[:60], "scope": "admin"})
    return Installation(bot.port, made["key"])


def add_people(page: Page) -> list[str]:
    """Colleagues of such names; returns their e-mail addresses."""
    origin = {"Origin": page.evaluate("location.origin")}
    addresses = []
    for text in PAYLOADS[::25]:
        name = "".join(c if c.isprintable() and c != " " else "/" for c in text)
        addresses.append(f"{name}@example.org".lower())
        form: dict[str, str | float | bool] = {
            "email": addresses[-1],
            "role": "agent",
            "password": PASSWORD,
        }
        response = page.request.post(SIGNED_IN["people"], form=form, headers=origin)
        assert response.ok, response.text()
    return addresses


def test_there_are_two_hundred_different_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


def test_nothing_runs_where_only_escaping_protects(hostile: list[str], open_console: Open) -> None:
    page = open_console("zoe", bypass_csp=True)
    for address in add_people(page):
        look(sign_in(open_console(None, bypass_csp=True), address), SIGNED_IN["overview"])
    for address in (*SIGNED_IN.values(), *hostile):
        look(page, address)


@pytest.mark.parametrize("name", ["ann", "eve"])
def test_nothing_runs_or_is_blocked_for_agents_and_editors(
    hostile: list[str], open_console: Open, name: str
) -> None:
    page = open_console(name)
    for address in (*SIGNED_IN.values(), *hostile[::20]):
        look(page, address)


def test_nothing_runs_on_the_desk(hostile: list[str], open_console: Open) -> None:
    page = open_console("ann", bypass_csp=True)
    look(page, SIGNED_IN["review"])
    for _ in range(MOST_ON_THE_DESK):
        if shown(page) is None:
            break
        press(page, "n")
        assert page.evaluate(FOREIGN) == []


def test_nothing_runs_while_an_answer_is_typed_or_a_question_tried(
    hostile: list[str], open_console: Open
) -> None:
    page = open_console("eve", bypass_csp=True)
    look(page, SIGNED_IN["new-intent"])
    for start in range(0, len(PAYLOADS), 20):
        with page.expect_response("**/preview"):
            page.fill("[name=answer]", "\n\n".join(PAYLOADS[start : start + 20]))
        assert page.evaluate(FOREIGN) == []
    for text in PAYLOADS[::20]:
        look(page, SIGNED_IN["try"])
        page.fill("[name=text]", text)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.evaluate(FOREIGN) == []


def test_nothing_runs_in_what_errors_and_the_door_repeat(open_console: Open) -> None:
    page = open_console(None, bypass_csp=True)
    for text in PAYLOADS[::10]:
        page.goto(f"{SIGNED_OUT['sign-in']}?{urlencode({'next': text})}")
        assert page.evaluate(FOREIGN) == []
    page.fill("[name=email]", PAYLOADS[0])
    page.fill("[name=password]", "wrong password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.evaluate(FOREIGN) == []


def test_no_policy_allows_what_is_unsafe(bot: Installation, open_console: Open) -> None:
    page = open_console("zoe")
    for address in (*SIGNED_OUT.values(), *SIGNED_IN.values()):
        response = page.goto(address)
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


def look(page: Page, address: str) -> None:
    """Forbidden pages are looked at too: they say what is forbidden."""
    page.goto(address)
    assert page.evaluate(FOREIGN) == [], address
