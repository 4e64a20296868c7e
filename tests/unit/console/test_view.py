import json
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from flask import Response, g

from chatbot.console.view import PLACES, ago, helpers, percent, say
from chatbot.services.access.keys import Caller, Scope


def labels(app: APIFlask, role: Scope | None) -> list[str]:
    with app.test_request_context("/console/"):
        if role is not None:
            g.caller = Caller("ann", role)
        return [place.label for place in helpers()["places"]]


def test_the_navigation_shows_what_a_role_may_open(app: APIFlask) -> None:
    assert labels(app, None) == []
    assert labels(app, Scope.AGENT) == labels(app, Scope.EDITOR)
    assert "People" not in labels(app, Scope.AGENT)
    assert labels(app, Scope.ADMIN) == [place.label for place in PLACES]


def test_every_place_is_a_page(app: APIFlask) -> None:
    assert {place.endpoint for place in PLACES} <= app.view_functions.keys()


def test_what_is_said_survives_a_header_whatever_its_letters() -> None:
    header = say(Response(), "Gelöscht: „VPN“\nreally").headers["HX-Trigger"]
    assert header.isascii()
    assert "\n" not in header
    assert json.loads(header) == {"said": "Gelöscht: „VPN“\nreally"}


def test_a_share_is_shown_in_percent() -> None:
    assert (percent(0.126), percent(0.126, 1), percent(1)) == ("13%", "12.6%", "100%")


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(), "just now"),
        (timedelta(hours=-1), "just now"),
        (timedelta(minutes=1, seconds=5), "1 minute ago"),
        (timedelta(minutes=59, seconds=5), "59 minutes ago"),
        (timedelta(hours=1, minutes=1), "1 hour ago"),
        (timedelta(hours=23, minutes=1), "23 hours ago"),
        (timedelta(days=2, minutes=1), "2 days ago"),
    ],
)
def test_a_moment_is_told_in_its_largest_unit(passed: timedelta, shown: str) -> None:
    assert ago(datetime.now(UTC) - passed) == shown
