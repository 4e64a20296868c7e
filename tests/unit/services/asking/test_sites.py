from collections.abc import Sequence

import pytest

from chatbot.errors import Conflict, NotAuthenticated, NotAuthorised, NotFound
from chatbot.services.access import audit
from chatbot.services.asking.sites import (
    SiteRing,
    change_site,
    create_site,
    get_site,
    list_sites,
    parse_origin,
    revoke_site,
)
from chatbot.storage.database import Database

SHOP = "https://shop.example"


def make(database: Database, *origins: str) -> str:
    with database.write() as session:
        create_site(session, "admin", "noise", ["https://noise.example"])
        return create_site(session, "admin", "Shop", origins or [SHOP]).key


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (SHOP, SHOP),
        ("https://SHOP.example/", SHOP),
        (" https://shop.example:443 ", SHOP),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:8080", "http://shop.example:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("self", "self"),
        ("localhost", "localhost"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "shop.example",
        "https://*.shop.example",
        "https://shop.example/help",
        "https://shop.example?x",
        "https://user@shop.example",
        "https://shop.example:99999",
        "https://",
        "https://shop example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://[::1",
        "https://" + "a" * 300 + ".example",
    ],
)
def test_what_is_no_origin_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Conflict, match=r"write https://www\.example\.com"):
        parse_origin(text)


@pytest.mark.parametrize(
    ("name", "origins", "limits"),
    [
        ("", [SHOP], (1, 1)),
        ("x" * 81, [SHOP], (1, 1)),
        ("two\nlines", [SHOP], (1, 1)),
        ("Shop", [], (1, 1)),
        ("Shop", [f"https://{n}.example" for n in range(51)], (1, 1)),
        ("Shop", [SHOP], (0, 1)),
        ("Shop", [SHOP], (1, 100_001)),
    ],
)
def test_an_impossible_site_is_refused(
    database: Database, name: str, origins: Sequence[str], limits: tuple[int, int]
) -> None:
    with pytest.raises(Conflict), database.write() as session:
        create_site(session, "admin", name, origins, *limits)
    with database.read() as session:
        assert list_sites(session) == []


@pytest.mark.parametrize(
    ("allowed", "origin", "is_own", "admitted"),
    [
        (SHOP, SHOP, False, True),
        (SHOP, "http://shop.example", False, False),
        (SHOP, "https://shop.example:8443", False, False),
        (SHOP, "https://shop.example.evil.example", False, False),
        (SHOP, "https://www.shop.example", False, False),
        (SHOP, "null", False, False),
        (SHOP, None, False, False),
        (SHOP, None, True, False),
        ("self", "http://127.0.0.1:8000", True, True),
        ("self", None, True, True),
        ("self", "http://127.0.0.1:8000", False, False),
        ("localhost", "http://localhost:5173", False, True),
        ("localhost", "http://127.0.0.1", False, True),
        ("localhost", "https://[::1]:3000", False, True),
        ("localhost", "http://localhost.evil.example", False, False),
        ("localhost", "http://127.0.0.1.evil.example:80", False, False),
    ],
)
def test_a_key_works_from_its_origins_only(
    database: Database, allowed: str, origin: str | None, is_own: bool, admitted: bool
) -> None:
    key, ring = make(database, allowed), SiteRing(database)
    if admitted:
        assert ring.admit(key, origin, is_own).name == "Shop"
    else:
        with pytest.raises(NotAuthorised, match="“Shop” does not work from"):
            ring.admit(key, origin, is_own)


def test_a_preflight_is_answered_for_origins_of_any_site(database: Database) -> None:
    key, ring = make(database), SiteRing(database, trust_seconds=0)
    assert ring.any_allows(SHOP)
    assert not ring.any_allows("https://evil.example")
    with database.write() as session:
        revoke_site(session, "admin", key)
    assert not ring.any_allows(SHOP)


def test_a_revoked_key_is_refused_and_stays_revoked(database: Database) -> None:
    key, ring = make(database), SiteRing(database)
    ring.admit(key, SHOP, is_own=False)
    with database.write() as session:
        first = revoke_site(session, "admin", key).revoked_at
    with database.write() as session:
        assert revoke_site(session, "admin", key).revoked_at == first
    ring.admit(key, SHOP, is_own=False)  # trusted for two seconds
    ring.forget()
    with pytest.raises(NotAuthenticated):
        ring.admit(key, SHOP, is_own=False)


def test_a_site_that_another_process_made_or_widened_is_known_at_once(database: Database) -> None:
    key, ring = make(database), SiteRing(database)
    ring.admit(key, SHOP, is_own=False)
    other = make(database, "https://blog.example")
    assert ring.any_allows("https://blog.example")
    ring.admit(other, "https://blog.example", is_own=False)
    with database.write() as session:
        change_site(session, "admin", key, "Shop", [SHOP, "https://new.example"], 60, 600)
    ring.admit(key, "https://new.example", is_own=False)


@pytest.mark.parametrize("key", ["", "site_", "site_" + "0" * 24, "cb_1_2", "\ud800"])
def test_an_unknown_key_is_refused(database: Database, key: str) -> None:
    make(database)
    with pytest.raises(NotAuthenticated):
        SiteRing(database).admit(key, SHOP, is_own=False)
    with database.write() as session, pytest.raises(NotFound):
        revoke_site(session, "admin", "site_none")


def test_a_change_keeps_the_key_and_is_in_the_trail(database: Database) -> None:
    key = make(database)
    with database.write() as session:
        change_site(session, "ann", key, "New shop", ["https://new.example", SHOP], 5, 50)
    with database.read() as session:
        site = get_site(session, key)
        assert (site.name, site.origins) == ("New shop", ["https://new.example", SHOP])
        assert (site.per_visitor, site.per_site) == (5, 50)
        newest = audit.list_events(session, None, 1)[0]
    assert (newest.actor, newest.action, newest.subject) == ("ann", "site.change", key)
