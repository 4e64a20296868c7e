"""Put together what the files of a project say: the draft of it."""

from collections import defaultdict

from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import (
    ANSWER_TOO_LONG,
    NEEDS_A_VALUE,
    Gathering,
    Place,
)
from chatbot.formats.limits import MAX_ANSWER_CHARS
from chatbot.formats.rasa.answers import Answers, ways_on
from chatbot.formats.rasa.parts import About, Entry, Parts, is_out_of_scope

FURTHER = "it is a further message, not the first answer to a question"
NOT_REACHED = "no intent leads to its answer"
FALLBACK_ANSWER = "it is the answer to what is out of scope"
BY_PROGRAM = "it is answered by a program of the old bot"
NOT_THERE = "its answer is not in these files"
_BUILT_IN = ("session_start", "restart", "back")
"""Commands that Rasa itself answers."""
_RETRIEVED = "utter_"


def draft_of(parts: Parts) -> CatalogueDraft:
    """Return the draft of a project."""
    return _Assembly(parts).finish()


class _Assembly:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._gathering = Gathering(parts.wanted)
        self._gathering.primary = parts.language
        for each in parts.left_out:
            self._gathering.leave_out(each.reason, each.text, Place(each.file, each.line))
        self._answers = Answers(parts)
        self._usable = {name: _by_language(each) for name, each in parts.responses.items()}
        self._used: dict[str, set[int]] = defaultdict(set)  # by identity: two may say the same
        self._bases = _bases_of(parts)

    def finish(self) -> CatalogueDraft:
        self._add_examples()
        self._add_answers()
        self._add_intents_alone()
        for intent, next_intent in ways_on(self._parts.dialogues):
            self._lead(intent, next_intent)
        self._leave_out_the_rest()
        return self._gathering.finish()

    def _add_examples(self) -> None:
        titles = self._titles()
        described = {each.intent for each in self._parts.examples} | self._parts.about.keys()
        for intent, place in self._parts.intents.items():
            if self._is_of_visitors(intent) and intent in described:
                about = self._parts.about.get(intent, About())
                self._describe(intent, about, place)
        for each in self._parts.examples:
            if is_out_of_scope(each.intent):
                self._gathering.add_out_of_scope(each.text, each.place, each.language)
                continue
            language = each.language or self._parts.language
            for own, title in titles[each.intent].items():
                self._gathering.add_intent(each.intent, each.place, title=title, language=own)
            self._gathering.add_utterance(each.intent, each.text, each.place, language)

    def _titles(self) -> dict[str, dict[str, str]]:
        """Return titles of intents by language: Botfront marks an example in each."""
        titles: dict[str, dict[str, str]] = defaultdict(dict)
        for each in self._parts.examples:
            if each.is_title:
                titles[each.intent][each.language or ""] = each.text
        return titles

    def _describe(self, intent: str, about: About, place: Place) -> None:
        self._gathering.add_intent(
            intent, place, title=about.title, topic=about.topic, enabled=about.enabled
        )

    def _add_answers(self) -> None:
        used_in_dialogues = {i for d in self._parts.dialogues for t in d.turns for i in t.intents}
        retrieved = (name for name in self._parts.responses if "/" in name)
        by_name = (name.removeprefix(_RETRIEVED) for name in retrieved)
        known = dict.fromkeys([*self._gathering.labels, *self._parts.intents, *by_name])
        for intent in [*known, *sorted(used_in_dialogues - known.keys())]:
            if self._is_of_visitors(intent):
                self._add_answer(intent)

    def _add_answer(self, intent: str) -> None:
        response = self._answers.response_to(intent)
        if response is None:
            self._say_why_not(intent)
            return
        for entry in self._usable[response].values():
            for each in [entry, *self._variants(response, entry)]:
                self._used[response].add(id(each))
                self._gathering.add_answer(intent, each.text, each.place, language=each.language)
            for next_intent in entry.leads_to:
                self._lead(intent, next_intent)

    def _variants(self, response: str, chosen: Entry) -> list[Entry]:
        """Return the other wordings of a response in the same language that all can be told."""
        return [
            each
            for each in self._parts.responses[response]
            if each is not chosen and each.language == chosen.language and not _why_not(each)
        ]

    def _say_why_not(self, intent: str) -> None:
        if intent not in self._answers.place_of:
            return
        place = self._parts.intents.get(intent) or self._answers.place_of[intent]
        if missing := next(self._answers.missing(intent), None):
            self._gathering.leave_out(NOT_THERE, missing, place)
        elif program := self._answers.program_of(intent):
            self._gathering.leave_out(BY_PROGRAM, program, place)

    def _add_intents_alone(self) -> None:
        """An intent that has neither questions nor an answer is kept, and not switched on."""
        gathered = set(self._gathering.labels)
        for intent, place in self._parts.intents.items():
            if intent not in gathered and self._is_of_visitors(intent):
                self._gathering.add_intent(intent, place, enabled=False)

    def _lead(self, intent: str, next_intent: str) -> None:
        if intent in self._gathering.labels and intent != next_intent:
            self._gathering.add_follow_up(intent, next_intent)

    def _leave_out_the_rest(self) -> None:
        """Every entry of a response is an answer, or left out with the reason."""
        for response, entries in self._parts.responses.items():
            used = self._used[response]
            for each in entries:
                if id(each) not in used:
                    reason = _why_not(each) or self._why_not_used(response, each)
                    self._gathering.leave_out(
                        reason, each.text or response, each.place, each.language
                    )

    def _why_not_used(self, response: str, entry: Entry) -> str:
        if response in self._answers.to_intents:
            return FURTHER
        return FALLBACK_ANSWER if response in self._answers.to_out_of_scope else NOT_REACHED

    def _is_of_visitors(self, intent: str) -> bool:
        """Whether it is an intent, and not the common name of several or one of the machine."""
        is_ours = intent not in self._bases and intent not in _BUILT_IN
        return is_ours and not is_out_of_scope(intent)


def _bases_of(parts: Parts) -> set[str]:
    """The first halves of retrieval intents, which stories and domains name alone."""
    intents = {each.intent for each in parts.examples} | parts.intents.keys()
    names = [*intents, *(name.removeprefix(_RETRIEVED) for name in parts.responses)]
    return {name.partition("/")[0] for name in names if "/" in name}


def _by_language(entries: list[Entry]) -> dict[str, Entry]:
    """Return an entry for each language: the first, if possible not for one channel alone."""
    usable = [each for each in entries if not _why_not(each)]
    usable.sort(key=lambda each: each.is_for_one_channel)
    return {each.language: each for each in reversed(usable)}


def _why_not(entry: Entry) -> str:
    """Why an entry is an answer for nobody, or nothing."""
    if entry.reason or entry.needs_a_value:
        return entry.reason or NEEDS_A_VALUE
    return ANSWER_TOO_LONG if len(entry.text) > MAX_ANSWER_CHARS else ""
