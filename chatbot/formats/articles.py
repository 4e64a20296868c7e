"""Articles of help centres: found in JSON of any arrangement, and made intents with an answer.

An article is an intent with its title and, as the answer, its text. Only a title that is a question
is an utterance too. What programs keep of a help centre are pages of its interface, bare lists,
lines of JSON or trees of their own: articles are told by their fields, wherever they stand.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_text import decode, load, try_load
from chatbot.formats.limits import MAX_ANSWER_CHARS, MAX_TITLE_CHARS, MAX_TOPIC_CHARS
from chatbot.formats.links import link
from chatbot.formats.source import Source

CUT = f"its answer is longer than {MAX_ANSWER_CHARS:,} characters; it ends with a link to the rest"
NO_TEXT = "it is an article without a text"
NO_TITLE = "it is an article without a title"
ANOTHER_VERSION = "it is another version of an article that is there already"
_MOST_SNIFFED, _MOST_OBJECTS_SNIFFED = 50, 2_000
_LONGEST_LINK = 3_000
_WEB = re.compile("https?://[^/]", re.IGNORECASE)
_QUESTION_MARKS = "?？؟՞⸮"
_NAME_KEYS = ("name", "title")

Record = dict[str, Any]


@dataclass(frozen=True)
class Article:
    """An article, or one of its translations: `key` tells it apart from all others.

    `original` is the language that it was first written in.
    """

    key: str
    title: str
    text: str
    place: Place
    topic: str = ""
    address: str = ""
    language: str = ""
    original: str = ""
    enabled: bool | None = None


@dataclass(frozen=True)
class Found:
    """An object in a JSON file, and the nearest one around it that has a name."""

    record: Record
    place: Place
    parent: Record

    def topic(self, *candidates: Any) -> str:
        """Return the first candidate that is a name, or the name of what is around it."""
        named = (*candidates, text_of(self.parent, *_NAME_KEYS))
        names = (each for each in named if isinstance(each, str) and each.strip())
        return next(names, "")[:MAX_TOPIC_CHARS]


class Shelf:
    """What a source holds: articles, and sections, folders and the like, as they were found."""

    def __init__(self, articles: list[Found], folders: list[Record]) -> None:
        self.articles = articles
        self._by_id: dict[str, list[Record]] = defaultdict(list)
        self._folders: dict[str, list[Record]] = defaultdict(list)
        for each in articles:
            if is_key(key := each.record.get("id")):
                self._by_id[str(key)].append(each.record)
        for folder in folders:
            self._folders[str(folder["id"])].append(folder)

    def article(self, key: Any) -> Record:
        """Return the article with this id, or an empty one."""
        return min(self._by_id.get(str(key), []), key=repr, default={})

    def folder(self, key: Any, having: str = "name") -> Record:
        """Return the folder with this id that has a field `having`, or an empty one."""
        alike = [each for each in self._folders.get(str(key), []) if having in each]
        return min(alike, key=repr, default={})


@dataclass(frozen=True)
class Centre:
    """A product: how to tell its articles and what to make of them.

    `is_other` names what else is exported of the same product and holds no articles.
    """

    name: str
    title: str
    is_article: Callable[[Record], bool]
    read: Callable[[Found, Shelf], Iterator[Article]]
    is_other: Callable[[Any], str | None]

    def as_format(self) -> Format:
        """Return the format that reads this product's files."""
        return Format(name=self.name, title=self.title, sniff=self._sniff, read=self._read)

    def _sniff(self, source: Source) -> bool:
        return any(
            self.is_other(value) or any(map(self.is_article, _first_objects(value)))
            for path in _json_files(source)[:_MOST_SNIFFED]
            for value in _tried(source, path)
        )

    def _read(self, source: Source) -> CatalogueDraft:
        articles: list[Found] = []
        folders: list[Record] = []
        others: list[str] = []
        for path in _json_files(source):
            for line, value in _values(source, path):
                others += filter(None, [self.is_other(value)])
                for each, parent in _objects(value):
                    if self.is_article(each):
                        articles.append(Found(each, Place(path, line), parent))
                    elif is_key(each.get("id")) and text_of(each, "name"):
                        folders.append(each)
        if not articles:
            reason = others[0] if others else "holds no articles"
            raise InvalidCatalogue([Mistake(source.name, 0, reason)])
        shelf = Shelf(articles, folders)
        read = (each for found in articles for each in self.read(found, shelf))
        return gather(read, Gathering(source.language))


def gather(articles: Iterator[Article], gathering: Gathering) -> CatalogueDraft:
    """Return the draft of articles. Of versions of one the last in alphabetical order counts, so
    that the order of files does not matter.
    """
    versions: dict[str, dict[tuple[str, ...], Article]] = {}
    for each in articles:
        said = each.title, each.text, each.topic, each.address, each.language, str(each.enabled)
        versions.setdefault(each.key, {}).setdefault(said, each)
    written = (article for own in versions.values() for article in own.values())
    originals = Counter(each.original for each in written if each.original)
    gathering.primary = min(originals, key=lambda each: (-originals[each], each), default=None)
    for own in versions.values():
        *others, article = (own[key] for key in sorted(own))
        for other in others:
            gathering.leave_out(ANOTHER_VERSION, other.title[:MAX_TITLE_CHARS], other.place)
        add_article(gathering, article)
    return gathering.finish()


