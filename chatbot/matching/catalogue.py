"""The catalogue, the FAQ as matchers are told of it: all of it, or what an edit changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class IntentCard:
    """The part of an intent that a visitor is shown."""

    title: str
    answer: str


class Entry(NamedTuple):
    """A known phrasing of an intent: an FAQ utterance, or a question that agents `confirmed`.

    Without an intent, agents said that it is none of these.
    """

    text: str
    intent: str | None
    confirmed: bool = False


@dataclass(frozen=True)
class Catalogue:
    """The content of the FAQ at one knowledge revision, as one model version may use it.

    `keys[i]` is the key (domain.text.key) of `entries[i]`; none stands there twice. `obeyed` are,
    by key, texts that an agent's verdict decides on and that do not vote, whatever the entries say.
    """

    revision: int
    intents: Mapping[str, IntentCard]
    entries: tuple[Entry, ...]
    keys: tuple[str, ...]
    obeyed: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class Edit:
    """The changes at `revision`: cards by intent, entries and what is obeyed by key.

    None stands for what is gone.
    """

    revision: int
    cards: Mapping[str, IntentCard | None]
    entries: Mapping[str, Entry | None]
    obeyed: Mapping[str, Entry | None] = field(default_factory=dict)
