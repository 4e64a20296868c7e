"""Pairs of questions and an answer, as QnA Maker has them, made into intents.

A pair has no name: it is called after its first question, unless its metadata name it.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chatbot.errors import InvalidCatalogue
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.html import to_markdown
from chatbot.formats.json_parts import list_of, objects_of, text_of
from chatbot.formats.json_text import load
from chatbot.formats.limits import MAX_ANSWER_CHARS
from chatbot.formats.names import is_name

NO_QUESTION = "it is an answer without a question"
NOT_A_PAIR = "it is no pair of questions and an answer"
CONTEXT_ONLY = "it is asked only after another answer"
SUGGESTED = "it is a suggestion that nobody has reviewed"
TAG = "it is metadata that have no place here"
LEADS_NOWHERE = "it is a follow-up to what is not there"
UNREADABLE_PROMPTS = "its follow-ups cannot be read"
UNREADABLE_SUGGESTIONS = "its suggestions cannot be read"

_ESCAPES = {"\t": "&#9;", "\r": "&#13;", "\n": "\\n"}
_TO_ESCAPE = re.compile(r"[\t\r\n]|\\(?=r?\\?n)|&(?=#(?:9|13|38|92);)")
_ESCAPED = re.compile(r"\\r\\n|\\n|&#(?:9|13|92);|&#38;(?=#(?:9|13|38|92);)")
_HTML = re.compile(r"</?(?:p|div|ul|ol|li|a|b|i|em|strong|span|table|h[1-6])\b[^<>]{0,2000}>")
_MARKDOWN = re.compile(r"\]\(|\*\*|^#{1,6} |^\s*[*-] ", re.MULTILINE)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_MOST_HTML = 4 * MAX_ANSWER_CHARS
_OWN_TAGS = ("title", "topic", "enabled", "answer", "utterances")
_ENABLED = {"yes": True, "no": False}
_NONE = "none"


@dataclass(frozen=True)
class Prompt:
    """A follow-up, by the id of its pair, or as the key of a pair that stands within it."""

    id: str
    text: str
    key: tuple[str, ...] | None = None

    @staticmethod
    def write(prompts: Iterable["Prompt"]) -> str:
        """Return prompts as the service writes them."""
        return json.dumps(
            [
                {"displayOrder": at, "qnaId": int(each.id), "displayText": each.text}
                for at, each in enumerate(prompts)
            ],
            ensure_ascii=False,
        )


@dataclass
class Pair:
    """The questions of one answer, as one row or record has them, or several together."""

    answer: str
    place: Place
    id: str = ""
    source: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    questions: list[tuple[str, Place]] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    is_context_only: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What rows of one pair have in common; a question without an answer is by itself."""
        if self.id:
            return self.id, self.answer
        if not self.answer.strip():
            return "", "", *(text for text, _ in self.questions)
        tags = "|".join(f"{key}:{value}" for key, value in self.metadata.items())
        return "", self.answer, tags, self.source, str(self.is_context_only)


