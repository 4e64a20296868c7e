from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
import pytest
from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge import edit_faq, lint_pairs
from chatbot.services.knowledge.lint import lint
from chatbot.services.knowledge.lint_pairs import Phrase, find_pairs
from chatbot.services.knowledge.near_duplicates import ALIKE
from chatbot.storage.database import Database
from factories import add_intent, make_matcher

JAM = "the printer on the second floor is jammed again today"
CALM = [f"question {word}" for word in ("alpha", "bravo", "charlie", "delta", "echo")]


def fill(session: Session, faq: Mapping[str, Sequence[str]]) -> Matcher:
    for name, utterances in faq.items():
        add_intent(session, name, *utterances)
    return make_matcher(faq)


def test_utterances_of_one_intent_may_be_alike(database: Database) -> None:
    with database.write() as session:
        findings = lint(session, fill(session, {"printer": [JAM, f"{JAM}!"]}))
    assert findings.pairs is not None
    assert findings.pairs.found == []


def test_drafts_are_compared_with_what_is_live_and_with_each_other(database: Database) -> None:
    with database.write() as session:
        matcher = fill(session, {"live": [JAM]})
        add_intent(
            session,
            "draft",
            f"{JAM}!",
            "a much different matter at the end of the road",
            enabled=False,
        )
        add_intent(
            session, "second", "a much different matter at the end of the road!", enabled=False
        )
        findings = lint(session, matcher)
    found = {frozenset((p.one.intent, p.other.intent)) for p in findings.contradictions}
    assert found == {frozenset(("live", "draft")), frozenset(("draft", "second"))}


def test_an_intent_that_became_a_draft_is_compared_without_encoding_it_wrongly(
    database: Database,
) -> None:
    """Its rows are still in the matcher, but gone."""
    with database.write() as session:
        fill(session, {"live": [JAM], "draft": [f"{JAM}!"]})
        edit_faq.change_intent(session, "ann", "draft", {"enabled": False})
        matcher = make_matcher({"live": [JAM], "draft": [f"{JAM}!"]})
        findings = lint(session, matcher)
        assert len(findings.contradictions) == 1


def test_more_drafted_utterances_than_can_be_compared_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lint_pairs, "MOST_DRAFTED", 2)
    phrases = [Phrase(text, normalise(text), "draft") for text in CALM]
    assert find_pairs(make_matcher({"live": [JAM]}), phrases).left_out == 3


def test_every_pair_is_found_that_comparing_all_with_all_finds() -> None:
    random = Random(1)
    words = ["".join(random.choices("abcdefghijklmnop", k=6)) for _ in range(300)]
    stems = [" ".join(random.choices(words, k=8)) for _ in range(150)]
    faq = {f"one-{number}": [stem] for number, stem in enumerate(stems)}
    faq |= {f"other-{number}": [f"{stem}!"] for number, stem in enumerate(stems)}
    matcher = make_matcher(faq)
    phrases = [Phrase(t, normalise(t), name) for name, texts in faq.items() for t in texts]
    vectors = matcher.bundle.encoder.encode([phrase.text for phrase in phrases])
    alike = np.argwhere(np.triu(vectors @ vectors.T, 1) >= ALIKE).tolist()
    expected = {frozenset((phrases[a].intent, phrases[b].intent)) for a, b in alike}
    found = find_pairs(matcher, phrases).found
    assert len(expected) >= 150
    assert {frozenset((p.one.intent, p.other.intent)) for p in found} == expected
