"""YAML in which every value stays text as it is written: `no`, `on` and `0123` are names.

Other bots' files are read so, since their intents are called `yes` or `404`. The parser's events
are put together without recursion, and how much aliases may repeat is limited.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.json_text import decode
from chatbot.formats.limits import MOST_NESTING

MOST_NODES = 300_000
_NOTHING = ("", "~", "null")
_MERGE = "<<"


class Text(str):
    """A scalar that knows its line; `is_block` if its lines are those of the file."""

    line: int = 0
    is_block: bool = False


class Items(list[Any]):
    """A list that knows its line."""

    line: int = 0


class Fields(dict[str, Any]):
    """A mapping that knows its line."""

    line: int = 0


def load(content: bytes, file: str) -> Any:
    """Return what a YAML file says: Text, Items, Fields or None.

    Raises InvalidCatalogue for what is no YAML, has several documents, or is too much.
    """
    text = decode(content, file)
    builder = _Builder(file)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _invalid(file, line, f"is not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise _invalid(file, 0, "is not YAML: it holds control characters") from None
    return builder.documents[0] if builder.documents else None


def line_of(node: Any) -> int:
    return int(getattr(node, "line", 0))


def fields(node: Any) -> Fields:
    """Return a mapping; an empty one for anything else."""
    return node if isinstance(node, Fields) else Fields()


def items(node: Any) -> Items:
    """Return a list; an empty one for anything else."""
    return node if isinstance(node, Items) else Items()


def text(node: Any) -> Text:
    """Return a text; an empty one for anything else."""
    return node if isinstance(node, Text) else Text()


def _events(content: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(content, Loader=yaml.CSafeLoader)


@dataclass
class _Open:
    """A list or mapping that is being filled; `key` is that of the value to come."""

    node: Any
    anchor: str | None
    nodes_before: int
    key: Text | None = None
    keys: set[str] = field(default_factory=set)


@dataclass
class _Builder:
    """Puts events together; `_nodes` counts what has been made, aliases with all they repeat."""

    file: str
    documents: list[Any] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    _nodes: int = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(Items(), event.anchor, line)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(Fields(), event.anchor, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(line)
        elif isinstance(event, yaml.DocumentStartEvent) and self.documents:
            raise _invalid(self.file, line, "holds several documents; divide it into files")

    def _take_scalar(self, event: Any, line: int) -> None:
        self._count(1, line)
        value: Text | None = Text(event.value)
        if not event.style and event.value in _NOTHING:
            value = None
        else:
            value.line, value.is_block = line, event.style == "|"  # type: ignore[union-attr]
        if event.anchor:
            self._anchors[event.anchor] = value, 1
        self._put(value, line)

    def _take_alias(self, event: Any, line: int) -> None:
        if event.anchor not in self._anchors:
            raise _invalid(self.file, line, "repeats something (*name) that is not there")
        value, nodes = self._anchors[event.anchor]
        self._count(nodes, line)
        self._put(value, line)

    def _begin(self, node: Any, anchor: str | None, line: int) -> None:
        self._count(1, line)
        if len(self._open) >= MOST_NESTING:
            raise _invalid(self.file, line, "is nested too deeply")
        node.line = line
        self._open.append(_Open(node, anchor, self._nodes))

    def _end(self, line: int) -> None:
        done = self._open.pop()
        if done.anchor:
            self._anchors[done.anchor] = done.node, self._nodes - done.nodes_before + 1
        self._put(done.node, line)

    def _put(self, value: Any, line: int) -> None:
        if not self._open:
            self.documents.append(value)
            return
        around = self._open[-1]
        if isinstance(around.node, Items):
            around.node.append(value)
        elif around.key is None:
            around.key = self._as_key(value, line)
        else:
            self._set(around, around.key, value, line)

    def _set(self, around: _Open, key: Text, value: Any, line: int) -> None:
        """Set a key that is there once: Rasa, too, refuses a file with one twice."""
        around.key = None
        if key == _MERGE:
            self._count(_inherit(around.node, value), line)
            return
        if key in around.keys:
            raise _invalid(self.file, key.line, "has a key that stands there twice")
        around.keys.add(key)
        around.node[key] = value

    def _as_key(self, value: Any, line: int) -> Text:
        if isinstance(value, Items | Fields):
            raise _invalid(self.file, line, "has a list or a mapping where a name belongs")
        return Text("") if value is None else value

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            raise _invalid(self.file, line, f"holds more than {MOST_NODES:,} values")


def _inherit(node: Fields, value: Any) -> int:
    """Take over what a merge key (`<<`) brings, where there is no value; return how much it is."""
    count = 0
    for each in value if isinstance(value, Items) else [value]:
        for key, inherited in fields(each).items():
            node.setdefault(key, inherited)
            count += 1
    return count


def _invalid(file: str, line: int, reason: str) -> InvalidCatalogue:
    return InvalidCatalogue([Mistake(file, line, reason)])
