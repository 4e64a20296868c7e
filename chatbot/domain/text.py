"""Clean and normalise a text before anything else sees it."""

import hashlib
import unicodedata

from chatbot.errors import InvalidText

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_MEANINGFUL_FORMAT = {"\u200d"}  # joins emoji and letters of several scripts


def clean(text: str, max_chars: int) -> str:
    """Return `text` as NFKC on one line, without control and invisible characters.

    The length is checked before and after NFKC, which can make a text 18 times as long.
    Raises InvalidText for NUL, lone surrogates, blank or too long text.
    """
    _check_length(text, max_chars)
    if "\x00" in text:
        raise InvalidText("The text contains a NUL character. Send plain text.")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidText("The text contains half of a surrogate pair. Send valid Unicode.")
    cleaned = " ".join(_visible(text).split())
    if not any(unicodedata.category(character)[0] in "LNSP" for character in cleaned):
        raise InvalidText("The text is blank. Send a question.")
    _check_length(cleaned, max_chars)
    return cleaned


def clean_lines(text: str, max_chars: int) -> str:
    """Clean a text as `clean` does, but keep its lines: they tell a quotation from what was written
    now.

    Raises InvalidText as `clean` does.
    """
    cleaned = clean(text, max_chars)
    lines = text.splitlines()
    if len(lines) < 2:
        return cleaned
    return "\n".join(_clean_line(line) for line in lines).strip()


def normalise(text: str) -> str:
    """Return the key under which two phrasings are the same: NFKC, case and white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def key(text: str) -> str:
    """Return a stable identifier of `text` that does not reveal it: 32 hex digits."""
    return key_of_normalised(normalise(text))


def key_of_normalised(normalised: str) -> str:
    """Return the `key` of a text from what `normalise` gave."""
    return hashlib.sha256(normalised.encode()).hexdigest()[:32]


def pair_key(one: str, other: str) -> str:
    """Return one key for two texts in whichever order: 32 hex digits, as `key` has."""
    return key_of_normalised("\n".join(sorted((normalise(one), normalise(other)))))


def _check_length(text: str, max_chars: int) -> None:
    if len(text) > max_chars:
        raise InvalidText(f"The text has {len(text)} characters; at most {max_chars} are allowed.")


def _clean_line(line: str) -> str:
    """Clean a line; what indents it tells what it is, otherwise white space is folded."""
    indent = " " if line[:1].isspace() else ""
    return indent + " ".join(_visible(line).split())


def _visible(text: str) -> str:
    """`text` as NFKC, without control and invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    kept = "".join(c for c in text if c.isspace() or _is_visible(c))
    return unicodedata.normalize("NFKC", kept)


def _is_visible(character: str) -> bool:
    return character in _MEANINGFUL_FORMAT or unicodedata.category(character) not in _INVISIBLE
