"""Read FAQ files: the folder format of `faq_data/`, or a CSV; mistakes come with file and line."""

import csv
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chatbot.domain.text import clean, normalise
from chatbot.errors import InvalidCatalogue, InvalidText, Mistake
from chatbot.services.publish import MAX_UTTERANCE_CHARS

NAME = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,79}")
MAX_TITLE_CHARS = 200
MAX_TOPIC_CHARS = 80
MAX_ANSWER_CHARS = 20_000
MAX_FILE_BYTES = 50_000_000
PLACEHOLDER = "We have no answer to this question yet. A colleague will help you."


@dataclass
class IntentDraft:
    """An intent as a file describes it; no answer, or no title of its own, keeps what there is."""

    name: str
    title: str
    topic: str = ""
    answer: str | None = None
    has_own_title: bool = True
    utterances: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)


@dataclass
class CatalogueDraft:
    """Everything that a folder or a CSV says."""

    intents: dict[str, IntentDraft] = field(default_factory=dict)
    out_of_scope: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Texts in it, for a progress bar."""
        drafts = self.intents.values()
        return sum(len(d.utterances) + len(d.held_out) for d in drafts) + len(self.out_of_scope)


def read_catalogue_files(path: Path) -> CatalogueDraft:
    """Raises InvalidCatalogue with all mistakes of a folder or CSV file at once."""
    if not path.exists():
        raise InvalidCatalogue([Mistake(str(path), 0, "there is no such file or folder")])
    reader = _FolderReader(path) if path.is_dir() else _CsvReader(path)
    draft = reader.read()
    if reader.mistakes:
        raise InvalidCatalogue(reader.mistakes)
    return draft


class _Reader:
    """Collects mistakes, and checks that no phrasing appears twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mistakes: list[Mistake] = []
        self.draft = CatalogueDraft()
        self._seen: dict[str, tuple[str, str]] = {}

    def text(
        self, raw: Any, owner: str, file: str, line: int, repeat_is_mistake: bool = True
    ) -> str | None:
        """The cleaned text, or None with a mistake noted, or None for a harmless repetition."""
        if not isinstance(raw, str):
            self.mistake(file, line, f"“{raw}” is not text; put it in quotes")
            return None
        try:
            cleaned = clean(raw, MAX_UTTERANCE_CHARS)
        except InvalidText as error:
            self.mistake(file, line, str(error))
            return None
        before = self._seen.setdefault(normalise(cleaned), (owner, f"{file}:{line}"))
        if before == (owner, f"{file}:{line}"):
            return cleaned
        if before[0] != owner:
            self.mistake(
                file, line, f"“{cleaned}” belongs to “{before[0]}” ({before[1]}) and to “{owner}”"
            )
        elif repeat_is_mistake:
            self.mistake(file, line, f"“{cleaned}” is there already ({before[1]})")
        return None

    def mistake(self, file: str, line: int, reason: str) -> None:
        self.mistakes.append(Mistake(file, line, reason))


class _CsvReader(_Reader):
    """`text,intent[,answer]`, one utterance a line."""

    def read(self) -> CatalogueDraft:
        name = self.path.name
        if self.path.stat().st_size > MAX_FILE_BYTES:
            self.mistake(name, 0, f"is larger than {MAX_FILE_BYTES // 1_000_000} MB")
            return self.draft
        with self.path.open(newline="", encoding="utf-8-sig", errors="strict") as file:
            try:
                self._read_rows(csv.DictReader(file), name)
            except UnicodeDecodeError as error:
                self.mistake(name, 0, f"is not UTF-8 (byte {error.start}); save it as UTF-8")
            except csv.Error as error:
                self.mistake(name, 0, f"is not a CSV file: {error}")
        return self.draft

    def _read_rows(self, rows: "csv.DictReader[str]", name: str) -> None:
        if rows.fieldnames is None or not {"text", "intent"} <= set(rows.fieldnames):
            self.mistake(name, 1, "needs a header line with the columns text,intent[,answer]")
            return
        for row in rows:
            intent = (row["intent"] or "").strip()
            if not NAME.fullmatch(slug(intent)):
                self.mistake(name, rows.line_num, f"“{intent}” cannot name an intent")
                continue
            draft = self.draft.intents.setdefault(
                slug(intent), IntentDraft(slug(intent), _title(intent), has_own_title=False)
            )
            text = self.text(row["text"], draft.name, name, rows.line_num, repeat_is_mistake=False)
            if text is not None:
                draft.utterances.append(text)
            answer = (row.get("answer") or "").strip()
            if answer and draft.answer is None:
                draft.answer = answer[:MAX_ANSWER_CHARS]


