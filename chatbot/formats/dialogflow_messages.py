"""Messages of Dialogflow: what those of ES say, and which of those of both editions are the answer.

The kind of a message of ES is a number in older files and a word in newer ones.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chatbot.formats.dialogflow_rich import rich_to_markdown
from chatbot.formats.json_values import object_of, objects_of, text_of, texts_of
from chatbot.formats.pieces import (
    Piece,
    in_full,
    join,
    plain_to_markdown,
    to_fixed,
    to_link,
    to_options,
    to_picture,
    to_piece,
)

PLACEHOLDER = re.compile(r"\$[^\W\d]|(?<![\w/])#[^\W\d][\w-]*\.[^\W\d]")
"""A parameter, `$name`, or one of a context, `#context.name`; `$5` and `#hashtag` are text."""

ANOTHER_CHANNEL = "its answer is for another channel than the one taken"

_DEFAULT_CHANNELS = ("", "default", "platform_unspecified")


@dataclass
class Message:
    """What a message says, where; `is_command` where it says nothing but does something."""

    piece: Piece
    language: str
    channel: str
    condition: str = ""
    is_text: bool = False
    is_command: bool = False
    replies: list[str] = field(default_factory=list)


@dataclass
class Choice:
    """The messages that are the answer in a language, and what is left out: reason and text."""

    said: list[Message]
    left: list[tuple[str, str]]

    @property
    def text(self) -> str:
        return _in_full(self.said)


def choose(messages: Iterable[Message], language: str) -> dict[str, Choice]:
    """Return what is said in each language; messages without one are in that of the agent.

    It is for the default channel if that has a text, else for the one with most text.
    """
    spoken: dict[str, dict[str, list[Message]]] = defaultdict(lambda: defaultdict(list))
    for each in messages:
        if each.piece:
            spoken[each.language or language][each.channel].append(each)
    return {own: _choose(channels) for own, channels in spoken.items()}


def _choose(channels: dict[str, list[Message]]) -> Choice:
    said = channels.pop(_best_channel(channels))
    others = (_in_full(each) for each in channels.values())
    return Choice(said, [(ANOTHER_CHANNEL, text) for text in others if text != _in_full(said)])


def _best_channel(channels: dict[str, list[Message]]) -> str:
    def rank(channel: str) -> tuple[bool, int, int, str]:
        said = channels[channel]
        texts = len(_in_full(each for each in said if each.is_text))
        is_default = channel == "" and texts > 0
        return not is_default, -texts, -len(_in_full(said)), channel

    return min(channels, key=rank)


def _in_full(messages: Iterable[Message]) -> str:
    return in_full(each.piece for each in messages)


def read_message(message: dict[str, Any]) -> Message:
    """Return what a message says, as Markdown."""
    kind = str(message.get("type", 0)).lower()
    channel = text_of(message.get("platform")).lower()
    return Message(
        piece=_piece(kind, message),
        language=text_of(message.get("lang")).lower(),
        channel="" if channel in _DEFAULT_CHANNELS else channel,
        condition=text_of(message.get("condition")),
        is_text=kind in _TEXTS,
        is_command=kind not in _TEXTS and kind not in _KINDS,
        replies=list(_replies(message)),
    )


def _piece(kind: str, message: dict[str, Any]) -> Piece:
    if kind in _TEXTS:
        return to_piece(_texts(message), PLACEHOLDER.search)
    return to_fixed(_KINDS.get(kind, _payload)(message), PLACEHOLDER.search)


def _texts(message: dict[str, Any]) -> list[str]:
    """What is shown; where that is missing, what is spoken."""
    found = texts_of(message.get("speech"))
    for each in [message, *objects_of(message.get("items"))]:
        found += (texts_of(each.get("displayText")) or texts_of(each.get("textToSpeech")))[:1]
    return found


def _replies(message: dict[str, Any]) -> Iterator[str]:
    yield from texts_of(message.get("replies"))
    for each in objects_of(message.get("suggestions")):
        yield from texts_of(each.get("title"))


def _quick_replies(message: dict[str, Any]) -> str:
    title = plain_to_markdown(text_of(message.get("title")))
    replies = list(_replies(message))
    return to_options(title, replies) if replies else ""


def _card(message: dict[str, Any]) -> str:
    texts = (text_of(message.get(each)) for each in ("title", "subtitle", "formattedText"))
    buttons = (_button(each) for each in objects_of(message.get("buttons")))
    return join([*map(plain_to_markdown, texts), to_options("", buttons), _picture_of(message)])


def _button(button: dict[str, Any]) -> str:
    label = text_of(button.get("text")) or text_of(button.get("title"))
    return to_link(label, text_of(button.get("postback")) or _url_of(button))


def _picture_of(message: dict[str, Any]) -> str:
    return to_picture("", text_of(message.get("imageUrl")) or _url(message.get("image")))


def _picture(message: dict[str, Any]) -> str:
    return to_picture(text_of(message.get("title")), text_of(message.get("imageUrl")))


def _payload(message: dict[str, Any]) -> str:
    return rich_to_markdown(message.get("payload"))


def _link_out(message: dict[str, Any]) -> str:
    return to_link(text_of(message.get("destinationName")), text_of(message.get("url")))


def _items(message: dict[str, Any]) -> str:
    """Of a list or a carousel."""
    listed = (_item(each) for each in objects_of(message.get("items")))
    return to_options(plain_to_markdown(text_of(message.get("title"))), listed)


def _item(item: dict[str, Any]) -> str:
    title = to_link(text_of(item.get("title")), _url_of(item))
    described = text_of(item.get("description"))
    return f"{title}: {described}" if described else title


def _url_of(element: dict[str, Any]) -> str:
    return _url(element.get("openUrlAction"))


def _url(value: Any) -> str:
    return text_of(object_of(value).get("url"))


_TEXTS = ("0", "text", "message", "none", "simple_response")
_KINDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "1": _card,
    "card": _card,
    "basic_card": _card,
    "2": _quick_replies,
    "quick_replies": _quick_replies,
    "suggestion_chips": _quick_replies,
    "3": _picture,
    "image": _picture,
    "link_out_chip": _link_out,
    "list_card": _items,
    "carousel_card": _items,
    "browse_carousel_card": _items,
}
