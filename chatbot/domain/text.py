"""Clean, normalise and redact a text before anything else sees it."""

import hashlib
import re
import unicodedata
from collections.abc import Callable

from chatbot.errors import InvalidText

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_MEANINGFUL_FORMAT = {"\u200d"}  # joins emoji and letters of several scripts

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE | re.ASCII
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_CARD_SHAPE = re.compile(r"\d{13,19}|\d{4}(?:[ -]\d{1,7}){1,4}")
_GROUP = re.compile(r"[^ -]+")
_DATE = (
    r"(?:19|20)\d\d[-./][01]?\d[-./][0-3]?\d(?!\d)"
    r"|[0-3]?\d[-./][0-3]?\d[-./](?:(?:19|20)\d\d(?!\d)|\d\d(?![-./]?\d))"
)
_SIXTEEN = r"\d{4}(?:[ -]\d{4}){3}(?!\d)"  # in fours, as card and voucher numbers are written
_PHONE = re.compile(
    rf"(?<![\w.-])(?:(?P<kept>\(?(?:{_DATE}|{_SIXTEEN}))"
    r"|(?:\+|00|0|\()?\d(?:[\s().\-/]{0,2}\d){7,14}(?![\w-]))"
)
_AMOUNT = re.compile(r"\d{1,2}(?:[ .]\d{3})+(?:\.\d+)?")
_DOTTED = re.compile(r"(?!\d{3}\.\d{3}\.\d{4}$)\d+(?:\.\d+)+")


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


def redact(text: str) -> str:
    """Return `text` with e-mail addresses, IBANs, card and phone numbers replaced by their kind."""
    text = _EMAIL.sub("[email]", text)
    text = _hide(text, _IBAN, _is_iban, "[iban]")
    text = _hide(text, _CARD, _is_card, "[card]")
    return _PHONE.sub(lambda m: m[0] if m["kept"] or not _is_phone(m[0]) else "[phone]", text)


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


def _hide(text: str, pattern: re.Pattern[str], is_valid: Callable[[str], bool], kind: str) -> str:
    """`text` with `kind` for each valid run of groups in what `pattern` finds: other words and
    numbers may adjoin it.
    """
    parts, done = [], 0
    while found := pattern.search(text, done):
        start, end = _valid_run(found, is_valid)
        parts += [text[done:start], kind if start < end else ""]
        done = end
    return "".join([*parts, text[done:]])


def _valid_run(found: re.Match[str], is_valid: Callable[[str], bool]) -> tuple[int, int]:
    """Return start and end of the longest valid run; of an empty one behind `found` if there is
    none.
    """
    groups = [group.span() for group in _GROUP.finditer(found.string, *found.span())]
    for first, (start, _) in enumerate(groups):
        for _, end in reversed(groups[first:]):
            if is_valid(found.string[start:end]):
                return start, end
    return found.end(), found.end()


def _is_card(text: str) -> bool:
    """Luhn's checksum, ISO/IEC 7812-1, on digits written together or after a group of four."""
    if not _CARD_SHAPE.fullmatch(text):
        return False
    numbers = [int(d) for d in text if d.isdigit()]
    doubled = [n if i % 2 == 0 else n * 2 - 9 * (n > 4) for i, n in enumerate(reversed(numbers))]
    return 13 <= len(numbers) <= 19 and sum(doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """The mod-97 checksum of ISO 13616."""
    compact = text.replace(" ", "").upper()
    if not (15 <= len(compact) <= 34 and compact[:2].isalpha()):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    """A leading + or 0, or groups of digits.

    A bare run of digits is more likely an order number, groups of thousands an amount, and numbers
    with dots alone an IP address or a version.
    """
    digits = sum(c.isdigit() for c in text)
    if not 8 <= digits <= 15:
        return False
    if text.lstrip("(")[0] in "+0" or ")" in text:
        return True
    if _AMOUNT.fullmatch(text) or _DOTTED.fullmatch(text):
        return False
    return len(re.split(r"\D+", text.strip("("))) >= 3
