"""The review desk: keys alone, a new FAQ from a group, several agents at once."""

from playwright.sync_api import expect

from chromium import SIGNED_IN, Open
from desk import press, shown, wait_for_another
from installation import Installation
from waiting import wait_until

VERDICTS = 100
THINGS = ("zeppelin", "harpsichord", "aquarium", "trebuchet", "marzipan", "gondola", "abacus")
STARTS = ("where do I find the", "who can mend my", "what about this", "tell me about a")
QUESTIONS = [f"{start} {thing} {n}" for start in STARTS for thing in THINGS for n in range(4)]
SHED = ["where is the bike shed", "where is the bike shed please", "the bike shed, where is it"]


def test_a_hundred_verdicts_by_keyboard_take_a_hundred_requests_and_load_no_page(
    bot: Installation, open_console: Open
) -> None:
    for question in QUESTIONS:
        bot.ask(question)
    page = open_console("ann")
    page.goto(SIGNED_IN["review"])
    page.wait_for_load_state("networkidle")
    requests = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108
    judged = []
    for number in range(VERDICTS):
        judged.append(shown(page))
        press(page, "n" if number % 2 else "1")

    assert [request.resource_type for request in requests] == ["xhr"] * VERDICTS
    verdicts = {query_id: verdict_on(bot, query_id) for query_id in judged}
    assert len(verdicts) == VERDICTS
    assert None not in verdicts.values()

    press(page, "u")
    assert shown(page) == judged[-1]
    assert verdict_on(bot, judged[-1]) is None


def test_the_chat_answers_a_new_faq_from_a_group(bot: Installation, open_console: Open) -> None:
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

    chat = open_console(None)
    chat.goto("/demo")
    chat.get_by_role("button", name="Open the chat").click()
    answer = chat.get_by_text("Behind the main building.")

    def is_answered() -> bool:
        chat.get_by_label("Type your question").fill("The bike shed, where is it?")
        chat.keyboard.press("Enter")
        chat.wait_for_timeout(500)
        return answer.count() > 0

    wait_until(is_answered, "the answer")
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


def test_keys_pressed_at_the_same_moment_settle_each_question_once(
    bot: Installation, open_console: Open
) -> None:
    """Both press before either page has heard of the other's verdict."""
    for number in range(20):
        bot.ask(f"when does ferry number {number} leave")
    agents = {name: open_console(name) for name in ("ann", "bob")}
    for page in agents.values():
        page.goto("/console/review?q=ferry")
    judged: dict[str | None, str] = {}
    for _ in range(10):
        before = {name: shown(page) for name, page in agents.items()}
        for page in agents.values():
            page.keyboard.press("n")
        for name, page in agents.items():
            wait_for_another(page, before[name])
            assert before[name] not in judged
            judged[before[name]] = name
    for query_id, name in judged.items():
        verdict = verdict_on(bot, query_id)
        assert verdict is not None
        assert verdict["by"].startswith(f"{name}@")


def test_a_key_tells_what_each_verdict_would_change(bot: Installation, open_console: Open) -> None:
    bot.ask("my invoice for the submarine is nowhere")
    bot.ask("invoice for the submarine is nowhere")
    page = open_console("ann")
    page.goto("/console/review?q=submarine")
    page.keyboard.press("w")
    expect(page.locator("#changes")).to_contain_text("like questions would be answered otherwise")
    page.keyboard.press("w")
    expect(page.locator("#changes")).to_be_hidden()


def verdict_on(bot: Installation, query_id: str | None) -> dict[str, str] | None:
    verdict: dict[str, str] | None = bot.ok("GET", f"/v1/queries/{query_id}")["confirmation"]
    return verdict
