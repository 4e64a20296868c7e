"""HTML of other programs as Markdown: what is meant to be read, and no tag left.

A first pass writes the HTML anew with the few tags that Markdown has words for, closed, and neither
too many nor too deeply nested, so that hostile or careless HTML is not slow and does not come
through; markdownify makes Markdown of that. The pass reads tags itself, as the standard library's
parser needs quadratic time for tags and comments that do not end.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from markdownify import ATX, MarkdownConverter

from chatbot.formats.limits import MAX_ANSWER_CHARS

_MOST_CHARS = 1_000_000
_MOST_TAGS = 5_000
"""From there on only the text is kept, without lists, links or headings."""
_LONGEST_TAG = 8_000
_MOST_BROKEN = 50
_DEEPEST = 24


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


_INLINE = "a abbr b code del em i kbd q s samp small span strong sub sup u"
_BLOCKS = (
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td"
    " tfoot th thead tr ul"
)
_UNREAD = (
    "applet audio button canvas datalist head iframe math noscript object optgroup option script"
    " select style svg template textarea title video"
)
_VOID = "area base br col embed hr img input link meta param source track wbr"
_OTHER = (
    "acronym aside bdi bdo big blink cite data dfn dir dialog element font frame frameset hgroup"
    " html ins label legend map mark marquee menu nobr noframes output picture progress meter rp rt"
    " ruby search slot strike summary time tt var xmp"
)
_KNOWN = _words(_INLINE, _BLOCKS, _UNREAD, _VOID, _OTHER)
_BLOCK, _DROPPED = _words(_BLOCKS), _words(_UNREAD)
_WRITTEN = _words(
    "a b blockquote caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 i kbd li ol p pre q",
    "s samp strong summary table td th tr ul",
)
_AS_DIV = _words(
    "address article body center fieldset figcaption figure form footer header main nav section"
)
_PROSE = _words("p h1 h2 h3 h4 li td article")
_CLOSES = {
    "li": ({"li"}, {"ul", "ol"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr", "td", "th", "caption"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "a": ({"a"}, {"table", "li", "div"}),
}
"""What an opening tag ends, as people leave closing tags out, and what that stays within."""

_EMBEDDING = _words("iframe video audio embed source")
_WITH_ATTRIBUTES = _EMBEDDING | {"a", "img", "li", "ol", "td", "th"}

_TAG = re.compile(r"<(?:!--|!doctype\b|/?([a-z][a-z0-9]{0,15})(?=[\s/>]))", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:._-]*)(?=[\s/>])")
_REST = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_RAW = {tag: re.compile(rf"</{tag}[\s/>]", re.IGNORECASE) for tag in ("script", "style")}
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff\ufdd0-\ufdef\ufffe\uffff]"
)
_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f]+")
_EMBEDDED = re.compile(r"data:[a-z]+/[a-z0-9.+\-]+;base64,[a-z0-9+/=\s%]+", re.IGNORECASE)
_SAFE = re.compile(r"(?:https?://[^/]|mailto:.|tel:.|/(?![/\\]))", re.IGNORECASE)
_UNSAFE_IN_ADDRESS = {ord(c): f"%{ord(c):02X}" for c in ' ()<>\\"`|[]*'}
_MARKER = re.compile(r"(?:[-*+•] |\d{1,3}[.)] |#{1,6} |\||>|```)")
_BLANKS = re.compile(r"[ \t\xa0\u2007\u202f]+")
_MANY_LINES = re.compile(r"\n{3,}")
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
    Scripts, styles and forms are dropped, and pictures are links. Raises nothing.
    """
    return _convert(html, marks_questions=False)


def to_marked_markdown(html: str) -> str:
    """As `to_markdown`, but terms and summaries are headings of level 6, with END on a line of its
    own where what belongs to them ends.
    """
    return _convert(html, marks_questions=True)


def has_tags(text: str) -> bool:
    """Whether there is a tag of HTML in it, and not only a word in pointed brackets."""
    return any(not each[1] or each[1].lower() in _KNOWN for each in _TAG.finditer(text))


def safe_address(address: str) -> str | None:
    """Return where a link may lead, as Markdown writes it, or None."""
    address = _IN_ADDRESS.sub(lambda found: "%20" if " " in found[0] else "", address.strip())
    if address.startswith("//"):
        address = f"https:{address}"
    return address.translate(_UNSAFE_IN_ADDRESS) if _SAFE.match(address) else None


def link(text: str, address: str) -> str:
    """Return a link of Markdown, or only its text where the address is none to follow."""
    safe = safe_address(address)
    return f"[{text.replace('[', '(').replace(']', ')')}]({safe})" if safe else text


