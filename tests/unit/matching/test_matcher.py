import gc
import weakref
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from chatbot.domain.matching import Candidate, Decision, Neighbour, vote
from chatbot.domain.text import key
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Edit, Entry
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import BruteForceIndex, HnswIndex, Vectors
from chatbot.matching.matcher import MOST_NEIGHBOURS, Matcher
from chatbot.matching.passages import texts_of
from chatbot.matching.phrasings import Indexed
from chatbot.matching.reading import Match
from chatbot.matching.rows import Block, Rows, as_keys
from factories import RULE, CountingEncoder, assert_alike, make_catalogue, make_matcher
from fakes import ANSWERED, CALIBRATION, FAQ, UNCLEAR, UNKNOWN

UTTERANCES = {name: texts for name, (_, _, texts) in FAQ.items()}


def vectors_of(matcher: Matcher, catalogue: Catalogue) -> Vectors:
    rows = matcher.phrasings.rows
    return rows.vectors(rows.find(as_keys(catalogue.keys)))


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def bundle(encoder: CountingEncoder) -> Bundle:
    return Bundle.blank(encoder, CALIBRATION)


def test_a_known_phrasing_is_answered_without_any_doubt_or_encoding(
    bundle: Bundle, encoder: CountingEncoder
) -> None:
    matcher = Matcher.build(1, bundle, make_catalogue(UTTERANCES), RULE)
    encoder.seen.clear()
    match = matcher.match("  THE vpn does NOT connect ")
    assert match == Match(Decision.ANSWER, (Candidate("vpn", 1.0),), exact=True)
    assert encoder.seen == []


def test_a_known_phrasing_is_answered_even_if_the_model_may_never_answer() -> None:
    careful = replace(CALIBRATION, answer_at=1.01)
    matcher = make_matcher(UTTERANCES, calibration=careful)
    assert matcher.match("the VPN does not connect").decision is Decision.ANSWER
    assert matcher.match(ANSWERED).decision is not Decision.ANSWER


@pytest.mark.parametrize(
    ("text", "decision", "best"),
    [
        (ANSWERED, Decision.ANSWER, "reset-password"),
        (UNCLEAR, Decision.CLARIFY, "reset-password"),
        (UNKNOWN, Decision.HANDOFF, None),
    ],
)
def test_other_questions_are_decided_by_their_neighbours(
    text: str, decision: Decision, best: str | None
) -> None:
    match = make_matcher(UTTERANCES).match(text)
    assert (match.decision, match.exact) == (decision, False)
    assert best is None or match.candidates[0].intent == best


def texts_to_encode(catalogue: Catalogue) -> set[str]:
    """Phrasings, and what there is of each card."""
    cards = map(texts_of, catalogue.intents.values())
    passages = {text for card in cards for text in (card.title, card.answer, *card.passages)}
    return {entry.text for entry in catalogue.entries} | passages


def test_many_questions_get_what_each_would_get_alone() -> None:
    matcher = make_matcher(UTTERANCES)
    texts = [ANSWERED, "the VPN does not connect", UNKNOWN, "change my password", UNCLEAR]
    assert matcher.match_all(texts) == [matcher.match(text) for text in texts]
    assert matcher.match_all([]) == []


def test_an_empty_catalogue_hands_everything_over() -> None:
    match = make_matcher({}).match("anything")
    assert match == Match(Decision.HANDOFF, (), exact=False)


def test_the_encoder_is_asked_only_for_texts_that_are_new(
    bundle: Bundle, encoder: CountingEncoder
) -> None:
    first = Matcher.build(1, bundle, make_catalogue(UTTERANCES), RULE)
    assert set(encoder.seen) == texts_to_encode(make_catalogue(UTTERANCES))
    encoder.seen.clear()
    changed = UTTERANCES | {
        "vpn": (*UTTERANCES["vpn"], "VPN is slow"),
        "leave": UTTERANCES["leave"][:2],
    }
    second = Matcher.build(1, bundle, make_catalogue(changed, revision=2), RULE, first)
    assert encoder.seen == ["VPN is slow"]
    fresh = make_matcher(changed, revision=2)
    catalogue = make_catalogue(changed)
    np.testing.assert_array_equal(vectors_of(second, catalogue), vectors_of(fresh, catalogue))
    assert_alike([second.match(ANSWERED)], [fresh.match(ANSWERED)])


