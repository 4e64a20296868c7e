"""What happens to a text before anything else sees it: clean, normalise, redact."""

import hashlib
import re
import unicodedata

from chatbot.errors import InvalidText

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_MEANINGFUL_FORMAT = {"\u200d"}  # joins emoji and letters of several scripts

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(r"(?<![\w.-])(?:\+|00|0|\()?\d(?:[\s().\-/]{0,2}\d){7,14}(?![\w-])")


def clean(text: str, max_chars: int) -> str:
    """`text` as NFKC on one line, without control and invisible characters.

    The length is checked before and after NFKC, which can make a text 18 times as long.
    Raises InvalidText for NUL, lone surrogates, blank or too long text.
    """
    _check_length(text, max_chars)
    if "\x00" in text:
        raise InvalidText("The text contains a NUL character. Send plain text.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidText("The text contains half of a surrogate pair. Send valid Unicode.")
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(" " if c.isspace() else c for c in folded if c.isspace() or _is_visible(c))
    cleaned = " ".join(visible.split())
    if not any(unicodedata.category(character)[0] in "LNSP" for character in cleaned):
        raise InvalidText("The text is blank. Send a question.")
    _check_length(cleaned, max_chars)
    return cleaned


def normalise(text: str) -> str:
    """The key under which two phrasings are the same: NFKC, case and white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def key(text: str) -> str:
    """A stable identifier of `text` that does not reveal it: 32 hex digits."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:32]


def redact(text: str) -> str:
    """`text` with e-mail addresses, IBANs, card and phone numbers replaced by their kind."""
    text = _EMAIL.sub("[email]", text)
    text = _IBAN.sub(lambda m: "[iban]" if _is_iban(m[0]) else m[0], text)
    text = _CARD.sub(lambda m: "[card]" if _is_card(m[0]) else m[0], text)
    return _PHONE.sub(lambda m: "[phone]" if _is_phone(m[0]) else m[0], text)


def _check_length(text: str, max_chars: int) -> None:
    if len(text) > max_chars:
        raise InvalidText(f"The text has {len(text)} characters; at most {max_chars} are allowed.")


def _is_visible(character: str) -> bool:
    return character in _MEANINGFUL_FORMAT or unicodedata.category(character) not in _INVISIBLE


def _is_card(digits: str) -> bool:
    """Luhn's checksum, ISO/IEC 7812-1."""
    numbers = [int(d) for d in digits if d.isdigit()]
    doubled = [n if i % 2 == 0 else n * 2 - 9 * (n > 4) for i, n in enumerate(reversed(numbers))]
    return sum(doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """The mod-97 checksum of ISO 13616."""
    compact = text.replace(" ", "").upper()
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    """A leading + or 0, or groups of digits: a bare run of digits is more likely an order number."""
    digits = sum(c.isdigit() for c in text)
    groups = len(re.split(r"\D+", text.strip("+()")))
    return 8 <= digits <= 15 and (text[0] in "+0(" or groups >= 3)
