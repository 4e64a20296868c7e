"""Pages of a site or a handbook: a file, a folder or an archive of Markdown or HTML.

A page is an article with its title and text, or an FAQ with questions as headings, lines in bold,
terms or summaries, of which each is an intent with the text below it as the answer. What such a
page has besides is an article too, or left out where it is only an introduction.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import PurePosixPath

from chatbot.errors import InvalidCatalogue
from chatbot.formats.articles import Article, add_article, is_question
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.html import to_marked_markdown
from chatbot.formats.json_text import decode
from chatbot.formats.limits import MAX_TITLE_CHARS
from chatbot.formats.markdown_pages import (
    Section,
    plain,
    questions_of,
    sections_of,
    without_html,
    written,
)
from chatbot.formats.source import Source

BESIDE = "it is text beside the questions of an FAQ page"
NO_ANSWER = "it is a question of a page without an answer"
NO_PAGE = "it is a file in a folder of pages, but no page of Markdown or HTML"
_MARKDOWN = (".md", ".markdown", ".mdown", ".mdx")
_HTML = (".html", ".htm", ".xhtml")
_DATA = (".json", ".jsonl", ".yml", ".yaml", ".csv", ".tsv", ".xml", ".xlsx")
_OF_OTHERS = (*_DATA, ".lu", ".qna")
_TEXTS = (".txt", ".rst", ".adoc", ".pdf", ".doc", ".docx", ".odt", ".rtf")
_ABOUT_A_PROJECT = ("readme", "license", "licence", "changelog", "contributing", "code_of_conduct")
_MOST_SNIFFED = 50
_HEAD_CHARS = 50_000

_IS_HTML = re.compile(
    rb"\s*(?:<\?xml[^<>]{0,200}>\s*)?(?:<!--[^<>]{0,500}-->\s*)?"
    rb"<(?:!doctype\s+html|html|head|body|h[1-6]|p|div|main|article|section|dl|details|ul|ol"
    rb"|table|header|nav)[\s/>]",
    re.IGNORECASE,
)
_FRONT_MATTER = re.compile(r"(?:---|\+\+\+)[ \t]*\n")
_FIELD = re.compile(r"([A-Za-z_]+)[ \t]*[:=][ \t]*(.*)")
_STARTS_WITH_HEADING = re.compile(r"#{1,6}[ \t]+\S|[^\n]{1,200}\n(?:={3,}|-{3,})[ \t]*\n")
_OTHER_TOOLS = re.compile(
    r"#{1,3} *(?:intent|synonym|regex|lookup) *:|# *\? |#? *> *!#|> *!# ", re.IGNORECASE
)
_YAML_KEY = re.compile(r"[A-Za-z_][\w\-]*:(?:\s|$)")
_CHARSET = re.compile(rb"charset=[\"']?([a-z0-9\-]+)", re.IGNORECASE)
_WESTERN = (b"iso-8859-1", b"windows-1252", b"latin1", b"iso-8859-15")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]*)", re.IGNORECASE)
_LANG = re.compile(r"<html[^<>]{0,500}?\slang=[\"']?([A-Za-z0-9\-]{2,20})", re.IGNORECASE)
_CANONICAL = re.compile(r"<link\s[^<>]{0,2000}>", re.IGNORECASE)
_HREF = re.compile(r"href=[\"']?([^\"'\s>]+)", re.IGNORECASE)
_MAIN = re.compile(r"<main[\s>]", re.IGNORECASE)
_ASIDES = ("nav", "footer", "aside")


@dataclass(frozen=True)
class _Page:
    """A page as Markdown, with what it says of itself."""

    markdown: str
    title: str = ""
    language: str = ""
    address: str = ""
    enabled: bool | None = None


def _sniff(source: Source) -> bool:
    only = source.only()
    if only is not None:
        return _is_page(source, only, is_single=not source.is_folder)
    paths = [path for path in source if _suffix(path) in _MARKDOWN + _HTML]
    content = [path for path in paths if _stem(path).lower() not in _ABOUT_A_PROJECT]
    data = [path for path in source if _suffix(path) in _DATA]
    return len(data) <= len(content) and any(
        _is_page(source, path) for path in content[:_MOST_SNIFFED]
    )


def _is_page(source: Source, path: str, is_single: bool = False) -> bool:
    try:
        content = source[path]
    except InvalidCatalogue:
        return False
    content = content.removeprefix(b"\xef\xbb\xbf")
    if _IS_HTML.match(content[:_HEAD_CHARS]):
        return True
    text = content[:_HEAD_CHARS].decode("utf-8", "replace").replace("\r\n", "\n").lstrip()
    if "\0" in text or not text or any(_OTHER_TOOLS.match(each) for each in text.split("\n")):
        return False
    if _suffix(path) in _MARKDOWN:
        return True
    has_heading = _STARTS_WITH_HEADING.match(_split(text)[1].lstrip()) is not None
    is_other = _suffix(path) in _OF_OTHERS or _is_yaml(text)
    return is_single and has_heading and not is_other


def _is_yaml(text: str) -> bool:
    lines = (line for line in text.split("\n") if line.strip() and not line.startswith("#"))
    return _YAML_KEY.match(next(lines, "")) is not None


def _read(source: Source) -> CatalogueDraft:
    gathering = Gathering(source.language)
    for path in source:
        if not source.is_folder or _suffix(path) in _MARKDOWN + _HTML:
            _Reader(gathering, source, path).read()
        elif _suffix(path) in _TEXTS:
            gathering.leave_out(NO_PAGE, PurePosixPath(path).name, Place(path))
    return gathering.finish()


class _Reader:
    """Reads one page: its questions, and what it says besides."""

    def __init__(self, gathering: Gathering, source: Source, path: str) -> None:
        self._gathering = gathering
        self._path = path
        self._place = Place(path)
        self._prefix = f"{PurePosixPath(path).with_suffix('')} " if len(source) > 1 else ""
        self._folder = PurePosixPath(path).parent.name
        self._page = _page_of(source[path], path)

    def read(self) -> None:
        sections = sections_of(self._page.markdown)
        title = self._title(sections)
        questions, rest = questions_of(sections, title)
        rest = [each for each in rest if each.heading != title or each.text]
        for each in questions:
            if each.answer:
                key = f"{self._prefix}{each.text}"
                self._add(key, each.text, each.answer, each.topic or self._topic(title))
            elif each.text != title:
                self._gathering.leave_out(NO_ANSWER, each.text[:MAX_TITLE_CHARS], self._place)
        answered, text = sum(bool(each.answer) for each in questions), _text_of(rest, title)
        if answered > 1:
            self._add_rest(rest, title)
        elif text or not answered:
            self._add(self._prefix.strip() or title, title, text, self._folder)

    def _add_rest(self, rest: list[Section], title: str) -> None:
        """Add what has headings of its own as an article; the others only introduce questions."""
        with_text = [each for each in rest if each.text]
        if any(each.heading and each.heading != title for each in with_text):
            self._add(
                self._prefix.strip() or title, title, _text_of(with_text, title), self._folder
            )
            return
        for each in with_text:
            self._gathering.leave_out(BESIDE, each.text[:MAX_TITLE_CHARS], self._place)

    def _add(self, key: str, title: str, text: str, topic: str) -> None:
        article = Article(
            key=key,
            title=title,
            text=text,
            place=self._place,
            topic=topic,
            address=self._page.address,
            language=self._page.language,
            enabled=self._page.enabled,
        )
        add_article(self._gathering, article)

    def _topic(self, title: str) -> str:
        return "" if is_question(title) else title

    def _title(self, sections: list[Section]) -> str:
        headings = [each for each in sections if each.heading and each.level in (1, 2)]
        first = next((each.heading for each in headings if each.level == 1), "")
        return self._page.title or first or _as_words(_stem(self._path))


def _text_of(sections: list[Section], title: str) -> str:
    """Return sections as they stood, but for the heading that is the title."""
    texts = [each.text if each.heading == title else written(each) for each in sections]
    return "\n\n".join(filter(None, texts))


def _page_of(content: bytes, path: str) -> _Page:
    is_html = _IS_HTML.match(content.removeprefix(b"\xef\xbb\xbf")[:_HEAD_CHARS]) is not None
    text = _decode(content, path).replace("\r\n", "\n").replace("\r", "\n")
    return _html_page(text) if is_html else _markdown_page(text)


def _decode(content: bytes, path: str) -> str:
    try:
        return decode(content, path)
    except InvalidCatalogue:
        declared = _CHARSET.search(content[:2000])
        if declared is None or declared[1].lower() not in _WESTERN:
            raise
        return content.decode("cp1252", "replace")


def _markdown_page(text: str) -> _Page:
    fields, body = _split(text.lstrip())
    is_hidden = fields.get("draft") == "true" or fields.get("published") == "false"
    return _Page(
        markdown=without_html(body),
        title=plain(fields.get("title", "")),
        language=(fields.get("lang") or fields.get("language", "")).lower(),
        address=fields.get("canonical_url") or fields.get("url", ""),
        enabled=False if is_hidden else None,
    )


def _split(text: str) -> tuple[dict[str, str], str]:
    """Return the fields that stand in front of a page, and the page."""
    opened = _FRONT_MATTER.match(text)
    end = text.find(f"\n{text[:3]}", opened.end() - 1) if opened else -1
    if opened is None or end < 0:
        return {}, text
    lines = text[opened.end() : end].split("\n") if end >= opened.end() else []
    found = (_FIELD.fullmatch(line.strip()) for line in lines if line[:1].strip())
    fields = {each[1].lower(): each[2].strip().strip("\"'") for each in found if each}
    return fields, text[end + 1 :].partition("\n")[2]


def _html_page(html: str) -> _Page:
    """Return a page whose title is its first heading: that of the window names the site too."""
    head = html[:_HEAD_CHARS]
    window, language = _TITLE.search(head), _LANG.search(head)
    markdown = to_marked_markdown(_without_menus(html))
    headings = (each.heading for each in sections_of(markdown) if each.level == 1)
    return _Page(
        markdown=markdown,
        title=next(headings, " ".join(unescape(window[1]).split()) if window else ""),
        language=language[1].lower() if language else "",
        address=_canonical(head),
    )


def _canonical(head: str) -> str:
    for each in _CANONICAL.findall(head):
        found = _HREF.search(each)
        if "canonical" in each.lower() and found:
            return unescape(found[1])
    return ""


def _without_menus(html: str) -> str:
    """Return what a page is about: its main part, without menus and footers."""
    main = _MAIN.search(html)
    html = html[main.start() :] if main else html
    if main and (end := re.search(r"</main\s*>", html, re.IGNORECASE)):
        html = html[: end.start()]
    for tag in (*_ASIDES, *(() if main else ("header",))):
        html = "".join(_outside(html, tag))
    return html


def _outside(html: str, tag: str) -> Iterator[str]:
    opening = re.compile(rf"<{tag}[\s>]", re.IGNORECASE)
    closing = re.compile(rf"</{tag}\s{{0,9}}>", re.IGNORECASE)
    place = 0
    while (start := opening.search(html, place)) and (end := closing.search(html, start.end())):
        inner = html[start.start() : end.end()]
        if re.search("<h1[ >]", inner, re.IGNORECASE):
            yield html[place : end.end()]
        else:
            yield html[place : start.start()]
        place = end.end()
    yield html[place:]


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _as_words(name: str) -> str:
    words = " ".join(re.sub(r"[_\-.]+", " ", name).split())
    return words[:1].upper() + words[1:]


FORMAT = Format(
    name="pages",
    title="Pages of Markdown or HTML, one or a folder of them",
    sniff=_sniff,
    read=_read,
)