def test_a_phrasing_that_moved_to_another_intent_keeps_its_vector(
    bundle: Bundle, encoder: CountingEncoder
) -> None:
    first = Matcher.build(1, bundle, make_catalogue({"a": ["one"], "b": ["two"]}), RULE)
    encoder.seen.clear()
    second = Matcher.build(1, bundle, make_catalogue({"a": ["two"], "b": ["one"]}), RULE, first)
    assert encoder.seen == []
    assert second.match("two").candidates[0].intent == "a"


def test_another_models_vectors_are_not_reused(bundle: Bundle) -> None:
    first = Matcher.build(1, bundle, make_catalogue(UTTERANCES), RULE)
    other = CountingEncoder()
    catalogue = make_catalogue(UTTERANCES)
    Matcher.build(2, Bundle.blank(other, CALIBRATION), catalogue, RULE, first)
    assert set(other.seen) == texts_to_encode(catalogue)


def test_published_vectors_are_used_in_any_order(encoder: CountingEncoder) -> None:
    catalogue = make_catalogue(UTTERANCES)
    vectors = encoder.encode([e.text for e in catalogue.entries])
    keys = as_keys(catalogue.keys[::-1])
    nothing = Guessed.nothing(encoder.dimension)
    published = Bundle(None, encoder, CALIBRATION, keys, vectors[::-1].copy(), nothing)
    encoder.seen.clear()
    matcher = Matcher.build(1, published, catalogue, RULE)
    assert not set(encoder.seen) & {entry.text for entry in catalogue.entries[1:4]}
    np.testing.assert_array_equal(matcher.phrasings.rows.all_vectors()[::-1], vectors)


def test_building_another_leaves_the_first_as_it_was(bundle: Bundle) -> None:
    first = Matcher.build(1, bundle, make_catalogue(UTTERANCES), RULE)
    texts = [ANSWERED, UNCLEAR, UNKNOWN]
    before, vectors = first.match_all(texts), first.phrasings.rows.all_vectors().copy()
    changed = {"vpn": [ANSWERED, UNCLEAR, UNKNOWN, *UTTERANCES["vpn"]]}
    second = Matcher.build(1, bundle, make_catalogue(changed, revision=2), RULE, first)
    assert [m.candidates[0].intent for m in second.match_all(texts)] == ["vpn"] * 3
    assert first.match_all(texts) == before
    assert (first.revision, second.revision) == (1, 2)
    np.testing.assert_array_equal(first.phrasings.rows.all_vectors(), vectors)


