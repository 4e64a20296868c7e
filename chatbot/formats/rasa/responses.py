"""A response's entries as Markdown: texts, buttons, pictures and cards."""

import re
from collections.abc import Iterator

from chatbot.formats.gathering import Place
from chatbot.formats.pieces import to_picture
from chatbot.formats.rasa.parts import NOT_TEXT, Entry
from chatbot.formats.yaml_text import Fields, Text, fields, items, line_of, text

ON_A_CONDITION = "it is an answer on a condition that only the old bot knew"
A_PAYLOAD = "it is data for a program, not text"
EMPTY = "its answer is empty"
_PLACEHOLDER = re.compile(r"\{[^\n{}]+\}")
_LITERAL = re.compile(r"\{\{([^\n{}]+)\}\}")
_COMMAND = re.compile(r"/([^\s{/]+(?:/[^\s{]+)?)")
_LINK = ("http://", "https://", "mailto:", "tel:")


def entries_of(response: object, file: str) -> list[Entry]:
    """Return the entries of a response; a text alone, or one entry alone, is one, too."""
    entries = items(response) if not isinstance(response, Fields | Text) else [response]
    return [_entry(each, Place(file, line_of(each))) for each in entries]


def entry_of_text(written: str, place: Place, language: str = "") -> Entry:
    """Return an entry that is only a text. Rasa shows `{{x}}` as {x}, and {x} as a value."""
    needs_a_value = _PLACEHOLDER.search(_LITERAL.sub("", written)) is not None
    shown = _LITERAL.sub(r"{\1}", written).strip()
    return Entry(shown, place, language, needs_a_value=needs_a_value, reason="" if shown else EMPTY)


def guarded(answer: str) -> str:
    """Return an answer so that Rasa, and `entry_of_text`, take nothing in it for a value."""
    return _PLACEHOLDER.sub(lambda found: "{" + found[0] + "}", answer)


def _entry(raw: object, place: Place) -> Entry:
    if isinstance(raw, Text):
        return entry_of_text(raw, place)
    if not isinstance(raw, Fields):
        return Entry("", place, reason=NOT_TEXT)
    plain = entry_of_text("\n\n".join(_parts(raw)), place)
    return Entry(
        text=plain.text,
        place=place,
        language=str(text(raw.get("language"))),
        leads_to=tuple(_leads_to(raw)),
        needs_a_value=plain.needs_a_value,
        is_for_one_channel=bool(raw.get("channel")),
        reason=_why_not(raw, plain.text),
    )


def _why_not(raw: Fields, shown: str) -> str:
    if raw.get("condition"):
        return ON_A_CONDITION
    if not shown:
        return A_PAYLOAD if raw.get("custom") or raw.get("attachment") else EMPTY
    return ""


def _parts(raw: Fields) -> Iterator[str]:
    """What a visitor sees, from top to bottom."""
    if said := text(raw.get("text")).strip():
        yield said
    if image := text(raw.get("image")).strip():
        yield to_picture("", image)
    yield from (card for each in items(raw.get("elements")) if (card := _card(fields(each))))
    if options := "\n".join(map(_option, _buttons(raw))):
        yield options


def _card(card: Fields) -> str:
    title, subtitle = text(card.get("title")).strip(), text(card.get("subtitle")).strip()
    parts = [f"**{title}**" if title else "", subtitle]
    parts += map(_option, _buttons(card))
    return "\n".join(part for part in parts if part)


def _buttons(raw: Fields) -> list[Fields]:
    both = [*items(raw.get("buttons")), *items(raw.get("quick_replies"))]
    return [each for each in both if isinstance(each, Fields) and text(each.get("title")).strip()]


def _option(button: Fields) -> str:
    title = text(button.get("title")).strip()
    url = (text(button.get("url")) or text(button.get("payload"))).strip()
    return f"- [{title}]({url})" if url.lower().startswith(_LINK) else f"- {title}"


def _leads_to(raw: Fields) -> Iterator[str]:
    """The intents of buttons, which send `/intent{"entity": …}`."""
    for button in _buttons(raw):
        if command := _COMMAND.match(text(button.get("payload")).strip()):
            yield command[1]
