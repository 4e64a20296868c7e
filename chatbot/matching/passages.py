"""Passages, what titles and answers say: an intent's title is one more phrasing, its answer has
passages.

A passage is a sentence of the answer behind the title, without which many a sentence would say
nothing. Which vectors an intent has follows from its card alone, so an edit costs the edit.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from markdown_it import MarkdownIt
from markdown_it.token import Token
from numpy.typing import NDArray

from chatbot.domain.text import key, normalise
from chatbot.matching.catalogue import IntentCard
from chatbot.matching.encoder import Encoder
from chatbot.matching.index import Found, Positions, Vectors
from chatbot.matching.rows import UNKNOWN, Block, Keys, Rows, as_keys

MOST_NAMED = 5
MOST_PASSAGES = 40
LEAST_SAYING = 0.5
_LEAST_LETTERS = 12
_LEAST_ANSWER = 40
_ENCODE_BATCH = 256
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


class Texts(NamedTuple):
    """The texts that are encoded of one card."""

    title: str
    answer: str
    passages: tuple[str, ...]


class Places(NamedTuple):
    """The rows of one card's texts."""

    title: int
    answer: int
    passages: tuple[int, ...]


class Said(NamedTuple):
    """The cosines of questions to the answers and to their nearest passages, each (n, intents).

    `nearest` has the columns of those that say most, (n, at most MOST_NAMED).
    """

    answer: Vectors
    passage: Vectors
    nearest: Positions


def texts_of(card: IntentCard) -> Texts:
    """Split a card into what a question is compared with; without an answer, its title."""
    lines = _lines(card.answer)
    sentences = [
        sentence
        for line in lines
        for sentence in _SENTENCE_END.split(line)
        if sum(map(str.isalpha, sentence)) >= _LEAST_LETTERS or not sentence.isascii()
    ]
    passages = [f"{card.title}. {sentence}" for sentence in sentences if sentence][:MOST_PASSAGES]
    return Texts(card.title, " ".join(lines) or card.title, tuple(passages) or (card.title,))


def say_much(cards: Iterable[IntentCard]) -> bool:
    """Return whether most cards have an answer of their own that is long enough to tell them apart.

    An FAQ that was imported without answers has the same placeholder everywhere.
    """
    answers = [card.answer for card in cards]
    own = {answer for answer in answers if len(answer) >= _LEAST_ANSWER}
    return bool(answers) and len(own) > LEAST_SAYING * len(answers)


def _lines(answer: str) -> list[str]:
    """The words of each paragraph, item and cell, without Markdown."""
    inline = [token for token in _MARKDOWN.parse(answer) if token.type == "inline"]
    lines = (" ".join(_words(token.children or ()).split()) for token in inline)
    return [line for line in lines if line]


def _words(tokens: Iterable[Token]) -> str:
    breaks = {"softbreak", "hardbreak"}
    return "".join(" " if token.type in breaks else token.content for token in tokens)


