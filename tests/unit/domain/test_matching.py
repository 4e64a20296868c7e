import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.domain.matching import (
    DISPUTED,
    MOST_CANDIDATES,
    Calibration,
    Candidate,
    Decision,
    Neighbour,
    Scored,
    uncertainty,
    usefulness,
)
from chatbot.domain.matching import vote as vote_among
from chatbot.domain.utility import Costs

CALIBRATION = Calibration(8.0, 1.0, -6.0, answer_at=0.8, clarify_at=0.5, rows=100)

similarities = st.floats(-1, 1)
neighbours = st.lists(st.builds(Neighbour, st.sampled_from("abcdefgh"), similarities), max_size=30)


def vote(near: list[Neighbour], temperature: float) -> list[Scored]:
    """Where all neighbours are one and the same utterance."""
    return vote_among(near, [[1.0] * len(near)] * len(near), temperature)


weights = st.floats(-50, 50)
calibrations = st.builds(
    Calibration,
    weights,
    weights,
    weights,
    answer_at=st.floats(0, 1.01),
    clarify_at=st.floats(0, 1),
    rows=st.integers(0, 1000),
)


def test_nobody_votes_without_neighbours() -> None:
    assert vote([], 0.05) == []


def test_a_vote_weighs_the_exponential_of_its_similarity() -> None:
    scored = vote([Neighbour("a", 0.9), Neighbour("b", 0.8), Neighbour("a", 0.7)], temperature=0.1)
    a, b = math.exp(9) + math.exp(7), math.exp(8)
    assert [s.intent for s in scored] == ["a", "b"]
    assert scored[0].share == pytest.approx(a / (a + b))
    assert (scored[0].similarity, scored[1].similarity) == pytest.approx((0.8, 0.8))


def test_a_guess_has_a_smaller_say_than_what_is_known() -> None:
    scored = vote([Neighbour("a", 0.8, 0.5), Neighbour("b", 0.8), Neighbour("c", 0.7)], 0.1)
    total = 0.5 + 1 + math.exp(-1)
    assert {s.intent: s.share for s in scored} == pytest.approx(
        {"b": 1 / total, "a": 0.5 / total, "c": math.exp(-1) / total}
    )


def test_a_guess_moves_the_centre_of_its_intent_by_its_weight() -> None:
    """At right angles to each other, the known one twice as heavy."""
    near = [Neighbour("a", 1.0), Neighbour("a", 0.0, 0.5)]
    (scored,) = vote_among(near, [[1.0, 0.0], [0.0, 1.0]], temperature=0.1)
    assert scored.similarity == pytest.approx(2 / math.sqrt(5))


def test_an_intent_is_compared_by_what_its_utterances_have_in_common() -> None:
    """Each of two utterances is half beside the point; their mean is what the question says."""
    near = [Neighbour("a", 0.6), Neighbour("a", 0.6), Neighbour("b", 0.7)]
    between = [[1.0, -0.28, 0.0], [-0.28, 1.0, 0.0], [0.0, 0.0, 1.0]]
    scored = vote_among(near, between, temperature=0.1)
    assert {s.intent: round(s.similarity, 6) for s in scored} == {"a": 1.0, "b": 0.7}


def test_utterances_that_cancel_out_have_no_centre_to_divide_by() -> None:
    opposite = [Neighbour("a", 0.3), Neighbour("a", -0.3)]
    (scored,) = vote_among(opposite, [[1.0, -1.0], [-1.0, 1.0]], temperature=0.1)
    assert scored.similarity == 0.0


def test_many_near_utterances_outvote_one_that_is_a_little_nearer() -> None:
    scored = vote([Neighbour("a", 0.81)] + [Neighbour("b", 0.8)] * 3, temperature=0.05)
    assert scored[0].intent == "b"


def test_a_cold_temperature_lets_the_nearest_decide() -> None:
    scored = vote([Neighbour("a", 0.81)] + [Neighbour("b", 0.8)] * 3, temperature=0.001)
    assert scored[0].intent == "a"


def test_a_lonely_intent_has_all_votes() -> None:
    assert vote([Neighbour("a", 0.4)], 0.05) == [Scored("a", 1.0, 0.4)]


def test_equal_votes_rank_by_name_whatever_their_order() -> None:
    tied = [Neighbour(name, 0.5) for name in "cab"]
    assert [s.intent for s in vote(tied, 0.05)] == ["a", "b", "c"]
    assert vote(tied, 0.05) == vote(tied[::-1], 0.05)