def test_what_a_matcher_holds_cannot_be_changed() -> None:
    matcher = make_matcher(UTTERANCES)
    with pytest.raises(TypeError):
        matcher.intents["vpn"] = matcher.intents["leave"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        matcher.phrasings.names = ()  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        matcher.match(ANSWERED).exact = True  # type: ignore[misc]


def test_a_known_entry_is_scored_as_if_it_were_not_there() -> None:
    matcher = make_matcher(UTTERANCES)
    entries, vectors = make_catalogue(UTTERANCES).entries, matcher.phrasings.rows.all_vectors()
    for row in range(len(entries)):
        exact = BruteForceIndex(np.delete(vectors, row, axis=0))
        positions, similarities = exact.search(vectors[[row]], RULE.neighbours)
        others = [e.intent for i, e in enumerate(entries) if i != row]
        found = np.delete(vectors, row, axis=0)[positions[0]]
        near = zip(positions[0], similarities[0], strict=True)
        neighbours = [Neighbour(others[p], float(s)) for p, s in near]
        expected = vote(neighbours, (found @ found.T).tolist(), RULE.temperature)
        (scored,) = matcher.score_known([row])
        assert [s.intent for s in scored] == [s.intent for s in expected]
        assert [s.features for s in scored] == [
            pytest.approx(s.features, abs=1e-5) for s in expected
        ]


def test_a_twin_of_a_known_entry_still_votes() -> None:
    matcher = make_matcher({"a": ["reset my password now"], "b": ["password now reset my"]})
    vectors = np.repeat(matcher.phrasings.rows.all_vectors()[:1], 2, axis=0)
    phrasings = replace(
        matcher.phrasings,
        rows=Rows(vectors.shape[1], [Block(as_keys(["a", "b"]), vectors)]),
        indexed=Indexed(HnswIndex.build(vectors), np.full(2, fill_value=True)),
    )
    twins = Matcher(1, matcher.bundle, 1, matcher.intents, phrasings, RULE, matcher.wording)
    first, second = twins.score_known([0, 1])
    assert ([s.intent for s in first], [s.intent for s in second]) == (["b"], ["a"])


def test_an_entry_scored_as_unknown_never_meets_its_own_intent() -> None:
    matcher = make_matcher(UTTERANCES)
    entries = make_catalogue(UTTERANCES).entries
    rows = [5, 0, 15]
    for row, scored in zip(rows, matcher.score_as_unknown(rows), strict=True):
        assert {s.intent for s in scored} == set(UTTERANCES) - {entries[row].intent}


def test_scoring_takes_no_short_cut_for_known_phrasings() -> None:
    (scored,) = make_matcher(UTTERANCES).score(["the VPN does not connect"])
    assert scored[0].intent == "vpn"
    assert len(scored) > 1


def test_an_intent_is_as_similar_as_the_mean_of_its_utterances_among_the_neighbours() -> None:
    matcher = make_matcher(UTTERANCES)
    catalogue = make_catalogue(UTTERANCES)
    question = matcher.bundle.encoder.encode([ANSWERED])
    (rows,), _ = matcher.phrasings.search(question, RULE.neighbours)
    (scored,) = matcher.score([ANSWERED])
    for candidate in scored:
        own = [row for row in rows if matcher.phrasings.intent_at(row) == candidate.intent]
        centre = vectors_of(matcher, catalogue)[own].mean(axis=0)
        cosine = float(question[0] @ centre / np.linalg.norm(centre))
        assert candidate.similarity == pytest.approx(cosine, abs=1e-5)


def test_the_rule_says_how_many_neighbours_vote() -> None:
    few = Matcher.build(
        1, make_matcher({}).bundle, make_catalogue(UTTERANCES), Rule(neighbours=1, temperature=0.05)
    )
    assert all(len(scored) == 1 for scored in few.score([ANSWERED, UNCLEAR, UNKNOWN]))
    assert all(len(scored) == 1 for scored in few.score_known([0, 9]))


class BlindEncoder(HashingEncoder):
    """Sees nothing after a “#”."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        return super().encode([text.split("#")[0] for text in texts])


def test_the_largest_rule_works_with_many_equal_entries() -> None:
    texts = [f"the same question number {i % 7}#{i}" for i in range(300)]
    entries = {"a": texts[:200], "b": texts[200:]}
    largest = Rule(neighbours=MOST_NEIGHBOURS, temperature=0.05)
    bundle = Bundle.blank(BlindEncoder(), CALIBRATION)
    matcher = Matcher.build(1, bundle, make_catalogue(entries), largest)
    assert len(matcher.score_known(range(300))) == 300


def test_a_replaced_matcher_is_gone_at_once_and_its_model_with_it() -> None:
    matcher = make_matcher({"open": ["when do you open"]})
    matcher.match("are you open")
    gone = weakref.ref(matcher)
    gc.disable()
    try:
        del matcher
        assert gone() is None
    finally:
        gc.enable()


def test_a_slip_of_a_word_that_an_edit_brought_is_repaired() -> None:
    first = make_matcher(UTTERANCES)
    entry = Entry("where is the turnstile kept", "vpn")
    second = first.edited(Edit(2, {}, {key(entry.text): entry}))
    asked = "where is the turnstle kept"
    assert second.match(asked).exact
    assert not first.match(asked).exact
    assert second.reindexed(second.phrasings.build_index()).match(asked).exact
    assert second.guessing(Guessed.nothing(256)).match(asked).exact
    assert not second.match_each([asked])[0].exact


def test_a_message_with_two_questions_offers_what_each_would_get() -> None:
    match = make_matcher(UTTERANCES).match(f"{ANSWERED} and also the VPN does not connect")
    assert match.decision is Decision.CLARIFY
    assert {c.intent for c in match.candidates[: match.offered]} == {"reset-password", "vpn"}
