"""Dialogflow ES and its forerunner api.ai: a folder or zip of an agent, a file for each intent.

Newer agents have phrases in a file of their own for each language, `NAME_usersays_LANG.json`, older
ones in the intent's. Answers are messages of several kinds, for several channels and languages.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from chatbot.domain.text import normalise
from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.dialogflow_messages import Message, choose, read_message
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_text import load
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
    ONLY_AN_EVENT,
    add_pieces,
    in_full,
    list_of,
    object_of,
    objects_of,
    peek,
    text_of,
    texts_of,
)
from chatbot.formats.source import Source

PATTERN = "it is a pattern, not a question"
SMALL_TALK = "it is small talk, whose questions are not in the export"
KNOWLEDGE = "its documents are not in the export"

_SAYS = "_usersays_"
_ESCAPED = re.compile(r"#U([0-9a-fA-F]{4})")
_KNOWLEDGE_NAME = "Knowledge.KnowledgeBase."
_KNOWLEDGE_VALUE = "$Knowledge."
_TEMPLATE = re.compile(r"@\w")
_INTENT_KEYS = {"responses", "userSays", "fallbackIntent", "contexts"}
_AGENT_KEYS = {
    "customClassifierMode",
    "mlMinConfidence",
    "googleAssistant",
    "onePlatformApiVersion",
}
_LOOKED_INTO = 3
_MOST_PARENTS = 10
"""Links between all that set a context and all that need it would be without number."""

_TWO_AGENTS = "holds several agents of Dialogflow: hand over one of them"
_ALONE = "is the settings of an agent alone: hand over the whole folder or zip that it was in"
_REPLY = "is a reply of Dialogflow to one question, not an export of the agent"
_NO_INTENT = "is no intent of Dialogflow ES"
_NO_PHRASES = "must be a list of phrases"


@dataclass
class _Row:
    """A phrase as a file has it; text is None where it has none."""

    text: str | None
    is_template: bool
    place: Place
    language: str | None


@dataclass
class _Intent:
    """An intent as its files say it."""

    label: str
    place: Place
    content: dict[str, Any]
    rows: list[_Row] = field(default_factory=list)

    @cached_property
    def messages(self) -> list[Message]:
        """All that it says; the oldest agents have that beside the messages."""
        found = []
        for response in objects_of(self.content.get("responses")):
            messages = [read_message(each) for each in objects_of(response.get("messages"))]
            if not any(each.piece for each in messages):
                messages.append(read_message({"type": 0, "speech": response.get("speech")}))
            found += messages
        return found

    @property
    def is_fallback(self) -> bool:
        return self.content.get("fallbackIntent") is True

    @property
    def contexts(self) -> list[str]:
        """What has to be talked about before; names are compared in lower case."""
        return list(_context_names(self.content.get("contexts")))

    @property
    def is_knowledge(self) -> bool:
        return self.label.startswith(_KNOWLEDGE_NAME)

    @property
    def is_only_an_event(self) -> bool:
        return bool(list_of(self.content.get("events"))) and not self.rows and not self.contexts

    @property
    def needs_a_form(self) -> bool:
        responses = objects_of(self.content.get("responses"))
        asked = (each for response in responses for each in objects_of(response.get("parameters")))
        return any(each.get("required") is True for each in asked)


class _Agent:
    """Reads one agent: its files first, then what they say, so that their order does not matter."""

    def __init__(self, source: Source, root: str) -> None:
        self.source = source
        self.root = root
        self.gathering = Gathering()
        self.mistakes: list[Mistake] = []
        self.intents: list[_Intent] = []
        self.language: str | None = None
        self.languages: list[str] = [""]

    def read(self) -> CatalogueDraft:
        self._read_settings()
        self._read_files()
        if self.mistakes:
            raise InvalidCatalogue(self.mistakes)
        usable = [each for each in self.intents if self._is_usable(each)]
        followed = _link(usable)
        reached = _reach(usable, followed)
        for intent in usable:
            self._add(intent, intent.label in reached)
        self._add_links(usable, followed, reached)
        self._leave_out_small_talk()
        return self.gathering.finish()

    def _read_settings(self) -> None:
        path = f"{self.root}agent.json"
        agent = object_of(self._load(path)) if path in self.source else {}
        self.language = text_of(agent.get("language")).lower() or None
        others = [each.lower() for each in texts_of(agent.get("supportedLanguages"))]
        self.languages = [self.language or "", *others]

    def _read_files(self) -> None:
        paths = _files(self.source, self.root)
        by_stem: dict[str, _Intent] = {}
        for path in paths:
            if _SAYS not in PurePosixPath(path).stem:
                self._read_intent(path, by_stem)
        for path in paths:
            if _SAYS in PurePosixPath(path).stem:
                self._read_says(path, by_stem)
        self.intents.sort(key=lambda each: (each.label, each.place.file))

    def _read_intent(self, path: str, by_stem: dict[str, _Intent]) -> None:
        content = self._load(path)
        if not _is_intent(content):
            self._refuse(path, _NO_INTENT)
            return
        stem = _fold(PurePosixPath(path).stem)
        intent = _Intent(text_of(content.get("name")) or stem, Place(path), content)
        intent.rows += self._rows(content.get("userSays"), path, self.language)
        self.intents.append(intent)
        by_stem[stem] = intent
        by_stem.setdefault(_fold(intent.label), intent)

    def _read_says(self, path: str, by_stem: dict[str, _Intent]) -> None:
        """The name of its file binds phrases to an intent; the intent's own may be missing."""
        stem, _, language = PurePosixPath(path).stem.rpartition(_SAYS)
        rows = self._rows(self._load(path), path, language)
        intent = by_stem.get(_fold(stem))
        if intent is None:
            intent = by_stem[_fold(stem)] = _Intent(_fold(stem), Place(path), {})
            self.intents.append(intent)
        intent.rows += rows

    def _rows(self, rows: Any, path: str, language: str | None) -> list[_Row]:
        if rows is not None and not isinstance(rows, list):
            self._refuse(path, _NO_PHRASES)
        return [_to_row(row, Place(path), language) for row in list_of(rows)]

    def _is_usable(self, intent: _Intent) -> bool:
        """Whether it is an intent here too; what it has is left out, or out of scope, if not."""
        if intent.is_knowledge:
            self.gathering.leave_out(KNOWLEDGE, intent.label, intent.place)
            self._leave_out_rows(intent, KNOWLEDGE)
        elif intent.is_fallback:
            self._add_fallback(intent)
        elif intent.is_only_an_event:
            text = in_full(each.piece for each in intent.messages) or intent.label
            self.gathering.leave_out(ONLY_AN_EVENT, text, intent.place)
        else:
            return True
        return False

    def _add_fallback(self, intent: _Intent) -> None:
        for each in intent.messages:
            for wording in each.piece:
                self.gathering.leave_out(FALLBACK_TEXT, wording.text, intent.place)
        if intent.contexts:
            self._leave_out_rows(intent, IN_CONTEXT)
            return
        for row, text in self._texts(intent):
            self.gathering.add_out_of_scope(text, row.place)

    def _add(self, intent: _Intent, is_reached: bool) -> None:
        """Add an intent; the phrases of one that needs a context mean nothing without it."""
        if not is_reached:
            self._leave_out_rows(intent, IN_CONTEXT)
            answer = in_full(each.piece for each in intent.messages)
            self.gathering.leave_out(IN_CONTEXT, answer or intent.label, intent.place)
            return
        enabled = False if str(intent.content.get("priority")) == "-1" else None
        self.gathering.add_intent(intent.label, intent.place, enabled=enabled)
        if intent.contexts:
            self._leave_out_rows(intent, IN_CONTEXT)
        else:
            for row, text in self._texts(intent):
                self.gathering.add_utterance(intent.label, text, row.place, row.language)
        self._add_answer(intent)

    def _texts(self, intent: _Intent) -> Iterator[tuple[_Row, str]]:
        """The rows that are phrases; others are left out."""
        for row in intent.rows:
            if row.text is None:
                self.gathering.leave_out(NOT_TEXT, "", row.place)
            elif row.is_template and _TEMPLATE.search(row.text):
                self.gathering.leave_out(PATTERN, row.text.strip(), row.place)
            else:
                yield row, row.text

    def _leave_out_rows(self, intent: _Intent, reason: str) -> None:
        for row in intent.rows:
            self.gathering.leave_out(reason, (row.text or "").strip(), row.place)

    def _add_answer(self, intent: _Intent) -> None:
        """Add what was said on the default channel, in the agent's language, if there is that."""
        for _ in list_of(intent.content.get("conditionalResponses")):
            self.gathering.leave_out(CONDITIONAL, intent.label, intent.place)
        choice = choose(self._showable(intent), self.languages)
        if choice.said:
            self._add_said(intent, choice.said)
        for reason, text in choice.left:
            self.gathering.leave_out(reason, text, intent.place)

    def _add_said(self, intent: _Intent, said: list[Message]) -> None:
        pieces = [each.piece for each in said]
        text = in_full(pieces)
        if _KNOWLEDGE_VALUE in text:
            self.gathering.leave_out(KNOWLEDGE, text, intent.place)
        elif intent.needs_a_form:
            self.gathering.leave_out(NEEDS_A_FORM, text, intent.place)
        else:
            add_pieces(self.gathering, intent.label, pieces, intent.place)

    def _showable(self, intent: _Intent) -> Iterator[Message]:
        """What is said; what cannot be shown is left out."""
        for each in intent.messages:
            if each.condition:
                text = in_full([each.piece]) or intent.label
                self.gathering.leave_out(CONDITIONAL, text, intent.place)
            elif each.is_command and not each.piece:
                self.gathering.leave_out(NO_TEXT, intent.label, intent.place)
            else:
                yield each

    def _add_links(
        self, usable: list[_Intent], followed: dict[str, set[str]], reached: set[str]
    ) -> None:
        replies = self._find_replies(usable)
        for intent in usable:
            if intent.label in reached:
                own = followed[intent.label] | replies[intent.label]
                for label in sorted(own & reached - {intent.label}):
                    self.gathering.add_follow_up(intent.label, label)

    def _find_replies(self, usable: list[_Intent]) -> dict[str, set[str]]:
        """Which intents the quick replies of each are literally phrases of."""
        owners: dict[str, set[str]] = defaultdict(set)
        for intent in usable:
            for row in intent.rows:
                owners[normalise(row.text or "")].add(intent.label)
        replies: dict[str, set[str]] = defaultdict(set)
        for intent in usable:
            for each in intent.messages:
                for reply in each.replies:
                    found = owners.get(normalise(reply), set())
                    replies[intent.label] |= found if len(found) == 1 else set()
        return replies

    def _leave_out_small_talk(self) -> None:
        for path in sorted(self.source):
            name = PurePosixPath(path)
            if _folder(path) == self.root and name.name.startswith("customSmalltalkResponses_"):
                for each in objects_of(peek(self.source, path)):
                    for answer in _small_talk(each.get("customAnswers")):
                        self.gathering.leave_out(SMALL_TALK, answer, Place(path))

    def _load(self, path: str) -> Any:
        """What a file says; of a damaged one what is no further mistake."""
        try:
            return load(self.source[path], path)
        except InvalidCatalogue as error:
            self.mistakes += error.mistakes
            return {"contexts": []} if _SAYS not in path else []

    def _refuse(self, path: str, reason: str) -> None:
        self.mistakes.append(Mistake(path, 0, reason))


