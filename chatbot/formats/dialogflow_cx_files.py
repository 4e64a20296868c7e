"""The files of a Dialogflow CX agent as what they describe: intents, and pages that use them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.gathering import Place
from chatbot.formats.json_text import load
from chatbot.formats.json_values import list_of, object_of, objects_of, text_of, texts_of
from chatbot.formats.source import Source

PHRASES = "trainingPhrases"
_START_FLOW = "Default Start Flow"
_NO_OBJECT = "must be an object of Dialogflow CX"
_NO_PHRASES = "must have a list trainingPhrases"


@dataclass
class Phrase:
    """A phrase as its file has it; text is None where it has none."""

    label: str
    text: str | None
    language: str
    place: Place


@dataclass
class Intent:
    """What an intent's own file says; its label is the name that people see."""

    label: str
    content: dict[str, Any]
    place: Place

    @property
    def is_fallback(self) -> bool:
        return self.content.get("isFallback") is True

    @property
    def is_disabled(self) -> bool:
        return str(self.content.get("priority", "")).startswith("-")


@dataclass(eq=False)
class Page:
    """A page, the start of a flow, or a group of routes that pages share."""

    content: dict[str, Any]
    place: Place
    flow: str
    is_start: bool = False

    @property
    def names(self) -> list[str]:
        """As people and as programs refer to it."""
        return texts_of([self.content.get("displayName"), self.content.get("name")])

    @property
    def has_form(self) -> bool:
        return any(objects_of(object_of(self.content.get("form")).get("parameters")))

    @property
    def routes(self) -> list[dict[str, Any]]:
        return list(objects_of(self.content.get("transitionRoutes")))


@dataclass
class Agent:
    """All of an agent that matters here, as its files are, in the order of their paths."""

    languages: list[str] = field(default_factory=lambda: [""])
    start_flow: str = _START_FLOW
    intents: dict[str, Intent] = field(default_factory=dict)
    phrases: list[Phrase] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    groups: list[Page] = field(default_factory=list)
    _labels: dict[str, str] = field(default_factory=dict)
    _pages: dict[tuple[str, str], Page] = field(default_factory=dict)
    _starts: dict[str, Page] = field(default_factory=dict)
    _groups: dict[tuple[str, str], Page] = field(default_factory=dict)

    def add_intent(self, intent: Intent) -> None:
        self.intents.setdefault(intent.label, intent)
        self._labels[intent.label] = intent.label
        for name in texts_of(intent.content.get("name")):
            self._labels.setdefault(name, intent.label)

    def add_page(self, page: Page) -> None:
        self.pages.append(page)
        for name in page.names:
            if page.is_start:
                self._starts.setdefault(name, page)
            else:
                self._pages.setdefault((page.flow, name), page)

    def add_group(self, group: Page) -> None:
        self.groups.append(group)
        for name in group.names:
            self._groups.setdefault((group.flow, name), group)

    def label_of(self, name: Any) -> str | None:
        """The label of the intent that a route names, or None."""
        return self._labels.get(text_of(name))

    def target_of(self, page: Page, route: dict[str, Any]) -> Page | None:
        """The page, or the start of a flow, that a route leads to."""
        target = self._pages.get((page.flow, text_of(route.get("targetPage"))))
        return target or self._starts.get(text_of(route.get("targetFlow")))

    def routes_of(self, page: Page) -> Iterator[tuple[dict[str, Any], Place]]:
        """The routes of a page itself, and those of the groups that it uses."""
        yield from ((route, page.place) for route in page.routes)
        for name in texts_of(page.content.get("transitionRouteGroups")):
            group = self._groups.get((page.flow, name)) or self._groups.get(("", name))
            if group is not None:
                yield from ((route, group.place) for route in group.routes)

    def is_first(self, page: Page) -> bool:
        """Whether it is where every conversation starts."""
        return page.is_start and self.start_flow in (page.flow, *page.names)


class FileReader:
    """Reads the files of an agent that say what it answers; no other one is opened."""

    def __init__(self, source: Source, root: str) -> None:
        self._source = source
        self._root = root
        self._mistakes: list[Mistake] = []
        self._agent = Agent()

    def read(self) -> Agent:
        """Return the agent. Raises InvalidCatalogue with the mistakes of all its files."""
        self._read_settings()
        self._read_intents()
        self._read_flows()
        if self._mistakes:
            raise InvalidCatalogue(self._mistakes)
        return self._agent

    def _read_settings(self) -> None:
        path = f"{self._root}agent.json"
        content = self._load(path) if path in self._source else {}
        others = texts_of(content.get("supportedLanguageCodes"))
        languages = [text_of(content.get("defaultLanguageCode")), *others]
        self._agent.languages = [each.lower() for each in languages]
        self._agent.start_flow = text_of(content.get("startFlow")) or _START_FLOW

    def _read_intents(self) -> None:
        labels: dict[str, str] = {}
        phrases = []
        for path, parts in self._below("intents"):
            if len(parts) == 2:
                content = self._load(path)
                label = labels[parts[0]] = text_of(content.get("displayName")) or parts[0]
                self._agent.add_intent(Intent(label, content, Place(path)))
            elif len(parts) == 3 and parts[1] == PHRASES:
                phrases.append((path, parts[0]))
        for path, folder in phrases:
            self._read_phrases(path, labels.get(folder, folder))

    def _read_phrases(self, path: str, label: str) -> None:
        rows = self._load(path).get(PHRASES)
        if not isinstance(rows, list):
            self._mistakes.append(Mistake(path, 0, _NO_PHRASES))
        for row in list_of(rows):
            self._agent.phrases.append(_to_phrase(label, object_of(row), path))

    def _read_flows(self) -> None:
        for path, parts in self._below("flows"):
            if len(parts) == 2:
                self._agent.add_page(self._page(path, parts[0], is_start=True))
            elif len(parts) == 3 and parts[1] == "pages":
                self._agent.add_page(self._page(path, parts[0]))
            elif len(parts) == 3 and parts[1] == "transitionRouteGroups":
                self._agent.add_group(self._page(path, parts[0]))
        for path, _ in self._below("agentTransitionRouteGroups"):
            self._agent.add_group(self._page(path, ""))

    def _page(self, path: str, flow: str, *, is_start: bool = False) -> Page:
        return Page(self._load(path), Place(path), flow, is_start)

    def _below(self, folder: str) -> Iterator[tuple[str, list[str]]]:
        """The JSON files in a folder of the agent, in order, each with the parts of its path."""
        start = f"{self._root}{folder}/"
        for path in sorted(self._source):
            if path.startswith(start) and path.endswith(".json"):
                yield path, path[len(start) :].split("/")

    def _load(self, path: str) -> dict[str, Any]:
        """What a file says; of a damaged one what is no further mistake."""
        try:
            content = load(self._source[path], path)
        except InvalidCatalogue as error:
            self._mistakes += error.mistakes
            return {PHRASES: []}
        if not isinstance(content, dict):
            self._mistakes.append(Mistake(path, 0, _NO_OBJECT))
            return {PHRASES: []}
        return content


def _to_phrase(label: str, row: dict[str, Any], path: str) -> Phrase:
    """A phrase is in parts where something in it was marked; nothing is between them."""
    parts = [object_of(part).get("text") for part in list_of(row.get("parts"))]
    is_text = bool(parts) and all(isinstance(part, str) for part in parts)
    language = text_of(row.get("languageCode")) or PurePosixPath(path).stem
    return Phrase(label, "".join(map(str, parts)) if is_text else None, language, Place(path))