@given(neighbours, st.floats(0.001, 1))
def test_shares_are_a_distribution_over_at_most_five_intents(
    near: list[Neighbour], temperature: float
) -> None:
    scored = vote(near, temperature)
    intents = {n.intent for n in near}
    total = sum(s.share for s in scored)
    assert len(scored) == min(len(intents), MOST_CANDIDATES)
    assert total <= 1 + 1e-9
    assert len(intents) > MOST_CANDIDATES or not near or total == pytest.approx(1)
    assert [s.share for s in scored] == sorted((s.share for s in scored), reverse=True)


@given(neighbours, calibrations)
def test_probabilities_sum_to_one_at_most_and_fall(
    near: list[Neighbour], calibration: Calibration
) -> None:
    probabilities = [c.probability for c in calibration.candidates(vote(near, 0.05))]
    assert all(0 <= p <= 1 for p in probabilities)
    assert sum(probabilities) <= 1 + 1e-9
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("feature", ["similarity", "share"])
@given(low=st.floats(-1, 1), high=st.floats(-1, 1))
def test_more_evidence_never_lowers_the_probability(feature: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    values = {"similarity": 0.5, "share": 0.5}
    weak = CALIBRATION.candidates([Scored("a", **values | {feature: low})])
    strong = CALIBRATION.candidates([Scored("a", **values | {feature: high})])
    assert weak[0].probability <= strong[0].probability


def test_extreme_votes_do_not_overflow() -> None:
    extreme = Calibration(1e6, 1e6, 0.0, answer_at=0.8, clarify_at=0.5, rows=1)
    scored = [Scored("a", 1.0, 1.0), Scored("b", 0.0, -1.0)]
    assert [round(c.probability, 6) for c in extreme.candidates(scored)] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("probabilities", "decision"),
    [
        pytest.param([], Decision.HANDOFF, id="no-candidates"),
        pytest.param([0.8, 0.1], Decision.ANSWER, id="at-the-threshold"),
        pytest.param([0.79, 0.1], Decision.CLARIFY, id="just-below"),
        pytest.param([0.8, 0.2], Decision.ANSWER, id="another-reading-is-shown-beside"),
        pytest.param([0.81], Decision.ANSWER, id="nothing-to-choose-from"),
        pytest.param([0.3, 0.2], Decision.CLARIFY, id="together-enough"),
        pytest.param([0.3, 0.19], Decision.HANDOFF, id="together-too-little"),
        pytest.param([0.2, 0.14, 0.13, 0.12], Decision.HANDOFF, id="only-three-are-offered"),
    ],
)
def test_a_decision_follows_from_the_thresholds(
    probabilities: list[float], decision: Decision
) -> None:
    candidates = [Candidate(str(i), p) for i, p in enumerate(probabilities)]
    assert CALIBRATION.decide(candidates) is decision


@given(st.lists(st.floats(0, 1), max_size=5))
def test_an_answering_threshold_above_one_never_answers(probabilities: list[float]) -> None:
    candidates = [Candidate(str(i), p) for i, p in enumerate(probabilities)]
    assert Calibration.unfitted(0.5).decide(candidates) is not Decision.ANSWER


@pytest.mark.parametrize(
    ("probabilities", "number"),
    [
        pytest.param([0.6], 1, id="there-is-one"),
        pytest.param([0.6, 0.3], 2, id="never-one-of-two"),
        pytest.param([0.4, 0.3, 0.04], 2, id="a-third-is-not-worth-reading"),
        pytest.param([0.4, 0.3, 0.2], 3, id="three"),
        pytest.param([0.25, 0.2, 0.15, 0.1], 3, id="never-more-than-three"),
        pytest.param([0.2, 0.14, 0.13, 0.12], 0, id="three-are-too-few"),
        pytest.param([], 0, id="no-candidates"),
    ],
)
def test_two_or_three_are_offered_if_one_of_them_is_probable_enough(
    probabilities: list[float], number: int
) -> None:
    candidates = [Candidate(str(i), p) for i, p in enumerate(probabilities)]
    assert CALIBRATION.offered(candidates) == candidates[:number]


