"""Values of JSON that somebody else wrote, each as the type that is wanted, or empty."""

from collections.abc import Iterator
from typing import Any


def text_of(value: Any) -> str:
    """Return `value` if it is text, without white space around it, else nothing."""
    return value.strip() if isinstance(value, str) else ""


def texts_of(value: Any) -> list[str]:
    """Return the texts that `value` is, or lists, but for empty ones."""
    listed = value if isinstance(value, list) else [value]
    return [text for each in listed if (text := text_of(each))]


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in a list; nothing where `value` is none."""
    yield from (each for each in list_of(value) if isinstance(each, dict))


def list_of(value: Any) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def object_of(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
