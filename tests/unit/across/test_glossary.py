"""The glossary names things that are there, each once and in order."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TERMS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| term")
]
CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("chatbot", "workers")
    for path in (ROOT / folder).rglob("*.py")
)


def is_there(name: str) -> bool:
    if name.endswith(".py"):
        return any((ROOT / folder / name).exists() for folder in (".", "chatbot", "workers"))
    return re.search(rf"\b{re.escape(name)}\b", CODE) is not None


def test_each_term_is_in_the_code() -> None:
    assert len(TERMS) > 40
    assert [term for term, _, code in TERMS if not is_there(code.strip("`"))] == []


def test_terms_are_in_order_and_stand_once() -> None:
    terms = [term.casefold() for term, _, _ in TERMS]
    assert terms == sorted(set(terms))
