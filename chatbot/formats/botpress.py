"""Questions and answers of Botpress 12: one file an entry in `qna/`, or one export with `qnas`.

A folder may have intents of its own beside them, and content elements that answers point to. The
oldest entries have lists where newer ones have dictionaries by language; and what is prepared in a
table has the columns `ID,Question,Answer`.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import ANOTHER_LANGUAGE, Gathering, Place
from chatbot.formats.json_text import decode, load, try_load
from chatbot.formats.pieces import to_picture
from chatbot.formats.rasa.parts import plain
from chatbot.formats.source import Source

NO_ENTRY = "it is no entry with questions"
NOT_TEXT = "it is not text"
ONLY_LINKS = "its answer is nothing but links that only the old bot could follow"
PRIVATE_LINK = "its answer has links that only the old bot could follow"
TO_A_FLOW = "it leads to a flow of the old bot"
NO_ELEMENT = "its answer is a content element that is not in these files"
_FOLDER = "qna"
_WORDS = (b'"questions"', b'"answers"', b'"data"')
_GENERATED = "__qna__"
_NONE = "none"
_NO_TOPIC = "global"
_ELEMENT = "#!"
_COLUMNS = ["id", "question", "answer"]
_PRIVATE = re.compile(r"(?<![\w+.\-])(?!https?:|mailto:|tel:)[A-Za-z][\w+.\-]{1,30}://[^\s)\]>]+")
_LINKED = re.compile(
    r"\[([^\[\]\n]*)\]\((?!https?:|mailto:|tel:)[A-Za-z][\w+.\-]{1,30}://[^()\s]*\)"
)
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")


@dataclass(frozen=True)
class _Said:
    """A text in a language, which the oldest files do not tell."""

    language: str
    text: str


@dataclass
class _Entry:
    """An entry of questions and answers, as it stands in a file."""

    label: str
    data: dict[str, Any]
    place: Place
    questions: list[_Said] = field(default_factory=list)


def _is_botpress(source: Source) -> bool:
    try:
        path = source.only()
        if path is not None and not source.is_folder:
            return _is_export(try_load(source, path)) or _is_table(source[path])
        return any(_is_export(try_load(source, path)) for path in _candidates(source))
    except InvalidCatalogue:
        return False


def _read_botpress(source: Source) -> CatalogueDraft:
    """Return the draft. Raises InvalidCatalogue for damaged files."""
    path = source.only()
    if path is not None and not source.is_folder and _is_table(source[path]):
        return _read_table(source[path], path)
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._gathering = Gathering()
        self._elements: dict[str, dict[str, Any]] = {}
        self._spoken: Counter[str] = Counter()

    def read(self) -> CatalogueDraft:
        entries = list(self._entries())
        for path in _paths(self._source, "content-elements"):
            self._note_elements(self._load(path))
        for entry in entries:
            self._add_questions(entry)
        for entry in entries:
            self._add_answers(entry)
        for path in _paths(self._source, "intents"):
            self._add_intent(self._load(path), path)
        return self._gathering.finish()

    def _load(self, path: str) -> Any:
        said = try_load(self._source, path)
        return load(self._source[path], path) if said is None else said

    def _entries(self) -> Iterator[_Entry]:
        only = self._source.only()
        is_single = only is not None and not self._source.is_folder
        paths = list(self._source) if is_single else _candidates(self._source)
        said = {path: self._load(path) for path in paths}
        own = [p for p in paths if is_single or _folder(p) == _FOLDER or _is_export(said[p])]
        self._check_one_bot(own)
        for path in own:
            yield from self._entries_of(said[path], path)

    def _check_one_bot(self, paths: list[str]) -> None:
        folders = sorted({str(PurePosixPath(path).parent) for path in paths})
        if len(folders) > 1:
            reason = f"holds several bots, such as in “{folders[0]}” and “{folders[1]}”"
            raise InvalidCatalogue([Mistake(self._source.name, 0, reason)])

    def _entries_of(self, said: Any, path: str) -> Iterator[_Entry]:
        """Yield the entries of an export, or the one of a file, which may be its id."""
        if isinstance(said, dict) and "qnas" in said:
            self._note_elements(said.get("contentElements"))
            self._note_elements(said.get("content"))
            said = said["qnas"]
            if not isinstance(said, list):
                raise InvalidCatalogue([Mistake(path, 0, "qnas is not a list")])
        is_list = isinstance(said, list)
        for raw in said if is_list else [said]:
            entry = _entry_of(raw, "" if is_list else PurePosixPath(path).stem, Place(path))
            if entry is None:
                self._gathering.leave_out(NO_ENTRY, _text(_dict(raw).get("id")), Place(path))
            else:
                yield entry

    def _note_elements(self, said: Any) -> None:
        for each in said if isinstance(said, list) else []:
            if isinstance(each, dict) and isinstance(each.get("id"), str):
                self._elements[each["id"]] = _dict(each.get("formData"))

    def _add_questions(self, entry: _Entry) -> None:
        language = _main_language(entry, Counter())
        title = next((q.text for q in entry.questions if q.language == language), None)
        enabled = entry.data.get("enabled")
        self._gathering.add_intent(
            entry.label,
            entry.place,
            title=" ".join((title or "").split()),
            topic=_topic_of(entry.data),
            enabled=enabled if isinstance(enabled, bool) else None,
        )
        for each in entry.questions:
            self._spoken[each.language] += 1
            self._gathering.add_utterance(
                entry.label, each.text, entry.place, each.language or None
            )
        for _ in range(_count_of_no_text(entry.data.get("questions"))):
            self._gathering.leave_out(NOT_TEXT, "", entry.place)

    def _add_answers(self, entry: _Entry) -> None:
        answers = [_Said(s.language, self._resolved(s, entry)) for s in _answers_of(entry.data)]
        for _ in range(_count_of_no_text(entry.data.get("answers"))):
            self._gathering.leave_out(NOT_TEXT, "", entry.place)
        language = self._language_of_answer(entry, [a for a in answers if a.text])
        for each in answers:
            if each.language == language:
                needs_a_value = _TEMPLATE.search(each.text) is not None
                self._gathering.add_answer(entry.label, each.text, entry.place, needs_a_value)
            elif each.text:
                self._gathering.leave_out(ANOTHER_LANGUAGE, each.text, entry.place)
        self._add_redirection(entry)

    def _language_of_answer(self, entry: _Entry, answers: list[_Said]) -> str:
        """Return the language of most of its questions, of those in which it is answered."""
        answered = {each.language for each in answers}
        asked = Counter(each.language for each in entry.questions)
        return min(answered, default="", key=lambda one: (-asked[one], -self._spoken[one], one))

    def _resolved(self, answer: _Said, entry: _Entry) -> str:
        """Return the text that an answer is or points to; without it the reason is counted."""
        text = answer.text.strip()
        if text.startswith(_ELEMENT):
            shown = _shown(self._elements.get(text[len(_ELEMENT) :], {}), answer.language)
            if not shown:
                self._gathering.leave_out(NO_ELEMENT, text, entry.place)
            return shown
        return self._without_private_links(text, entry)

    def _without_private_links(self, text: str, entry: _Entry) -> str:
        found = _PRIVATE.findall(text)
        if not found:
            return text
        named = _LINKED.sub(r"\1", text)
        lines = [_PRIVATE.sub("", line).rstrip() for line in named.split("\n")]
        left = "\n".join(lines).strip()
        if not any(character.isalnum() for character in left):
            self._gathering.leave_out(ONLY_LINKS, text, entry.place)
            return ""
        self._gathering.leave_out(PRIVATE_LINK, " ".join(found), entry.place)
        return left

    def _add_redirection(self, entry: _Entry) -> None:
        """An entry may lead to another; a flow is a program, which stays behind."""
        if _text(entry.data.get("action")) not in ("redirect", "text_redirect"):
            return
        targets = [_text(entry.data.get(key)) for key in ("redirectFlow", "redirectNode")]
        for target in filter(None, targets):
            self._gathering.add_follow_up(entry.label, target)
        if not self._gathering.has_answer(entry.label):
            named = " ".join(filter(None, targets))
            self._gathering.leave_out(TO_A_FLOW, named, entry.place)

    def _add_intent(self, said: Any, path: str) -> None:
        """Add an intent that is no twin of an entry. Its utterances have marks as Rasa's."""
        raw = _dict(said)
        name = _text(raw.get("name")) or PurePosixPath(path).stem
        if name.startswith(_GENERATED) or "utterances" not in raw:
            return
        if name != _NONE:
            self._gathering.add_intent(name, Place(path))
        for each in _all_said(raw["utterances"]):
            if name == _NONE:
                self._gathering.add_out_of_scope(plain(each.text), Place(path))
            else:
                language = each.language or None
                self._gathering.add_utterance(name, plain(each.text), Place(path), language)


