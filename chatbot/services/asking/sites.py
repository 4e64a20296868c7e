"""Sites: their pages may ask as their visitors do, from which origins, and how often."""

import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, NotAuthenticated, NotAuthorised, NotFound
from chatbot.services.access import audit
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Site

PREFIX = "site_"
SELF = "self"
LOCALHOST = "localhost"
PER_VISITOR = 30
PER_SITE = 600
MOST_PER_MINUTE = 100_000
MOST_ORIGINS = 50
MAX_NAME_CHARS = 80
_LOCAL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class SiteCard:
    """The facts that a process keeps of a site that is not revoked."""

    key: str
    name: str
    origins: frozenset[str]
    per_visitor: int
    per_site: int

    def allows(self, origin: str | None, is_own: bool) -> bool:
        """Return whether pages of `origin` may ask; `is_own` if the page comes from this instance
        itself.
        """
        if is_own and SELF in self.origins:
            return True
        if origin is None:
            return False
        is_local = LOCALHOST in self.origins and _LOCAL.fullmatch(origin) is not None
        return is_local or origin in self.origins


def create_site(
    session: Session,
    by: str,
    name: str,
    origins: Iterable[str],
    per_visitor: int = PER_VISITOR,
    per_site: int = PER_SITE,
) -> Site:
    """Create a site with a new key. Raises Conflict for an impossible name, origin or limit."""
    site = Site(key=PREFIX + secrets.token_hex(12))
    _fill(site, name, origins, per_visitor, per_site)
    session.add(site)
    audit.record(session, by, "site.create", site.key, name=site.name, origins=site.origins)
    return site


def change_site(
    session: Session,
    by: str,
    key: str,
    name: str,
    origins: Iterable[str],
    per_visitor: int,
    per_site: int,
) -> Site:
    """Change a site but for its key, so that pages need no change.

    Raises NotFound, and Conflict as `create_site`.
    """
    site = get_site(session, key)
    _fill(site, name, origins, per_visitor, per_site)
    audit.record(session, by, "site.change", key, name=site.name, origins=site.origins)
    return site


def revoke_site(session: Session, by: str, key: str) -> Site:
    """Revoke a site: its key is refused for ever. Raises NotFound; revoking again
    changes nothing.
    """
    site = get_site(session, key)
    if site.revoked_at is None:
        site.revoked_at = now()
        audit.record(session, by, "site.revoke", key, name=site.name)
    return site


def get_site(session: Session, key: str) -> Site:
    """Return the site of a key. Raises NotFound."""
    site = session.get(Site, key)
    if site is None:
        raise NotFound(f"There is no site {key}.")
    return site


def list_sites(session: Session) -> Sequence[Site]:
    return session.scalars(select(Site).order_by(Site.created_at, Site.key)).all()


def parse_origin(text: str) -> str:
    """Return an origin as browsers write it: scheme, host, and a port other than the scheme's.

    Raises Conflict.
    """
    text = text.strip()
    if text in (SELF, LOCALHOST):
        return text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    except ValueError:
        raise _bad_origin(text) from None
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc) and parts.path in ("", "/")
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host) or not is_bare:
        raise _bad_origin(text)
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


class SiteRing:
    """A checker of site keys, which trusts what it read of the sites for `trust_seconds`.

    Nobody is refused by an old reading: another process may just have made or changed the site.
    """

    def __init__(self, database: Database, trust_seconds: float = 2.0) -> None:
        self._database = database
        self._trust_seconds = trust_seconds
        self._known: Mapping[str, SiteCard] = {}
        self._trusted_until = 0.0

    def admit(self, key: str, origin: str | None, is_own: bool) -> SiteCard:
        """Return the site of `key` if its pages may ask from `origin`.

        Raises NotAuthenticated for an unknown or revoked key, NotAuthorised for its origin.
        """
        site = self._sites().get(key)
        if site is None or not site.allows(origin, is_own):
            site = self._read_sites().get(key)
        if site is None:
            raise NotAuthenticated("This site key is unknown or revoked.")
        if not site.allows(origin, is_own):
            raise NotAuthorised(
                f"The site key of “{site.name}” does not work from "
                f"{origin or 'a request without an origin'}."
            )
        return site

    def any_allows(self, origin: str) -> bool:
        """Return whether pages of `origin` may ask with some key; a preflight does not
        tell which.
        """
        return _any_allows(self._sites(), origin) or _any_allows(self._read_sites(), origin)

    def forget(self) -> None:
        """Ask the database again: a site was changed."""
        self._trusted_until = 0.0

    def _sites(self) -> Mapping[str, SiteCard]:
        return self._known if time.monotonic() < self._trusted_until else self._read_sites()

    def _read_sites(self) -> Mapping[str, SiteCard]:
        asked_at = time.monotonic()
        with self._database.read() as session:
            live = session.scalars(select(Site).where(Site.revoked_at.is_(None)))
            self._known = {site.key: _card(site) for site in live}
        self._trusted_until = asked_at + self._trust_seconds
        return self._known


def _any_allows(sites: Mapping[str, SiteCard], origin: str) -> bool:
    return any(site.allows(origin, is_own=False) for site in sites.values())


def _card(site: Site) -> SiteCard:
    origins = frozenset(site.origins)
    return SiteCard(site.key, site.name, origins, site.per_visitor, site.per_site)


def _fill(site: Site, name: str, origins: Iterable[str], per_visitor: int, per_site: int) -> None:
    name, origins = name.strip(), sorted({parse_origin(origin) for origin in origins})
    if not 0 < len(name) <= MAX_NAME_CHARS or not name.isprintable():
        raise Conflict(f"A site's name has 1 to {MAX_NAME_CHARS} characters.")
    if not 0 < len(origins) <= MOST_ORIGINS:
        raise Conflict(f"A site has 1 to {MOST_ORIGINS} origins, such as https://www.example.com.")
    if not all(1 <= limit <= MOST_PER_MINUTE for limit in (per_visitor, per_site)):
        raise Conflict(f"A limit is 1 to {MOST_PER_MINUTE} requests a minute.")
    site.name, site.origins = name, origins
    site.per_visitor, site.per_site = per_visitor, per_site


def _bad_origin(text: str) -> Conflict:
    return Conflict(
        f"“{text[:200]}” is no origin: write https://www.example.com, without a path or a "
        f"wildcard, or “{LOCALHOST}” for any port of the visitor's own machine, or “{SELF}” for "
        "pages of this instance."
    )