class Pairs:
    """The pairs of one knowledge base, gathered as intents at the end."""

    def __init__(self, gathering: Gathering) -> None:
        self.language: str | None = None
        self._gathering = gathering
        self._pairs: dict[tuple[str, ...], Pair] = {}
        self._named: dict[tuple[str, ...], str] = {}

    def add(self, pair: Pair) -> None:
        """Add a row or a record."""
        known = self._pairs.setdefault(pair.key, pair)
        if known is pair:
            return
        known.questions += pair.questions
        known.prompts += pair.prompts
        known.suggestions += pair.suggestions
        for key, value in pair.metadata.items():
            known.metadata.setdefault(key, value)

    def add_record(self, record: Any, place: Place, where: str) -> None:
        """Add a record of JSON, and those that stand within its prompts."""
        waiting = [record]
        while waiting:
            each = waiting.pop()
            if not isinstance(each, dict):
                self._gathering.leave_out(NOT_A_PAIR, where, place)
                continue
            values = _lower(each)
            pair = self._pair_of(values, place)
            self.add(pair)
            waiting += [prompt["qna"] for prompt in _prompts_of(values) if prompt.get("qna")]

    def prompts_of(self, cell: str, place: Place) -> list[Prompt]:
        """Return the follow-ups in a cell of a table, and add the pairs that stand within them."""
        prompts = [_lower(each) for each in self._list_in(cell, UNREADABLE_PROMPTS, place)]
        for each in prompts:
            if each.get("qna"):
                self.add_record(each["qna"], place, "Prompts")
        return [self._prompt_of(each, place) for each in prompts]

    def suggestions_of(self, cell: str, place: Place) -> list[str]:
        """Return the questions that the service suggests in a cell."""
        clusters = self._list_in(cell, UNREADABLE_SUGGESTIONS, place)
        return list(_suggestions_in(clusters))

    @staticmethod
    def metadata_of(cell: Any) -> dict[str, str]:
        """Return tags: `k:v | k:v` as tables have them, or a list or an object of JSON."""
        found: list[tuple[Any, Any]] = []
        if isinstance(cell, str):
            parts = (part.partition(":") for part in cell.split("|"))
            found = [(key, value) for key, _, value in parts if key.strip()]
        elif isinstance(cell, dict):
            found = list(cell.items())
        elif isinstance(cell, list):
            listed = [_lower(each) for each in cell if isinstance(each, dict)]
            found = [(each.get("name"), each.get("value")) for each in listed]
        texts = ((str(key), value) for key, value in found if isinstance(value, str | int))
        return {key.strip().lower(): str(value).strip() for key, value in texts}

    def gather(self) -> None:
        """Make an intent of each pair."""
        self._named = self._names()
        labels = self._labels()
        by_id: dict[str, str] = {}
        for key in labels:
            by_id.setdefault(self._pairs[key].id, labels[key])
        for key, pair in self._pairs.items():
            if key not in labels:
                self._gathering.leave_out(NO_QUESTION, pair.answer[:200], pair.place)
                continue
            self._gather(pair, labels[key], key in self._named)
            self._follow(pair, labels[key], labels, by_id)

    def _gather(self, pair: Pair, label: str, is_own: bool) -> None:
        tags = {key: _unquote(value) for key, value in pair.metadata.items()} if is_own else {}
        first = next(text for text, _ in pair.questions if text.strip())
        self._gathering.add_intent(
            label,
            pair.place,
            title=tags.get("title") if is_own else " ".join(first.split()),
            topic=tags.get("topic", "") if is_own else self._topic_of(pair),
            enabled=_ENABLED.get(tags.get("enabled", "")),
            needs_context=pair.is_context_only,
        )
        if tags.get("answer") != _NONE:
            self._gathering.add_answer(label, _as_markdown(pair.answer), pair.place)
        if tags.get("utterances") != _NONE:
            self._gather_questions(pair, label)
        self._leave_out_rest(pair, ("intent", *_OWN_TAGS) if is_own else ("topic", "category"))

    def _gather_questions(self, pair: Pair, label: str) -> None:
        for text, place in pair.questions:
            if pair.is_context_only:
                self._gathering.leave_out(CONTEXT_ONLY, text, place)
            else:
                self._gathering.add_utterance(label, text, place, self.language)

    def _topic_of(self, pair: Pair) -> str:
        return pair.metadata.get("topic") or pair.metadata.get("category") or ""

    def _leave_out_rest(self, pair: Pair, used: Iterable[str]) -> None:
        for text in dict.fromkeys(pair.suggestions):
            self._gathering.leave_out(SUGGESTED, text, pair.place)
        for key, value in pair.metadata.items():
            if key not in used:
                self._gathering.leave_out(TAG, f"{key}:{value}", pair.place)

    def _follow(
        self,
        pair: Pair,
        label: str,
        labels: dict[tuple[str, ...], str],
        by_id: dict[str, str],
    ) -> None:
        for each in dict.fromkeys(pair.prompts):
            target = labels.get(each.key) if each.key else None
            target = target or (by_id.get(each.id) if each.id else None)
            if target:
                self._gathering.add_follow_up(label, target)
            else:
                self._gathering.leave_out(LEADS_NOWHERE, each.text, pair.place)

    def _labels(self) -> dict[tuple[str, ...], str]:
        """Return what each pair with a question is called; no two are called alike."""
        named = self._named
        firsts = {
            key: " ".join(first.split())
            for key, pair in self._pairs.items()
            if (first := next((text for text, _ in pair.questions if text.strip()), ""))
        }
        often = Counter(firsts[key] for key in firsts if key not in named)
        taken = set(named.values())
        labels = {}
        for key, first in firsts.items():
            is_alone = often[first] == 1 and first not in taken
            labels[key] = named.get(key) or (first if is_alone else f"{first} {_hash(key)}")
        return labels

    def _names(self) -> dict[tuple[str, ...], str]:
        """Return the names that metadata give; one of several pairs is another bot's tag."""
        given = {key: pair.metadata.get("intent", "") for key, pair in self._pairs.items()}
        often = Counter(given.values())
        return {key: name for key, name in given.items() if often[name] == 1 and is_name(name)}

    def _pair_of(self, values: dict[str, Any], place: Place) -> Pair:
        pair = self._bare_pair_of(values, place)
        pair.prompts = [self._prompt_of(each, place) for each in _prompts_of(values)]
        return pair

    def _bare_pair_of(self, values: dict[str, Any], place: Place) -> Pair:
        """Return a pair without those that it leads to."""
        clusters = values.get("activelearningsuggestions")
        clusters = clusters or values.get("alternatequestionclusters")
        return Pair(
            id=_id(values.get("id")),
            answer=text_of(values, "answer"),
            source=text_of(values, "source"),
            metadata=self.metadata_of(values.get("metadata")),
            questions=[
                (text, place) for text in list_of(values, "questions") if isinstance(text, str)
            ],
            suggestions=list(_suggestions_in(clusters)),
            is_context_only=_context_of(values).get("iscontextonly") is True,
            place=place,
        )

    def _prompt_of(self, values: dict[str, Any], place: Place) -> Prompt:
        nested = values.get("qna")
        key = None
        if isinstance(nested, dict):
            key = self._bare_pair_of(_lower(nested), place).key
        return Prompt(_id(values.get("qnaid")), text_of(values, "displaytext"), key)

    def _list_in(self, cell: str, reason: str, place: Place) -> list[dict[str, Any]]:
        if cell.strip() in ("", "[]"):
            return []
        try:
            listed = load(cell.encode(errors="replace"), place.file)
        except InvalidCatalogue:
            listed = None
        if not isinstance(listed, list):
            self._gathering.leave_out(reason, cell[:200], place)
            return []
        return [each for each in listed if isinstance(each, dict)]


