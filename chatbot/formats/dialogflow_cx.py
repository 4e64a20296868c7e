"""Dialogflow CX: the folder or zip of an agent, which its console calls a JSON package.

Intents have phrases by language; answers are where intents are used: at the routes of flows, pages
and groups of routes, or at the pages that those lead to. The other export is binary: not read.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.dialogflow_cx_files import PHRASES, Agent, FileReader, Page
from chatbot.formats.dialogflow_edition import ALONE, Edition
from chatbot.formats.dialogflow_messages import Choice, Message, choose
from chatbot.formats.dialogflow_rich import rich_to_markdown
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import peek
from chatbot.formats.json_values import list_of, object_of, objects_of, text_of, texts_of
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
    add_pieces,
    to_fixed,
    to_piece,
)
from chatbot.formats.source import Source

DEPENDS_ON_PLACE = "its answer depends on where it is asked"
NEEDS_A_PROGRAM = "another program completes its answer"
SAID_ON_A_PAGE = "a page of the old bot says it, in answer to no question of its own"

_PLACEHOLDER = re.compile(r"\$[^\W\d]")
_ALWAYS = ("", "true")
_AGENT_KEYS = {"timeZone", "startFlow", "displayName", "advancedSettings", "speechToTextSettings"}
_BLOB_WORDS = (b"Default Start Flow", b"sys.no-match-default")
_MOST_ROUTES = 20_000
_MOST_LINKED = 50
_PROBE_BYTES = 2_000_000

_BLOB = "is an agent as binary data, which only Dialogflow CX can read: export it as JSON package"


@dataclass
class _Use:
    """Where an intent is used, and what is answered there."""

    page: Page
    place: Place
    is_first: bool
    is_conditional: bool
    has_form: bool
    has_webhook: bool
    choice: Choice

    @property
    def text(self) -> str:
        return self.choice.text

    @property
    def is_free(self) -> bool:
        """Whether it is answered so whatever was talked about before, and in full."""
        return self.page.is_start and not (self.is_conditional or self.has_form or self.has_webhook)


class _Reader:
    """Tells what an agent answers to which intent."""

    def __init__(self, agent: Agent, wanted: str | None) -> None:
        self._agent = agent
        self._gathering = Gathering(wanted)
        self._gathering.primary = agent.languages[0]
        self._uses: dict[tuple[str, str], list[_Use]] = defaultdict(list)
        self._entered: dict[Page, set[str]] = defaultdict(set)
        self._heard: dict[Page, set[str]] = defaultdict(set)
        self._seen: set[tuple[str, Place]] = set()
        self._said: set[str] = set()
        self._count = 0

    def read(self) -> CatalogueDraft:
        self._add_intents()
        self._add_phrases()
        for page in self._agent.pages:
            self._read_page(page)
        for label, language in sorted(self._uses):
            self._add_answer(label, language, self._uses[label, language])
        self._add_follow_ups()
        for page in [*self._agent.pages, *self._agent.groups]:
            self._leave_out_rest(page)
        return self._gathering.finish()

    def _add_intents(self) -> None:
        for intent in self._agent.intents.values():
            if not intent.is_fallback:
                title = text_of(intent.content.get("description"))
                enabled = False if intent.is_disabled else None
                self._gathering.add_intent(intent.label, intent.place, title=title, enabled=enabled)

    def _add_phrases(self) -> None:
        for each in self._agent.phrases:
            if each.text is None:
                self._gathering.leave_out(NOT_TEXT, "", each.place)
            elif self._is_fallback(each.label):
                self._gathering.add_out_of_scope(each.text, each.place, each.language)
            else:
                self._gathering.add_utterance(each.label, each.text, each.place, each.language)

    def _read_page(self, page: Page) -> None:
        """Note what is answered at each route of a page, and which pages it leads to."""
        for route, place in self._agent.routes_of(page):
            self._count_route(page)
            label = self._agent.label_of(route.get("intent"))
            if label is None or self._is_fallback(label):
                continue
            target = self._agent.target_of(page, route)
            for language, use in self._to_uses(label, route, page, target, place):
                self._uses[label, language].append(use)
            self._heard[page].add(label)
            if target is not None:
                self._entered[target].add(label)

    def _count_route(self, page: Page) -> None:
        """A group of many routes, on many pages, would be read for each of them."""
        self._count += 1
        if self._count > _MOST_ROUTES:
            reason = f"has more than {_MOST_ROUTES:,} routes"
            raise InvalidCatalogue([Mistake(page.place.file, 0, reason)])

    def _to_uses(
        self, label: str, route: dict[str, Any], page: Page, target: Page | None, place: Place
    ) -> Iterator[tuple[str, _Use]]:
        """Yield what is answered there in each language."""
        said = route.get("triggerFulfillment")
        messages = self._messages(said, label, place)
        if target is not None and not any(each.piece for each in messages):
            said = target.content.get("entryFulfillment")
            messages = self._messages(said, label, target.place)
        for language, choice in self._choose(messages).items():
            yield (
                language,
                _Use(
                    page=page,
                    place=place,
                    is_first=self._agent.is_first(page),
                    is_conditional=text_of(route.get("condition")).lower() not in _ALWAYS,
                    has_form=target is not None and target.has_form,
                    has_webhook=bool(text_of(object_of(said).get("webhook"))),
                    choice=choice,
                ),
            )

    def _choose(self, messages: list[Message]) -> dict[str, Choice]:
        return choose(messages, self._agent.languages[0])

    def _messages(self, fulfillment: Any, label: str, place: Place) -> list[Message]:
        """What is said, without cases; what cannot be shown is left out, once for an intent."""
        messages = list(_messages(fulfillment))
        if (label, place) not in self._seen:
            for each in messages:
                if each.is_command and not each.piece:
                    self._gathering.leave_out(NO_TEXT, label, place)
            for _ in list_of(object_of(fulfillment).get("conditionalCases")):
                self._gathering.leave_out(CONDITIONAL, label, place)
        self._seen.add((label, place))
        return messages

    def _add_answer(self, label: str, language: str, uses: list[_Use]) -> None:
        """Add what is answered wherever it is asked; what holds in some place only is left out."""
        free = [each for each in uses if each.is_free and each.text]
        free = [each for each in free if each.is_first] or free
        texts = {each.text for each in free}
        taken = free[0].text if len(texts) == 1 else None
        if taken is not None:
            self._add_said(label, language, free[0])
        for use in {each.text: each for each in reversed(uses)}.values():
            if use.text and use.text != taken:
                self._gathering.leave_out(_why(use), use.text, use.place, language)
        self._said |= {each.text for each in uses}

    def _add_said(self, label: str, language: str, use: _Use) -> None:
        pieces = [each.piece for each in use.choice.said]
        add_pieces(self._gathering, label, pieces, use.place, language)
        for reason, text in use.choice.left:
            self._gathering.leave_out(reason, text, use.place, language)

    def _add_follow_ups(self) -> None:
        """Where an intent leads to a page, those that the page listens to follow it."""
        for page in self._agent.pages:
            for label in sorted(self._entered[page])[:_MOST_LINKED]:
                for other in sorted(self._heard[page] - {label})[:_MOST_LINKED]:
                    self._gathering.add_follow_up(label, other)

    def _leave_out_rest(self, page: Page) -> None:
        """Count what is said in answer to no intent: on arrival, for a form, to errors."""
        content = page.content
        self._leave_out(SAID_ON_A_PAGE, content.get("entryFulfillment"), page)
        for each in objects_of(object_of(content.get("form")).get("parameters")):
            asked = object_of(each.get("fillBehavior")).get("initialPromptFulfillment")
            self._leave_out(NEEDS_A_FORM, asked, page)
        for each in objects_of(content.get("eventHandlers")):
            self._leave_out(FALLBACK_TEXT, each.get("triggerFulfillment"), page)
        for each in page.routes:
            label = self._agent.label_of(each.get("intent"))
            if label is None or self._is_fallback(label):
                reason = CONDITIONAL if label is None else FALLBACK_TEXT
                self._leave_out(reason, each.get("triggerFulfillment"), page)

    def _leave_out(self, reason: str, fulfillment: Any, page: Page) -> None:
        """Count what is said, unless it is part of what is told of an intent."""
        for language, choice in self._choose(list(_messages(fulfillment))).items():
            others = (text for _, text in choice.left)
            for text in (choice.text, *others) if choice.text not in self._said else ():
                self._gathering.leave_out(reason, text, page.place, language)

    def _is_fallback(self, label: str) -> bool:
        return label in self._agent.intents and self._agent.intents[label].is_fallback


def _why(use: _Use) -> str:
    """Why what is answered there is not taken for the answer."""
    if use.is_conditional:
        return CONDITIONAL
    if use.has_form:
        return NEEDS_A_FORM
    if use.has_webhook:
        return NEEDS_A_PROGRAM
    return DEPENDS_ON_PLACE if use.page.is_start else IN_CONTEXT


def _messages(fulfillment: Any) -> Iterator[Message]:
    for message in objects_of(object_of(fulfillment).get("messages")):
        texts = texts_of(object_of(message.get("text")).get("text"))
        texts += texts_of(object_of(message.get("outputAudioText")).get("text"))
        rich = to_fixed(rich_to_markdown(message.get("payload")), _PLACEHOLDER.search)
        yield Message(
            piece=to_piece(texts, _PLACEHOLDER.search) or rich,
            language=text_of(message.get("languageCode")).lower(),
            channel=text_of(message.get("channel")).lower(),
            is_text=bool(texts),
            is_command="text" not in message,
        )


def read(source: Source, root: str) -> CatalogueDraft:
    """Return what an agent says. Raises InvalidCatalogue with every mistake of its files."""
    return _Reader(FileReader(source, root).read(), source.language).read()


def _roots(source: Source) -> list[str]:
    """The folders that agents are in, each with “/” at its end or empty."""
    if not source.is_folder:
        return []
    roots = {_above(path, "agent.json") for path in source.find("agent.json")}
    marked = {root for root in roots if _is_agent(peek(source, f"{root}agent.json"))}
    if not marked:
        parts = (path.split("/") for path in source)
        marked = {"".join(f"{each}/" for each in p[:-4]) for p in parts if _has_phrases(p)}
    return sorted(marked)


def _above(path: str, name: str) -> str:
    return path[: -len(name)]


def _has_phrases(parts: list[str]) -> bool:
    """Whether a path is `…/intents/NAME/trainingPhrases/LANGUAGE.json`."""
    return len(parts) >= 4 and (parts[-4], parts[-2]) == ("intents", PHRASES)


def _is_agent(content: Any) -> bool:
    return isinstance(object_of(content).get("defaultLanguageCode"), str)


def _refuse(source: Source, path: str) -> str | None:
    content = peek(source, path)
    if _is_agent(content) and content.keys() & _AGENT_KEYS:
        return ALONE
    is_blob = set(object_of(content)) == {"agentContent"} or _is_blob(source, path)
    return _BLOB if is_blob else None


def _is_blob(source: Source, path: str) -> bool:
    """Binary data in which an agent's flows are named as each agent has them."""
    try:
        beginning = source[path][:_PROBE_BYTES]
    except InvalidCatalogue:
        return False
    return b"\0" in beginning and any(word in beginning for word in _BLOB_WORDS)


FORMAT = Edition(
    name="dialogflow-cx",
    title="Dialogflow CX, an agent's folder or zip (JSON package)",
    find_roots=_roots,
    read=read,
    refuse=_refuse,
    otherwise=ALONE,
).as_format()
