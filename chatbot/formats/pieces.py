"""Answers that a bot gives in pieces, such as texts, cards and buttons, become one of Markdown."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from chatbot.domain.answer_links import is_safe
from chatbot.formats.gathering import NEEDS_A_VALUE, Gathering, Place
from chatbot.formats.html import to_markdown
from chatbot.formats.limits import MAX_ANSWER_CHARS

NOT_TEXT = "it is not text"
IN_CONTEXT = "it is asked only after another question"
CONDITIONAL = "its answer holds only under a condition"
NEEDS_A_FORM = "its answer follows a form that the old bot filled in"
NO_TEXT = "its answer is a command to another program"
ONLY_AN_EVENT = "an event of the old bot calls it, not a question"
FALLBACK_TEXT = "it is what the old bot said when it had no answer"

_HTML = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|s|small|span"
    r"|speak|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul|video)(?:[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_STAR_IN_A_WORD = re.compile(r"(?<=\w)\*(?=\w)")
_DEEP_INDENT = re.compile(r"^[ \t]{4,}", re.MULTILINE)
_NOT_IN_A_LINK = {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E"}


@dataclass(frozen=True)
class Wording:
    """One way to say a piece, as Markdown; one that `needs_a_value` is shown to nobody."""

    text: str
    needs_a_value: bool = False


Piece = Sequence[Wording]
"""What is said at one point: the old bot took one of the wordings."""


def to_piece(texts: Iterable[str], placeholder: Callable[[str], object]) -> Piece:
    """Return the wordings that these texts are, each once; `placeholder` finds one in a text."""
    wordings = (Wording(plain_to_markdown(t), bool(placeholder(t))) for t in texts)
    return list(dict.fromkeys(each for each in wordings if each.text))


def to_fixed(markdown: str, placeholder: Callable[[str], object]) -> Piece:
    """Return a piece that is said in one way only."""
    return [Wording(markdown, bool(placeholder(markdown)))] if markdown else []


def plain_to_markdown(text: str) -> str:
    """Return text of a channel without Markdown so that it looks the same with it.

    Tags become Markdown; a star within a word (“Nutzer*innen”) stays one, and deep indents no code.
    What is too long for an answer in any case is not looked into.
    """
    if len(text) > MAX_ANSWER_CHARS:
        return text.strip()
    if _HTML.search(text):
        return to_markdown(text)
    return _DEEP_INDENT.sub("   ", _STAR_IN_A_WORD.sub(r"\\*", text)).strip()


def to_link(label: str, url: str) -> str:
    """Return a link, or the label alone where the address leads nowhere that answers may lead."""
    if not is_safe(url):
        return label
    for character, escaped in _NOT_IN_A_LINK.items():
        url = url.replace(character, escaped)
    plain = " ".join((label or url).split()).replace("[", "\\[").replace("]", "\\]")
    return f"[{plain}]({url})"


def to_picture(title: str, url: str) -> str:
    """Return a picture, named by its file where it has no title."""
    file = unquote(url.partition("?")[0].rpartition("/")[2])
    label = title or file
    written = to_link(label, url) if url else title
    return written if written == label else f"!{written}"


def to_options(title: str, options: Iterable[str]) -> str:
    """Return what may be chosen as a list under its title; nothing where nothing may be."""
    listed = "\n".join(f"- {' '.join(each.split())}" for each in options if each.strip())
    return join([title, listed]) if listed else title


def join(parts: Iterable[str]) -> str:
    """Return paragraphs of the parts that say something."""
    return "\n\n".join(part.strip() for part in parts if part.strip())


def in_full(pieces: Iterable[Piece]) -> str:
    """Return what the pieces say, in the wording of each that is best to show."""
    return join(_best(piece).text for piece in pieces if piece)


def add_pieces(
    gathering: Gathering,
    label: str,
    pieces: Iterable[Piece],
    place: Place,
    language: str | None = None,
) -> None:
    """Give an intent the answer of these pieces, and their other wordings as its variants.

    If a piece has no wording without a value, then the answer needs one.
    """
    said = [piece for piece in pieces if piece]
    needs_a_value = any(_best(piece).needs_a_value for piece in said)
    gathering.add_answer(label, in_full(said), place, needs_a_value, language)
    for piece in said:
        for wording in piece:
            if wording.needs_a_value and wording != _best(piece):
                gathering.leave_out(NEEDS_A_VALUE, wording.text, place, language)
    if not needs_a_value:
        for variant in _variants(said):
            gathering.add_answer(label, variant, place, language=language)


def _variants(pieces: Sequence[Piece]) -> Iterator[str]:
    """Give the n-th wording of each piece that has so many, beside the best of the others."""
    usable = [[each.text for each in piece if not each.needs_a_value] for piece in pieces]
    for number in range(1, max(map(len, usable), default=0)):
        yield join(texts[number] if number < len(texts) else texts[0] for texts in usable)


def _best(piece: Piece) -> Wording:
    return next((each for each in piece if not each.needs_a_value), piece[0])