@pytest.mark.parametrize(
    ("costs", "decision"),
    [
        pytest.param(Costs(), Decision.ANSWER, id="usual"),
        pytest.param(Costs(9.0, 0.8, 0.2), Decision.CLARIFY, id="a-wrong-answer-is-dear"),
    ],
)
def test_what_costs_least_is_done(costs: Costs, decision: Decision) -> None:
    candidates = [Candidate("a", 0.85), Candidate("b", 0.1)]
    assert replace(CALIBRATION, costs=costs).decide(candidates) is decision


def test_what_an_answer_says_counts_beside_the_phrasings() -> None:
    reading = replace(CALIBRATION, answer=2.0, passage=4.0)
    scored = [Scored("a", 0.5, 0.6, answer=0.1, passage=0.2), Scored("b", 0.5, 0.6, 0.4, 0.7)]
    assert reading.candidates(scored)[0].intent == "b"
    assert CALIBRATION.candidates(scored)[0].intent == "a"


def test_a_calibration_of_before_answers_counted_reads_none() -> None:
    stored = CALIBRATION.to_json()
    for name in ("answer", "passage", "costs"):
        del stored[name]
    assert Calibration.from_json(stored) == CALIBRATION


def test_intents_and_none_of_these_compete_for_the_question() -> None:
    alone = CALIBRATION.candidates([Scored("a", 0.5, 0.9)])
    contested = CALIBRATION.candidates([Scored("a", 0.5, 0.9), Scored("b", 0.5, 0.9)])
    odds = math.exp(8 * 0.9 + math.log(0.5) - 6)
    assert alone[0].probability == pytest.approx(odds / (1 + odds))
    assert [c.probability for c in contested] == pytest.approx([odds / (1 + 2 * odds)] * 2)


def test_a_record_of_an_earlier_kind_counts_as_unfitted() -> None:
    stored = {"weights": [12.0, 0.2], "bias": -6.5, "answer_at": 0.8, "clarify_at": 0.4, "rows": 9}
    assert Calibration.from_json(stored) == Calibration.unfitted(0.4)


def test_a_calibration_survives_json_and_its_id_names_its_numbers() -> None:
    again = Calibration.from_json(CALIBRATION.to_json())
    other = Calibration.from_json(CALIBRATION.to_json() | {"answer_at": 0.81})
    assert again == CALIBRATION
    assert again.id == CALIBRATION.id != other.id
    assert len(again.id) == 12


@pytest.mark.parametrize(
    ("decision", "probability", "expected"),
    [(Decision.CLARIFY, 0.5, 1.0), (Decision.HANDOFF, 0.1, 0.4), (Decision.ANSWER, 0.9, 0.2)],
)
def test_an_even_question_is_the_most_uncertain(
    decision: Decision, probability: float, expected: float
) -> None:
    found = uncertainty(decision, [Candidate("a", probability)], exact=False)
    assert found == pytest.approx(expected)


def test_a_known_utterance_is_certain_and_a_candidate_free_question_a_little_uncertain() -> None:
    assert uncertainty(Decision.ANSWER, [Candidate("a", 1.0)], exact=True) == 0
    assert uncertainty(Decision.HANDOFF, [], exact=False) == pytest.approx(0.2)


@given(st.sampled_from(Decision), st.floats(0, 1), st.booleans())
def test_a_first_guess_of_usefulness_stays_behind_what_two_versions_dispute(
    decision: Decision, probability: float, exact: bool
) -> None:
    assert 0 <= usefulness(decision, [Candidate("a", probability)], exact) <= DISPUTED


def test_a_stored_calibration_keeps_its_costs() -> None:
    dear = replace(CALIBRATION, costs=Costs(2.0, 0.4, 0.1))
    assert Calibration.from_json(dear.to_json()) == dear


def test_a_name_in_the_question_adds_to_the_odds_of_its_intent_alone() -> None:
    scored = [Scored("a", 0.5, 0.7), Scored("b", 0.5, 0.7)]
    odds = {c.intent: c.probability for c in CALIBRATION.candidates(scored, {"b": math.log(3)})}
    assert odds["b"] == pytest.approx(3 * odds["a"])


def test_an_answer_that_costs_as_much_as_a_handover_is_given() -> None:
    even = replace(CALIBRATION, answer_at=0.5, costs=Costs(1.0, 0.25, 0.05))
    assert even.decide([Candidate("a", 0.75)]) is Decision.ANSWER
    assert even.decide([Candidate("a", 0.74)]) is not Decision.ANSWER