def sniff(source: Source) -> bool:
    """Whether it is an agent, a file of one, or something else that Dialogflow ES made."""
    return bool(_roots(source)) or _refusal(source) is not None


def read(source: Source) -> CatalogueDraft:
    """Return what an agent says. Raises InvalidCatalogue with every mistake of its files."""
    roots = _roots(source)
    refusal = _TWO_AGENTS if len(roots) > 1 else _refusal(source)
    if refusal or not roots:
        raise InvalidCatalogue([Mistake(source.name, 0, refusal or _NO_INTENT)])
    return _Agent(source, roots[0]).read()


def _refusal(source: Source) -> str | None:
    """Why a single file of Dialogflow is no export, or None."""
    path = source.only()
    content = object_of(peek(source, path)) if path and not source.is_folder else {}
    if isinstance(content.get("queryResult"), dict) and content.keys() & {"responseId", "session"}:
        return _REPLY
    is_agent = isinstance(content.get("language"), str) and content.keys() & _AGENT_KEYS
    return _ALONE if is_agent else None


def _roots(source: Source) -> list[str]:
    """The folders that agents are in, each with “/” at its end or empty; for a file, the file's."""
    if not source.is_folder:
        path = source.only()
        return [""] if path is not None and _is_of_an_agent(source, path) else []
    files: dict[str, list[str]] = defaultdict(list)
    for path in source:
        if PurePosixPath(path).suffix == ".json" and _is_in_intents(path):
            files[_folder(_folder(path)[:-1])].append(path)
    return [
        root
        for root, paths in files.items()
        if any(_is_of_an_agent(source, path) for path in paths[:_LOOKED_INTO])
        or _is_settings(source, f"{root}agent.json")
    ]


