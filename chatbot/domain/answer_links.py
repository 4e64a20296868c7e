"""Decide where links and pictures of an answer may lead, wherever the answer is shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_SAFE = re.compile(r"(?:https?://|mailto:|tel:)[^\s\\]+", re.IGNORECASE)
_OF_THE_SITE = re.compile(r"/(?!/)[^\s\\]*")
_MAY_LINK = re.compile(r"\]\(|\]:|!\[|<[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True)
class Surroundings:
    """The place where an answer is shown.

    `site` is where links such as `/help` lead: empty is the page's own site, and None is nowhere.
    Pictures are shown that come from one of `image_origins`.
    """

    site: str | None = None
    image_origins: frozenset[str] = frozenset()

    def resolve(self, address: str) -> str | None:
        """Return where a safe address leads from here, or None."""
        if not address.startswith("/"):
            return address
        return None if self.site is None else self.site.rstrip("/") + address

    def shows_picture(self, address: str) -> bool:
        """Return whether a picture at this address is shown; if not, it is a link."""
        return _origin_of(self.resolve(address) or "") in self.image_origins


NOWHERE = Surroundings()


@dataclass(frozen=True)
class Unshown:
    """Addresses in an answer that visitors cannot follow, and those of pictures they do not see."""

    links: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


def is_safe(url: str) -> bool:
    """Return whether an address leads to the web, a mailbox, a telephone or a place of the site."""
    return any(each.fullmatch(url) for each in (_SAFE, _OF_THE_SITE))


@lru_cache(maxsize=20_000)
def find_unshown(answer: str, surroundings: Surroundings) -> Unshown:
    """Return what an answer, Markdown, has that visitors will not be able to follow or see."""
    if not _MAY_LINK.search(answer):
        return Unshown()
    links, pictures = [], []
    for token in _inline(_permissive.parse(answer)):
        address = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if token.type == "link_open" and not is_safe(address):
            links.append(address)
        elif token.type == "image" and not (
            is_safe(address) and surroundings.shows_picture(address)
        ):
            pictures.append(address)
    return Unshown(tuple(links), tuple(pictures))


def _inline(tokens: list[Token]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or ())


def _origin_of(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and parts.netloc
    return f"{parts.scheme}://{parts.netloc.lower()}" if is_web else None


def _make_permissive() -> MarkdownIt:
    """CommonMark that takes every address for one, to say which of them none is."""
    markdown = MarkdownIt("commonmark", {"html": False}).disable(["html_inline", "html_block"])
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    return markdown


_permissive = _make_permissive()