@dataclass(frozen=True, eq=False)
class Passages:
    """The vectors of all cards; `places` has their rows by the name of the intent.
    Never changes.
    """

    rows: Rows
    places: Mapping[str, Places]
    cards: Mapping[str, IntentCard]

    @classmethod
    def known(cls, keys: Keys, vectors: Vectors, dimension: int) -> Self:
        """Return passages without cards yet, but with vectors computed earlier, by the keys of
        their texts.
        """
        return cls(Rows(dimension, [Block(keys, vectors)]), {}, {})

    @classmethod
    def none(cls, dimension: int) -> Self:
        return cls(Rows(dimension), {}, {})

    def edited(self, cards: Mapping[str, IntentCard | None], encoder: Encoder) -> Self:
        """Return passages with other cards by intent; None for what is gone. Only new texts are
        encoded.
        """
        changed = {
            name: texts_of(card)
            for name, card in cards.items()
            if card is not None and card != self.cards.get(name)
        }
        every = dict.fromkeys(
            text for texts in changed.values() for text in (texts[0], texts[1], *texts[2])
        )
        rows = _with_texts(self.rows, list(every), encoder)
        found = rows.find(as_keys([key(text) for text in every])).tolist()
        row = dict(zip(every, found, strict=True))
        places, kept = dict(self.places), dict(self.cards)
        for name, texts in changed.items():
            own = tuple(row[text] for text in texts.passages)
            places[name] = Places(row[texts.title], row[texts.answer], own)
        for name, card in cards.items():
            if card is None:
                places.pop(name, None)
                kept.pop(name, None)
            else:
                kept[name] = card
        return replace(self, rows=rows, places=places, cards=kept)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the intents, in the order of all that has a column for each."""
        return tuple(self.places)

    @cached_property
    def number(self) -> dict[str, int]:
        """The column of each intent."""
        return {name: column for column, name in enumerate(self.names)}

    @cached_property
    def titles(self) -> Vectors:
        """The vectors of the titles, (intents, dimension)."""
        return self._vectors([places.title for places in self.places.values()])

    @cached_property
    def title_keys(self) -> Keys:
        return as_keys([key(self.cards[name].title) for name in self.names])

    @cached_property
    def by_title(self) -> dict[str, str]:
        """The intent of each normalised title that no other intent has."""
        found: dict[str, str] = {}
        shared = set()
        for name in self.names:
            title = normalise(self.cards[name].title)
            if found.setdefault(title, name) != name:
                shared.add(title)
        return {title: name for title, name in found.items() if title not in shared}

    @cached_property
    def says_much(self) -> bool:
        """True if the answers tell the intents apart."""
        return say_much(self.cards.values())

    def compare(self, vectors: Vectors) -> Said:
        """Return the cosines of (n, dimension) unit vectors to all answers and, at best, to their
        passages.
        """
        if not self.places:
            nothing = np.empty((len(vectors), 0), np.float32)
            return Said(nothing, nothing, nothing.astype(np.int64))
        answer = vectors @ self._answers.T
        passage = np.maximum.reduceat(vectors @ self._passages.T, self._starts, axis=1)
        return Said(answer, passage, np.argsort(-(answer + passage), axis=1)[:, :MOST_NAMED])

    def search_titles(self, without: NDArray[np.bool_]) -> "Titles":
        """Return the titles but for those `without`, by the columns of the intents, to
        be searched.
        """
        columns = np.flatnonzero(~without)
        return Titles(columns, self.titles[columns])

    @cached_property
    def _answers(self) -> Vectors:
        return self._vectors([places.answer for places in self.places.values()])

    @cached_property
    def _passages(self) -> Vectors:
        return self._vectors([row for places in self.places.values() for row in places.passages])

    @cached_property
    def _starts(self) -> Positions:
        counts = [len(places.passages) for places in self.places.values()]
        return np.cumsum([0, *counts[:-1]])

    def _vectors(self, rows: Sequence[int]) -> Vectors:
        return self.rows.vectors(np.array(rows, np.int64))


@dataclass(frozen=True, eq=False)
class Titles:
    """The titles that speak as phrasings, each with its vector and the column of its intent."""

    columns: Positions
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.columns)

    def compare(self, vectors: Vectors) -> Found:
        """Return (rows, cosine similarities) of all titles, (n, titles), in no order:
        they are few.
        """
        similarities = vectors @ self.vectors.T
        return np.broadcast_to(self._rows, similarities.shape), similarities

    @cached_property
    def _rows(self) -> Positions:
        return np.arange(len(self.columns))


def _with_texts(rows: Rows, texts: Sequence[str], encoder: Encoder) -> Rows:
    """Return the rows with more for those of `texts` that have none yet."""
    keys = as_keys([key(text) for text in texts])
    first = dict.fromkeys(
        place for place, row in enumerate(rows.find(keys).tolist()) if row == UNKNOWN
    )
    new = {keys[place]: place for place in first}  # texts that differ in case alone are one
    if not new:
        return rows
    places = list(new.values())
    vectors = np.empty((len(places), rows.dimension), np.float32)
    for start in range(0, len(places), _ENCODE_BATCH):
        some = places[start : start + _ENCODE_BATCH]
        vectors[start : start + len(some)] = encoder.encode([texts[place] for place in some])
    return rows.extended(keys[places], vectors)
