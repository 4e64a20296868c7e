"""Watson Assistant: a workspace or a dialog skill as JSON.

Intents have examples; answers are at those nodes of the dialog whose conditions name an intent, and
conditions are expressions. Newer skills are made of actions, which is another thing: not read.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import peek
from chatbot.formats.json_values import list_of, object_of, objects_of, text_of
from chatbot.formats.pieces import (
    CONDITIONAL,
    NEEDS_A_FORM,
    NO_TEXT,
    NOT_TEXT,
    add_pieces,
)
from chatbot.formats.source import Source
from chatbot.formats.watson_dialog import Dialog, Node

NOT_REACHED = "another node of the old bot answers before it"
DISABLED = "it is of a disabled node"
NAMES_AN_ENTITY = "it names an entity, which is no word of a question"

_VALUE = re.compile(r"<\?|\$[^\W\d]")
_ENTITY = re.compile(r"(?<![\w.@])@([^\W\d][\w\-]*)")
_SYSTEM_ENTITY = "sys-"
_MOST_FILES = 5

_ACTIONS = "is a skill of actions; only dialog skills, which have intents and nodes, can be read"
_REPLY = "is a reply of Watson Assistant to one message, not an export of the workspace"
_SEVERAL = "holds several workspaces of Watson Assistant: hand over one of them"
_NO_INTENTS = "has no list intents"
_NO_NAME = "has no name"


@dataclass
class _Use:
    """A node that answers an intent, and whether the intent is enough for it to do so."""

    node: Node
    is_enough: bool


class _Reader:
    """Reads one workspace."""

    def __init__(self, workspace: dict[str, Any], file: str, gathering: Gathering) -> None:
        self._workspace = workspace
        self._place = Place(file)
        self._language = text_of(workspace.get("language")) or None
        self._entities = {
            text_of(each.get("entity")).casefold() for each in objects_of(workspace.get("entities"))
        }
        self._gathering = gathering
        self._mistakes: list[Mistake] = []
        self._labels: set[str] = set()
        self._used: set[Node] = set()

    def read(self) -> CatalogueDraft:
        """Return what it says. Raises InvalidCatalogue for what is no intent."""
        self._add_intents()
        if self._mistakes:
            raise InvalidCatalogue(self._mistakes)
        for each in list_of(self._workspace.get("counterexamples")):
            text = _text_of_example(each)
            if text is None:
                self._gathering.leave_out(NOT_TEXT, "", self._place)
            else:
                self._gathering.add_out_of_scope(text, self._place)
        self._add_answers(Dialog(self._workspace.get("dialog_nodes"), self._needs_a_value))
        return self._gathering.finish()

    def _add_intents(self) -> None:
        intents = self._workspace.get("intents")
        if intents is not None and not isinstance(intents, list):
            self._mistakes.append(Mistake(self._place.file, 0, _NO_INTENTS))
        for number, intent in enumerate(list_of(intents)):
            label = text_of(object_of(intent).get("intent"))
            if not label:
                reason = f"intents[{number}] {_NO_NAME}"
                self._mistakes.append(Mistake(self._place.file, 0, reason))
                continue
            self._labels.add(label)
            title = text_of(intent.get("description"))
            self._gathering.add_intent(label, self._place, title=title)
            for example in list_of(intent.get("examples")):
                self._add_example(label, example)

    def _add_example(self, label: str, example: Any) -> None:
        text = _text_of_example(example)
        if text is None:
            self._gathering.leave_out(NOT_TEXT, "", self._place)
        elif self._names_an_entity(text):
            self._gathering.leave_out(NAMES_AN_ENTITY, text, self._place)
        else:
            self._gathering.add_utterance(label, text, self._place, self._language)

    def _add_answers(self, dialog: Dialog) -> None:
        uses: dict[str, list[_Use]] = defaultdict(list)
        for node in dialog.nodes:
            for name, is_enough in node.named:
                if name in self._labels:
                    uses[name].append(_Use(node, is_enough))
        for label, own in uses.items():
            self._add_answer(label, own, dialog)
        for node in dialog.nodes:
            self._leave_out_rest(node)
        self._add_follow_ups(uses, dialog)

    def _add_answer(self, label: str, uses: list[_Use], dialog: Dialog) -> None:
        """Add what the first node says that answers whenever the intent is met."""
        free = [each.node for each in uses if each.is_enough and each.node.reason is None]
        free = [each for each in free if dialog.parts_of(each)]
        free.sort(key=lambda each: each.is_disabled)
        if not free:
            return
        node, *others = free
        if node.is_disabled:
            self._gathering.add_intent(label, self._place, enabled=False)
        for part in dialog.parts_of(node):
            self._add_part(label, node, part)
        for each in others:
            each.reason = DISABLED if each.is_disabled else NOT_REACHED

    def _add_part(self, label: str, node: Node, part: Node) -> None:
        if node.has_form:
            node.reason = NEEDS_A_FORM
            return
        self._used.add(part)
        add_pieces(self._gathering, label, part.pieces, self._place)

    def _leave_out_rest(self, node: Node) -> None:
        """Count what a node says if it is nobody's answer, and what it does beside."""
        if node.has_command:
            self._gathering.leave_out(NO_TEXT, node.condition, self._place)
        if node.text and node not in self._used:
            reason = DISABLED if node.is_disabled else node.reason or CONDITIONAL
            self._gathering.leave_out(reason, node.text, self._place)

    def _add_follow_ups(self, uses: dict[str, list[_Use]], dialog: Dialog) -> None:
        """Intents follow one that a node above theirs, or one that jumps there, answers."""
        for label, own in uses.items():
            for use in own:
                for node in dialog.followers(use.node):
                    for name, _ in node.named:
                        if name in self._labels and name != label:
                            self._gathering.add_follow_up(label, name)

    def _needs_a_value(self, text: str) -> bool:
        """Whether a variable, an expression or what was found in a question stands in it."""
        return _VALUE.search(text) is not None or self._names_an_entity(text)

    def _names_an_entity(self, text: str) -> bool:
        """Whether it has the sign and the name of one; other names with the sign are words."""
        names = (found[1].casefold() for found in _ENTITY.finditer(text))
        return any(each in self._entities or each.startswith(_SYSTEM_ENTITY) for each in names)


