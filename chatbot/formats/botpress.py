"""Questions and answers of Botpress 12: one file an entry in `qna/`, or one export with `qnas`.

A folder may have intents of its own beside them, and content elements that answers point to. The
oldest entries have lists where newer ones have dictionaries by language; and what is prepared in a
table has the columns `ID,Question,Answer`.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.botpress_files import (
    FOLDER,
    Entry,
    Said,
    all_said,
    answers_of,
    count_no_text,
    entry_of,
    find_candidates,
    folder_of,
    is_export,
    is_table,
    paths_in,
)
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_text import decode, load, try_load
from chatbot.formats.json_values import list_of, object_of, objects_of, text_of
from chatbot.formats.pieces import to_picture
from chatbot.formats.rasa.parts import plain
from chatbot.formats.source import Source

NO_ENTRY = "it is no entry with questions"
NOT_TEXT = "it is not text"
ONLY_LINKS = "its answer is nothing but links that only the old bot could follow"
PRIVATE_LINK = "its answer has links that only the old bot could follow"
TO_A_FLOW = "it leads to a flow of the old bot"
NO_ELEMENT = "its answer is a content element that is not in these files"
_GENERATED = "__qna__"
_NONE = "none"
_NO_TOPIC = "global"
_ELEMENT = "#!"
_PRIVATE = re.compile(r"(?<![\w+.\-])(?!https?:|mailto:|tel:)[A-Za-z][\w+.\-]{1,30}://[^\s)\]>]+")
_LINKED = re.compile(
    r"\[([^\[\]\n]*)\]\((?!https?:|mailto:|tel:)[A-Za-z][\w+.\-]{1,30}://[^()\s]*\)"
)
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")


def _is_botpress(source: Source) -> bool:
    try:
        path = source.only()
        if path is not None and not source.is_folder:
            return is_export(try_load(source, path)) or is_table(source[path])
        return any(is_export(try_load(source, path)) for path in find_candidates(source))
    except InvalidCatalogue:
        return False


def _read_botpress(source: Source) -> CatalogueDraft:
    """Return the draft. Raises InvalidCatalogue for damaged files."""
    path = source.only()
    if path is not None and not source.is_folder and is_table(source[path]):
        return _read_table(source[path], path)
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._gathering = Gathering(source.language)
        self._elements: dict[str, dict[str, Any]] = {}

    def read(self) -> CatalogueDraft:
        entries = list(self._entries())
        for path in paths_in(self._source, "content-elements"):
            self._note_elements(self._load(path))
        for entry in entries:
            self._add_questions(entry)
        for entry in entries:
            self._add_answers(entry)
        for path in paths_in(self._source, "intents"):
            self._add_intent(self._load(path), path)
        return self._gathering.finish()

    def _load(self, path: str) -> Any:
        said = try_load(self._source, path)
        return load(self._source[path], path) if said is None else said

    def _entries(self) -> Iterator[Entry]:
        only = self._source.only()
        is_single = only is not None and not self._source.is_folder
        paths = list(self._source) if is_single else find_candidates(self._source)
        said = {path: self._load(path) for path in paths}
        own = [p for p in paths if is_single or folder_of(p) == FOLDER or is_export(said[p])]
        self._check_one_bot(own)
        for path in own:
            yield from self._entries_of(said[path], path)

    def _check_one_bot(self, paths: list[str]) -> None:
        folders = sorted({str(PurePosixPath(path).parent) for path in paths})
        if len(folders) > 1:
            reason = f"holds several bots, such as in “{folders[0]}” and “{folders[1]}”"
            raise InvalidCatalogue([Mistake(self._source.name, 0, reason)])

    def _entries_of(self, said: Any, path: str) -> Iterator[Entry]:
        """Yield the entries of an export, or the one of a file, which may be its id."""
        if isinstance(said, dict) and "qnas" in said:
            self._note_elements(said.get("contentElements"))
            self._note_elements(said.get("content"))
            said = said["qnas"]
            if not isinstance(said, list):
                raise InvalidCatalogue([Mistake(path, 0, "qnas is not a list")])
        is_list = isinstance(said, list)
        for raw in said if is_list else [said]:
            entry = entry_of(raw, "" if is_list else PurePosixPath(path).stem, Place(path))
            if entry is None:
                self._gathering.leave_out(NO_ENTRY, text_of(object_of(raw).get("id")), Place(path))
            else:
                yield entry

    def _note_elements(self, said: Any) -> None:
        for each in objects_of(said):
            if isinstance(each.get("id"), str):
                self._elements[each["id"]] = object_of(each.get("formData"))

    def _add_questions(self, entry: Entry) -> None:
        enabled = entry.data.get("enabled")
        self._gathering.add_intent(
            entry.label,
            entry.place,
            topic=_topic_of(entry.data),
            enabled=enabled if isinstance(enabled, bool) else None,
        )
        for each in entry.questions:
            title = " ".join(each.text.split())
            self._gathering.add_intent(
                entry.label, entry.place, title=title, language=each.language
            )
            self._gathering.add_utterance(
                entry.label, each.text, entry.place, each.language or None
            )
        for _ in range(count_no_text(entry.data.get("questions"))):
            self._gathering.leave_out(NOT_TEXT, "", entry.place)

    def _add_answers(self, entry: Entry) -> None:
        answers = [Said(s.language, self._resolved(s, entry)) for s in answers_of(entry.data)]
        for _ in range(count_no_text(entry.data.get("answers"))):
            self._gathering.leave_out(NOT_TEXT, "", entry.place)
        for each in answers:
            needs_a_value = _TEMPLATE.search(each.text) is not None
            self._gathering.add_answer(
                entry.label, each.text, entry.place, needs_a_value, each.language
            )
        self._add_redirection(entry)

    def _resolved(self, answer: Said, entry: Entry) -> str:
        """Return the text that an answer is or points to; without it the reason is counted."""
        text = answer.text.strip()
        if text.startswith(_ELEMENT):
            shown = _shown(self._elements.get(text[len(_ELEMENT) :], {}), answer.language)
            if not shown:
                self._gathering.leave_out(NO_ELEMENT, text, entry.place)
            return shown
        return self._without_private_links(text, entry)

    def _without_private_links(self, text: str, entry: Entry) -> str:
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

    def _add_redirection(self, entry: Entry) -> None:
        """An entry may lead to another; a flow is a program, which stays behind."""
        if text_of(entry.data.get("action")) not in ("redirect", "text_redirect"):
            return
        targets = [text_of(entry.data.get(key)) for key in ("redirectFlow", "redirectNode")]
        for target in filter(None, targets):
            self._gathering.add_follow_up(entry.label, target)
        if not self._gathering.has_answer(entry.label):
            named = " ".join(filter(None, targets))
            self._gathering.leave_out(TO_A_FLOW, named, entry.place)

    def _add_intent(self, said: Any, path: str) -> None:
        """Add an intent that is no twin of an entry. Its utterances have marks as Rasa's."""
        raw = object_of(said)
        name = text_of(raw.get("name")) or PurePosixPath(path).stem
        if name.startswith(_GENERATED) or "utterances" not in raw:
            return
        if name != _NONE:
            self._gathering.add_intent(name, Place(path))
        for each in all_said(raw["utterances"]):
            if name == _NONE:
                self._gathering.add_out_of_scope(plain(each.text), Place(path))
            else:
                language = each.language or None
                self._gathering.add_utterance(name, plain(each.text), Place(path), language)


def _topic_of(data: dict[str, Any]) -> str:
    first = next(iter(list_of(data.get("contexts"))), data.get("category"))
    return "" if text_of(first) == _NO_TOPIC else text_of(first)


def _shown(form: dict[str, Any], language: str) -> str:
    """Return a content element as Markdown: its text, picture and choices, in one language."""
    keys = [key.partition("$") for key in form]
    said = {name: form[name + mark + of] for name, mark, of in keys if of in ("", language)}
    parts = [text_of(said.get(key)) for key in ("title", "text", "subtitle")]
    if image := text_of(said.get("image")):
        parts.append(to_picture("", image))
    titles = [text_of(each.get("title")) for each in objects_of(said.get("choices"))]
    parts.append("\n".join(f"- {title}" for title in titles if title))
    return "\n\n".join(part for part in parts if part)


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


FORMAT = Format(
    name="botpress",
    title="Botpress 12: questions and answers, as an export or a folder of qna/*.json",
    sniff=_is_botpress,
    read=_read_botpress,
)
