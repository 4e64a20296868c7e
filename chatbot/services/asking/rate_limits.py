"""Limit how often a site's visitors may ask: each of them, and all together."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from chatbot.errors import RateLimited
from chatbot.services.asking.sites import SiteCard
from chatbot.storage.counters import Counters

_NETWORK_BITS = 64


@dataclass(frozen=True)
class Quota:
    """The spent part of a limit in the window of `window_seconds` that ends in `resets_in`."""

    name: str
    limit: int
    spent: int
    window_seconds: int
    resets_in: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.spent)

    def check(self) -> None:
        """Raise RateLimited if more than the limit is spent."""
        if self.spent > self.limit:
            whom = "you" if self.name == "visitor" else "all visitors of this site"
            raise RateLimited(
                f"At most {self.limit} requests a minute from {whom}. "
                f"Try again in {self.resets_in} seconds."
            )


class RateLimits:
    """The counts of requests in windows of a minute. An address is kept no longer than
    its window.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def spend(self, site: SiteCard, address: str) -> list[Quota]:
        """Count one request more, and return the quotas; the last one may be overspent.

        A visitor who is refused costs the site nothing, so no one visitor can shut the others out.
        """
        visitor = self._count("visitor", site.per_visitor, f"{site.key}:{_network(address)}")
        if visitor.spent > visitor.limit:
            return [visitor]
        return [visitor, self._count("site", site.per_site, site.key)]

    def _count(self, name: str, limit: int, subject: str) -> Quota:
        spent = self._counters.add(subject)
        counters = self._counters
        return Quota(name, limit, spent, counters.window_seconds, counters.seconds_left())


def _network(address: str) -> str:
    """An IPv6 visitor has a whole network of addresses to choose from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{int(parsed) >> (128 - _NETWORK_BITS):x}"
    return str(parsed)
