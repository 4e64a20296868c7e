"""The FAQ as YAML: one file, or the folder format of `faq_data/`; mistakes come with their line.

Every value is text as it is written: `title: Yes` is “Yes”, and `yes`, `on` and `0123` are names.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, IntentDraft, Reader
from chatbot.formats.format import Format
from chatbot.formats.limits import MAX_ANSWER_CHARS, MAX_TITLE_CHARS, MAX_TOPIC_CHARS
from chatbot.formats.names import is_name
from chatbot.formats.source import Source
from chatbot.formats.yaml_text import Fields, Items, line_of, load

SUFFIXES = (".yaml", ".yml")
_LISTS = ("variants", "follow_ups")
_FIELDS = {"name", "title", "topic", "answer", "enabled", "utterances", "held_out", *_LISTS}
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MOST_CHARS = {"title": MAX_TITLE_CHARS, "answer": MAX_ANSWER_CHARS, "topic": MAX_TOPIC_CHARS}


class FolderReader(Reader):
    """A reader of `intents/*.yaml`, `held_out/*.yaml` and `out_of_scope.yaml`."""

    def read(self) -> CatalogueDraft:
        for path in _list(self.source, "intents"):
            self._read_intents(path)
        for path in _list(self.source, "held_out"):
            self._read_held_out(path)
        for path in self.source.find("out_of_scope.yaml"):
            self._add_out_of_scope(self._load(path) or Fields(), self._name(path))
        return self.draft

    def _read_intents(self, path: str) -> None:
        name = self._name(path)
        content = self._load(path)
        if content is None:
            return
        topic, intents = str(content.get("topic") or ""), content.get("intents")
        self.check_words("the topic", topic, MAX_TOPIC_CHARS, name, line_of(content.get("topic")))
        if not isinstance(intents, Items):
            self.mistake(name, line_of(content), "needs a list `intents`")
            return
        for intent in intents:
            line = line_of(intent) or line_of(intents)
            if not isinstance(intent, Fields) or not _is_name(intent.get("name")):
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
                title=str(intent.get("title") or ""),
                topic=str(intent.get("topic", topic) or ""),
                answer=str(intent.get("answer") or "").strip(),
                enabled=_TRUTH.get(str(intent.get("enabled")).lower()),
                variants=[str(text) for text in intent.get("variants", [])],
                follow_ups=[str(name) for name in intent.get("follow_ups", [])],
            )
            self.draft.intents[draft.name] = draft
            draft.utterances = list(self._texts(intent.get("utterances"), draft.name, name, line))
            if "held_out" in intent:
                draft.held_out = list(self._texts(intent["held_out"], draft.name, name, line))
        self._add_out_of_scope(content.get("out_of_scope") or Fields(), name)

    def _check_intent(self, intent: Fields, name: str, line: int) -> None:
        if unknown := intent.keys() - _FIELDS:
            self.mistake(name, line, f"“{min(map(str, unknown))}” is not a field of an intent")
        for required in ("title", "answer", "utterances"):
            is_empty_list = required == "utterances" and isinstance(intent.get(required), Items)
            if not intent.get(required) and not is_empty_list:
                self.mistake(name, line, f"intent “{intent['name']}” has no {required}")
        if "enabled" in intent and str(intent["enabled"]).lower() not in _TRUTH:
            self.mistake(name, line, f"`enabled` of “{intent['name']}” is true or false")
        for name_of_list in _LISTS:
            if not isinstance(intent.get(name_of_list, Items()), Items):
                self.mistake(name, line, f"`{name_of_list}` of “{intent['name']}” is a list")
                intent[name_of_list] = Items()
        for variant in intent.get("variants", []):
            what = f"a variant of the answer of “{intent['name']}”"
            self.check_words(what, str(variant), MAX_ANSWER_CHARS, name, line)
        self._check_words(intent, name, line)

    def _check_words(self, intent: Fields, name: str, line: int) -> None:
        for words in (*_MOST_CHARS, *_LISTS):
            value = intent.get(words)
            parts = value if isinstance(value, Items) and words in _LISTS else [value]
            if any(isinstance(part, Items | Fields) for part in parts):
                self.mistake(name, line, f"`{words}` of “{intent['name']}” is no text")
        for limited, most in _MOST_CHARS.items():
            what = f"the {limited} of “{intent['name']}”"
            self.check_words(what, str(intent.get(limited, "")), most, name, line)

    def _read_held_out(self, path: str) -> None:
        name = self._name(path)
        for intent, texts in (self._load(path) or Fields()).items():
            if intent not in self.draft.intents:
                self.mistake(name, line_of(texts), f"there is no intent “{intent}” in intents/")
                continue
            draft = self.draft.intents[intent]
            draft.held_out += self._texts(texts, intent, name, line_of(texts))

    def _add_out_of_scope(self, kinds: Any, name: str) -> None:
        if not isinstance(kinds, Fields):
            self.mistake(name, line_of(kinds), "`out_of_scope` needs kinds with lists of questions")
            return
        for texts in kinds.values():
            self.draft.out_of_scope += self._texts(texts, "out of scope", name, line_of(texts))

    def _texts(self, texts: Any, owner: str, file: str, line: int) -> Iterator[str]:
        if not isinstance(texts, Items):
            self.mistake(file, line, f"“{owner}” needs a list of questions")
            return
        for text in texts:
            cleaned = self.text(text, owner, file, line_of(text) or line_of(texts))
            if cleaned is not None:
                yield cleaned

    def _load(self, path: str) -> Fields | None:
        file = self._name(path)
        try:
            content = load(self.source[path], file)
        except InvalidCatalogue as error:
            self.mistakes += error.mistakes
            return None
        if not isinstance(content, Fields):
            self.mistake(file, 1, "must be a mapping")
            return None
        return content

    def _name(self, path: str) -> str:
        """As messages name a file: with the folder that was handed over."""
        return f"{self.source.name}/{path}" if self.source.is_folder else path


class FileReader(FolderReader):
    """A reader of one file with all intents, each with its own `topic`; as
    `write_yaml` makes it.
    """

    def read(self) -> CatalogueDraft:
        [path] = self.source
        self._read_intents(path)
        return self.draft


def write_yaml(draft: CatalogueDraft) -> str:
    """Write YAML that reads as `draft` again."""
    parts = ["intents:\n"]
    parts += [_dump([_described(intent)]) for intent in draft.intents.values()]
    if draft.out_of_scope:
        parts.append(_dump({"out_of_scope": {"questions": draft.out_of_scope}}))
    return "".join(parts) if draft.intents else _dump({"intents": []})


def _described(intent: IntentDraft) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": intent.name,
        "title": intent.title,
        "topic": intent.topic,
        "answer": intent.answer,
        "enabled": intent.enabled,
        "utterances": intent.utterances,
        "held_out": intent.held_out,
        "variants": intent.variants,
        "follow_ups": intent.follow_ups,
    }
    return {name: value for name, value in fields.items() if value not in ("", [], None)} | {
        "utterances": intent.utterances
    }


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and is_name(name)


class _Dumper(yaml.CSafeDumper):
    """Answers of several lines as people write them."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    """Represent a text; also one that was read, which knows its line."""
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_multi_representer(str, _represent_text)


def _dump(content: Any) -> str:
    return str(
        yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    )


def _list(source: Source, folder: str) -> list[str]:
    """The YAML files that lie in a folder of this name, wherever it is."""
    paths = (PurePosixPath(path) for path in source)
    return [str(p) for p in paths if p.parent.name == folder and p.suffix in SUFFIXES]


def _is_folder(source: Source) -> bool:
    return source.is_folder and bool(_list(source, "intents"))


def _is_file(source: Source) -> bool:
    path = source.only()
    return path is not None and PurePosixPath(path).suffix.lower() in SUFFIXES


FOLDER = Format(
    name="folder",
    title="Folder with intents/*.yaml",
    sniff=_is_folder,
    read=lambda source: FolderReader(source).read_or_refuse(),
)
FILE = Format(
    name="yaml",
    title="YAML with a list of intents",
    sniff=_is_file,
    read=lambda source: FileReader(source).read_or_refuse(),
    write=lambda draft: {"faq.yaml": write_yaml(draft).encode()},
)
