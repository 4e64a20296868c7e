"""HTML written anew: closed, with few tags, and neither too many nor too deeply nested.

So hostile or careless HTML is not slow to read and does not come through. Tags are read here, as
the standard library's parser needs quadratic time for tags and comments that do not end.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from urllib.parse import unquote, urlsplit

from chatbot.formats.links import safe_address

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
_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:._-]*)(?=[\s/>])")
_REST = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_RAW = {tag: re.compile(rf"</{tag}[\s/>]", re.IGNORECASE) for tag in ("script", "style")}
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff\ufdd0-\ufdef\ufffe\uffff]"
)
_MARKER = re.compile(r"(?:[-*+•] |\d{1,3}[.)] |#{1,6} |\||>|```)")
_BLANKS = re.compile(r"[ \t\xa0\u2007\u202f]+")
_MANY_LINES = re.compile(r"\n{3,}")


def clean_html(html: str) -> str:
    """Return HTML anew; where it has no blocks, its lines are kept."""
    return _Cleaner(keeps_lines=_has_no_blocks(html)).clean(html)


def has_tags(text: str) -> bool:
    """Whether there is a tag of HTML in it, and not only a word in pointed brackets."""
    return any(not each[1] or each[1].lower() in _KNOWN for each in _TAG.finditer(text))


def without_invisible(text: str) -> str:
    """Return text without control characters and others that nobody sees."""
    return _INVISIBLE.sub("", text)


def visible(text: str) -> str:
    """Return what an entity says: it may be as invisible as what was removed."""
    return without_invisible(text).replace("\xa0", " ")


def _has_no_blocks(html: str) -> bool:
    return not any(each[1] and each[1].lower() in _BLOCK for each in _TAG.finditer(html))


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
        text = visible(text)
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
            self._written.append(f'<img src="{escape(address)}" alt="{escape(text)}">')
        else:
            self._written.append(escape(text))

    def _write_embedded(self, given: dict[str, str]) -> None:
        address = safe_address(given.get("src", ""))
        if address and not self._dropping and "a" not in self._open:
            text = " ".join(given.get("title", "").split()) or address
            self._written.append(f'<p><a href="{escape(address)}">{escape(text)}</a></p>')


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


def _file_name(address: str | None) -> str:
    try:
        path = urlsplit(address or "").path
    except ValueError:
        return ""
    return unquote(path.rpartition("/")[2])
