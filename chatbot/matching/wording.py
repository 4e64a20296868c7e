"""Wording: what the FAQ's own words say about how a question is to be read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from chatbot.domain.noise.negation import Turn, turns_of
from chatbot.matching.catalogue import Catalogue, Edit, Entry, IntentCard
from chatbot.matching.names import Names
from chatbot.matching.spelling import Spelling

MOST_READ = 50_000
"""Phrasings of a whole catalogue that are looked at, evenly chosen: more teach no new words."""


@dataclass(frozen=True)
class Wording:
    """The wording of the FAQ: how it spells, what its visitors call things, and which intents speak
    of ending, sparing or keeping something.

    `titles` and `phrasings` hold those that do: by intent, and (intent, turn) by key. Nothing here
    ever changes.
    """

    spelling: Spelling = field(default_factory=Spelling)
    names: Names = field(default_factory=Names)
    titles: Mapping[str, Turn] = field(default_factory=dict)
    phrasings: Mapping[str, tuple[str, Turn]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        step = 1 + len(catalogue.keys) // MOST_READ
        entries = zip(catalogue.keys[::step], catalogue.entries[::step], strict=True)
        return cls().edited(Edit(catalogue.revision, catalogue.intents, dict(entries)))

    def edited(self, edit: Edit) -> Self:
        """Return what is known after an edit; the cost is that of the edit and a copy."""
        cards, entries = edit.cards, edit.entries
        titles = {name: turn for name, turn in self.titles.items() if name not in cards}
        phrasings = {key: kept for key, kept in self.phrasings.items() if key not in entries}
        for name, card in cards.items():
            if card and (turn := turns_of(card.title)):
                titles[name] = turn
        for key, entry in entries.items():
            intent = entry.intent if entry else None
            if entry and intent is not None and (turn := turns_of(entry.text)):
                phrasings[key] = (intent, turn)
        spelling = self.spelling.extended(_texts(cards, entries))
        return type(self)(spelling, self.names.edited(entries), titles, phrasings)

    def weigh_names(self, text: str, intents: int) -> dict[str, float]:
        """Return what names in `text` add to the logits of those that they stand for, of so many
        `intents`; nothing where no word list speaks the FAQ's language.
        """
        if not self.names.uses or not self.spelling.is_judge:
            return {}
        return self.names.weigh(text, self.spelling, intents)

    def turns_of(self, intent: str) -> Turn:
        """Return all the ways in which an intent's title and phrasings turn things."""
        return self.titles.get(intent, Turn.NONE) | self._turns.get(intent, Turn.NONE)

    @cached_property
    def _turns(self) -> dict[str, Turn]:
        turns: dict[str, Turn] = {}
        for intent, turn in self.phrasings.values():
            turns[intent] = turns.get(intent, Turn.NONE) | turn
        return turns


def _texts(
    cards: Mapping[str, IntentCard | None], entries: Mapping[str, Entry | None]
) -> Iterable[str]:
    yield from (entry.text for entry in entries.values() if entry)
    yield from (text for card in cards.values() if card for text in (card.title, card.answer))
