"""The noisy questions of bench/noise fit the shipped FAQ, and none of them is one of its texts."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from chatbot.domain.accuracy import OUT_OF_SCOPE
from chatbot.domain.text import normalise
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path

ROOT = Path(__file__).parents[1]
CORPORA = sorted((ROOT / "bench" / "noise").glob("*.csv"))


@pytest.fixture(scope="module")
def draft() -> CatalogueDraft:
    return read_path(ROOT / "faq_data")


def test_there_is_one_for_each_kind() -> None:
    assert [path.stem for path in CORPORA] == ["misspelt", "negated", "quoted", "two_questions"]


@pytest.mark.parametrize("path", CORPORA, ids=lambda path: path.stem)
def test_a_corpus_is_whole(path: Path, draft: CatalogueDraft) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = {
        normalise(text)
        for intent in draft.intents.values()
        for text in (*intent.utterances, *intent.held_out)
    }
    assert len(rows) >= 60
    assert len({normalise(row["text"]) for row in rows}) == len(rows)
    assert not known & {normalise(row["text"]) for row in rows}
    kinds = Counter(row["kind"] for row in rows)
    assert kinds["trap"] >= 30 <= kinds["noise"]
    halves = Counter(row["half"] for row in rows)
    assert abs(halves["build"] - halves["last"]) <= 2
    for row in rows:
        intents = set(row["intents"].split())
        assert intents, row
        assert intents <= {*draft.intents, OUT_OF_SCOPE}, row