def _convert(html: str, marks_questions: bool) -> str:
    html = _INVISIBLE.sub("", html.replace("\r\n", "\n").replace("\r", "\n"))
    if not has_tags(html):
        return _without_html(_visible(unescape(html)))
    html = _EMBEDDED.sub("data:", html)
    html, rest = html[:_MOST_CHARS], html[_MOST_CHARS:]
    cleaned = _Cleaner(keeps_lines=_has_no_blocks(html)).clean(html)
    converter = _Converter(marks_questions)
    markdown = converter.convert_soup(BeautifulSoup(cleaned, "html.parser"))
    if rest:
        markdown += "\n\n" + _visible(unescape(_ANY_TAG.sub(" ", rest))).strip()
    return _tidy(_without_html(markdown))


def _visible(text: str) -> str:
    """What an entity says may be as invisible as what was removed."""
    return _INVISIBLE.sub("", text).replace("\xa0", " ")


def _has_no_blocks(html: str) -> bool:
    return not any(each[1] and each[1].lower() in _BLOCK for each in _TAG.finditer(html))


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


class _Tags:
    """Reads HTML from tag to tag, in a time that grows no faster than it does."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._place = 0
        self._broken = 0

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        """Give each text, with no name, and each tag, with `/` first if it ends, and attributes."""
        start = 0
        while (found := self._html.find("<", self._place)) >= 0:
            self._place = found
            tag = self._read()
            if tag is None:
                self._place = found + 1
                continue
            yield "", unescape(self._html[start:found]), ""
            yield tag[0], "", tag[1]
            start = self._place
        yield "", unescape(self._html[start:]), ""

    def _read(self) -> tuple[str, str] | None:
        """Return the name and attributes of the tag here, and go behind it; None if none is."""
        if self._html.startswith(("<!", "<?"), self._place):
            return ("!", "") if self._skip_comment() else None
        named = _NAME.match(self._html, self._place)
        if named is None or self._broken > _MOST_BROKEN:
            return None
        name = named[2].lower()
        if name not in _KNOWN and not {":", "-"} & set(name):
            return None
        rest = _REST.match(self._html, named.end(), named.end() + _LONGEST_TAG)
        self._broken += rest is None
        if rest is None:
            return None
        self._place = rest.end()
        if name in _RAW and not named[1]:
            ending = _RAW[name].search(self._html, self._place)
            self._place = ending.start() if ending else len(self._html)
        return named[1] + name, rest[0][:-1]

    def _skip_comment(self) -> bool:
        is_comment = self._html.startswith("<!--", self._place)
        ending = "-->" if is_comment else ">"
        found = self._html.find(ending, self._place) if self._broken <= _MOST_BROKEN else -1
        self._broken += found < 0
        if found >= 0:
            self._place = found + len(ending)
        return found >= 0


class _Cleaner:
    """Writes HTML anew: only what is read, with few tags, all closed, and nested not too deeply."""

    def __init__(self, keeps_lines: bool) -> None:
        self._keeps_lines = keeps_lines
        self._written: list[str] = []
        self._open: list[str] = []
        self._numbers: list[int] = []
        self._dropping: list[str] = []
        self._forms: list[int] = []
        self._has_prose = False
        self._count = 0

    def clean(self, html: str) -> str:
        """Return what was written of it."""
        for name, text, attributes in _Tags(html):
            if not name:
                self._write(text)
            elif name.startswith("/"):
                self._end_tag(name[1:])
            elif name != "!":
                self._start_tag(name, attributes)
        while self._open:
            self._end()
        return "".join(self._written)

    def _start_tag(self, tag: str, attributes: str) -> None:
        given = _attributes_of(attributes) if tag in _WITH_ATTRIBUTES else {}
        if tag in _EMBEDDING:
            self._write_embedded(given)
        if tag in _DROPPED:
            if not attributes.endswith("/"):
                self._dropping.append(tag)
        elif not self._dropping or tag in ("body", "main"):
            self._dropping.clear()
            self._start(tag, given)

    def _end_tag(self, tag: str) -> None:
        if tag in self._dropping[-_DEEPEST:]:
            del self._dropping[len(self._dropping) - 1 - self._dropping[::-1].index(tag) :]
        elif not self._dropping and tag == "form":
            self._end_form()
        elif not self._dropping and _renamed(tag) in self._open:
            while self._end() != _renamed(tag):
                pass

    def _write(self, text: str) -> None:
        """Add a text; long runs of blanks would cost markdownify quadratic time."""
        if self._dropping or not text:
            return
        text = _visible(text)
        if "pre" not in self._open:
            before = self._written[-1][-1:] if self._written else ""
            text = _keep_lines(text) if self._keeps_lines else _unwrap(text)
            if before.isspace():
                text = text.lstrip() if before == "\n" else text.lstrip(" ")
        if text:
            self._written.append(escape(text, quote=False))

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self._has_prose = self._has_prose or tag in _PROSE
        if tag == "form":
            self._forms.append(len(self._written))
            self._has_prose = False
        if tag in _CLOSES:
            self._close(*_CLOSES[tag])
        elif tag in _BLOCK:
            self._close({"p"}, {"li", "td", "th", "div", "blockquote", "dd", "details"})
        if tag in ("br", "hr"):
            self._written.append(f"<{tag}>")
        elif tag == "img":
            self._write_image(given)
        else:
            self._open_tag(_renamed(tag), given)

    def _open_tag(self, tag: str, given: dict[str, str]) -> None:
        if self._count >= _MOST_TAGS and tag in _BLOCK:
            self._written.append("\n\n")
        is_too_much = len(self._open) >= _DEEPEST or self._count >= _MOST_TAGS
        if tag not in _WRITTEN or is_too_much or self._is_misplaced(tag):
            return
        self._count += 1
        self._written.append(f"<{tag}{self._attributes(tag, given)}>")
        self._open.append(tag)
        self._numbers.append(_number(given.get("start"), 1))

    def _is_misplaced(self, tag: str) -> bool:
        if tag in ("td", "th", "tr", "caption"):
            return "table" not in self._open
        return tag in ("table", "a", "pre") and tag in self._open

    def _attributes(self, tag: str, given: dict[str, str]) -> str:
        if tag == "a":
            return f' href="{escape(safe_address(given.get("href", "")) or "")}"'
        if tag in ("td", "th"):
            return f' colspan="{min(20, _number(given.get("colspan"), 1))}"'
        if tag == "li" and self._open[-1:] == ["ol"]:
            self._numbers[-1] = number = _number(given.get("value"), self._numbers[-1])
            self._numbers[-1] += 1
            return f' value="{number}"'
        return ""

    def _close(self, tags: set[str], within: set[str]) -> None:
        """End the outermost of `tags` that is open below the innermost of `within`."""
        last = None
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in within:
                break
            if self._open[place] in tags:
                last = place
        while last is not None and len(self._open) > last:
            self._end()

    def _end(self) -> str:
        tag = self._open.pop()
        self._numbers.pop()
        self._written.append(f"</{tag}>")
        return tag

    def _end_form(self) -> None:
        """Drop a form, unless a site wrapped all of its page in one."""
        if self._forms:
            start = self._forms.pop()
            if not self._has_prose:
                tags = [each for each in self._written[start:] if _is_tag(each)]
                self._written[start:] = tags

    def _write_image(self, given: dict[str, str]) -> None:
        if {given.get("width"), given.get("height")} & {"0", "1"}:
            return
        address = safe_address(given.get("src", ""))
        text = " ".join(given.get("alt", "").split()) or _file_name(address)
        if address and "a" not in self._open:
            self._written.append(f'<a href="{escape(address)}">{escape(text)}</a>')
        else:
            self._written.append(escape(text))

    def _write_embedded(self, given: dict[str, str]) -> None:
        address = safe_address(given.get("src", ""))
        if address and not self._dropping and "a" not in self._open:
            text = " ".join(given.get("title", "").split()) or address
            self._written.append(f'<p><a href="{escape(address)}">{escape(text)}</a></p>')


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


def _attributes_of(text: str) -> dict[str, str]:
    """As browsers, with the first of those with one name."""
    given: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(text):
        given.setdefault(name.lower(), unescape(value.strip("\"'")))
    return given


def _renamed(tag: str) -> str:
    if tag in _AS_DIV:
        return "div"
    return {"strike": "s", "tt": "code"}.get(tag, tag)


def _is_tag(written: str) -> bool:
    return written.startswith("<") and not written.startswith("<a href")


def _unwrap(text: str) -> str:
    """A line break in HTML is a blank, except where the text is Markdown itself."""
    kept: list[str] = []
    for line in text.split("\n"):
        words = _BLANKS.sub(" ", line)
        starts_anew = _MARKER.match(words.lstrip()) is not None
        if words.strip():
            kept.append(("\n" if starts_anew else " ") * bool(kept) + words.strip())
    if not kept:
        return " "
    return " " * text[:1].isspace() + "".join(kept) + " " * text[-1:].isspace()


def _keep_lines(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip(" ") for line in text.strip("\n").split("\n"))
    inner = _MANY_LINES.sub("\n\n", "\n".join(lines))
    before = "\n" if text[:1] == "\n" else " " if text[:1].isspace() else ""
    after = "\n" if text[-1:] == "\n" else " " if text[-1:].isspace() else ""
    return f"{before}{inner}{after}" if inner else before


def _number(value: str | None, otherwise: int) -> int:
    is_number = value is not None and value.isascii() and value.isdecimal() and len(value) < 7
    return max(1, int(value or 1)) if is_number else otherwise


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _file_name(address: str | None) -> str:
    try:
        path = urlsplit(address or "").path
    except ValueError:
        return ""
    return unquote(path.rpartition("/")[2])
