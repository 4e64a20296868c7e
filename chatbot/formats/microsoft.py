"""What LUIS, CLU and `.lu` files have in common: the intent None, and text that a service cut."""

import re
from collections.abc import Mapping

from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.templates import NoSentence, write_out

NONE = "None"
"""The intent of what is out of scope; Microsoft reserves the name."""

NO_TEXT = "it has no text"
NO_INTENT = "it names no intent"

_SUFFIX = re.compile(r"(?<=\w) ' (?=(?:s|t|re|ve|ll|d|m)\b)", re.IGNORECASE)
_ELISION = re.compile(r"\b(l|d|j|n|m|s|t|c|qu) ' (?=\w)", re.IGNORECASE)
_SIGN = re.compile(r"(?<=\S) (?=[?.,](?:\s|$))")
_SIGN_IN_FRENCH = re.compile(r"(?<=\S) (?=[.,](?:\s|$))")


def add_intent(gathering: Gathering, label: str, place: Place, topic: str = "") -> None:
    """Say that there is an intent, unless it is None."""
    if label and label != NONE:
        gathering.add_intent(label, place, topic=topic)


def add_row(
    gathering: Gathering,
    label: str,
    text: str,
    place: Place,
    where: str,
    language: str = "",
    held_out: bool = False,
) -> None:
    """Add what a row says to its intent or, of None, to what is out of scope."""
    if not text.strip():
        gathering.leave_out(NO_TEXT, where, place)
    elif not label:
        gathering.leave_out(NO_INTENT, text, place)
    elif label == NONE:
        gathering.add_out_of_scope(text, place, language)
    else:
        gathering.add_utterance(label, text, place, language=language, held_out=held_out)


def add_pattern(
    gathering: Gathering,
    label: str,
    pattern: str,
    place: Place,
    where: str,
    words: Mapping[str, str],
    language: str = "",
) -> None:
    """Add the sentences that a pattern stands for, or leave it out with the reason."""
    try:
        sentences = write_out(pattern, words)
    except NoSentence as reason:
        gathering.leave_out(str(reason), pattern, place)
        return
    for sentence in sentences:
        add_row(gathering, label, sentence, place, where, language)


def joined(text: str, language: str) -> str:
    """Return a text without the blanks at which a service cut it into words, `that ' s it .`"""
    is_french = language.lower().startswith("fr")
    text = _ELISION.sub(r"\1'", _SUFFIX.sub("'", text))
    return (_SIGN_IN_FRENCH if is_french else _SIGN).sub("", text)
