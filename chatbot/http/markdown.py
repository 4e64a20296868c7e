"""Answers as visitors see them: Markdown without HTML, whose links and pictures are safe."""

from collections.abc import Iterator, MutableMapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from chatbot.domain.answer_links import NOWHERE, Surroundings, is_safe
from chatbot.http.context import parts

_REL = "noopener nofollow"
_HEADINGS_START_AT = 3


def render_for_visitors(text: str) -> Markup:
    """Render an answer for the site that shows it: `/help` is a place of that site."""
    return render(text, surroundings_of_visitors())


def surroundings_of_visitors() -> Surroundings:
    """Return where visitors see answers."""
    settings = parts().settings
    return Surroundings(settings.site_url, settings.picture_origins)


def render_in_console(text: str) -> Markup:
    """Render an answer for those who edit it: here `/help` leads to the site, if it is known."""
    settings = parts().settings
    return render(text, Surroundings(settings.site_url or None, settings.picture_origins))


@lru_cache(maxsize=1000)
def render(text: str, surroundings: Surroundings = NOWHERE) -> Markup:
    """Render `text` to HTML that may stand in any page, whoever wrote it."""
    return Markup(_make(surroundings).render(text))  # noqa: S704 what it lets through is all tested


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


@lru_cache(maxsize=8)
def _make(surroundings: Surroundings) -> MarkdownIt:
    """CommonMark with tables, in which bare addresses of the web are links, too."""
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    markdown.enable(["table", "linkify"]).disable(["html_inline", "html_block"])
    assert markdown.linkify is not None
    markdown.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    for scheme in ("ftp:", "//"):
        markdown.linkify.add(scheme, None)
    markdown.validateLink = is_safe  # type: ignore[method-assign]
    markdown.core.ruler.push("place", lambda state: _place(state, surroundings))
    markdown.add_render_rule("heading_open", _lower_heading)
    markdown.add_render_rule("heading_close", _lower_heading)
    return markdown


def _place(state: StateCore, surroundings: Surroundings) -> None:
    """Have links and pictures lead where they lead from here, or be their text."""
    for token in state.tokens:
        if token.children:
            token.children = list(_placed(token.children, state, surroundings))


def _placed(tokens: list[Token], state: StateCore, surroundings: Surroundings) -> Iterator[Token]:
    opened: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            address = surroundings.resolve(str(token.attrs["href"]))
            opened.append(address is not None)
            if address is not None:
                token.attrs |= {"href": address, "rel": _REL}
                yield token
        elif token.type == "link_close":
            if opened.pop():
                yield token
        elif token.type == "image":
            yield from _placed_picture(token, state, surroundings, is_linked=any(opened))
        else:
            yield token


def _placed_picture(
    token: Token, state: StateCore, surroundings: Surroundings, is_linked: bool
) -> Iterator[Token]:
    """Show a picture, or a link to it, as it would be fetched from elsewhere; none in a link."""
    source = str(token.attrs["src"])
    address = surroundings.resolve(source)
    if address and surroundings.shows_picture(source):
        token.attrs |= {"src": address, "loading": "lazy", "referrerpolicy": "no-referrer"}
        yield token
        return
    renderer = state.md.renderer
    assert isinstance(renderer, RendererHTML)
    alternative = renderer.renderInlineAsText(token.children, state.md.options, state.env)
    text = Token("text", "", 0, content=alternative or _file_name(source))
    if not address or is_linked:
        yield text
        return
    yield Token("link_open", "a", 1, attrs={"href": address, "rel": _REL})
    yield text
    yield Token("link_close", "a", -1)


def _file_name(address: str) -> str:
    try:
        return unquote(urlsplit(address).path.rpartition("/")[2]) or address
    except ValueError:
        return address
