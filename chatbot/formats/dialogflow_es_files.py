"""The files of a Dialogflow ES agent: its settings, its intents, and phrases by language.

Newer agents have phrases in a file of their own for each language, `NAME_usersays_LANG.json`, older
ones in the intent's.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.dialogflow_messages import Message, read_message
from chatbot.formats.gathering import Place
from chatbot.formats.json_parts import peek
from chatbot.formats.json_text import load
from chatbot.formats.json_values import list_of, object_of, objects_of, text_of, texts_of
from chatbot.formats.source import Source

_SAYS = "_usersays_"
_ESCAPED = re.compile(r"#U([0-9a-fA-F]{4})")
_KNOWLEDGE_NAME = "Knowledge.KnowledgeBase."
_SMALL_TALK = "customSmalltalkResponses_"
_INTENT_KEYS = {"responses", "userSays", "fallbackIntent", "contexts"}
_LOOKED_INTO = 3

NO_INTENT = "is no intent of Dialogflow ES"
_NO_PHRASES = "must be a list of phrases"


@dataclass
class Row:
    """A phrase as a file has it; text is None where it has none."""

    text: str | None
    is_template: bool
    place: Place
    language: str | None


@dataclass
class Intent:
    """An intent as its files say it."""

    label: str
    place: Place
    content: dict[str, Any]
    rows: list[Row] = field(default_factory=list)

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
        return list(context_names(self.content.get("contexts")))

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


@dataclass
class Agent:
    """What the files of an agent hold; `language` is its own, `small_talk` has no questions."""

    intents: list[Intent]
    language: str | None
    small_talk: list[tuple[str, Place]]


class FileReader:
    """Reads the files of one agent, in whatever order; each mistake is noted."""

    def __init__(self, source: Source, root: str) -> None:
        self._source = source
        self._root = root
        self._mistakes: list[Mistake] = []

    def read(self) -> Agent:
        """Return the agent. Raises InvalidCatalogue with every mistake of its files."""
        path = f"{self._root}agent.json"
        settings = object_of(self._load(path)) if path in self._source else {}
        language = text_of(settings.get("language")).lower() or None
        intents = self._read_intents(language)
        if self._mistakes:
            raise InvalidCatalogue(self._mistakes)
        small_talk = list(self._small_talk())
        return Agent(intents, language, small_talk)

    def _read_intents(self, language: str | None) -> list[Intent]:
        paths = _files(self._source, self._root)
        intents: list[Intent] = []
        by_stem: dict[str, Intent] = {}
        for path in paths:
            if not _is_of_phrases(path) and (intent := self._read_intent(path, language)):
                stem = _fold(PurePosixPath(path).stem)
                intents.append(intent)
                by_stem[stem] = intent
                by_stem.setdefault(_fold(intent.label), intent)
        for path in paths:
            if _is_of_phrases(path):
                self._read_says(path, by_stem, intents)
        return sorted(intents, key=lambda each: (each.label, each.place.file))

    def _read_intent(self, path: str, language: str | None) -> Intent | None:
        content = self._load(path)
        if not _is_intent(content):
            self._refuse(path, NO_INTENT)
            return None
        stem = _fold(PurePosixPath(path).stem)
        intent = Intent(text_of(content.get("name")) or stem, Place(path), content)
        intent.rows += self._rows(content.get("userSays"), path, language)
        return intent

    def _read_says(self, path: str, by_stem: dict[str, Intent], intents: list[Intent]) -> None:
        """The name of its file binds phrases to an intent; the intent's own may be missing."""
        stem, _, language = PurePosixPath(path).stem.rpartition(_SAYS)
        rows = self._rows(self._load(path), path, language)
        intent = by_stem.get(_fold(stem))
        if intent is None:
            intent = by_stem[_fold(stem)] = Intent(_fold(stem), Place(path), {})
            intents.append(intent)
        intent.rows += rows

    def _rows(self, rows: Any, path: str, language: str | None) -> list[Row]:
        if rows is not None and not isinstance(rows, list):
            self._refuse(path, _NO_PHRASES)
        return [_to_row(row, Place(path), language) for row in list_of(rows)]

    def _small_talk(self) -> Iterator[tuple[str, Place]]:
        for path in sorted(self._source):
            name = PurePosixPath(path).name
            if _folder(path) == self._root and name.startswith(_SMALL_TALK):
                for each in objects_of(peek(self._source, path)):
                    for answer in _answers_in(each.get("customAnswers")):
                        yield answer, Place(path)

    def _load(self, path: str) -> Any:
        """What a file says; of a damaged one what is no further mistake."""
        try:
            return load(self._source[path], path)
        except InvalidCatalogue as error:
            self._mistakes += error.mistakes
            return {"contexts": []} if not _is_of_phrases(path) else []

    def _refuse(self, path: str, reason: str) -> None:
        self._mistakes.append(Mistake(path, 0, reason))


def find_roots(source: Source) -> list[str]:
    """Return the folders that agents are in, each with “/” at its end; of a lone file “”."""
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


def context_names(contexts: Any) -> Iterator[str]:
    """Yield the names of contexts, in lower case: so they are compared."""
    for each in list_of(contexts):
        name = text_of(each) or text_of(object_of(each).get("name"))
        if name:
            yield name.casefold()


def _is_of_phrases(path: str) -> bool:
    return _SAYS in PurePosixPath(path).stem


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
    if _is_of_phrases(path):
        return any("data" in each for each in objects_of(content))
    is_named = _is_intent(content) and isinstance(content.get("name"), str)
    return is_named and len(content.keys() & _INTENT_KEYS) > 1


def _is_intent(content: Any) -> bool:
    return isinstance(content, dict) and bool(content.keys() & _INTENT_KEYS)


def _fold(stem: str) -> str:
    """A file's name as people write it, whatever program has packed it."""
    decoded = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unquote(stem))
    return unicodedata.normalize("NFC", decoded).strip()


def _to_row(row: Any, place: Place, language: str | None) -> Row:
    """A phrase is in parts where something in it was marked; nothing is between them."""
    fields = object_of(row)
    parts = fields.get("data")
    texts = [object_of(part).get("text") for part in list_of(parts)]
    is_text = bool(texts) and all(isinstance(text, str) for text in texts)
    text = "".join(map(str, texts)) if is_text else None
    own = text_of(fields.get("lang")) or language
    return Row(text, fields.get("isTemplate") is True, place, own)


def _answers_in(answers: Any) -> Iterator[str]:
    for each in list_of(answers):
        yield from texts_of(each) or texts_of(object_of(each).get("customAnswer"))