class _FolderReader(_Reader):
    """`intents/*.yaml`, `held_out/*.yaml`, `out_of_scope.yaml`."""

    def read(self) -> CatalogueDraft:
        files = sorted((self.path / "intents").glob("*.yaml"))
        if not files:
            self.mistake(str(self.path), 0, "has no intents/*.yaml")
        for file in files:
            self._read_intents(file)
        for file in sorted((self.path / "held_out").glob("*.yaml")):
            self._read_held_out(file)
        if (self.path / "out_of_scope.yaml").exists():
            self._read_out_of_scope(self.path / "out_of_scope.yaml")
        return self.draft

    def _read_intents(self, file: Path) -> None:
        name = self._name(file)
        content = self._load(file)
        if content is None:
            return
        topic, intents = str(content.get("topic", "")), content.get("intents")
        if len(topic) > MAX_TOPIC_CHARS:
            self.mistake(
                name, _line(content["topic"]), f"the topic is longer than {MAX_TOPIC_CHARS}"
            )
        if not isinstance(intents, _List):
            self.mistake(name, _line(content), "needs a list `intents`")
            return
        for intent, line in zip(intents, intents.lines, strict=True):
            if not isinstance(intent, dict) or not _is_name(intent.get("name")):
                self.mistake(
                    name, line, "an intent needs a `name` of lower-case letters, digits and hyphens"
                )
                continue
            if intent["name"] in self.draft.intents:
                self.mistake(name, line, f"intent “{intent['name']}” is defined twice")
                continue
            self._check_intent(intent, name, line)
            draft = IntentDraft(
                name=intent["name"],
                title=str(intent.get("title", "")),
                topic=topic,
                answer=str(intent.get("answer", "")).strip(),
            )
            self.draft.intents[draft.name] = draft
            draft.utterances = list(self._texts(intent.get("utterances"), draft.name, name, line))

    def _check_intent(self, intent: dict[str, Any], name: str, line: int) -> None:
        if unknown := intent.keys() - {"name", "title", "answer", "utterances", _LINE}:
            self.mistake(name, line, f"“{min(map(str, unknown))}” is not a field of an intent")
        for required in ("title", "answer", "utterances"):
            if not intent.get(required):
                self.mistake(name, line, f"intent “{intent['name']}” has no {required}")
        for field_name, most in (("title", MAX_TITLE_CHARS), ("answer", MAX_ANSWER_CHARS)):
            if len(str(intent.get(field_name, ""))) > most:
                reason = f"the {field_name} of “{intent['name']}” is longer than {most}"
                self.mistake(name, line, reason)

    def _read_held_out(self, file: Path) -> None:
        name = self._name(file)
        for intent, texts in (self._load(file) or {}).items():
            if intent == _LINE:
                continue
            if intent not in self.draft.intents:
                self.mistake(name, _line(texts), f"there is no intent “{intent}” in intents/")
                continue
            draft = self.draft.intents[intent]
            draft.held_out += self._texts(texts, intent, name, _line(texts))

    def _read_out_of_scope(self, file: Path) -> None:
        for kind, texts in (self._load(file) or {}).items():
            if kind != _LINE:
                self.draft.out_of_scope += self._texts(
                    texts, "out of scope", self._name(file), _line(texts)
                )

    def _texts(self, texts: Any, owner: str, file: str, line: int) -> Iterator[str]:
        if not isinstance(texts, _List):
            self.mistake(file, line, f"“{owner}” needs a list of questions")
            return
        for text, text_line in zip(texts, texts.lines, strict=True):
            cleaned = self.text(text, owner, file, text_line)
            if cleaned is not None:
                yield cleaned

    def _load(self, file: Path) -> dict[str, Any] | None:
        try:
            text = file.read_text(encoding="utf-8")
            content = yaml.load(text, Loader=_LineLoader)  # noqa: S506 it is a SafeLoader
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self.mistake(self._name(file), line, f"is not YAML: {error.problem}")
            return None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.mistake(self._name(file), 0, f"is not UTF-8 YAML: {error}")
            return None
        if not isinstance(content, dict):
            self.mistake(self._name(file), 1, "must be a mapping")
            return None
        return content

    def _name(self, file: Path) -> str:
        return file.relative_to(self.path.parent).as_posix()


_LINE = "__line__"


class _Text(str):
    """A YAML string that knows its line."""

    line: int


class _List(list[Any]):
    """A YAML list that knows its line and those of its items."""

    line: int
    lines: list[int]


class _LineLoader(yaml.SafeLoader):
    """SafeLoader whose strings, lists and mappings remember where they stand."""

    def construct_scalar(self, node: Any) -> Any:
        value: Any = super().construct_scalar(node)
        if not isinstance(value, str):
            return value
        text = _Text(value)
        text.line = node.start_mark.line + 1
        return text

    def construct_yaml_seq(self, node: Any) -> Generator[list[Any], None, None]:
        items = _List()
        items.line = node.start_mark.line + 1
        items.lines = [item.start_mark.line + 1 for item in node.value]
        yield items
        items.extend(self.construct_sequence(node))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        mapping[_LINE] = node.start_mark.line + 1
        return mapping


_LineLoader.add_constructor("tag:yaml.org,2002:seq", _LineLoader.construct_yaml_seq)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def _line(node: Any) -> int:
    return int(node.get(_LINE, 0)) if isinstance(node, dict) else int(getattr(node, "line", 0))


def slug(name: str) -> str:
    """The intent name for a label as people write it in a CSV."""
    return re.sub(r"[^a-z0-9_.\-]+", "-", name.casefold()).strip("-")


def _title(name: str) -> str:
    words = re.sub(r"[_\-.]+", " ", name).strip()
    return words[:1].upper() + words[1:]