def _files(source: Source, root: str) -> list[str]:
    if not source.is_folder:
        return list(source)
    folder = f"{root}intents/"
    return [path for path in source if _folder(path) == folder and path.endswith(".json")]


def _is_in_intents(path: str) -> bool:
    return PurePosixPath(path).parent.name == "intents"


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _is_settings(source: Source, path: str) -> bool:
    agent = object_of(peek(source, path)) if path in source else {}
    return isinstance(agent.get("language"), str)


def _is_of_an_agent(source: Source, path: str) -> bool:
    content = peek(source, path)
    if _SAYS in PurePosixPath(path).stem:
        return any("data" in each for each in objects_of(content))
    is_named = _is_intent(content) and isinstance(content.get("name"), str)
    return is_named and len(content.keys() & _INTENT_KEYS) > 1


def _is_intent(content: Any) -> bool:
    return isinstance(content, dict) and bool(content.keys() & _INTENT_KEYS)


def _fold(stem: str) -> str:
    """A file's name as people write it, whatever program has packed it."""
    decoded = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unquote(stem))
    return unicodedata.normalize("NFC", decoded).strip()


def _to_row(row: Any, place: Place, language: str | None) -> _Row:
    """A phrase is in parts where something in it was marked; nothing is between them."""
    fields = object_of(row)
    parts = fields.get("data")
    texts = [object_of(part).get("text") for part in list_of(parts)]
    is_text = bool(texts) and all(isinstance(text, str) for text in texts)
    text = "".join(map(str, texts)) if is_text else None
    own = text_of(fields.get("lang")) or language
    return _Row(text, fields.get("isTemplate") is True, place, own)


