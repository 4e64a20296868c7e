"""Redact a text: what leads to a person goes, what a helpdesk works with stays.

The words beside a number decide where its shape does not: see `number_words`.
"""

import re
from collections.abc import Callable

from chatbot.domain.number_words import NumberKind, is_listed, kind_of_number

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
_IBAN_IN_FOURS = re.compile(r"[A-Z]{2}\d{2}(?: [A-Z]{4})?(?: \d{4}){2,7}(?: \d{1,4})?", re.ASCII)
_CODE = re.compile(
    r"(?<![\w.@-])(?:(?-i:[A-Z]{2}) (?=\d\d \d\d \d\d [A-D]\b)|[A-Z]{0,6}-?)"
    r"\d[\dA-Z]*(?:[ ./-]\d[\dA-Z]*)*(?:[ -][A-Z](?: \d{3})?(?!\w))?",
    re.IGNORECASE | re.ASCII,
)
_OF_BUSINESS = (NumberKind.MATTER, NumberKind.THING)
_FEWEST_DIGITS = 5
_SHORTEST_IBAN = 15
_DATE_ALONE = re.compile(_DATE)


def redact(text: str) -> str:
    """Return `text` with what leads to a person replaced by its kind.

    These are e-mail addresses, IBANs, bank accounts, numbers of cards and phones, and those that
    states and insurers give to people. Numbers of orders, invoices, customers, tickets, devices and
    parcels stay: whoever helps needs them.
    """
    text = _EMAIL.sub("[email]", text)
    text = _hide(text, _IBAN, _is_iban_here, "[iban]")
    text = _hide(text, _CARD, _is_card_here, "[card]")
    text = _CODE.sub(_hide_code, text)
    return _hide_phones(text)


def _hide_code(found: re.Match[str]) -> str:
    """Hide what the word beside it says to be a person's or a bank's."""
    number = found[0]
    if sum(c.isdigit() for c in number) < _FEWEST_DIGITS:
        return number
    kind = kind_of_number(found.string, *found.span())
    is_date = _DATE_ALONE.fullmatch(number) is not None
    if kind is NumberKind.BANK or (kind is NumberKind.PERSON and not is_date):
        return kind.value
    return number


def _hide_phones(text: str) -> str:
    """Hide what looks like a phone number, unless the word beside it says what else it is."""
    parts, done = [], 0
    business: tuple[int, int] | None = None
    for found in _PHONE.finditer(text):
        start, end = found.span()
        if found["kept"]:
            continue
        kind = kind_of_number(text, start, end)
        is_another = kind is None and business and is_listed(text, business, (start, end))
        if _may_be_business(found[0]) and (kind in _OF_BUSINESS or is_another):
            business = start, end
        elif _is_phone(found[0], is_said=kind is NumberKind.PHONE):
            parts += [text[done:start], "[phone]"]
            done = end
    return "".join([*parts, text[done:]])


def _may_be_business(number: str) -> bool:
    """Return whether its shape leaves open what it is: phones alone have a plus or a bracket."""
    return "+" not in number and ")" not in number


_Check = Callable[[str, int, int], bool]
"""A check of whether a text has, from one place to another, what it seems to have."""


def _hide(text: str, pattern: re.Pattern[str], is_valid: _Check, kind: str) -> str:
    """`text` with `kind` for each valid run of groups in what `pattern` finds: other words and
    numbers may adjoin it.
    """
    parts, done = [], 0
    while found := pattern.search(text, done):
        start, end = _valid_run(found, is_valid)
        parts += [text[done:start], kind if start < end else ""]
        done = end
    return "".join([*parts, text[done:]])


def _valid_run(found: re.Match[str], is_valid: _Check) -> tuple[int, int]:
    """Return start and end of the longest valid run; of an empty one behind `found` if there is
    none.
    """
    groups = [group.span() for group in _GROUP.finditer(found.string, *found.span())]
    for first, (start, _) in enumerate(groups):
        for _, end in reversed(groups[first:]):
            if is_valid(found.string, start, end):
                return start, end
    return found.end(), found.end()


def _is_card_here(text: str, start: int, end: int) -> bool:
    """A number that is printed on a device may have the same checksum; IMEIs always do."""
    number = text[start:end]
    return _is_card(number) and not (
        number.isdigit() and kind_of_number(text, start, end) is NumberKind.THING
    )


def _is_iban_here(text: str, start: int, end: int) -> bool:
    """One that is mistyped is next to a right one; it is told by its shape or the word before."""
    number = text[start:end]
    if _is_iban(number) or _IBAN_IN_FOURS.fullmatch(number):
        return True
    return len(number) >= _SHORTEST_IBAN and kind_of_number(text, start, end) is NumberKind.IBAN


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
    if not (_SHORTEST_IBAN <= len(compact) <= 34 and compact[:2].isalpha()):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _is_phone(text: str, is_said: bool) -> bool:
    """A leading + or 0, or groups of digits; any number if it `is_said` to be one.

    A bare run of digits is more likely an order number, groups of thousands an amount, and numbers
    with dots alone an IP address or a version.
    """
    digits = sum(c.isdigit() for c in text)
    if not 8 <= digits <= 15:
        return False
    if is_said or text.lstrip("(")[0] in "+0" or ")" in text:
        return True
    if _AMOUNT.fullmatch(text) or _DOTTED.fullmatch(text):
        return False
    return len(re.split(r"\D+", text.strip("("))) >= 3