def escape(text: str) -> str:
    """Return a text in one cell, its lines parted as by the service, and the rest by numbers.

    A backslash that would be read as one is `&#92;`, which Markdown shows as what it is.
    """
    return _TO_ESCAPE.sub(lambda found: _ESCAPES.get(found[0]) or f"&#{ord(found[0])};", text)


def unescape(cell: str) -> str:
    """Return what `escape` was given, or what the service wrote."""
    return _ESCAPED.sub(lambda found: _meant(found[0]), cell)


def _meant(escaped: str) -> str:
    return "\n" if escaped.startswith("\\") else chr(int(escaped[2:-1]))


def _as_markdown(answer: str) -> str:
    """Return an answer as Markdown, which it is, but in knowledge bases filled with HTML."""
    if len(answer) <= _MOST_HTML and _HTML.search(answer) and not _MARKDOWN.search(answer):
        return to_markdown(answer)
    return _BREAK.sub("\n", answer)


def _unquote(value: str) -> str:
    return value.replace("%7C", "|").replace("%3A", ":").replace("%25", "%")


def _prompts_of(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in objects_of(_context_of(values), "prompts"):
        yield _lower(each)


def _suggestions_in(clusters: Any) -> Iterator[str]:
    for cluster in clusters if isinstance(clusters, list) else []:
        values = _lower(cluster) if isinstance(cluster, dict) else {}
        listed = values.get("alternatequestionlist") or values.get("suggestedquestions")
        for each in listed if isinstance(listed, list) else []:
            if question := text_of(_lower(each) if isinstance(each, dict) else None, "question"):
                yield question


def _lower(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by keys in lower case: they are written `QnaId` and `qnaId`."""
    return {str(key).lower(): value for key, value in values.items()}


def _context_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return what the old service calls `context`, and the new one `dialog`."""
    context = values.get("dialog") or values.get("context")
    return _lower(context) if isinstance(context, dict) else {}


def _id(value: Any) -> str:
    """Return an id as text; nobody has the id 0, which stands for none."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if is_number else value.strip() if isinstance(value, str) else ""
    return "" if text in ("0", "-1") else text


def _hash(key: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(key).encode(errors="surrogatepass")).hexdigest()[:6]
