"""An admin's room, with a worker that really trains: watch it, read the report, promote, go back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from chromium import PASSWORD, ROLES, SIGNED_IN, Open, need_chromium
from installation import Installation, add_people, clean_environment, running, teach
from waiting import wait_until

TRAINING_SECONDS = 240
REASON = "Ann asked for it"
FAQ = {
    "vpn": ("connect to the vpn", "the vpn drops", "vpn from home", "set up the vpn client"),
    "leave": ("book leave", "how many days off are left", "cancel my leave", "request a day off"),
    "invoice": ("where is my invoice", "download an invoice", "invoice is wrong", "send a bill"),
    "badge": ("I lost my badge", "new badge please", "badge does not open the door", "order badge"),
}


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """All processes, on an FAQ so small that a training takes half a minute."""
    need_chromium()
    folder = tmp_path_factory.mktemp("small")
    environment = clean_environment(
        folder, poll_seconds=1, retrain_at="03:33", web_processes=1, epochs=1
    )
    rows = "".join(f"{text},{name}\n" for name, texts in FAQ.items() for text in texts)
    (folder / "faq.csv").write_text("text,intent\n" + rows)
    teach(environment, folder / "faq.csv")
    add_people(environment, ROLES, PASSWORD)
    with running(folder, environment) as installation:
        yield installation


@pytest.mark.timeout(2 * TRAINING_SECONDS)
def test_an_admin_trains_reads_the_report_promotes_and_rolls_back(
    bot: Installation, open_console: Open
) -> None:
    for name in FAQ:
        query_id = bot.ask(f"what about my {name} thing")["query_id"]
        bot.ok("PUT", f"/v1/queries/{query_id}/confirmation", {"intent": name})
    page = open_console("zoe")
    page.goto(SIGNED_IN["models"])
    page.get_by_text("Train now …").click()
    page.get_by_role("button", name="Train now", exact=True).click()
    expect(page.locator(".note")).to_contain_text("asked for")
    expect(page.locator("#now").get_by_role("progressbar")).to_be_visible()

    link = page.locator("#now").get_by_role("link", name="Version 2")
    link.click(timeout=TRAINING_SECONDS * 1000)
    expect(page.locator("h1")).to_contain_text("Version 2")
    expect(page.get_by_role("heading", name="Why this verdict")).to_be_visible()
    expect(page.get_by_role("heading", name="The same questions to both")).to_be_visible()

    if bot.live_version() == 1:
        page.get_by_text("Make version 2 live …").click()
        page.fill("[name=reason]", REASON)
        page.get_by_role("button", name="Make version 2 live").click()
    else:
        page.goto(SIGNED_IN["models"])
    says_live(page, 2)
    wait_until(lambda: model_that_answers(bot) == 2, "an answer of version 2")

    page.get_by_text("Roll back to version 1 …").click()
    page.fill("[name=reason]", REASON)
    page.get_by_role("button", name="Withdraw 2, return to 1").click()
    says_live(page, 1)
    expect(page.locator("section", has_text="Moves of the live model").first).to_contain_text(
        REASON
    )
    expect(page.locator("tr", has_text="Version 2").first).to_contain_text("rolled back")
    wait_until(lambda: model_that_answers(bot) == 1, "an answer of version 1")


def says_live(page: Page, version: int) -> None:
    expect(page.locator(".title p")).to_contain_text(f"Version {version} is live")
    serving = page.locator("#now section", has_text="Who serves what").locator("tbody tr")
    expect(serving.locator("td:nth-child(2)")).to_have_text(str(version))


def model_that_answers(bot: Installation) -> int:
    return int(bot.ask("where do I get an invoice")["model_version"])
