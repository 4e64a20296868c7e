"""Cells of spreadsheets: what a program put there in place of what was meant, and how to tell that
something odd is meant.

An apostrophe before a text says that it is meant as it stands, as spreadsheets have it.
"""

import re

_FORMULA = re.compile(r"[=+\-@\t\r]")
_ERRORS = frozenset(
    [
        *("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"),
        *("#ERROR!", "#WERT!", "#BEZUG!", "#ZAHL!", "#NV", "#VALEUR!", "#NOM?", "#NOMBRE!"),
        *("#VALOR!", "#¡VALOR!", "#¡REF!", "#¿NOMBRE?", "#RIF!", "#NOME?", "#VALORE!"),
    ]
)
_CONTINUED = "[\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]"
_DAMAGE = (
    (
        re.compile(r"=\s*[A-Z][A-Z0-9.]+\(").match,
        "holds the formula “{}…”, and not what it shows; save what it shows",
    ),
    (
        re.compile(r"[+-]?\d+(?:[.,]\d+)?E[+-]\d+").fullmatch,
        "holds “{}”, a number that was shortened; format its column as text",
    ),
    (re.compile(r"#{3,}").fullmatch, "shows “{}”, as a column that is too narrow does"),
    (
        re.compile(f"Ã{_CONTINUED}|Â[\u00a0-\u00bf]|â€{_CONTINUED}|ï»¿").search,
        "holds “{}”, a letter that was misread when the file was saved",
    ),
    (re.compile("\ufffd").search, "holds “{}” where a letter was lost"),
)
"""What finds damage, and what to say of it."""


def find_damage(cell: str) -> str | None:
    """Return why a cell cannot say what was meant, in words that follow its line, or None."""
    text = cell.strip()
    if text in _ERRORS:
        return f"shows the error {text}"
    return next((why.format(found[0][:40]) for find, why in _DAMAGE if (found := find(text))), None)


def guarded(cell: str) -> str:
    """Return `cell` so that a spreadsheet shows it and runs no formula, and it is read as meant."""
    return f"'{cell}" if _needs_guard(cell.lstrip("'")) else cell


def is_guarded(cell: str) -> bool:
    return cell.startswith("'") and _needs_guard(cell.lstrip("'"))


def unguarded(cell: str) -> str:
    return cell[1:] if is_guarded(cell) else cell


def _needs_guard(cell: str) -> bool:
    return _FORMULA.match(cell) is not None or find_damage(cell) is not None
