"""Dialogflow ES and its forerunner api.ai: a folder or zip of an agent, a file for each intent.

Answers are messages of several kinds, for several channels and languages.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from chatbot.domain.text import normalise
from chatbot.formats.dialogflow_edition import ALONE, Edition
from chatbot.formats.dialogflow_es_files import (
    NO_INTENT,
    Agent,
    FileReader,
    Intent,
    Row,
    context_names,
    find_roots,
)
from chatbot.formats.dialogflow_messages import Choice, Message, choose
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import Gathering
from chatbot.formats.json_parts import peek
from chatbot.formats.json_values import list_of, object_of, objects_of, text_of
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
    ONLY_AN_EVENT,
    add_pieces,
    in_full,
)
from chatbot.formats.source import Source

PATTERN = "it is a pattern, not a question"
SMALL_TALK = "it is small talk, whose questions are not in the export"
KNOWLEDGE = "its documents are not in the export"

_KNOWLEDGE_VALUE = "$Knowledge."
_TEMPLATE = re.compile(r"@\w")
_AGENT_KEYS = {
    "customClassifierMode",
    "mlMinConfidence",
    "googleAssistant",
    "onePlatformApiVersion",
}
_MOST_PARENTS = 10
"""Links between all that set a context and all that need it would be without number."""

_REPLY = "is a reply of Dialogflow to one question, not an export of the agent"


class _Reader:
    """Tells what an agent answers to which intent."""

    def __init__(self, agent: Agent, wanted: str | None) -> None:
        self._agent = agent
        self._gathering = Gathering(wanted)
        self._gathering.primary = agent.language

    def read(self) -> CatalogueDraft:
        usable = [each for each in self._agent.intents if self._is_usable(each)]
        followed = _link(usable)
        reached = _reach(usable, followed)
        for intent in usable:
            self._add(intent, intent.label in reached)
        self._add_links(usable, followed, reached)
        for answer, place in self._agent.small_talk:
            self._gathering.leave_out(SMALL_TALK, answer, place)
        return self._gathering.finish()

    def _is_usable(self, intent: Intent) -> bool:
        """Whether it is an intent here too; what it has is left out, or out of scope, if not."""
        if intent.is_knowledge:
            self._gathering.leave_out(KNOWLEDGE, intent.label, intent.place)
            self._leave_out_rows(intent, KNOWLEDGE)
        elif intent.is_fallback:
            self._add_fallback(intent)
        elif intent.is_only_an_event:
            text = in_full(each.piece for each in intent.messages) or intent.label
            self._gathering.leave_out(ONLY_AN_EVENT, text, intent.place)
        else:
            return True
        return False

    def _add_fallback(self, intent: Intent) -> None:
        for each in intent.messages:
            for wording in each.piece:
                self._gathering.leave_out(FALLBACK_TEXT, wording.text, intent.place)
        if intent.contexts:
            self._leave_out_rows(intent, IN_CONTEXT)
            return
        for row, text in self._texts(intent):
            self._gathering.add_out_of_scope(text, row.place, row.language)

    def _add(self, intent: Intent, is_reached: bool) -> None:
        """Add an intent; the phrases of one that needs a context mean nothing without it."""
        if not is_reached:
            self._leave_out_rows(intent, IN_CONTEXT)
            answer = in_full(each.piece for each in intent.messages)
            self._gathering.leave_out(IN_CONTEXT, answer or intent.label, intent.place)
            return
        enabled = False if str(intent.content.get("priority")) == "-1" else None
        self._gathering.add_intent(
            intent.label, intent.place, enabled=enabled, needs_context=bool(intent.contexts)
        )
        if intent.contexts:
            self._leave_out_rows(intent, IN_CONTEXT)
        else:
            for row, text in self._texts(intent):
                self._gathering.add_utterance(intent.label, text, row.place, row.language)
        self._add_answer(intent)

    def _texts(self, intent: Intent) -> Iterator[tuple[Row, str]]:
        """The rows that are phrases; others are left out."""
        for row in intent.rows:
            if row.text is None:
                self._gathering.leave_out(NOT_TEXT, "", row.place)
            elif row.is_template and _TEMPLATE.search(row.text):
                self._gathering.leave_out(PATTERN, row.text.strip(), row.place)
            else:
                yield row, row.text

    def _leave_out_rows(self, intent: Intent, reason: str) -> None:
        for row in intent.rows:
            self._gathering.leave_out(reason, (row.text or "").strip(), row.place)

    def _add_answer(self, intent: Intent) -> None:
        """Add what was said on the default channel in each language, if there is that."""
        for _ in list_of(intent.content.get("conditionalResponses")):
            self._gathering.leave_out(CONDITIONAL, intent.label, intent.place)
        said = choose(self._showable(intent), self._agent.language or "")
        for language, choice in said.items():
            self._add_said(intent, choice, language)
            for reason, text in choice.left:
                self._gathering.leave_out(reason, text, intent.place, language)

    def _add_said(self, intent: Intent, choice: Choice, language: str) -> None:
        if _KNOWLEDGE_VALUE in choice.text:
            self._gathering.leave_out(KNOWLEDGE, choice.text, intent.place, language)
        elif intent.needs_a_form:
            self._gathering.leave_out(NEEDS_A_FORM, choice.text, intent.place, language)
        else:
            pieces = [each.piece for each in choice.said]
            add_pieces(self._gathering, intent.label, pieces, intent.place, language)

    def _showable(self, intent: Intent) -> Iterator[Message]:
        """What is said; what cannot be shown is left out."""
        for each in intent.messages:
            if each.condition:
                text = in_full([each.piece]) or intent.label
                self._gathering.leave_out(CONDITIONAL, text, intent.place)
            elif each.is_command and not each.piece:
                self._gathering.leave_out(NO_TEXT, intent.label, intent.place)
            else:
                yield each

    def _add_links(
        self, usable: list[Intent], followed: dict[str, set[str]], reached: set[str]
    ) -> None:
        replies = self._find_replies(usable)
        for intent in usable:
            if intent.label in reached:
                own = followed[intent.label] | replies[intent.label]
                for label in sorted(own & reached - {intent.label}):
                    self._gathering.add_follow_up(intent.label, label)

    def _find_replies(self, usable: list[Intent]) -> dict[str, set[str]]:
        """Which intents the quick replies of each are literally phrases of."""
        owners: dict[str, set[str]] = defaultdict(set)
        for intent in usable:
            for row in intent.rows:
                owners[normalise(row.text or "")].add(intent.label)
        replies: dict[str, set[str]] = defaultdict(set)
        for intent in usable:
            for each in intent.messages:
                for reply in each.replies:
                    found = owners.get(normalise(reply), set())
                    replies[intent.label] |= found if len(found) == 1 else set()
        return replies


def read(source: Source, root: str) -> CatalogueDraft:
    """Return what an agent says. Raises InvalidCatalogue with every mistake of its files."""
    return _Reader(FileReader(source, root).read(), source.language).read()


def _refuse(source: Source, path: str) -> str | None:
    content = object_of(peek(source, path))
    if isinstance(content.get("queryResult"), dict) and content.keys() & {"responseId", "session"}:
        return _REPLY
    is_agent = isinstance(content.get("language"), str) and content.keys() & _AGENT_KEYS
    return ALONE if is_agent else None


def _link(intents: Iterable[Intent]) -> dict[str, set[str]]:
    """Which intents follow each: those that name it, or need a context that it sets."""
    listed = list(intents)
    by_id = {text_of(each.content.get("id")): each.label for each in listed}
    setters: dict[str, set[str]] = defaultdict(set)
    for each in listed:
        for response in objects_of(each.content.get("responses")):
            for name in context_names(response.get("affectedContexts")):
                if len(setters[name]) < _MOST_PARENTS:
                    setters[name].add(each.label)
    followed: dict[str, set[str]] = defaultdict(set)
    for each in listed:
        parent = by_id.get(_parent_of(each, by_id))
        parents = {parent} if parent else set()
        for name in each.contexts:
            parents |= setters.get(name, set())
        for label in parents:
            followed[label].add(each.label)
    return followed


def _parent_of(intent: Intent, by_id: dict[str, str]) -> str:
    parent = text_of(intent.content.get("parentId"))
    return parent if parent in by_id else text_of(intent.content.get("rootParentId"))


def _reach(intents: Iterable[Intent], followed: dict[str, set[str]]) -> set[str]:
    """Labels of the intents that need no context, and of those that follow one reached."""
    waiting = [each.label for each in intents if not each.contexts]
    reached = set(waiting)
    while waiting:
        new = followed.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


FORMAT = Edition(
    name="dialogflow-es",
    title="Dialogflow ES or api.ai, an agent's folder or zip",
    find_roots=find_roots,
    read=read,
    refuse=_refuse,
    otherwise=NO_INTENT,
).as_format()
