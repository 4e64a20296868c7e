"""Answers as visitors see them: Markdown without HTML, whose links lead to web sites and mail."""

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s\\]+", re.IGNORECASE)
_REL = "noopener nofollow"
_HEADINGS_START_AT = 3


@lru_cache(maxsize=1000)
def render(text: str) -> Markup:
    """Render `text` to HTML that may stand in any page, whoever wrote it."""
    return Markup(_markdown.render(text))  # noqa: S704 what _markdown lets through is all tested


def _is_safe(url: str) -> bool:
    return _SAFE_LINK.fullmatch(url) is not None


def _open_link(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    place: int,
    options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    tokens[place].attrSet("rel", _REL)
    return renderer.renderToken(tokens, place, options, _env)


def _lower_heading(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    place: int,
    options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    """Below those of the page that the answer stands in."""
    level = int(tokens[place].tag.removeprefix("h"))
    tokens[place].tag = f"h{min(6, level + _HEADINGS_START_AT - 1)}"
    return renderer.renderToken(tokens, place, options, _env)


def _make() -> MarkdownIt:
    """CommonMark with tables; pictures are left out, as they would be fetched from elsewhere."""
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    markdown.disable(["image", "html_inline", "html_block"])
    markdown.validateLink = _is_safe  # type: ignore[method-assign]
    markdown.add_render_rule("link_open", _open_link)
    markdown.add_render_rule("heading_open", _lower_heading)
    markdown.add_render_rule("heading_close", _lower_heading)
    return markdown


_markdown = _make()
