"""JSON as other programs write it: with a mark at its start, or with halves of surrogate pairs."""

import json
import re
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.limits import MOST_NESTING
from chatbot.formats.source import Source

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]\d-])")
_BEGINNINGS = (b"{", b"[", b"\xff\xfe", b"\xfe\xff")


def decode(content: bytes, file: str) -> str:
    """Return text of UTF-8 or, with its mark, UTF-16; pairs of halves become their character.

    Raises InvalidCatalogue for anything else, with the byte where it ends to be text.
    """
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise _invalid(file, 0, f"is not UTF-16 (byte {error.start})") from None
    try:
        halves = content.decode("utf-8-sig", "surrogatepass")
        return halves.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        line = content.count(b"\n", 0, place) + 1
        raise _invalid(file, line, f"is not UTF-8 (byte {place}); save it as UTF-8") from None


def load(content: bytes, file: str) -> Any:
    """Return what a JSON file says. Raises InvalidCatalogue for what is none, with its line."""
    return _parse(decode(content, file), file)


def _parse(text: str, file: str) -> Any:
    try:
        loaded = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _invalid(file, error.lineno, f"is not JSON: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise _invalid(file, 0, _why(error)) from None
    if _depth(loaded) > MOST_NESTING:
        raise _invalid(file, 0, "is nested too deeply")
    return loaded


def refuse_json(text: str, file: str) -> None:
    """Raise InvalidCatalogue for a text that begins as JSON does: it is damaged, or of no format.

    Whoever reads what no other format took asks so, lest JSON is told to be something else.
    """
    if _JSON.match(text):
        _parse(text, file)
        raise _invalid(
            file, 0, "is JSON, but in no format that is known: docs/formats.md lists them"
        )


def try_load(source: Source, path: str) -> Any:
    """Return what a JSON file of `source` says, or None for what is none: to tell formats apart.

    It is parsed once, however many formats ask.
    """
    if path not in source.parsed:
        source.parsed[path] = _try_load(source[path])
    return source.parsed[path]


def _try_load(content: bytes) -> Any:
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_BEGINNINGS):
        return None
    try:
        return load(content, "")
    except InvalidCatalogue:
        return None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _why(error: Exception) -> str:
    return "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON: {error}"


def _depth(value: Any) -> int:
    """How deeply lists and objects are nested, without recursion."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if deepest > MOST_NESTING:
            break
        if isinstance(item, dict):
            waiting += [(each, depth + 1) for each in item.values()]
        elif isinstance(item, list):
            waiting += [(each, depth + 1) for each in item]
    return deepest


def _invalid(file: str, line: int, reason: str) -> InvalidCatalogue:
    return InvalidCatalogue([Mistake(file, line, reason)])
