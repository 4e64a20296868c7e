"""Gather a draft from another bot's file; what is not clear is left out, with the reason.

A foreign file was right where it came from, so nothing in it is a mistake of whoever hands it over.
What a reader cannot use is left out and counted; InvalidCatalogue is for files that are damaged or
of another kind.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chatbot.domain.redaction import redact
from chatbot.domain.text import clean, normalise
from chatbot.errors import InvalidCatalogue, InvalidText, Mistake
from chatbot.formats.draft import CatalogueDraft, FileClash, IntentDraft, LeftOut, Others
from chatbot.formats.languages import is_in
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
ANOTHER_LANGUAGE = "it is in another language than the one taken: {}"
NO_SUCH_LANGUAGE = "holds nothing in “{}”; its languages are {}"
DISABLED_TWIN = "it is of a disabled entry, and an enabled one has it too"


@dataclass(frozen=True)
class Place:
    """Where in a source something stands; line 0 where it has none."""

    file: str
    line: int = 0


@dataclass
class _Text:
    """A phrasing, in the languages that it was told in; in none if that was not told."""

    text: str
    place: Place
    languages: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Answer:
    text: str
    place: Place
    language: str
    needs_a_value: bool


@dataclass
class _Intent:
    """An intent as it is gathered, by its label; `languages` are all that it was told in."""

    languages: set[str] = field(default_factory=set)
    titles: dict[str, str] = field(default_factory=dict)
    topic: str = ""
    said: list[_Answer] = field(default_factory=list)
    answer: str | None = None
    variants: dict[str, None] = field(default_factory=dict)
    enabled: bool | None = None
    needs_context: bool = False
    phrasings: dict[str, _Text] = field(default_factory=dict)
    held_out: set[str] = field(default_factory=set)
    follow_ups: list[str] = field(default_factory=list)

    def title_in(self, language: str | None) -> str | None:
        """Return the title in a language, one in none, or None."""
        own = (title for each, title in self.titles.items() if is_in(each, language or ""))
        return next(own, None) or self.titles.get("")


class Gathering:
    """Collects what one source says, in any order, and makes the draft of it at the end.

    Intents are told apart by their label: what the other bot calls them, or what else is unique.
    An intent has one answer, so one language is taken: the `wanted`, or else `primary`, the
    source's own if it says which that is, or else the most frequent.
    """

    def __init__(self, wanted: str | None = None) -> None:
        self.left_out: list[LeftOut] = []
        self.primary: str | None = None
        self._wanted = wanted
        self._intents: dict[str, _Intent] = {}
        self._foreign: dict[str, _Text] = {}
        self._languages: Counter[str] = Counter()
        self._told: list[tuple[int, str]] = []
        self._personal = 0
        self._count = 0
        self._file = ""

    def add_intent(
        self,
        label: str,
        place: Place,
        *,
        title: str | None = None,
        topic: str = "",
        enabled: bool | None = None,
        needs_context: bool = False,
        language: str | None = None,
    ) -> None:
        """Say that there is an intent; what is said of it first counts. `title` None: its label.

        A title may be in a `language`. An intent that `needs_context` is asked only after another
        one; by its title or answer it would be found without, so it is disabled.
        """
        intent = self._intents.setdefault(label, _Intent())
        if shown := _whole(title or "").strip()[:MAX_TITLE_CHARS]:
            intent.titles.setdefault(_tag(language), shown)
        if tag := _tag(language):
            intent.languages.add(tag)
        intent.topic = intent.topic or _whole(topic).strip()[:MAX_TOPIC_CHARS]
        intent.enabled = enabled if intent.enabled is None else intent.enabled
        if needs_context:
            intent.needs_context, intent.enabled = True, False
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
        self.add_intent(label, place, language=language)
        cleaned = self._clean(text, place)
        if cleaned is None:
            return
        own, key = self._intents[label], normalise(cleaned)
        if not held_out:
            own.held_out.discard(key)
        if not self._note(own.phrasings, key, _Text(cleaned, place), language):
            return
        if held_out:
            own.held_out.add(key)
        if language:
            self._languages[_tag(language)] += 1

    def add_answer(
        self,
        label: str,
        text: str,
        place: Place,
        needs_a_value: bool = False,
        language: str | None = None,
    ) -> None:
        """Give an intent its answer, Markdown; further ones are kept as its variants.

        One that `needs_a_value`, as with a placeholder in it, is never shown, so it is left out.
        """
        self.add_intent(label, place, language=language)
        intent, answer = self._intents[label], _whole(text).strip()
        if answer and _tag(language):
            intent.said.append(_Answer(answer, place, _tag(language), needs_a_value))
        else:
            self._take_answer(intent, answer, place, needs_a_value)

    def _take_answer(self, intent: _Intent, answer: str, place: Place, needs_a_value: bool) -> None:
        if not answer or intent.answer == answer:
            return
        if needs_a_value:
            self.leave_out(NEEDS_A_VALUE, answer, place)
        elif len(answer) > MAX_ANSWER_CHARS:
            self.leave_out(ANSWER_TOO_LONG, _beginning(answer, MAX_TITLE_CHARS), place)
        elif intent.answer is None:
            intent.answer = answer
        else:
            intent.variants.setdefault(answer)

    def add_out_of_scope(self, text: str, place: Place, language: str | None = None) -> None:
        """Add a question that the FAQ has no answer to."""
        self._check_number(place)
        cleaned = self._clean(text, place)
        if cleaned is not None:
            self._note(self._foreign, normalise(cleaned), _Text(cleaned, place), language)

    def _note(self, texts: dict[str, _Text], key: str, text: _Text, language: str | None) -> bool:
        """Note a text in a language; return whether it is new there. It is left out if not."""
        tag = _tag(language)
        known = texts.setdefault(key, text)
        is_new = known is text or (tag != "" and tag not in known.languages)
        if not is_new:
            self.leave_out(REPEATED, text.text, text.place)
        if not tag:
            known.languages.clear()
        elif known is text or known.languages:
            known.languages.add(tag)
        return is_new

    def add_follow_up(self, label: str, next_label: str) -> None:
        """Say that one intent leads to another; kept if there are both in the end."""
        self._intents.setdefault(label, _Intent()).follow_ups.append(next_label)

    def leave_out(self, reason: str, text: str, place: Place, language: str | None = None) -> None:
        """Count a row that is not imported, with the reason in words that follow "because".

        It is shown and can be downloaded, so it is redacted as what is imported. Of another
        `language` than the one taken, that is the reason.
        """
        self._check_number(place)
        if language:
            self._told.append((len(self.left_out), _tag(language)))
        self.left_out.append(LeftOut(reason, redact(_whole(text)), place.file, place.line))

    @property
    def labels(self) -> Iterable[str]:
        return self._intents.keys()

    def has_answer(self, label: str) -> bool:
        intent = self._intents.get(label, _Intent())
        return intent.answer is not None or any(not each.needs_a_value for each in intent.said)

    def finish(self) -> CatalogueDraft:
        """Return the draft: one language taken, names made, clashes and false negatives out, in the
        source's order. Raises InvalidCatalogue if nothing is in the language that is wanted.
        """
        draft = CatalogueDraft(languages=dict(self._languages))
        draft.language, draft.others = self._take_language()
        names = name_all(self._intents)
        self._drop_disabled_twins()
        draft.clashes = self._take_out_clashes(names)
        for label, gathered in self._intents.items():
            draft.intents[names[label]] = self._draft_of(
                names[label], label, gathered, names, draft.language
            )
            draft.places |= {
                key: (each.place.file, each.place.line) for key, each in gathered.phrasings.items()
            }
        for key, foreign in self._foreign.items():
            if key in draft.places:
                self.leave_out(IS_AN_UTTERANCE, foreign.text, foreign.place)
            else:
                draft.out_of_scope.append(foreign.text)
                draft.places[key] = foreign.place.file, foreign.place.line
        draft.left_out, draft.personal = self.left_out, self._personal
        return draft

    def _take_language(self) -> tuple[str | None, dict[str, Others]]:
        """Leave out what is in other languages than one; return that, and counts of the others."""
        taken = self._choose_language()
        others: defaultdict[str, Others] = defaultdict(Others)
        if taken is None:
            return None, others
        for texts in (*(each.phrasings for each in self._intents.values()), self._foreign):
            for key, text in list(texts.items()):
                if text.languages and not any(is_in(each, taken) for each in text.languages):
                    language = min(text.languages)
                    others[language].utterances += 1
                    self.leave_out(ANOTHER_LANGUAGE.format(language), text.text, text.place)
                    del texts[key]
        for place, language in self._told:
            if not is_in(language, taken):
                reason = ANOTHER_LANGUAGE.format(language)
                self.left_out[place] = replace(self.left_out[place], reason=reason)
        for label, intent in list(self._intents.items()):
            self._take_answers(intent, taken, others)
            is_told = not intent.languages or any(is_in(each, taken) for each in intent.languages)
            if not (is_told or intent.answer or intent.phrasings):
                del self._intents[label]
        return taken, others

    def _take_answers(self, intent: _Intent, taken: str, others: dict[str, Others]) -> None:
        for each in intent.said:
            if is_in(each.language, taken):
                self._take_answer(intent, each.text, each.place, each.needs_a_value)
            else:
                others[each.language].answers += 1
                shown = _beginning(each.text, MAX_TITLE_CHARS)
                self.leave_out(ANOTHER_LANGUAGE.format(each.language), shown, each.place)

    def _choose_language(self) -> str | None:
        """Return the language to take, None if none is told. Raises InvalidCatalogue."""
        counts = Counter(self._languages)
        counts.update(said.language for each in self._intents.values() for said in each.said)
        if not counts:
            return None
        wanted, primary = _tag(self._wanted), _tag(self.primary)
        if wanted and not any(is_in(each, wanted) for each in counts):
            reason = NO_SUCH_LANGUAGE.format(wanted, ", ".join(sorted(counts)))
            raise InvalidCatalogue([Mistake(self._file, 0, reason)])
        if wanted or any(is_in(each, primary) for each in counts if primary):
            return wanted or primary
        roots: Counter[str] = Counter()
        for language, count in counts.items():
            roots[language.partition("-")[0]] += count
        root = min(roots, key=lambda each: (-roots[each], each))
        tags = [each for each in counts if is_in(each, root)]
        return tags[0] if len(tags) == 1 else root

    def _draft_of(
        self, name: str, label: str, gathered: _Intent, names: dict[str, str], language: str | None
    ) -> IntentDraft:
        texts = [(key, each.text) for key, each in gathered.phrasings.items()]
        title = gathered.title_in(language)
        return IntentDraft(
            name=name,
            title=title or as_title(label),
            topic=gathered.topic,
            answer=gathered.answer,
            variants=list(gathered.variants),
            has_own_title=title is not None,
            enabled=gathered.enabled,
            needs_context=gathered.needs_context,
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
                    twin = each.phrasings.pop(key)
                    self.leave_out(DISABLED_TWIN, twin.text, twin.place)

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
            first, named = taken[0], tuple(sorted(names[label] for label in labels))
            clashes.append(FileClash(first.text, named, first.place.file, first.place.line))
            for text in taken:
                self.leave_out(IN_TWO_INTENTS, text.text, text.place)
        return clashes

    def _clean(self, text: str, place: Place) -> str | None:
        """Return a phrasing on one line and redacted, or None if it cannot be used."""
        one_line = " ".join(text.split())
        shown = _beginning(one_line, MAX_UTTERANCE_CHARS)
        if not any(character.isalnum() for character in one_line):
            self.leave_out(NO_WORDS, shown, place)
            return None
        if len(one_line) > MAX_UTTERANCE_CHARS:
            self.leave_out(TOO_LONG, shown, place)
            return None
        try:
            cleaned = clean(one_line, MAX_UTTERANCE_CHARS)
        except InvalidText as error:
            self.leave_out(str(error).split(". ")[0], shown, place)
            return None
        redacted = redact(cleaned)
        self._personal += redacted != cleaned
        return redacted

    def _check_number(self, place: Place) -> None:
        self._file = self._file or place.file
        self._count += 1
        if self._count > 2 * MOST_UTTERANCES:
            reason = f"has more than {MOST_UTTERANCES:,} utterances"
            raise InvalidCatalogue([Mistake(place.file, 0, reason)])


def _beginning(text: str, most: int) -> str:
    """Return what a text begins with, redacted before it is cut: half an address is one, too."""
    return text if len(text) <= most else redact(_whole(text[: 2 * most]))[:most]


def _whole(text: str) -> str:
    """Text in which what nothing can store, NUL and halves of pairs, are question marks."""
    text = text.replace("\x00", "?")
    return text if text.isascii() else text.encode(errors="replace").decode()


def _tag(language: str | None) -> str:
    """The tag of a language as it is compared, empty for none."""
    return (language or "").strip().lower().replace("_", "-")


def as_title(label: str) -> str:
    """Return the title of an intent that has only a label."""
    words = " ".join(_whole(label).replace("_", " ").replace("-", " ").split())
    return (words[:1].upper() + words[1:])[:MAX_TITLE_CHARS] or label
