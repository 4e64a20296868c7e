import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.domain.text import key
from chatbot.matching import phrasings as phrasings_module
from chatbot.matching.bundle import Bundle
from chatbot.matching.catalogue import Entry
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.index import BruteForceIndex, Unreachable, Vectors
from chatbot.matching.phrasings import Phrasings
from chatbot.matching.rows import as_keys
from factories import CountingEncoder
from fakes import CALIBRATION

WORDS = [
    "vpn",
    "mail",
    "badge",
    "leave",
    "invoice",
    "laptop",
    "phone",
    "order",
    "reset",
    "cancel",
    "move",
    "lost",
    "new",
    "old",
]
INTENTS = [f"intent-{n}" for n in range(12)]
Faq = dict[str, Entry]
Changes = dict[str, Entry | None]
ENCODER = HashingEncoder()
EMPTY = Phrasings.of_bundle(Bundle.blank(ENCODER, CALIBRATION))


def invent(chance: random.Random, count: int) -> Faq:
    texts = {" ".join(chance.choices(WORDS, k=chance.randint(2, 5))) for _ in range(count)}
    return {key(text): Entry(text, chance.choice(INTENTS)) for text in sorted(texts)}


def indexed(faq: Faq) -> Phrasings:
    known = EMPTY.edited(faq, ENCODER)
    return known.reindexed(known.build_index())


def changes_of(chance: random.Random, faq: Faq) -> Changes:
    """Some phrasings added, some removed, some moved to another intent, one intent gone."""
    changes: Changes = dict(invent(chance, chance.randint(0, 6)))
    for known in chance.sample(sorted(faq), k=min(len(faq), chance.randint(0, 6))):
        changes[known] = chance.choice([None, Entry(faq[known].text, chance.choice(INTENTS))])
    if chance.random() < 0.3:
        gone = chance.choice(INTENTS)
        changes |= {k: None for k, entry in faq.items() if entry.intent == gone}
    return changes


def apply(faq: Faq, changes: Changes) -> Faq:
    merged: Changes = {**faq, **changes}
    return {k: entry for k, entry in merged.items() if entry is not None}


def intent_of(known: Phrasings, text: str) -> str | None:
    row = known.row_of(text)
    assert row is not None
    return known.intent_at(row)


def assert_says(known: Phrasings, faq: Faq, questions: Sequence[str], k: int = 10) -> None:
    """As an exact search over exactly the phrasings of `faq`."""
    assert known.size == len(faq)
    assert {e.text: intent_of(known, e.text.upper()) for e in faq.values()} == {
        e.text: e.intent for e in faq.values()
    }
    entries = list(faq.values())
    vectors = ENCODER.encode([entry.text for entry in entries])
    asked = ENCODER.encode(questions)
    rows, similarities = known.search(asked, k)
    _, expected = BruteForceIndex(vectors).search(asked, k)
    assert rows.shape == similarities.shape == (len(questions), min(k, len(faq)))
    np.testing.assert_allclose(similarities, expected, atol=1e-5)
    by_text = dict(zip((e.text for e in entries), vectors, strict=True))
    own_rows = known.rows.find(as_keys(list(faq))).tolist()
    texts = dict(zip(own_rows, entries, strict=True))
    for question, found, near in zip(asked, rows.tolist(), similarities, strict=True):
        assert len(set(found)) == len(found)
        for row, similarity in zip(found, near, strict=True):
            assert known.intent_at(row) == texts[row].intent
            assert by_text[texts[row].text] @ question == pytest.approx(similarity, abs=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([0, 1, 5, 60, 400]))
def test_an_edited_faq_is_searched_as_if_it_were_indexed_anew(seed: int, size: int) -> None:
    chance = random.Random(seed)
    faq = invent(chance, size)
    known = indexed(faq)
    questions = [" ".join(chance.choices(WORDS, k=3)) for _ in range(5)]
    for _ in range(6):
        changes = changes_of(chance, faq)
        before, said = known, known.search(ENCODER.encode(questions), 10)
        known, faq = known.edited(changes, ENCODER), apply(faq, changes)
        assert_says(known, faq, questions)
        for mine, theirs in zip(before.search(ENCODER.encode(questions), 10), said, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        if chance.random() < 0.3:
            known = known.reindexed(known.build_index())
            assert_says(known, faq, questions)


def test_an_index_built_aside_serves_what_was_edited_meanwhile() -> None:
    chance = random.Random(4)
    faq = invent(chance, 300)
    known = indexed(faq)
    for _ in range(2):
        changes = changes_of(chance, faq)
        known, faq = known.edited(changes, ENCODER), apply(faq, changes)
    built = known.build_index()
    for _ in range(4):
        changes = changes_of(chance, faq)
        known, faq = known.edited(changes, ENCODER), apply(faq, changes)
    assert_says(known.reindexed(built), faq, ["reset my vpn", "new laptop order", "badge"])


def test_what_comes_back_is_not_encoded_again() -> None:
    encoder = CountingEncoder()
    faq = invent(random.Random(1), 30)
    known = EMPTY.edited(faq, encoder)
    encoder.seen.clear()
    gone = known.edited(dict.fromkeys(faq), encoder)
    assert (gone.size, gone.search(ENCODER.encode(["vpn"]), 10)[0].shape) == (0, (1, 0))
    assert_says(gone.edited(faq, encoder), faq, ["reset my vpn"])
    assert encoder.seen == []


@pytest.mark.parametrize("size", [300, 3000])
def test_a_whole_neighbourhood_that_is_gone_hides_nothing_else(size: int) -> None:
    """The nearest few hundred are skipped until enough others are found."""
    crowd = {key(t): Entry(t, "crowd") for t in (f"reset my vpn {n}" for n in range(size))}
    others = invent(random.Random(2), 60)
    known = indexed(crowd | others).edited(dict.fromkeys(crowd), ENCODER)
    assert_says(known, others, ["reset my vpn", "reset vpn 7"])


def test_an_index_that_cannot_reach_enough_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    faq = invent(random.Random(3), 200)
    known = indexed(faq)

    def fail(vectors: Vectors, k: int) -> None:
        raise Unreachable

    monkeypatch.setattr(known.indexed.index, "search", fail)
    assert_says(known, faq, ["reset my vpn"])


def test_edits_outgrow_an_index_when_they_slow_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrasings_module, "LEAST_OUTGROWN", 20)
    faq = invent(random.Random(5), 200)
    known = indexed(faq)
    new = invent(random.Random(6), 40)
    keys = sorted(set(new) - set(faq))
    few, many = ({k: new[k] for k in keys[:count]} for count in (20, 21))
    assert not known.edited(few, ENCODER).is_outgrown
    grown = known.edited(many, ENCODER)
    assert grown.is_outgrown
    assert not grown.reindexed(grown.build_index()).is_outgrown
    assert not known.edited(dict.fromkeys(sorted(faq)[:20]), ENCODER).is_outgrown
    assert known.edited(dict.fromkeys(sorted(faq)[:21]), ENCODER).is_outgrown


def test_a_vector_that_would_spoil_the_search_is_refused() -> None:
    class Broken(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            return np.full((len(texts), self.dimension), np.nan, np.float32)

    with pytest.raises(ValueError, match="zero or not finite"):
        EMPTY.edited(invent(random.Random(1), 3), Broken())
