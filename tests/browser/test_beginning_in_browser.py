"""A fresh instance as a new user meets it: three doors, a preview, the first right answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import PASSWORD, new_page, sign_in, watch
from installation import (
    Installation,
    add_people,
    clean_environment,
    command,
    running,
)

CSV = (
    "text,intent,answer,title\n"
    "how do I rent a bike?,rent,Scan the code on it.,Rent a bike\n"
    "renting a bicycle,rent,,\n"
    "where do I leave the bike?,return,At any station.,Return a bike\n"
    "returning my bicycle,return,,\n"
)
MORE = (
    "text,intent,answer,title\n"
    "the lock is stuck,lock,Hold your phone to it.,The lock\n"
    "returning my bicycle,lock,,\n"
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Installation]:
    """Nothing but people; a model is made by a command, as no worker runs here."""
    folder = tmp_path_factory.mktemp("empty")
    environment = clean_environment(folder, poll_seconds=1)
    add_people(environment, {"zoe": "admin"}, PASSWORD)
    with running(folder, environment, "--web-only", awaited="/healthz") as installation:
        yield installation


@pytest.fixture
def page(empty: Installation, chromium: Browser) -> Iterator[Page]:
    mistakes: list[str] = []
    page = new_page(chromium, empty.port, viewport={"width": 1280, "height": 844})
    watch(page, empty.port, mistakes)
    yield sign_in(page, "zoe@example.org")
    page.context.close()
    assert mistakes == []


def test_from_three_doors_to_the_first_right_answer(
    empty: Installation, page: Page, tmp_path: Path
) -> None:
    assert empty.call("POST", "/v1/ask", {"text": "hello"})[0] == 503
    for door in ("Try the demo", "Bring your own", "Start empty"):
        expect(page.get_by_role("heading", name=door)).to_be_visible()
    file = tmp_path / "bikes.csv"
    file.write_text(CSV)

    page.set_input_files("[name=file]", file)
    expect(page.locator("h1")).to_have_text("What importing bikes.csv would do")
    expect(page.get_by_text("Rent a bike")).to_be_visible()
    assert empty.ok("GET", "/v1/intents")["items"] == []

    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="The bot is reading the FAQ …")).to_be_visible()
    command(empty.environment, "ask", "is anybody there?", "--test")
    page.get_by_role("link", name="Try a question").click()
    page.fill("[name=text]", "renting a bicycle")
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("Answers")
    expect(page.locator(".prose").first).to_contain_text("Scan the code")


def test_a_clash_moves_and_all_of_it_is_undone(empty: Installation, page: Page) -> None:
    if not empty.ok("GET", "/v1/intents")["items"]:
        empty.ok("POST", "/v1/faq/import", {"format": "csv", "content": CSV})
    page.goto("/console/knowledge/files")
    page.get_by_text("Or paste text").click()
    page.fill("[name=pasted]", MORE)
    page.get_by_role("button", name="Look what it would do").click()
    clash = page.get_by_role("group", name="belongs to another intent already")
    expect(clash).to_contain_text("returning my bicycle")

    page.get_by_label("goes if the file does not have it").check()
    expect(page.get_by_text("Removed intents")).to_be_visible()
    page.get_by_label("takes over what the file says").check()
    expect(page.get_by_text("Removed intents")).to_have_count(0)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported your text")).to_be_visible()
    assert "returning my bicycle" in utterances(empty, "lock")

    page.get_by_role("button", name="Undo all of it").first.click()
    page.wait_for_url("**/console/knowledge/files?done=import-undone")
    assert "returning my bicycle" in utterances(empty, "return")
    assert empty.call("GET", "/v1/intents/lock")[0] == 404


def test_ticked_intents_are_disabled_together(empty: Installation, page: Page) -> None:
    if not empty.ok("GET", "/v1/intents")["items"]:
        empty.ok("POST", "/v1/faq/import", {"format": "csv", "content": CSV})
    page.goto("/console/knowledge")
    page.get_by_role("button", name="Tick all shown").click()
    page.get_by_role("button", name="Go on …").click()
    expect(page.locator("h1")).to_have_text("Disable 2 intents?")
    page.get_by_role("button", name="Disable 2 intents").click()
    expect(page.get_by_text("2 intents disabled", exact=False)).to_be_visible()
    assert not any(i["enabled"] for i in empty.ok("GET", "/v1/intents")["items"])
    page.get_by_role("button", name="Undo all of it").click()
    page.wait_for_url("**/console/knowledge?done=undone")
    assert all(i["enabled"] for i in empty.ok("GET", "/v1/intents")["items"])


def utterances(bot: Installation, intent: str) -> list[str]:
    return [each["text"] for each in bot.ok("GET", f"/v1/intents/{intent}")["utterances"]]
