"""Load YAML whose strings, lists and mappings know their lines."""

from collections.abc import Generator
from typing import Any, cast

import yaml

from chatbot.formats.limits import MOST_NESTING

LINE = "__line__"


class Text(str):
    """A YAML string that knows its line."""

    line: int


class Listed(list[Any]):
    """A YAML list that knows its line and those of its items."""

    line: int
    lines: list[int]


def load(text: str) -> Any:
    """Load YAML; its values know their lines. Raises yaml.YAMLError."""
    _check(text)
    return yaml.load(text, Loader=_LineLoader)  # noqa: S506 it is a SafeLoader


def _check(text: str) -> None:
    """Refuse aliases, which fill any memory when they are nested, and deep nesting.

    libyaml reads events a hundred times as fast as Python would, so damaged files cost little.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            reason = "aliases (*name) are not allowed"
            mark = cast("yaml.Mark", event.start_mark)  # libyaml's own has the same line
            raise yaml.composer.ComposerError(None, None, reason, mark)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_NESTING:
            raise yaml.YAMLError("it is nested too deeply")


def line_of(node: Any) -> int:
    return int(node.get(LINE, 0)) if isinstance(node, dict) else int(getattr(node, "line", 0))


class _LineLoader(yaml.CSafeLoader):
    """SafeLoader that notes lines."""

    def construct_scalar(self, node: Any) -> Any:
        value: Any = super().construct_scalar(node)
        if not isinstance(value, str):
            return value
        text = Text(value)
        text.line = node.start_mark.line + 1
        return text

    def construct_yaml_seq(self, node: Any) -> Generator[list[Any], None, None]:
        items = Listed()
        items.line = node.start_mark.line + 1
        items.lines = [item.start_mark.line + 1 for item in node.value]
        yield items
        items.extend(self.construct_sequence(node))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        mapping[LINE] = node.start_mark.line + 1
        return mapping


_LineLoader.add_constructor("tag:yaml.org,2002:seq", _LineLoader.construct_yaml_seq)
