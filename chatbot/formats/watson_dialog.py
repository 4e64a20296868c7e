"""The tree of a Watson dialog: which node answers what, and whether it does so at any time."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from chatbot.formats.json_values import object_of, objects_of, text_of
from chatbot.formats.pieces import (
    CONDITIONAL,
    FALLBACK_TEXT,
    IN_CONTEXT,
    NEEDS_A_FORM,
    ONLY_AN_EVENT,
    Piece,
    in_full,
)
from chatbot.formats.watson_output import read_output

_TOKEN = re.compile(r"[()]|\|\||\bor\b", re.IGNORECASE)
_WRAPPED = re.compile(r"\(([^()]*)\)")
_INTENT = re.compile(r"#([\w.\-]+)")
_ALWAYS = ("", "true")
_OTHERWISE = (*_ALWAYS, "anything_else")
_EVENTS = ("welcome", "conversation_start")
_PARTS = ("slot", "event_handler")
_MOST_JUMPS = 10
_MOST_NAMED = 30
"""Conditions of people name a few intents; more of them would make links without number."""


@dataclass(eq=False)
class Node:
    """A node of the tree; `reason` says why what it answers is not for any time, if it is not."""

    key: str
    content: dict[str, Any]
    pieces: list[Piece] = field(default_factory=list)
    has_command: bool = False
    children: list["Node"] = field(default_factory=list)
    reason: str | None = IN_CONTEXT
    is_disabled: bool = False
    named: list[tuple[str, bool]] = field(default_factory=list)
    """The intents that its condition names, and whether each is enough by itself."""

    def __post_init__(self) -> None:
        self.named = list(islice(_named(self.condition), _MOST_NAMED))

    @property
    def kind(self) -> str:
        return text_of(self.content.get("type"))

    @property
    def condition(self) -> str:
        return text_of(self.content.get("conditions"))

    @property
    def text(self) -> str:
        return in_full(self.pieces)

    @property
    def next_step(self) -> dict[str, Any]:
        return object_of(self.content.get("next_step"))

    @property
    def has_form(self) -> bool:
        return self.kind == "frame" or any(each.kind == "slot" for each in self.children)

    @property
    def goes_on_by_itself(self) -> bool:
        return self.next_step.get("behavior") == "skip_user_input"


class Dialog:
    """All nodes of a workspace, in the order in which the old bot tried them."""

    def __init__(self, nodes: Any, placeholder: Callable[[str], object]) -> None:
        self._nodes: dict[str, Node] = {}
        for content in objects_of(nodes):
            pieces, has_command = read_output(content.get("output"), placeholder)
            key = text_of(content.get("dialog_node")) or f"\0{len(self._nodes)}"
            self._nodes.setdefault(key, Node(key, content, pieces, has_command))
        self._roots = self._build()
        self.nodes = list(self._walk())

    def parts_of(self, node: Node) -> list[Node]:
        """Return the nodes that say the answer of this one: itself, or those it goes on to.

        Of responses under conditions that is the one for all other cases.
        """
        if node.text:
            return [node]
        for child in node.children:
            is_next = child.kind == "response_condition" or node.goes_on_by_itself
            if is_next and child.condition.lower() in _OTHERWISE and child.text:
                return [child]
        target = self._jump(node)
        return [target] if target is not None and target.text else []

    def followers(self, node: Node) -> list[Node]:
        """Return the nodes that are tried after this one, whatever is said then."""
        target = self._target(node)
        return [*node.children, *([target] if target is not None else [])]

    def _jump(self, node: Node) -> Node | None:
        """The node with a text that others lead to, one after the other, without conditions."""
        for _ in range(_MOST_JUMPS):
            target = self._target(node)
            if target is None or node.next_step.get("selector") != "body" or target.has_form:
                return None
            if target.text:
                return target
            node = target
        return None

    def _target(self, node: Node) -> Node | None:
        if node.next_step.get("behavior") != "jump_to":
            return None
        return self._nodes.get(text_of(node.next_step.get("dialog_node")))

    def _build(self) -> list[Node]:
        """Give each node its children, and return those without a parent."""
        families: dict[str, list[Node]] = defaultdict(list)
        for node in self._nodes.values():
            families[text_of(node.content.get("parent"))].append(node)
        for key, family in families.items():
            if key in self._nodes:
                self._nodes[key].children = _in_order(family)
        return _in_order(families[""])

    def _walk(self) -> Iterator[Node]:
        """All nodes from the first root on; those that hang together in a circle come last."""
        waiting: list[tuple[Node, str | None, bool]] = []
        waiting += [(each, None, False) for each in reversed(self._roots)]
        seen = set()
        while waiting:
            node, reason, is_disabled = waiting.pop()
            seen.add(node)
            node.reason = reason or _own_reason(node)
            node.is_disabled = is_disabled or node.content.get("disabled") is True
            below = _reason_below(node)
            waiting += [(each, below, node.is_disabled) for each in reversed(node.children)]
            yield node
        yield from (each for each in self._nodes.values() if each not in seen)


def _named(condition: str) -> Iterator[tuple[str, bool]]:
    for alternative in _alternatives(condition):
        whole = _INTENT.fullmatch(alternative.strip())
        if whole:
            yield whole[1], True
        else:
            yield from ((name, False) for name in _INTENT.findall(alternative))


def _alternatives(condition: str) -> Iterator[str]:
    """What is joined by “or”, but for what stands in parentheses with something beside them."""
    wrapped = _WRAPPED.fullmatch(condition)
    condition = wrapped[1] if wrapped else condition
    depth = start = 0
    for token in _TOKEN.finditer(condition):
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
        elif depth == 0:
            yield condition[start : token.start()]
            start = token.end()
    yield condition[start:]


def _in_order(family: list[Node]) -> list[Node]:
    """Siblings as each says which one is before it, then those that no such chain reaches."""
    following: dict[str, list[Node]] = defaultdict(list)
    keys = {each.key for each in family}
    for node in family:
        before = text_of(node.content.get("previous_sibling"))
        following[before if before in keys else ""].append(node)
    ordered: dict[Node, None] = {}
    waiting = list(reversed(following[""]))
    while waiting:
        node = waiting.pop()
        if node not in ordered:
            ordered[node] = None
            waiting += reversed(following[node.key])
    return list(ordered | dict.fromkeys(family))


def _own_reason(node: Node) -> str | None:
    """Why a node that is tried at any time answers no question of its own."""
    condition = node.condition.lower()
    if node.kind in _PARTS:
        return NEEDS_A_FORM
    if condition == "anything_else":
        return FALLBACK_TEXT
    if condition in _EVENTS:
        return ONLY_AN_EVENT
    return None


def _reason_below(node: Node) -> str | None:
    """Why what is below a node is not answered at any time; a folder changes nothing."""
    if node.kind == "folder" and node.condition.lower() in _ALWAYS:
        return node.reason
    if node.kind in _PARTS or node.kind == "folder" or node.has_form:
        return node.reason or (CONDITIONAL if node.kind == "folder" else NEEDS_A_FORM)
    is_same_turn = node.goes_on_by_itself or _has_responses(node)
    return CONDITIONAL if is_same_turn else IN_CONTEXT


def _has_responses(node: Node) -> bool:
    return any(each.kind == "response_condition" for each in node.children)
