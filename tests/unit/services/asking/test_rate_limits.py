from pathlib import Path

import pytest

from chatbot.errors import RateLimited
from chatbot.services.asking.rate_limits import RateLimits
from chatbot.services.asking.sites import SiteCard
from chatbot.storage.counters import Counters

SITE = SiteCard("site_1", "Shop", frozenset(), per_visitor=2, per_site=3)


@pytest.fixture
def limits(tmp_path: Path) -> RateLimits:
    """Windows of an hour, so that none ends in a test."""
    return RateLimits(Counters(f"unix://{tmp_path}/missing.sock", window_seconds=3600))


def spend(limits: RateLimits, address: str, site: SiteCard = SITE) -> None:
    limits.spend(site, address)[-1].check()


def test_each_visitor_has_a_limit(limits: RateLimits) -> None:
    spend(limits, "192.0.2.1")
    spend(limits, "192.0.2.1")
    with pytest.raises(RateLimited, match="At most 2 requests a minute from you"):
        spend(limits, "192.0.2.1")
    spend(limits, "192.0.2.2")


def test_all_visitors_of_a_site_have_one_and_another_site_has_its_own(limits: RateLimits) -> None:
    for number in range(3):
        spend(limits, f"192.0.2.{number}")
    with pytest.raises(RateLimited, match="At most 3 requests a minute from all visitors"):
        spend(limits, "192.0.2.9")
    spend(limits, "192.0.2.9", SiteCard("site_2", "Other", frozenset(), 2, 3))


def test_a_refused_visitor_does_not_use_up_the_site(limits: RateLimits) -> None:
    for _ in range(50):
        limits.spend(SITE, "192.0.2.1")
    spend(limits, "192.0.2.2")


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "no address", True),
    ],
)
def test_who_is_one_visitor(limits: RateLimits, one: str, other: str, are_one: bool) -> None:
    spend(limits, one)
    assert limits.spend(SITE, other)[0].spent == (2 if are_one else 1)


def test_a_quota_tells_what_is_left(limits: RateLimits) -> None:
    visitor, site = limits.spend(SITE, "192.0.2.1")
    assert (visitor.name, visitor.limit, visitor.remaining) == ("visitor", 2, 1)
    assert (site.name, site.limit, site.remaining) == ("site", 3, 2)
    assert 1 <= visitor.resets_in <= 3600
