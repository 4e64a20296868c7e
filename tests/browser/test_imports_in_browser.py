"""A new user brings what they have: an old bot's table, an agent's zip, a help centre's folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import PASSWORD, PHONE, new_page, sign_in, watch
from installation import Installation, add_people, clean_environment, command, running
from old_bots import QUESTIONS, write_dialogflow, write_help_centre, write_large, write_qnamaker
from test_looks_in_browser import list_flaws

FILES = "/console/knowledge/files"
MOST_CLICKS = 3
"""From the page with the form to a bot that knows the file: choose, import, and one decision."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Installation]:
    """Nothing but people, and no worker: a model is made by a command."""
    folder = tmp_path_factory.mktemp("empty")
    environment = clean_environment(folder, poll_seconds=1)
    add_people(environment, {"zoe": "admin", "ann": "agent"}, PASSWORD)
    with running(folder, environment, "--web-only", awaited="/healthz") as installation:
        yield installation


class Visitor:
    """Somebody at a page, whose clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def choose(self, what: Path, field: str = "file") -> None:
        self.page.set_input_files(f"[name={field}]", what)
        self.clicks += 1
        self.page.wait_for_url("**/imports/*")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.clicks += 1

    def bring_in(self) -> None:
        self.press("Import")
        self.page.wait_for_url("**/ready?imported=*")


@pytest.fixture
def zoe(empty: Installation, chromium: Browser) -> Iterator[Visitor]:
    mistakes: list[str] = []
    page = new_page(chromium, empty.port, viewport={"width": 1280, "height": 844})
    watch(page, empty.port, mistakes)
    yield Visitor(sign_in(page, "zoe@example.org"))
    page.context.close()
    for intent in empty.ok("GET", "/v1/intents?limit=200")["items"]:
        empty.ok("DELETE", f"/v1/intents/{intent['name']}")
    assert mistakes == []


def test_from_qna_maker_to_answers_and_back(
    empty: Installation, zoe: Visitor, tmp_path: Path
) -> None:
    page = zoe.page
    zoe.choose(write_qnamaker(tmp_path))
    figures = page.get_by_role("region", name="What is in it")
    expect(figures).to_contain_text("28utterances")
    expect(page.get_by_role("group", name="stands in several intents")).to_be_visible()
    assert list(list_flaws(page)) == []
    assert empty.ok("GET", "/v1/intents")["items"] == []

    page.get_by_label("Which intent gets “Hello there”").select_option(index=1)
    zoe.clicks += 1
    zoe.bring_in()
    expect(page.get_by_role("heading", name="Imported bikes-kb.tsv")).to_be_visible()
    assert zoe.clicks <= MOST_CLICKS
    assert list(list_flaws(page)) == []
    assert "Hello there" in said(empty)
    command(empty.environment, "ask", "is anybody there?", "--test")
    expect(page.get_by_role("heading", name="The bot answers")).to_be_visible(timeout=60_000)
    assert empty.ask("renting a bicycle")["decision"] == "answer"

    zoe.press("Undo all of it")
    expect(page.get_by_text("The whole import is taken back")).to_be_visible()
    assert empty.ok("GET", "/v1/intents")["items"] == []


def test_from_dialogflow_with_clashes(empty: Installation, zoe: Visitor, tmp_path: Path) -> None:
    page = zoe.page
    rows = "".join(f"{text},old-lock,Turn it.\n" for text in QUESTIONS["lock"])
    faq = {"format": "csv", "content": f"text,intent,answer\n{rows}squeaky lock,old-lock,\n"}
    empty.ok("POST", "/v1/faq/import", faq)
    page.goto(FILES)
    zoe.choose(write_dialogflow(tmp_path))
    clashes = page.get_by_role("group", name="belong to another intent already")
    expect(clashes.get_by_role("row")).to_have_count(1 + len(QUESTIONS["lock"]))
    expect(page.get_by_text("1 intent has no answer in this file")).to_be_visible()
    expect(page.get_by_text("its answer follows a form")).to_be_visible()
    assert list(list_flaws(page)) == []

    page.get_by_label("Leave all where they are").check()
    expect(page.get_by_text("utterances moved")).to_have_count(0)
    expect(page.get_by_label("Leave all where they are")).to_be_focused()
    first = page.get_by_label("What becomes of “The lock is stuck”")
    first.select_option("move")
    zoe.bring_in()
    assert said(empty, "hardware.lock") == {"The lock is stuck", "lock please"}
    assert "the lock jams" in said(empty, "old-lock")


def test_from_a_help_centre_on_a_phone(empty: Installation, zoe: Visitor, tmp_path: Path) -> None:
    page = zoe.page
    page.set_viewport_size(PHONE)
    page.goto(FILES)
    zoe.choose(write_help_centre(tmp_path), "folder")
    expect(page.locator("h1")).to_have_text("What importing help-centre would do")
    expect(page.get_by_text("Zendesk help centre")).to_be_visible()
    zoe.bring_in()
    assert zoe.clicks <= MOST_CLICKS
    helmets = empty.ok("GET", "/v1/intents/article-106")
    assert helmets["enabled"] is False  # it is a draft there
    assert helmets["answer"] == "We lend no helmets. Please bring your own."
    assert list(list_flaws(page)) == []


@pytest.mark.parametrize("as_folder", [False, True])
def test_files_and_folders_are_dropped(zoe: Visitor, tmp_path: Path, as_folder: bool) -> None:
    page, folder = zoe.page, tmp_path / "wiki"
    folder.mkdir()
    (folder / "a.md").write_text("# How do I park?\n\nIn **hall** 3.\n")
    (folder / "b.md").write_text("# Who cleans?\n\nWe do.\n")
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    page.goto(FILES)
    drop(page, [folder] if as_folder else sorted(folder.iterdir()))
    page.wait_for_url("**/imports/*")
    name = "wiki" if as_folder else "2 files"
    expect(page.locator("h1")).to_have_text(f"What importing {name} would do")
    expect(page.get_by_text("How do I park?")).to_be_visible()
    zoe.press("Leave it")
    expect(page.get_by_text("nothing was imported")).to_be_visible()


def test_a_large_file_shows_its_progress_through_a_reload(
    empty: Installation, zoe: Visitor, tmp_path: Path
) -> None:
    page = zoe.page
    page.goto(FILES)
    zoe.choose(write_large(tmp_path))
    expect(page.locator("h1")).to_have_text("Reading large.csv")
    assert list(list_flaws(page)) == []
    page.reload()
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible(timeout=60_000)
    zoe.press("Import")
    expect(page.locator("h1")).to_have_text("Importing large.csv")
    page.reload()
    page.wait_for_url("**/ready?imported=*", timeout=60_000)
    expect(page.get_by_text("6,000 utterances added")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("photo.csv", b"\x89PNG\r\n\x1a\n\0\0", "photo.csv is in no format that is known"),
        ("report.csv", b"%PDF-1.7\n", "report.csv"),
        ("faq.csv", b"text,intent\n,wifi\n", "What is wrong"),
    ],
)
def test_an_unfit_file_is_named_with_what_to_do(
    zoe: Visitor, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    page = zoe.page
    (tmp_path / name).write_bytes(content)
    page.goto(FILES)
    zoe.choose(tmp_path / name)
    expect(page.locator("h1")).to_have_text(f"{name} cannot be imported")
    expect(page.get_by_text(message).first).to_be_visible()
    assert list(list_flaws(page)) == []
    page.get_by_role("link", name="Choose another file").click()
    expect(page.get_by_text("has mistakes").first).to_be_visible()


@pytest.mark.parametrize(
    ("size", "message"), [(0, "This file is empty."), (50_000_001, "more than 50 MB")]
)
def test_what_cannot_be_sent_is_said_before_it_is(
    zoe: Visitor, tmp_path: Path, size: int, message: str
) -> None:
    page, sent = zoe.page, []
    page.goto(FILES)
    page.on("request", lambda request: sent.append(request.method))
    with (tmp_path / "faq.csv").open("wb") as file:
        file.truncate(size)
    page.set_input_files("[name=file]", tmp_path / "faq.csv")
    expect(page.locator("#toasts")).to_contain_text(message)
    assert "POST" not in sent


def test_who_was_signed_out_meanwhile_signs_in_and_goes_on(zoe: Visitor, tmp_path: Path) -> None:
    page = zoe.page
    page.goto(FILES)
    zoe.choose(write_qnamaker(tmp_path))
    page.context.clear_cookies()
    page.reload()
    page.fill("[name=email]", "zoe@example.org")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/imports/*")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible()
    page.goto(FILES)
    page.context.clear_cookies()
    page.set_input_files("[name=file]", tmp_path / "bikes-kb.tsv")
    page.wait_for_url("**/sign-in")


def test_agents_see_no_form(empty: Installation, chromium: Browser) -> None:
    page = sign_in(new_page(chromium, empty.port), "ann@example.org")
    page.goto(FILES)
    expect(page.get_by_text("Editors may import.")).to_be_visible()
    assert page.locator("[data-upload]").count() == 0
    page.context.close()


def drop(page: Page, paths: list[Path]) -> None:
    """Drop files as somebody does who drags them here from their desktop."""
    area = page.locator("[data-drop]").bounding_box()
    assert area is not None
    place = {"x": area["x"] + 20, "y": area["y"] + 20}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def said(bot: Installation, intent: str | None = None) -> set[str]:
    """Return the utterances of an intent, or of all."""
    names = [intent] if intent else [each["name"] for each in listed(bot)]
    return {u["text"] for name in names for u in bot.ok("GET", f"/v1/intents/{name}")["utterances"]}


def listed(bot: Installation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bot.ok("GET", "/v1/intents?limit=200")["items"]
    return found
