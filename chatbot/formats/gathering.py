"""Gather a draft from another bot's file; what is not clear is left out, with the reason.

A foreign file was right where it came from, so nothing in it is a mistake of whoever hands it over.
What a reader cannot use is left out and counted; InvalidCatalogue is for files that are damaged or
of another kind.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from chatbot.domain.text import clean, normalise, redact
from chatbot.errors import InvalidCatalogue, InvalidText, Mistake
from chatbot.formats.draft import CatalogueDraft, FileClash, IntentDraft, LeftOut
from chatbot.formats.limits import (
    MAX_ANSWER_CHARS,
    MAX_TITLE_CHARS,
    MAX_TOPIC_CHARS,
    MAX_UTTERANCE_CHARS,
    MOST_UTTERANCES,
)
from chatbot.formats.names import name_all

IN_TWO_INTENTS = "it stands in several intents"
REPEATED = "it stands there twice"
TOO_LONG = f"it is longer than {MAX_UTTERANCE_CHARS} characters"
NO_WORDS = "it has no letter or digit"
ANSWER_TOO_LONG = f"its answer is longer than {MAX_ANSWER_CHARS:,} characters"
NEEDS_A_VALUE = "its answer needs a value that only the old bot had"
IS_AN_UTTERANCE = "it is out of scope there, but an utterance of an intent too"
ANOTHER_LANGUAGE = "it is an answer in another language than most of its questions"
DISABLED_TWIN = "it is of a disabled entry, and an enabled one has it too"


@dataclass(frozen=True)
class Place:
    """Where in a source something stands; line 0 where it has none."""

    file: str
    line: int = 0


@dataclass
class _Intent:
    """An intent as it is gathered, by its label."""

    title: str | None = None
    topic: str = ""
    answer: str | None = None
    variants: dict[str, None] = field(default_factory=dict)
    enabled: bool | None = None
    phrasings: dict[str, tuple[str, Place]] = field(default_factory=dict)
    held_out: set[str] = field(default_factory=set)
    follow_ups: list[str] = field(default_factory=list)


class Gathering:
    """Collects what one source says, in any order, and makes the draft of it at the end.

    Intents are told apart by their label: what the other bot calls them, or what else is unique.
    """

    def __init__(self) -> None:
        self.left_out: list[LeftOut] = []
        self._intents: dict[str, _Intent] = {}
        self._foreign: dict[str, tuple[str, Place]] = {}
        self._languages: dict[str, int] = defaultdict(int)
        self._personal = 0
        self._count = 0

    def add_intent(
        self,
        label: str,
        place: Place,
        *,
        title: str | None = None,
        topic: str = "",
        enabled: bool | None = None,
    ) -> None:
        """Say that there is an intent; what is said of it first counts. `title` None: its label."""
        intent = self._intents.setdefault(label, _Intent())
        intent.title = intent.title or _whole(title or "").strip()[:MAX_TITLE_CHARS] or None
        intent.topic = intent.topic or _whole(topic).strip()[:MAX_TOPIC_CHARS]
        intent.enabled = enabled if intent.enabled is None else intent.enabled
        self._check_number(place)

    def add_utterance(
        self,
        label: str,
        text: str,
        place: Place,
        language: str | None = None,
        held_out: bool = False,
    ) -> None:
        """Add a phrasing; one that cannot be used is left out with the reason.

        One that is `held_out` only measures; if it is there twice, being learned from wins.
        """
        self.add_intent(label, place)
        cleaned = self._clean(text, place)
        if cleaned is None:
            return
        own, key = self._intents[label], normalise(cleaned)
        if not held_out:
            own.held_out.discard(key)
        if key in own.phrasings:
            self.leave_out(REPEATED, cleaned, place)
            return
        own.phrasings[key] = cleaned, place
        if held_out:
            own.held_out.add(key)
        if language:
            self._languages[language.lower()] += 1

    def add_answer(self, label: str, text: str, place: Place, needs_a_value: bool = False) -> None:
        """Give an intent its answer, Markdown; further ones are kept as its variants.

        One that `needs_a_value`, as with a placeholder in it, is never shown, so it is left out.
        """
        self.add_intent(label, place)
        intent, answer = self._intents[label], _whole(text).strip()
        if not answer or intent.answer == answer:
            return
        if needs_a_value:
            self.leave_out(NEEDS_A_VALUE, answer, place)
        elif len(answer) > MAX_ANSWER_CHARS:
            self.leave_out(ANSWER_TOO_LONG, answer[:MAX_TITLE_CHARS], place)
        elif intent.answer is None:
            intent.answer = answer
        else:
            intent.variants.setdefault(answer)

    def add_out_of_scope(self, text: str, place: Place) -> None:
        """Add a question that the FAQ has no answer to."""
        self._check_number(place)
        cleaned = self._clean(text, place)
        if cleaned is None:
            return
        if normalise(cleaned) in self._foreign:
            self.leave_out(REPEATED, cleaned, place)
        self._foreign.setdefault(normalise(cleaned), (cleaned, place))

    def add_follow_up(self, label: str, next_label: str) -> None:
        """Say that one intent leads to another; kept if there are both in the end."""
        self._intents.setdefault(label, _Intent()).follow_ups.append(next_label)

    def leave_out(self, reason: str, text: str, place: Place) -> None:
        """Count a row that is not imported, with the reason in words that follow "because"."""
        self._check_number(place)
        self.left_out.append(LeftOut(reason, _whole(text), place.file, place.line))

    @property
    def labels(self) -> Iterable[str]:
        return self._intents.keys()

    def has_answer(self, label: str) -> bool:
        return label in self._intents and self._intents[label].answer is not None

    def finish(self) -> CatalogueDraft:
        """Return the draft: names made, clashes and false negatives out, in the source's order."""
        draft = CatalogueDraft(languages=dict(self._languages))
        names = name_all(self._intents)
        self._drop_disabled_twins()
        draft.clashes = self._take_out_clashes(names)
        for label, gathered in self._intents.items():
            draft.intents[names[label]] = self._draft_of(names[label], label, gathered, names)
            draft.places |= {
                key: (place.file, place.line) for key, (_, place) in gathered.phrasings.items()
            }
        for key, (text, place) in self._foreign.items():
            if key in draft.places:
                self.leave_out(IS_AN_UTTERANCE, text, place)
            else:
                draft.out_of_scope.append(text)
                draft.places[key] = place.file, place.line
        draft.left_out, draft.personal = self.left_out, self._personal
        return draft

    def _draft_of(
        self, name: str, label: str, gathered: _Intent, names: dict[str, str]
    ) -> IntentDraft:
        texts = [(key, text) for key, (text, _) in gathered.phrasings.items()]
        return IntentDraft(
            name=name,
            title=gathered.title or as_title(label),
            topic=gathered.topic,
            answer=gathered.answer,
            variants=list(gathered.variants),
            has_own_title=gathered.title is not None,
            enabled=gathered.enabled,
            utterances=[text for key, text in texts if key not in gathered.held_out],
            held_out=[text for key, text in texts if key in gathered.held_out],
            follow_ups=[
                names[each] for each in dict.fromkeys(gathered.follow_ups) if each in names
            ],
        )

    def _drop_disabled_twins(self) -> None:
        """A disabled entry keeps its questions, and a newer, enabled one often has the same."""
        enabled = {
            key
            for each in self._intents.values()
            if each.enabled is not False
            for key in each.phrasings
        }
        for each in self._intents.values():
            if each.enabled is False:
                for key in each.phrasings.keys() & enabled:
                    text, place = each.phrasings.pop(key)
                    self.leave_out(DISABLED_TWIN, text, place)

    def _take_out_clashes(self, names: dict[str, str]) -> list[FileClash]:
        """A text of two intents teaches neither, whichever comes first."""
        owners: dict[str, list[str]] = defaultdict(list)
        for label, each in self._intents.items():
            for key in each.phrasings:
                owners[key].append(label)
        clashes = []
        for key, labels in owners.items():
            if len(labels) == 1:
                continue
            taken = [self._intents[label].phrasings.pop(key) for label in labels]
            text, place = taken[0]
            named = tuple(sorted(names[label] for label in labels))
            clashes.append(FileClash(text, named, place.file, place.line))
            for row, where in taken:
                self.leave_out(IN_TWO_INTENTS, row, where)
        return clashes

    def _clean(self, text: str, place: Place) -> str | None:
        """Return a phrasing on one line and redacted, or None if it cannot be used."""
        one_line = " ".join(text.split())
        if not any(character.isalnum() for character in one_line):
            self.leave_out(NO_WORDS, one_line[:MAX_UTTERANCE_CHARS], place)
            return None
        if len(one_line) > MAX_UTTERANCE_CHARS:
            self.leave_out(TOO_LONG, one_line[:MAX_UTTERANCE_CHARS], place)
            return None
        try:
            cleaned = clean(one_line, MAX_UTTERANCE_CHARS)
        except InvalidText as error:
            self.leave_out(str(error).split(". ")[0], one_line[:MAX_UTTERANCE_CHARS], place)
            return None
        redacted = redact(cleaned)
        self._personal += redacted != cleaned
        return redacted

    def _check_number(self, place: Place) -> None:
        self._count += 1
        if self._count > 2 * MOST_UTTERANCES:
            reason = f"has more than {MOST_UTTERANCES:,} utterances"
            raise InvalidCatalogue([Mistake(place.file, 0, reason)])


def _whole(text: str) -> str:
    """Text in which what nothing can store, NUL and halves of pairs, are question marks."""
    text = text.replace("\x00", "?")
    return text if text.isascii() else text.encode(errors="replace").decode()


def as_title(label: str) -> str:
    """Return the title of an intent that has only a label."""
    words = " ".join(_whole(label).replace("_", " ").replace("-", " ").split())
    return (words[:1].upper() + words[1:])[:MAX_TITLE_CHARS] or label