def _entry_of(raw: Any, file_stem: str, place: Place) -> _Entry | None:
    if not _is_entry(raw):
        return None
    data = _dict(raw.get("data")) or raw
    questions = list(_all_said(data.get("questions")))
    label = _text(raw.get("id")) or file_stem or (questions[0].text if questions else "")
    return _Entry(label, data, place, questions) if label else None


def _is_entry(raw: Any) -> bool:
    return isinstance(raw, dict) and isinstance(
        _dict(raw.get("data")).get("questions"), dict | list
    )


def _is_export(said: Any) -> bool:
    if isinstance(said, dict) and "qnas" in said:
        return True
    return _is_entry(said) or (isinstance(said, list) and any(map(_is_entry, said[:10])))


def _answers_of(data: dict[str, Any]) -> Iterator[_Said]:
    """Yield all answers; the oldest entries have one, without a language."""
    yield from _all_said(data.get("answers"))
    if isinstance(data.get("answer"), str):
        yield _Said("", data["answer"])


def _all_said(raw: Any) -> Iterator[_Said]:
    """Yield texts from a dictionary of lists by language, or from a list without one."""
    by_language = raw if isinstance(raw, dict) else {"": raw}
    for language, texts in by_language.items():
        for each in texts if isinstance(texts, list) else [texts]:
            if isinstance(each, str) and each.strip():
                yield _Said(language, each)


