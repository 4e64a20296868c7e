"""HTML of other programs as Markdown: what is meant to be read, and no tag left.

`html_cleaning` writes the HTML anew, and markdownify makes Markdown of that.
"""

import re
from html import unescape
from typing import Any

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from markdownify import ATX, MarkdownConverter

from chatbot.formats.html_cleaning import clean_html, has_tags, visible, without_invisible
from chatbot.formats.limits import MAX_ANSWER_CHARS
from chatbot.formats.links import link, picture

_MOST_CHARS = 1_000_000
_ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_EMBEDDED = re.compile(r"data:[a-z]+/[a-z0-9.+\-]+;base64,[a-z0-9+/=\s%]+", re.IGNORECASE)
_HTML_LIKE = re.compile(r"(?<!\\)(\\*)<(?=[a-zA-Z/!?])")
_TICKS = re.compile("`+")
_LESS, _CELL, _ROW, END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
"""Characters that no text has, as all such were removed: `<` in code, the end of a cell, of a row,
and of a question's answer.
"""
_commonmark = MarkdownIt("commonmark")


def to_markdown(html: str) -> str:
    """Return HTML as Markdown without HTML; text without tags passes but for its entities.

    Links lead to web pages, mail, telephones and places of the same site; others are their text.
    Scripts, styles and forms are dropped. Raises nothing.
    """
    return _convert(html, marks_questions=False)


def to_marked_markdown(html: str) -> str:
    """As `to_markdown`, but terms and summaries are headings of level 6, with END on a line of its
    own where what belongs to them ends.
    """
    return _convert(html, marks_questions=True)


def _convert(html: str, marks_questions: bool) -> str:
    html = without_invisible(html.replace("\r\n", "\n").replace("\r", "\n"))
    if not has_tags(html):
        return _without_html(visible(unescape(html)))
    html = _EMBEDDED.sub("data:", html)
    html, rest = html[:_MOST_CHARS], html[_MOST_CHARS:]
    soup = BeautifulSoup(clean_html(html), "html.parser")
    markdown = _Converter(marks_questions).convert_soup(soup)
    if rest:
        markdown += "\n\n" + visible(unescape(_ANY_TAG.sub(" ", rest))).strip()
    return _tidy(_without_html(markdown))


def _without_html(markdown: str) -> str:
    """Escape what would be a tag. Code shows tags, unless other marks around it open it."""
    escaped = _HTML_LIKE.sub(_escape, markdown)
    if _LESS not in escaped:
        return escaped
    shown = escaped.replace(_LESS, "<")
    if len(shown) <= 2 * MAX_ANSWER_CHARS and not _holds_html(shown):
        return shown
    return escaped.replace(_LESS, "&lt;")


def _escape(found: "re.Match[str]") -> str:
    is_escaped = len(found[1]) % 2
    return found[0] if is_escaped else f"{found[1]}\\<"


def _holds_html(markdown: str) -> bool:
    tokens = _commonmark.parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    return any(token.type in ("html_block", "html_inline") for token in [*tokens, *inline])


def _tidy(markdown: str) -> str:
    """Collapse blank lines and blanks at the ends of lines, except in blocks of code."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        bare = line.strip()
        if bare.startswith("```"):
            ticks = bare[: len(bare) - len(bare.lstrip("`"))]
            fence = "" if fence and len(ticks) >= len(fence) else fence or ticks
        if fence:
            lines.append(line.rstrip())
        elif bare or (lines and lines[-1]):
            lines.append(line.rstrip() if bare else "")
    return "\n".join(lines).strip("\n").rstrip()


class _Converter(MarkdownConverter):
    """Markdown as answers have it; what is quadratic in markdownify is done another way."""

    def __init__(self, marks_questions: bool) -> None:
        super().__init__(
            heading_style=ATX,
            bullets="-",
            autolinks=False,
            escape_asterisks=False,
            escape_underscores=False,
        )
        self._marks_questions = marks_questions

    def convert_hN(self, n: int, el: Any, text: str, parent_tags: set[str]) -> str:  # noqa: N802
        words = " ".join(text.split())
        if "_inline" in parent_tags or not words:
            return words
        return f"\n\n{'#' * n} {words}\n\n"

    def convert_a(self, el: Any, text: str, parent_tags: set[str]) -> str:
        words = " ".join(text.split())
        if not words or not el.get("href") or "_noformat" in parent_tags:
            return text
        before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
        return f"{before}{link(words, el['href'])}{after}"

    def convert_img(self, el: Any, text: str, parent_tags: set[str]) -> str:
        words = str(el["alt"])
        return words if "_inline" in parent_tags else picture(words, el["src"])

    def convert_br(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return " " if "_inline" in parent_tags else "\n"

    def convert_code(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags or not text.strip():
            return text
        ticks = "`" * (_longest_ticks(text) + 1)
        gap = " " * ("`" in text)
        words = " ".join(text.split()).replace("<", _LESS)
        return f"{ticks}{gap}{words}{gap}{ticks}"

    convert_kbd = convert_code
    convert_samp = convert_code

    def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:
        code = text.strip("\n").rstrip()
        if "_inline" in parent_tags or not code:
            return self.convert_code(el, code, parent_tags)
        fence = "`" * max(3, _longest_ticks(code) + 1)
        return f"\n\n{fence}\n{code.replace('<', _LESS)}\n{fence}\n\n"

    def convert_li(self, el: Any, text: str, parent_tags: set[str]) -> str:
        mark = f"{el['value']}. " if el.get("value") else "- "
        lines = text.strip().split("\n")
        if not text.strip():
            return "\n"
        rest = "\n".join(f"{' ' * len(mark)}{line}" if line else "" for line in lines[1:])
        return f"{mark}{lines[0]}\n{rest}\n" if rest else f"{mark}{lines[0]}\n"

    def convert_dt(self, el: Any, text: str, parent_tags: set[str]) -> str:
        words = " ".join(text.split())
        if "_inline" in parent_tags or not words:
            return words
        if self._marks_questions:
            bare = words.strip("*# ")
            return f"\n\n{END}\n\n###### {bare}\n\n"
        return f"\n\n{words if '**' in words else f'**{words}**'}\n\n"

    convert_summary = convert_dt

    def convert_dd(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{text.strip()}\n\n"

    def convert_dl(self, el: Any, text: str, parent_tags: set[str]) -> str:
        end = f"{END}\n\n" if self._marks_questions else ""
        return f"\n\n{text.strip()}\n\n{end}"

    convert_details = convert_dl

    def convert_td(self, el: Any, text: str, parent_tags: set[str]) -> str:
        words = " ".join(text.split()).replace("|", r"\|")
        return words + _CELL * int(el["colspan"])

    convert_th = convert_td

    def convert_tr(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return text + _ROW

    convert_caption = convert_tr

    def convert_table(self, el: Any, text: str, parent_tags: set[str]) -> str:
        rows = [row for row in text.split(_ROW) if row.strip()]
        cells = [row.split(_CELL)[:-1] for row in rows if _CELL in row]
        before = [" ".join(row.split()) for row in rows if _CELL not in row]
        width = max(map(len, cells), default=0)
        if width < 2:
            return "\n\n" + "\n\n".join([*before, *(each[0] for each in cells)]) + "\n\n"
        head, *body = cells
        head += [""] * (width - len(head))
        table = [head, ["---"] * width, *body]
        lines = [f"| {' | '.join(each)} |" for each in table]
        return "\n\n" + "\n\n".join([*before, "\n".join(lines)]) + "\n\n"


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