def _context_names(contexts: Any) -> Iterator[str]:
    for each in list_of(contexts):
        name = text_of(each) or text_of(object_of(each).get("name"))
        if name:
            yield name.casefold()


def _link(intents: Iterable[_Intent]) -> dict[str, set[str]]:
    """Which intents follow each: those that name it, or need a context that it sets."""
    listed = list(intents)
    by_id = {text_of(each.content.get("id")): each.label for each in listed}
    setters: dict[str, set[str]] = defaultdict(set)
    for each in listed:
        for response in objects_of(each.content.get("responses")):
            for name in _context_names(response.get("affectedContexts")):
                if len(setters[name]) < _MOST_PARENTS:
                    setters[name].add(each.label)
    followed: dict[str, set[str]] = defaultdict(set)
    for each in listed:
        parent = by_id.get(_parent_of(each, by_id))
        parents = {parent} if parent else set()
        for name in each.contexts:
            parents |= setters.get(name, set())
        for label in parents:
            followed[label].add(each.label)
    return followed


def _parent_of(intent: _Intent, by_id: dict[str, str]) -> str:
    parent = text_of(intent.content.get("parentId"))
    return parent if parent in by_id else text_of(intent.content.get("rootParentId"))


def _reach(intents: Iterable[_Intent], followed: dict[str, set[str]]) -> set[str]:
    """Labels of the intents that need no context, and of those that follow one reached."""
    waiting = [each.label for each in intents if not each.contexts]
    reached = set(waiting)
    while waiting:
        new = followed.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _small_talk(answers: Any) -> Iterator[str]:
    for each in list_of(answers):
        yield from texts_of(each) or texts_of(object_of(each).get("customAnswer"))


FORMAT = Format(
    name="dialogflow-es",
    title="Dialogflow ES or api.ai, an agent's folder or zip",
    sniff=sniff,
    read=read,
)
