"""Rasa's formats: what is one, and how it is read.

A Rasa bot is a folder of YAML (versions 2 and 3) or Markdown (version 1), with training data,
domain, rules and stories in any number of files; or one of these files alone, or the training data
as JSON of its first versions.
"""

import re
from collections.abc import Iterable
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import Place
from chatbot.formats.json_text import load as load_json
from chatbot.formats.json_text import try_load
from chatbot.formats.rasa import files
from chatbot.formats.rasa.markdown import read_markdown
from chatbot.formats.rasa.parts import NOT_A_QUESTION, NOT_TEXT, Parts
from chatbot.formats.rasa.project import draft_of
from chatbot.formats.rasa.yaml_files import read_yaml
from chatbot.formats.source import Source

_JSON_KEY = b'"rasa_nlu_data"'
_EXAMPLES = ("common_examples", "intent_examples", "entity_examples")
_VALUES = (("entity_synonyms", "value"), ("regex_features", "name"), ("lookup_tables", "name"))
_PREDICTION = "is a prediction of Rasa, not its training data"
_NOT_OPENED = "is a file of keys or settings of Rasa, which is not opened; give its training data"
_ONLY_CONFIG = "is Rasa's configuration of its pipeline, not its training data"
_PREDICTED = re.compile(rb'"intent_ranking"\s*:')


def is_rasa(source: Source) -> bool:
    """Tell whether a source has files as Rasa writes them; or a file that is named in refusing."""
    try:
        return _has_training_data(source) or _wrong_kind(source) is not None
    except InvalidCatalogue:
        return False


def read_rasa(source: Source) -> CatalogueDraft:
    """Return the draft of a bot. Raises InvalidCatalogue."""
    if not _has_training_data(source):
        raise InvalidCatalogue([Mistake(source.name, 0, _wrong_kind(source) or _PREDICTION)])
    return draft_of(read_parts(source))


def read_parts(source: Source) -> Parts:
    """Return what all files of a bot say. Raises InvalidCatalogue."""
    files.check_one_root(source)
    parts = Parts(language=files.language_of(source), wanted=source.language)
    mistakes: list[Mistake] = []
    for path in _sorted(source):
        try:
            _read_file(source, path, parts)
        except InvalidCatalogue as error:
            mistakes += error.mistakes
    if mistakes:
        raise InvalidCatalogue(mistakes)
    return parts


def _sorted(source: Source) -> Iterable[str]:
    every = (*files.YAML, *files.MARKDOWN, *files.JSON)
    return files.files_of(source, every)


def _read_file(source: Source, path: str, parts: Parts) -> None:
    content = source[path]
    if _is_rasa_json(source, path):
        _read_json(load_json(content, path)["rasa_nlu_data"], path, parts)
    elif _is_yaml_file(source, path) and files.has_a_section(content):
        read_yaml(content, path, parts)
    elif _is_markdown_file(source, path) and _is_markdown(content):
        read_markdown(content, path, parts)


def _is_markdown(content: bytes) -> bool:
    return files.is_rasa_markdown(content) or files.is_rasa_story(content)


def _is_yaml_file(source: Source, path: str) -> bool:
    return not source.is_folder or path.lower().endswith(files.YAML)


def _is_markdown_file(source: Source, path: str) -> bool:
    return not source.is_folder or path.lower().endswith(files.MARKDOWN)


def _has_training_data(source: Source) -> bool:
    return (
        any(files.is_rasa_yaml(source[path]) for path in files.files_of(source, files.YAML))
        or any(files.is_rasa_markdown(source[p]) for p in files.files_of(source, files.MARKDOWN))
        or any(_is_rasa_json(source, path) for path in files.files_of(source, files.JSON))
    )


def _wrong_kind(source: Source) -> str | None:
    """What a single file is that Rasa has, but no FAQ is in; or None."""
    path = source.only()
    if path is None:
        return None
    if files.is_secret(path) and path.lower().endswith(files.YAML):
        return _NOT_OPENED
    if _PREDICTED.search(source[path]) and isinstance(try_load(source, path), dict):
        return _PREDICTION
    return _ONLY_CONFIG if _is_only_config(source, path) else None


def _is_only_config(source: Source, path: str) -> bool:
    return path.lower().endswith(files.YAML) and files.is_config(source[path])


def _is_rasa_json(source: Source, path: str) -> bool:
    """Ask for the key first: parsing every JSON file of a folder would take long."""
    if _JSON_KEY not in source[path]:
        return False
    said = try_load(source, path)
    return isinstance(said, dict) and isinstance(said.get("rasa_nlu_data"), dict)


def _read_json(said: dict[str, Any], path: str, parts: Parts) -> None:
    for section in _EXAMPLES:
        for raw in _list(said.get(section)):
            _read_json_example(raw, Place(path), parts)
    for section, key in _VALUES:
        for raw in _list(said.get(section)):
            name = raw.get(key) if isinstance(raw, dict) else None
            parts.leave_out(NOT_A_QUESTION, name if isinstance(name, str) else "", Place(path))


def _read_json_example(raw: Any, place: Place, parts: Parts) -> None:
    """Entities stand beside the text here, so it has no marks; the text is kept as it is."""
    said, intent = (raw.get("text"), raw.get("intent")) if isinstance(raw, dict) else (None, None)
    if not isinstance(said, str):
        parts.leave_out(NOT_TEXT, "", place)
        return
    parts.add_example(intent.strip() if isinstance(intent, str) else "", said, place)


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
