"""An FAQ as files describe it, before it is imported, and how readers of files collect mistakes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from chatbot.domain.text import clean, normalise
from chatbot.errors import InvalidCatalogue, InvalidText, Mistake
from chatbot.formats.limits import MAX_UTTERANCE_CHARS
from chatbot.formats.source import Source

PLACEHOLDER = "We have no answer to this question yet. A colleague will help you."


@dataclass
class IntentDraft:
    """An intent as a file describes it; no answer, or no title of its own, keeps what there is.

    `enabled` is None where the file does not say. `variants` are further wordings of the answer,
    `follow_ups` the names of intents that this one leads to. One that `needs_context` is asked only
    after another one; until follow-ups are, it is disabled.
    """

    name: str
    title: str
    topic: str = ""
    answer: str | None = None
    has_own_title: bool = True
    enabled: bool | None = None
    utterances: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)
    follow_ups: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    needs_context: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class LeftOut:
    """A row of a file that is not imported, and why; `line` is 0 where files have none."""

    reason: str
    text: str
    file: str
    line: int = 0


@dataclass(frozen=True)
class FileClash:
    """A phrasing that a file has in several intents; it goes to none of them."""

    text: str
    intents: tuple[str, ...]
    file: str
    line: int = 0


@dataclass
class Others:
    """How much of a source is in a language that was not taken."""

    utterances: int = 0
    answers: int = 0


@dataclass
class CatalogueDraft:
    """Everything that a source says; `places` has file and line of normalised texts.

    `languages` counts phrasings by language, as far as the source tells it, `language` is the one
    that was taken, if there are several or one was wanted, and `others` is what was left out as it
    is in another. `personal` counts phrasings in which something was redacted.
    """

    intents: dict[str, IntentDraft] = field(default_factory=dict)
    out_of_scope: list[str] = field(default_factory=list)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    format: str = ""
    left_out: list[LeftOut] = field(default_factory=list)
    clashes: list[FileClash] = field(default_factory=list)
    languages: dict[str, int] = field(default_factory=dict)
    language: str | None = None
    others: dict[str, Others] = field(default_factory=dict)
    personal: int = 0

    @property
    def size(self) -> int:
        """The number of texts in it, for a progress bar."""
        drafts = self.intents.values()
        return sum(len(d.utterances) + len(d.held_out) for d in drafts) + len(self.out_of_scope)


class Reader(ABC):
    """A reader that collects mistakes, and checks that no phrasing appears twice."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mistakes: list[Mistake] = []
        self.draft = CatalogueDraft()
        self._owners: dict[str, str] = {}

    @abstractmethod
    def read(self) -> CatalogueDraft:
        """Return what the source describes, as far as it is no mistake."""

    def read_or_refuse(self) -> CatalogueDraft:
        """Return what the source describes. Raises InvalidCatalogue with every mistake of it."""
        draft = self.read()
        if self.mistakes:
            raise InvalidCatalogue(self.mistakes)
        return draft

    def text(
        self, raw: Any, owner: str, file: str, line: int, repeat_is_mistake: bool = True
    ) -> str | None:
        """Return the cleaned text, or None for a mistake, which is noted, or a
        harmless repetition.
        """
        if not isinstance(raw, str):
            self.mistake(file, line, f"“{raw}” is not text; put it in quotes")
            return None
        try:
            cleaned = clean(raw, MAX_UTTERANCE_CHARS)
        except InvalidText as error:
            self.mistake(file, line, str(error))
            return None
        normalised = normalise(cleaned)
        before = self._owners.setdefault(normalised, owner)
        place = self.draft.places.setdefault(normalised, (file, line))
        if (before, place) == (owner, (file, line)):
            return cleaned
        where = f"({place[0]}:{place[1]})"
        if before != owner:
            reason = f"“{cleaned}” belongs to “{before}” {where} and to “{owner}”"
            self.mistake(file, line, reason)
        elif repeat_is_mistake:
            self.mistake(file, line, f"“{cleaned}” is there already {where}")
        return None

    def mistake(self, file: str, line: int, reason: str) -> None:
        self.mistakes.append(Mistake(file, line, reason))

    def check_words(self, what: str, text: str, most: int, file: str, line: int) -> None:
        """Note a text that is too long, or that no database stores."""
        if len(text) > most:
            self.mistake(file, line, f"{what} is longer than {most}")
        if "\x00" in text:
            self.mistake(file, line, f"{what} contains a NUL character")
