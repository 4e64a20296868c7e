"""Take JSON that somebody else wrote apart: nothing in it needs to be of the type it should be."""

from collections.abc import Callable
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.json_text import load, try_load
from chatbot.formats.source import Source

_MOST_PROBED = 50
"""A folder with more JSON files than this is no export of a single file."""


def list_of(container: Any, key: str) -> list[Any]:
    """Return the list under a key, or an empty one for anything else."""
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, list) else []


def dict_of(container: Any, key: str) -> dict[str, Any]:
    """Return the object under a key, or an empty one for anything else."""
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, dict) else {}


def text_of(container: Any, key: str) -> str:
    """Return the text under a key, or an empty one for anything else."""
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, str) else ""


def label_of(container: Any, key: str) -> str:
    """Return the text under a key as a label: without blanks around it or halves of a pair."""
    return text_of(container, key).strip().encode(errors="replace").decode()


def objects_of(container: Any, key: str) -> list[dict[str, Any]]:
    """Return the objects in the list under a key."""
    return [each for each in list_of(container, key) if isinstance(each, dict)]


def find_json(source: Source, is_wanted: Callable[[Any], bool]) -> list[str]:
    """Return the paths of JSON files with content that is wanted. Raises nothing, to sniff."""
    paths = [path for path in source if path.lower().endswith(".json")]
    if not paths and (only := source.only()):
        paths = [only]
    if len(paths) > _MOST_PROBED:
        return []
    return [path for path in paths if is_wanted(peek(source, path))]


def find_damaged_json(source: Source) -> list[Mistake]:
    """Return what is wrong with files of JSON that are none: why, likely, nothing reads them."""
    mistakes: list[Mistake] = []
    for path in [path for path in source if path.lower().endswith(".json")][:_MOST_PROBED]:
        if peek(source, path) is None:
            try:
                load(source[path], path)
            except InvalidCatalogue as error:
                mistakes += error.mistakes
    return mistakes


def peek(source: Source, path: str) -> Any:
    """Return what a JSON file says, or None for what is none or too large. Raises nothing."""
    try:
        return try_load(source, path)
    except InvalidCatalogue:
        return None


def require_lists(parsed: Any, file: str, *keys: str) -> None:
    """Raise InvalidCatalogue, with each key that has no list."""
    wrong = [key for key in keys if not isinstance(parsed.get(key), list)]
    if wrong:
        raise InvalidCatalogue([Mistake(file, 0, f"has no list “{key}”") for key in wrong])


def refuse(file: str, reason: str, line: int = 0) -> InvalidCatalogue:
    """Return the error to raise for a file that is not what a format reads."""
    return InvalidCatalogue([Mistake(file, line, reason)])


def load_object(source: Source, path: str) -> dict[str, Any]:
    """Return the object that a file holds. Raises InvalidCatalogue for anything else."""
    parsed = try_load(source, path)
    if parsed is None:
        parsed = load(source[path], path)
    if not isinstance(parsed, dict):
        raise refuse(path, "is no JSON object")
    return parsed
