"""Names of intents made of labels as people write them, in any script."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from chatbot.formats.limits import MAX_NAME_CHARS

NAME = re.compile(r"[^\W_][\w.\-]{0,79}")
"""Letters and digits of any script, in lower case, and `_`, `.` and `-` between them."""

_NO_NAME = "intent"
_HASH_CHARS = 6


def is_name(name: str) -> bool:
    """Whether an intent may be called so: as `to_name` would write it."""
    return NAME.fullmatch(name) is not None and name == _fold(name)


def to_name(label: str) -> str:
    """Return the name of an intent with this label: readable, and the same each time.

    A label that is a name stays as it is. One that no letter or digit is left of gets a name by
    its hash.
    """
    if is_name(label):
        return label
    return to_whole_name(label)[:MAX_NAME_CHARS].strip("-._") or f"{_NO_NAME}-{_hash(label)}"


def to_whole_name(label: str) -> str:
    """Return a label as names are written, however long, and empty if nothing is left of it.

    A label that is a name stays as it is; in others, what is no letter or digit is one hyphen.
    """
    return label if is_name(label) else re.sub(r"[^\w.]+", "-", _fold(label)).strip("-._")


def name_all(labels: Iterable[str]) -> dict[str, str]:
    """Return a name for each label, never one for two labels.

    Of labels with one name, the one that is written exactly so keeps it; a hash of its label tells
    each other apart, so that names depend neither on order nor on what else is in the file.
    """
    alike: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        alike[to_name(label)].add(label)
    names = {}
    for name, own in alike.items():
        for label in own:
            is_plain = len(own) == 1 or label == name
            names[label] = name if is_plain else _with_hash(name, label)
    return names


def _with_hash(name: str, label: str) -> str:
    return f"{name[: MAX_NAME_CHARS - _HASH_CHARS - 1]}-{_hash(label)}"


def _fold(label: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", label).casefold())


def _hash(label: str) -> str:
    return hashlib.sha256(label.encode(errors="surrogatepass")).hexdigest()[:_HASH_CHARS]
