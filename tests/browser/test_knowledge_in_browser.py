"""An editor's room: preview while typing, drafts, the check, and what happens to two who edit."""

from playwright.sync_api import Page, expect

from chromium import SIGNED_IN, Open
from installation import Installation
from waiting import wait_until


def test_an_editor_sees_a_preview_while_typing_and_saves_it(
    bot: Installation, open_console: Open
) -> None:
    page = open_console("eve")
    page.goto(SIGNED_IN["intent"])
    page.fill("[name=answer]", "Restart **everything**.\n\n1. First\n2. Second")
    expect(page.locator("#preview strong")).to_have_text(["everything"])
    expect(page.locator("#preview ol li")).to_have_count(2)
    assert "everything" not in bot.ok("GET", "/v1/intents/vpn-drops")["answer"]

    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    stored = bot.ok("GET", "/v1/intents/vpn-drops")["answer"]
    assert stored.startswith("Restart **everything**.")
    page.locator(".card", has_text="History").get_by_role("button", name="Undo").first.click()
    page.wait_for_load_state()
    assert "everything" not in bot.ok("GET", "/v1/intents/vpn-drops")["answer"]


def test_what_the_check_finds_is_mended_where_it_leads(
    bot: Installation, open_console: Open
) -> None:
    phrase = "borrow the cargo tricycle of our warehouse"
    for name, taken in (("trike", phrase.replace("our", "the")), ("tricycle", phrase)):
        faq = {"name": name, "title": name.capitalize(), "answer": "Ask at the gate of hall 3."}
        bot.ok("POST", "/v1/intents", faq | {"utterances": [taken, f"{name} for a removal"]})
    page = open_console("eve")
    wait_until(lambda: finds(page, phrase), "that the check knows the new intents")

    page.locator("tr", has_text=phrase).first.get_by_role("link", name="Tricycle").click()
    mend = page.locator("li", has=page.locator(f"input[value='{phrase}']"))
    mend.locator("input[name=text]").focus()
    mend.get_by_role("button", name="Remove").click()
    page.wait_for_load_state()
    assert phrase not in utterances(bot, "tricycle")
    wait_until(lambda: not finds(page, phrase), "that the check has nothing against it")


def test_an_utterance_that_another_intent_has_is_refused_until_the_editor_insists(
    bot: Installation, open_console: Open
) -> None:
    page = open_console("eve")
    page.goto("/console/knowledge/intents/get-invoice")
    page.fill("[placeholder^='Another way']", utterances(bot, "vpn-drops")[0])
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("vpn-drops")
    assert utterances(bot, "vpn-drops")[0] not in utterances(bot, "get-invoice")
    page.get_by_role("link", name="Leave it there").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_draft_is_tried_without_reaching_visitors(bot: Installation, open_console: Open) -> None:
    page = open_console("eve")
    page.goto(SIGNED_IN["new-intent"])
    page.fill("[name=title]", "Borrow a telescope")
    page.fill("[name=answer]", "Ask the *astronomy* club.")
    expect(page.locator("#preview em")).to_have_text("astronomy")
    page.fill("[name=utterances]", "lend me a telescope\nthe big telescope on the roof")
    page.get_by_label("Nobody yet").check()
    page.get_by_role("button", name="Create").click()
    expect(page.locator("h1")).to_contain_text("draft")
    assert bot.ask("lend me a telescope")["decision"] != "answer"

    page.get_by_label("Enabled: visitors get this answer").check()
    page.get_by_role("button", name="Save", exact=True).first.click()
    wait_until(lambda: bot.ask("lend me a telescope")["decision"] == "answer", "the answer")
    page.goto(SIGNED_IN["try"])
    page.fill("[name=text]", "lend me a telescope")
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("Answers")


def test_two_editors_at_once_overwrite_nothing(bot: Installation, open_console: Open) -> None:
    eve, zoe = open_console("eve"), open_console("zoe")
    for page in (eve, zoe):
        page.goto("/console/knowledge/intents/printer-not-working")
    for page, answer in ((zoe, "Zoe's answer to this."), (eve, "Eve's answer to this.")):
        page.fill("[name=answer]", answer)
        page.get_by_role("button", name="Save", exact=True).first.click()
        page.wait_for_load_state()
    expect(eve.locator("h1")).to_have_text("Somebody changed this meanwhile")
    expect(eve.locator("[name=answer]")).to_have_value("Eve's answer to this.")
    stored = bot.ok("GET", "/v1/intents/printer-not-working")["answer"]
    assert stored == "Zoe's answer to this."


def finds(page: Page, phrase: str) -> bool:
    page.goto(SIGNED_IN["check"])
    return page.locator("tr", has_text=phrase).count() > 0


def utterances(bot: Installation, intent: str) -> list[str]:
    return [each["text"] for each in bot.ok("GET", f"/v1/intents/{intent}")["utterances"]]
