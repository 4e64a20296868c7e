"""Load YAML whose strings, lists and mappings know their lines."""

from collections.abc import Generator
from typing import Any

import yaml

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
    try:
        return yaml.load(text, Loader=_LineLoader)  # noqa: S506 it is a SafeLoader
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None


def line_of(node: Any) -> int:
    return int(node.get(LINE, 0)) if isinstance(node, dict) else int(getattr(node, "line", 0))


class _LineLoader(yaml.SafeLoader):
    """SafeLoader that notes lines, and refuses aliases: nested, they fill any memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not allowed", mark)
        return super().compose_node(parent, index)

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