def add_article(gathering: Gathering, article: Article) -> None:
    """Add an article as an intent, or leave out what has no title or no text."""
    title, place = " ".join(article.title.split()), article.place
    if not title:
        gathering.leave_out(NO_TITLE, article.text[:MAX_TITLE_CHARS], place)
        return
    if not article.text.strip():
        gathering.leave_out(NO_TEXT, title[:MAX_TITLE_CHARS], place)
        return
    gathering.add_intent(
        article.key,
        place,
        title=title,
        topic=" ".join(article.topic.split()),
        enabled=article.enabled,
        language=article.language,
    )
    if is_question(title):
        gathering.add_utterance(article.key, title, place, article.language)
    text = article.text.strip()
    shorter = cut(text, title, article.address)
    if shorter != text:
        gathering.leave_out(CUT, title[:MAX_TITLE_CHARS], place)
    gathering.add_answer(article.key, shorter, place, language=article.language)


def cut(text: str, title: str, address: str) -> str:
    """Return `text`, or if it is too long for an answer and there is an address for the rest, its
    paragraphs that fit and a link.
    """
    ending = "\n\n" + link(title[:MAX_TITLE_CHARS], address)
    if len(text) <= MAX_ANSWER_CHARS or not _WEB.match(address) or len(ending) > _LONGEST_LINK:
        return text
    kept = text[: MAX_ANSWER_CHARS - len(ending) + 1]
    fences = [place for place in _places(kept, "\n\n") if not _is_in_code(kept[:place])]
    return text[: fences[-1]].rstrip() + ending if fences else text


def is_question(title: str) -> bool:
    return any(mark in title for mark in _QUESTION_MARKS)


def is_key(value: Any) -> bool:
    """Whether a value can be somebody's id: a number or a word."""
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def text_of(record: Record, *keys: str) -> str:
    """Return the first text that is not blank under one of the keys, or an empty one."""
    values = (record.get(key) for key in keys)
    return next((each for each in values if isinstance(each, str) and each.strip()), "")


def key_of(record: Record, language: str = "") -> str:
    """Return what tells an article apart: its id or slug, else its title; and its language."""
    key = next(filter(is_key, (record.get("id"), record.get("slug"))), None)
    name = text_of(record, "title") if key is None else f"article-{key}"
    return f"{name}-{language}" if language else name


def _places(text: str, part: str) -> list[int]:
    places, place = [], text.find(part, 1)
    while place >= 0:
        places.append(place)
        place = text.find(part, place + len(part))
    return places[-50:]


def _is_in_code(text: str) -> bool:
    return sum(line.lstrip().startswith("```") for line in text.split("\n")) % 2 == 1


def _json_files(source: Source) -> list[str]:
    only = source.only()
    if only is not None:
        return [only]
    return sorted(path for path in source if path.lower().endswith((".json", ".jsonl", ".ndjson")))


def _tried(source: Source, path: str) -> list[Any]:
    """Return the values of a file, or none where it is damaged or too large."""
    try:
        lines = _lines(source, path)
        return [try_load(source, path)] if lines is None else [value for _, value in lines]
    except InvalidCatalogue:
        return []


def _values(source: Source, path: str) -> list[tuple[int, Any]]:
    """Return the values of a file with their lines: one, or one a line. Raises InvalidCatalogue."""
    lines = _lines(source, path)
    if lines is not None:
        return lines
    return [(0, source.parsed.get(path) or load(source[path], path))]


def _lines(source: Source, path: str) -> list[tuple[int, Any]] | None:
    """Return the objects of a file that has one on each line, or None for another file."""
    key = f"{path}\n"
    if key not in source.parsed:
        first = source[path].removeprefix(b"\xef\xbb\xbf").split(b"\n", 2)[:2]
        has_lines = len(first) == 2 and all(_is_object(line) for line in first)
        source.parsed[key] = _read_lines(source[path], path) if has_lines else None
    lines: list[tuple[int, Any]] | None = source.parsed[key]
    return lines


def _read_lines(content: bytes, path: str) -> list[tuple[int, Any]]:
    lines = enumerate(decode(content, path).split("\n"), start=1)
    return [(number, _load_line(line, path, number)) for number, line in lines if line.strip()]


def _load_line(line: str, path: str, number: int) -> Any:
    try:
        return load(line.encode("utf-8", "surrogatepass"), path)
    except InvalidCatalogue as error:
        reason = error.mistakes[0].reason
        raise InvalidCatalogue([Mistake(path, number, reason)]) from None


def _is_object(line: bytes) -> bool:
    line = line.strip()
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _first_objects(value: Any) -> Iterator[Record]:
    return (each for each, _ in islice(_objects(value), _MOST_OBJECTS_SNIFFED))


def _objects(value: Any) -> Iterator[tuple[Record, Record]]:
    """Give all objects of a value, in order, with the nearest one around them that has a name."""
    top: Record = {}
    levels: list[tuple[Iterator[Any], Record]] = [(iter([value]), top)]
    while levels:
        items, parent = levels[-1]
        for item in items:
            if isinstance(item, dict):
                yield item, parent
                inner = item if text_of(item, *_NAME_KEYS) else parent
                levels.append((iter(item.values()), inner))
                break
            if isinstance(item, list):
                levels.append((iter(item), parent))
                break
        else:
            levels.pop()
