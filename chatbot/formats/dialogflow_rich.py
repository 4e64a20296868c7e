"""Rich answers of Dialogflow's own web widget, as both of its editions put them into payloads."""

from collections.abc import Iterator
from typing import Any

from chatbot.formats.json_values import object_of, objects_of, text_of, texts_of
from chatbot.formats.pieces import (
    join,
    plain_to_markdown,
    to_link,
    to_options,
)


def rich_to_markdown(payload: Any) -> str:
    """Return what a payload shows as Markdown; nothing where it is for another channel."""
    rows = object_of(payload).get("richContent")
    elements = (each for row in _rows(rows) for each in objects_of(row))
    return join(_element(each) for each in elements)


def _rows(rows: Any) -> Iterator[Any]:
    """A row of elements may stand by itself, without a list of rows around it."""
    if isinstance(rows, list):
        yield from rows if all(isinstance(row, list) for row in rows) else [rows]


def _element(element: dict[str, Any]) -> str:
    if element.get("type") == "chips":
        return to_options("", _options(element.get("options")))
    if element.get("type") == "image":
        return to_link(text_of(element.get("accessibilityText")), text_of(element.get("rawUrl")))
    if element.get("type") == "button":
        return to_link(text_of(element.get("text")), text_of(element.get("link")))
    if element.get("type") == "html":
        return plain_to_markdown(text_of(element.get("html")))
    return _card(element)


def _options(options: Any) -> Iterator[str]:
    for option in objects_of(options):
        yield to_link(text_of(option.get("text")), text_of(option.get("link")))


def _card(element: dict[str, Any]) -> str:
    """Of an `info`, a `description`, a `list` or an `accordion`."""
    link = text_of(element.get("actionLink")) or text_of(element.get("link"))
    title = to_link(text_of(element.get("title")), link)
    texts = [text_of(element.get("subtitle")), *texts_of(element.get("text"))]
    return join([title, *map(plain_to_markdown, texts)])