def _count_of_no_text(raw: Any) -> int:
    lists = raw.values() if isinstance(raw, dict) else [raw]
    return sum(
        not isinstance(each, str) for texts in lists if isinstance(texts, list) for each in texts
    )


def _main_language(entry: _Entry, spoken: Counter[str]) -> str:
    """Return the language of most of an entry's questions."""
    asked = Counter(each.language for each in entry.questions)
    return min(asked, default="", key=lambda one: (-asked[one], -spoken[one], one))


def _topic_of(data: dict[str, Any]) -> str:
    contexts = data.get("contexts")
    first = contexts[0] if isinstance(contexts, list) and contexts else data.get("category")
    return "" if _text(first) == _NO_TOPIC else _text(first)


def _shown(form: dict[str, Any], language: str) -> str:
    """Return a content element as Markdown: its text, picture and choices, in one language."""
    keys = [key.partition("$") for key in form]
    said = {name: form[name + mark + of] for name, mark, of in keys if of in ("", language)}
    parts = [_text(said.get(key)) for key in ("title", "text", "subtitle")]
    if image := _text(said.get("image")):
        parts.append(to_picture("", image))
    choices = said.get("choices")
    titles = [_text(_dict(c).get("title")) for c in choices] if isinstance(choices, list) else []
    parts.append("\n".join(f"- {title}" for title in titles if title))
    return "\n\n".join(part for part in parts if part)


def _paths(source: Source, folder: str) -> list[str]:
    """The JSON files that lie in a folder of this name, wherever it is; none of a single file."""
    paths = (PurePosixPath(path) for path in sorted(source))
    return [str(p) for p in paths if p.parent.name == folder and p.suffix.lower() == ".json"]


def _candidates(source: Source) -> list[str]:
    """The JSON files that may have entries: those in `qna`, and those with the words for it."""
    return [
        path
        for path in sorted(source)
        if path.lower().endswith(".json")
        and (_folder(path) == _FOLDER or all(word in source[path] for word in _WORDS))
    ]


def _folder(path: str) -> str:
    return PurePosixPath(path).parent.name


def _is_table(content: bytes) -> bool:
    header = content[:200].lstrip(b"\xef\xbb\xbf").split(b"\n")[0]
    cells = header.strip().decode("ascii", "replace").casefold().split(",")
    return [cell.strip('" ') for cell in cells] == _COLUMNS


def _read_table(content: bytes, path: str) -> CatalogueDraft:
    gathering = Gathering()
    rows = csv.reader(io.StringIO(decode(content, path), newline=""))
    try:
        next(rows)
        for row in rows:
            _read_row(row, Place(path, rows.line_num), gathering)
    except csv.Error as error:
        raise InvalidCatalogue([Mistake(path, rows.line_num, f"is no CSV: {error}")]) from None
    return gathering.finish()


def _read_row(row: list[str], place: Place, gathering: Gathering) -> None:
    label, question, answer = (cell.strip() for cell in [*row, "", "", ""][:3])
    if not label:
        if any(row):
            gathering.leave_out(NO_ENTRY, question, place)
        return
    gathering.add_intent(label, place, title=question)
    if question:
        gathering.add_utterance(label, question, place)
    gathering.add_answer(label, answer, place, _TEMPLATE.search(answer) is not None)


def _dict(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _text(raw: Any) -> str:
    return raw.strip() if isinstance(raw, str) else ""


FORMAT = Format(
    name="botpress",
    title="Botpress 12: questions and answers, as an export or a folder of qna/*.json",
    sniff=_is_botpress,
    read=_read_botpress,
)
