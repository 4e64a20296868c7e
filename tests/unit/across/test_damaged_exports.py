"""Whole exports of each format, and what comes out of them once they are damaged."""

from random import Random

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.registry import FORMATS, find_format, get_format, read_source
from chatbot.formats.source import source_of
from tests.damage import Handed, damaged, outcome, pack
from tests.exports import EXPORTS, Files

WHOLE = {
    f"{name}-{number}": (name, files)
    for name, all_files in EXPORTS.items()
    for number, files in enumerate(all_files)
}
REFUSED = ("documents", "tables", "addresses")
INPUTS = 50


def test_there_are_exports_of_every_format() -> None:
    assert list(EXPORTS) == [each.name for each in FORMATS]


@pytest.mark.parametrize(("name", "files"), WHOLE.values(), ids=WHOLE)
def test_a_whole_export_is_read_or_refused_as_what_it_is(name: str, files: Files) -> None:
    handed = pack(files)
    source = source_of(handed.name, handed.content)
    assert find_format(source) is get_format(name)
    if name in REFUSED:
        with pytest.raises(InvalidCatalogue, match="bring|save it as"):
            read_source(source)
    else:
        assert read_source(source).intents


@pytest.mark.parametrize("name", EXPORTS)
def test_a_damaged_export_is_read_or_refused_and_nothing_else(name: str) -> None:
    random = Random(name)
    seen = set()
    for _ in range(INPUTS):
        handed, done = damaged(random.choice(EXPORTS[name]), random)
        kind, said = outcome(handed)
        assert kind != "fault", f"{done}: {said}"
        seen.add(kind)
    assert seen == {"read", "refused"}


def test_what_is_damaged_is_the_same_from_the_same_seed() -> None:
    [files] = EXPORTS["tock"]
    assert damaged(files, Random(7)) == damaged(files, Random(7))


def test_a_draft_that_no_database_stores_is_a_fault() -> None:
    handed = Handed(
        "faq.yaml", b'intents:\n- {name: a, title: "x\\0y", utterances: [b], answer: c}'
    )
    kind, said = outcome(handed)
    assert (kind, said) == ("refused", "faq.yaml:2: the title of “a” contains a NUL character")
