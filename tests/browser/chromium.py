"""Debian's Chromium, driven by Playwright, and the pages that it looks at."""

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, expect

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
PASSWORD = "correct horse battery"
ROLES = {"ann": "agent", "bob": "agent", "eve": "editor", "zoe": "admin"}
PATIENCE = 120_000  # milliseconds; its own, 5 s and 30 s, fail tests on a busy machine
Open = Callable[..., Page]  # the fixture `open_console`
DESKTOP: ViewportSize = {"width": 1280, "height": 844}
PHONE: ViewportSize = {"width": 390, "height": 844}

# By the names of their pictures. `signed out` are seen by those whom nobody knows.
SIGNED_OUT = {"sign-in": "/console/sign-in", "demo": "/demo"}
SIGNED_IN = {
    "overview": "/console/",
    "gaps": "/console/gaps",
    "review": "/console/review",
    "knowledge": "/console/knowledge",
    "intent": "/console/knowledge/intents/vpn-drops",
    "new-intent": "/console/knowledge/new",
    "try": "/console/knowledge/try",
    "check": "/console/knowledge/lint",
    "questions": "/console/knowledge/questions",
    "begin": "/console/start",
    "remove-demo": "/console/knowledge/demo",
    "files": "/console/knowledge/files",
    "models": "/console/models",
    "report": "/console/models/1",
    "quarantine": "/console/models/quarantine",
    "hand-offs": "/console/handoffs",
    "sites": "/console/sites",
    "webhooks": "/console/webhooks",
    "people": "/console/people",
}


expect.set_options(timeout=PATIENCE)


def need_chromium() -> None:
    """Without it a test is skipped; on a build server, which has to have it, it fails."""
    if CHROMIUM is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("browser tests need Chromium: apt-get install chromium, or CHROMIUM=/path/to/it")


def launch(playwright: Playwright) -> Browser:
    """Quiet, as Chromium otherwise asks its maker for news. Root has no sandbox to use."""
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
    arguments = [*quiet, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)


def sign_in(page: Page, email: str) -> Page:
    page.goto("/console/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    return page


def new_page(browser: Browser, port: int, **options: Any) -> Page:
    """A page of a browser of its own: other cookies, other storage."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{port}", **options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def watch(page: Page, port: int, mistakes: list[str]) -> None:
    """Write down what no page may do: errors, dialogs, requests elsewhere, blocked scripts."""

    def asked_for(request: Any) -> None:
        if not request.url.startswith(f"http://127.0.0.1:{port}/"):
            mistakes.append(f"asked for {request.url}")

    def said(message: Any) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            mistakes.append(message.text)

    page.on("request", asked_for)
    page.on("console", said)
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("dialog", lambda dialog: mistakes.append(f"dialog: {dialog.message}"))
