"""Names that agents' verdicts taught: words that neither everyday language nor the FAQ has.

Verdicts on three questions about "Kestrel" say what the fourth is about, though to the encoder it
is a bird, and to title and answer of the intent nothing. What names say is no part of any model
version: it counts as soon as the verdict does, and leaves with it (docs/decisions/0032).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Self

from chatbot.domain.names import weight_of_name
from chatbot.matching.catalogue import Entry
from chatbot.matching.spelling import Spelling, is_listed, words_of

MOST_OF_THE_FAQ = 2
"""Uses by the FAQ itself that a name may have: what has more, its utterances tell."""

_LEAST_LETTERS = 3
_EVERYWHERE = ("en",)  # English words are used in any language
# What is written with a capital is hardly counted in the word lists (findings/).
_OF_THE_CALENDAR = frozenset(
    words_of(
        "monday tuesday wednesday thursday friday saturday sunday january february march april "
        "may june july august september october november december christmas easter "
        "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januar februar märz "
        "mai juni juli oktober dezember weihnachten ostern "
        "janeiro fevereiro março abril maio junho julho setembro outubro novembro dezembro"
    )
)


class Text(NamedTuple):
    """A confirmed text: its intent, None for none of these, and what in it may be a name."""

    intent: str | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """The confirmed texts by key, in how many of each intent a word stands, and all that was heard.

    `heard` counts what agents ever confirmed, as `Spelling.counts` does for all texts: the
    difference is what the FAQ says itself. Nothing here ever changes.
    """

    texts: Mapping[str, Text] = field(default_factory=dict)
    uses: Mapping[str, Mapping[str | None, int]] = field(default_factory=dict)
    heard: Mapping[str, int] = field(default_factory=dict)

    def edited(self, entries: Mapping[str, Entry | None]) -> Self:
        """Return what is known after an edit; the cost is that of the edit and a copy."""
        new = {key: _read(entry) for key, entry in entries.items() if entry and entry.confirmed}
        gone = [self.texts[key] for key in entries if key in self.texts]
        if not new and not gone:
            return self
        texts, uses, heard = {**self.texts, **new}, {**self.uses}, Counter(self.heard)
        for key in entries.keys() - new.keys():
            texts.pop(key, None)
        for text, change in [*((text, -1) for text in gone), *((text, 1) for text in new.values())]:
            for word in text.words:
                counted = Counter(uses.get(word))
                counted[text.intent] += change
                uses[word] = MappingProxyType(+counted)
        for key, text in new.items():
            said = entries[key]
            heard.update(word for word in words_of(said.text if said else "") if word in text.words)
        return type(self)(texts, uses, heard)

    def weigh(self, text: str, spelling: Spelling, intents: int) -> dict[str, float]:
        """Return what names in `text` add to the logits of intents, of which there are `intents`.

        `spelling` knows how often all texts, the FAQ's and the confirmed ones, use each word.
        """
        weights: dict[str, float] = {}
        for word in dict.fromkeys(words_of(text)):
            uses = self.uses.get(word)
            if not uses or spelling.is_common(word):
                continue
            authored = spelling.counts.get(word, 0) - self.heard.get(word, 0)
            if authored > MOST_OF_THE_FAQ:
                continue
            every = authored + sum(uses.values())
            for intent, own in uses.items():
                if intent and (weight := weight_of_name(own, every - own, intents)):
                    weights[intent] = max(weight, weights.get(intent, 0.0))
        return weights


def _read(entry: Entry) -> Text:
    """Read an entry without words that are too short, or common in English, to be a name."""
    words = [
        word
        for word in dict.fromkeys(words_of(entry.text))
        if len(word) >= _LEAST_LETTERS
        and word not in _OF_THE_CALENDAR
        and not is_listed(word, _EVERYWHERE, common=True)
    ]
    return Text(entry.intent, tuple(words))
