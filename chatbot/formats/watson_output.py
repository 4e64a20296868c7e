"""What a node of a Watson dialog says, in each of the shapes that its output has had."""

from collections.abc import Callable, Iterator
from typing import Any

from chatbot.formats.json_values import list_of, object_of, objects_of, text_of, texts_of
from chatbot.formats.pieces import (
    Piece,
    join,
    plain_to_markdown,
    to_fixed,
    to_link,
    to_options,
    to_picture,
    to_piece,
)

_SILENT = ("", "pause", "text", "option", "image", "video", "audio", "iframe")


def read_output(output: Any, placeholder: Callable[[str], object]) -> tuple[list[Piece], bool]:
    """Return the pieces that are said, and whether a command to another program is among them.

    Older output is a text or lists texts; newer has a list of responses, each of a kind.
    """
    fields = object_of(output)
    responses = list(objects_of(fields.get("generic")))
    pieces = [piece for each in responses if (piece := _response(each, placeholder))]
    if not pieces:
        pieces = [piece for piece in _old_texts(fields.get("text"), placeholder) if piece]
    has_command = any(text_of(each.get("response_type")) not in _SILENT for each in responses)
    return pieces, has_command


def _old_texts(text: Any, placeholder: Callable[[str], object]) -> Iterator[Piece]:
    if isinstance(text, dict):
        yield _wordings(text, placeholder)
    else:
        yield from (to_piece([each], placeholder) for each in texts_of(text))


def _response(response: dict[str, Any], placeholder: Callable[[str], object]) -> Piece:
    kind = text_of(response.get("response_type"))
    if kind in ("text", ""):
        return _wordings(response, placeholder)
    if kind == "option":
        return to_fixed(_options(response), placeholder)
    if kind in ("image", "video", "audio", "iframe"):
        return to_fixed(_media(response), placeholder)
    return []


def _wordings(fields: dict[str, Any], placeholder: Callable[[str], object]) -> Piece:
    """Of the texts one is said, by turns or by chance, or all, each on a line of its own."""
    texts = list(_values(fields.get("values"))) or texts_of(fields.get("text"))
    if fields.get("selection_policy") == "multiline":
        texts = ["\n".join(texts)] if texts else []
    return to_piece(texts, placeholder)


def _values(values: Any) -> Iterator[str]:
    for each in list_of(values):
        yield from texts_of(each) or texts_of(object_of(each).get("text"))


def _options(response: dict[str, Any]) -> str:
    labels = [text_of(each.get("label")) for each in objects_of(response.get("options"))]
    return to_options(_described(response), labels) if any(labels) else ""


def _media(response: dict[str, Any]) -> str:
    source, title = text_of(response.get("source")), text_of(response.get("title"))
    described = plain_to_markdown(text_of(response.get("description")))
    is_picture = response.get("response_type") == "image"
    link = to_picture(title, source) if is_picture else to_link(title, source)
    return join([link, described])


def _described(response: dict[str, Any]) -> str:
    texts = (text_of(response.get(each)) for each in ("title", "description"))
    return join(map(plain_to_markdown, texts))