def sniff(source: Source) -> bool:
    """Whether it is a workspace, a skill, or something else that Watson Assistant made."""
    return any(_is_of_watson(content) for _, content in _contents(source))


def read(source: Source) -> CatalogueDraft:
    """Return what a workspace says. Raises InvalidCatalogue for damaged ones and other files."""
    found = [(path, each) for path, each in _contents(source) if _is_of_watson(each)]
    if len(found) != 1:
        raise InvalidCatalogue([Mistake(source.name, 0, _SEVERAL if found else _NO_INTENTS)])
    [(path, content)] = found
    refusal = _refusal(content)
    if refusal:
        raise InvalidCatalogue([Mistake(path, 0, refusal)])
    return _Reader(_workspace_of(content), path, Gathering(source.language)).read()


def _contents(source: Source) -> Iterator[tuple[str, Any]]:
    """The JSON file that it is, or the few that a folder has."""
    paths = [path for path in source if not source.is_folder or path.endswith(".json")]
    if len(paths) <= _MOST_FILES:
        yield from ((path, peek(source, path)) for path in paths)


def _workspace_of(content: Any) -> dict[str, Any]:
    """The workspace that a file is, or has in it; of an assistant's skills that with a dialog."""
    skills = [content, *objects_of(object_of(content).get("assistant_skills"))]
    for each in skills:
        for workspace in (object_of(object_of(each).get("workspace")), object_of(each)):
            if _is_workspace(workspace) and not _is_of_actions(each, workspace):
                return workspace
    return {}


def _is_workspace(content: dict[str, Any]) -> bool:
    """Whether it has a dialog, or intents as no other product writes them."""
    if "dialog_nodes" in content and content.keys() & {"intents", "entities", "counterexamples"}:
        return True
    intents = list(objects_of(content.get("intents")))
    return bool(intents) and all("examples" in each and "intent" in each for each in intents)


def _is_of_actions(skill: Any, workspace: dict[str, Any]) -> bool:
    is_dialog = bool(list_of(workspace.get("dialog_nodes")))
    has_actions = isinstance(workspace.get("actions"), list)
    return not is_dialog and (has_actions or object_of(skill).get("type") == "action")


def _is_of_watson(content: Any) -> bool:
    return bool(_workspace_of(content)) or _refusal(content) is not None


def _refusal(content: Any) -> str | None:
    """Why a file of Watson Assistant is no workspace that can be read, or None."""
    if _workspace_of(content):
        return None
    fields = object_of(content)
    skills = [fields, *objects_of(fields.get("assistant_skills"))]
    if any(_has_actions(each) for each in skills):
        return _ACTIONS
    output = object_of(fields.get("output"))
    is_reply = "generic" in output or "nodes_visited" in output
    return _REPLY if is_reply and fields.keys() & {"context", "intents", "user_id"} else None


def _has_actions(skill: dict[str, Any]) -> bool:
    """An action has a title and steps, wherever the list of them is."""
    places = (object_of(skill.get("workspace")), skill)
    actions = [each for place in places for each in objects_of(place.get("actions"))]
    return any("steps" in each for each in actions)


def _text_of_example(example: Any) -> str | None:
    text = object_of(example).get("text") if isinstance(example, dict) else example
    return text if isinstance(text, str) else None


FORMAT = Format(
    name="watson",
    title="Watson Assistant, a workspace or dialog skill (JSON)",
    sniff=sniff,
    read=read,
)
