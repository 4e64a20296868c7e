from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from chatbot.domain.example import Example
from chatbot.domain.matching import NEVER, Calibration, Decision, Scored
from chatbot.domain.utility import Costs
from chatbot.matching.matcher import Matcher
from chatbot.settings import Settings
from factories import make_matcher
from places import EXAMPLES, UTTERANCES
from workers.fitting.calibrate import (
    GENERIC,
    LEAST_PROBABILITY,
    UNCOVERED_SHARE,
    Answer,
    Vote,
    answering_threshold,
    clarifying_threshold,
    cross_fit,
    fit,
    gather_votes,
    thresholds_of_other_promises,
    usual_threshold,
)
from workers.fitting.prior import Prior
from workers.fitting.unseen import Unseen

Answers = list[Answer]
KNOWS_NOTHING = Prior(
    np.array([16.0, 0.9, 0.0, 0.0, -10.0]), 100 * np.eye(5), ((0.5, 0.5), (1.0, 0.5)), worth=0.01
)
USUAL = replace(KNOWS_NOTHING, wrong_from=((0.5, 0.2), (0.8, 0.05), (1.0, 0.01)), worth=40.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, promise=0.05, promise_confidence=0.9)


def fitted(votes: Sequence[Vote], prior: Prior, settings: Settings) -> Calibration:
    return fit(votes, cross_fit(votes, prior), prior, settings)


def simulated(random: Random, rows: int) -> Answers:
    """Answers whose probability of being right is p**2: the model is too sure of itself."""
    answers = []
    for _ in range(rows):
        p = random.random() ** 0.1
        answers.append((p, random.random() < p**2, 1.0))
    return answers


def true_wrong_share(threshold: float) -> float:
    """Of answers with probability >= threshold: 1 - E[p**2 | p >= threshold], p = u**0.1."""
    lowest = threshold**10
    return float(1 - (1 - lowest**1.2) / 1.2 / (1 - lowest))


@pytest.mark.parametrize(
    ("promise", "confidence"), [(0.05, 0.9), (0.1, 0.9), (0.1, 0.8), (0.2, 0.95)]
)
def test_the_promise_is_broken_no_oftener_than_agreed(promise: float, confidence: float) -> None:
    random = Random(2026)
    broken, answering = 0, 0
    for _ in range(300):
        answers = simulated(random, 300)
        threshold = answering_threshold(answers, KNOWS_NOTHING, promise, confidence)
        answering += threshold < 1
        broken += threshold < 1 and true_wrong_share(threshold) > promise
    assert broken / 300 <= (1 - confidence) + 0.04
    assert answering > 30


def test_more_data_lets_more_be_answered() -> None:
    random = Random(7)

    def threshold(rows: int) -> float:
        return answering_threshold(simulated(random, rows), KNOWS_NOTHING, 0.1, 0.9)

    few = [threshold(200) for _ in range(50)]
    many = [threshold(4000) for _ in range(10)]
    assert sum(many) / 10 < sum(few) / 50
    assert all(true_wrong_share(t) < 0.12 for t in many)


def test_answers_that_are_always_right_are_given_unless_they_seem_wrong() -> None:
    answers = [(i / 100, True, 1.0) for i in range(1, 101)]
    threshold = answering_threshold(answers, KNOWS_NOTHING, 0.05, 0.9)
    assert threshold == pytest.approx(LEAST_PROBABILITY, abs=0.02)


@pytest.mark.parametrize(
    ("answers", "promise"),
    [
        pytest.param([], 0.05, id="no-data"),
        pytest.param([(0.9, False, 1.0)] * 500, 0.05, id="always-wrong"),
        pytest.param([(0.9, i % 2 == 0, 1.0) for i in range(500)], 0.05, id="a-coin"),
        pytest.param([(0.9, True, 1.0)] * 500, 0.0, id="a-promise-nobody-can-keep"),
    ],
)
def test_where_the_promise_cannot_be_kept_nothing_is_answered(
    answers: Answers, promise: float
) -> None:
    assert answering_threshold(answers, KNOWS_NOTHING, promise, 0.9) == NEVER


def test_without_data_what_is_usual_says_when_to_answer() -> None:
    assert 0.8 <= answering_threshold([], USUAL, 0.1, 0.8) < 1
    lax, strict = (answering_threshold([], USUAL, promise, 0.8) for promise in (0.2, 0.05))
    assert lax < strict


def test_own_data_outweighs_what_is_usual() -> None:
    wrong = [(0.9, i % 4 > 0, 1.0) for i in range(400)]
    assert answering_threshold(wrong[:4], USUAL, 0.1, 0.8) < 1
    assert answering_threshold(wrong, USUAL, 0.1, 0.8) > 0.9


def test_a_row_counts_as_much_as_it_weighs() -> None:
    """A thousand rows that are worth a hundredth each say no more than ten."""
    light = [(0.9, i % 4 > 0, 0.01) for i in range(400)]
    assert answering_threshold(light, USUAL, 0.1, 0.8) < 0.9


def test_wrong_answers_of_the_same_probability_count_whatever_their_order() -> None:
    """All answers from a threshold on are given, also those that tie with the last one tested."""
    right, wrong = [(0.7, True, 1.0)] * 100, [(0.7, False, 1.0)] * 100
    assert answering_threshold(right + wrong, KNOWS_NOTHING, 0.05, 0.9) == NEVER
    safe = [(0.995, True, 1.0)] * 200
    assert answering_threshold(safe + right + wrong, KNOWS_NOTHING, 0.05, 0.9) == 0.995


def votes(count: int, noise: float, seed: int = 1) -> list[Vote]:
    """Right intents are near; a share `noise` of the questions is out of scope and far."""
    random = Random(seed)
    rows: list[Vote] = []
    for _ in range(count):
        foreign = random.random() < noise
        near = random.uniform(0.1, 0.5) if foreign else random.uniform(0.6, 1.0)
        share = random.uniform(0.5, 0.7) if foreign else random.uniform(0.7, 1.0)
        scored = [
            Scored("a", share=share, similarity=near),
            Scored("b", share=1 - share, similarity=near - 0.1),
        ]
        rows.append(Vote(scored, None if foreign else "a"))
    return rows


def test_a_fitted_calibration_tells_near_from_far(settings: Settings) -> None:
    rows = votes(400, noise=0.2)
    calibration = fitted(rows, KNOWS_NOTHING, settings)
    near = calibration.candidates([Scored("a", share=0.95, similarity=0.9)])
    far = calibration.candidates([Scored("a", share=0.55, similarity=0.2)])
    assert near[0].probability > 0.9
    assert far[0].probability < 0.1
    assert calibration.answer_at <= near[0].probability
    assert calibration.rows == sum(row.truth is not None for row in rows)


def test_the_same_votes_give_the_same_calibration(settings: Settings) -> None:
    def made(seed: int) -> str:
        return fitted(votes(200, 0.2, seed), KNOWS_NOTHING, settings).id

    assert made(1) == made(1)
    assert made(1) != made(2)


@pytest.mark.parametrize(
    "rows", [pytest.param([], id="none"), pytest.param([Vote([], "a")] * 3, id="no-candidates")]
)
def test_without_anything_to_learn_from_it_is_what_is_usual(
    rows: list[Vote], settings: Settings
) -> None:
    calibration = fitted(rows, USUAL, settings.model_copy(update={"promise": 0.1}))
    assert [*calibration.weights, calibration.bias] == pytest.approx(USUAL.weights, abs=0.1)
    assert calibration.answer_at < 1


def test_a_tight_prior_holds_against_a_few_rows(settings: Settings) -> None:
    tight = replace(USUAL, covariance=1e-4 * np.eye(5))
    away = fitted(votes(20, 0.2), USUAL, settings).similarity - 16.0
    assert abs(fitted(votes(20, 0.2), tight, settings).similarity - 16.0) < abs(away) / 10


def test_a_version_says_when_it_would_answer_under_other_promises(settings: Settings) -> None:
    rows = votes(400, noise=0.2)
    calibration = fitted(rows, USUAL, settings)
    answers = cross_fit(rows, USUAL)
    others = dict(thresholds_of_other_promises(answers, USUAL, settings.promise_confidence))
    assert others[settings.promise] == calibration.answer_at
    assert others[0.01] >= others[0.05] >= others[0.2]


def test_where_it_is_usual_is_below_where_it_is_sure() -> None:
    answers = simulated(Random(1), 400)
    sure = answering_threshold(answers, KNOWS_NOTHING, 0.05, 0.9)
    usual = usual_threshold(answers, KNOWS_NOTHING, 0.05)
    assert usual < sure
    assert abs(true_wrong_share(usual) - 0.05) < 0.02


def test_a_few_wrong_verdicts_on_sure_answers_do_not_make_it_mute() -> None:
    noisy = [(0.99, number % 5 != 0, 1.0) for number in range(20)]
    others = [(0.9, number % 40 != 0, 1.0) for number in range(400)]
    assert usual_threshold([*noisy, *others], KNOWS_NOTHING, 0.05) <= 0.9
    assert usual_threshold(noisy, KNOWS_NOTHING, 0.05) == NEVER


def test_a_hopeless_model_never_answers_by_itself(settings: Settings) -> None:
    random = Random(3)
    coin = [vote._replace(truth=random.choice(["a", "b"])) for vote in votes(300, 0.0)]
    calibration = fitted(coin, USUAL, settings)
    given = [calibration.decide(calibration.candidates(vote.scored)) for vote in coin]
    assert Decision.ANSWER not in given


def test_what_is_usual_decides_while_nothing_is_known_and_confidence_as_it_grows() -> None:
    usual = replace(USUAL, wrong_from=((0.5, 0.2), (0.7, 0.049), (0.8, 0.02), (1.0, 0.01)))
    assert answering_threshold([], usual, 0.05, 0.9) == 0.7
    few = [(0.9, number % 20 != 0, 1.0) for number in range(400)]
    assert answering_threshold(few, usual, 0.05, 0.9) > 0.9


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        pytest.param(Costs(), 0.05 / 0.3, id="usual"),
        pytest.param(Costs(1.0, 0.8, 0.0), 0.0, id="a-click-is-free"),
        pytest.param(Costs(1.0, 0.1, 0.2), NEVER, id="a-person-is-cheaper"),
        pytest.param(Costs(1.0, 0.0, 0.2), NEVER, id="a-person-is-free"),
    ],
)
def test_it_asks_back_where_that_costs_less_than_a_person(
    settings: Settings, costs: Costs, expected: float
) -> None:
    assert clarifying_threshold(settings, costs) == expected


def test_an_admin_can_say_when_to_ask_back(settings: Settings) -> None:
    told = settings.model_copy(update={"clarify_probability": 0.6})
    assert clarifying_threshold(told, Costs()) == 0.6


EXAMPLE_TEXTS = [example.text for example in EXAMPLES]


def everything(matcher: Matcher) -> Unseen:
    return Unseen.of(matcher, EXAMPLES)


def test_a_calibration_is_fitted_on_hidden_entries_and_on_questions_from_outside(
    settings: Settings,
) -> None:
    matcher = make_matcher(UTTERANCES)
    foreign = [f"purple elephants number {i} dance over {'xyz' * i}" for i in range(20)]
    votes = gather_votes([everything(matcher)], foreign, set(EXAMPLE_TEXTS))
    calibration = fitted(votes, KNOWS_NOTHING, settings)
    assert calibration.rows == len(EXAMPLES)
    (known,) = matcher.score([UTTERANCES["vpn"][0] + " again"])
    (unknown,) = matcher.score(["green giraffes sing"])
    assert calibration.candidates(known)[0].intent == "vpn"
    assert calibration.candidates(known)[0].probability > 0.9
    assert calibration.candidates(unknown)[0].probability < 0.7


def shares(rows: list[Vote]) -> tuple[float, float]:
    """What the questions that are covered weigh, and those that are not."""
    covered = sum(row.weight for row in rows if row.truth is not None)
    return covered, sum(row.weight for row in rows if row.truth is None)


def test_half_of_what_is_asked_is_not_covered_however_it_is_known() -> None:
    matcher = make_matcher(UTTERANCES)
    elephants = [f"purple elephants number {n} dance" for n in range(200)]
    for known in (0, 5, 200):
        covered, foreign = shares(gather_votes([everything(matcher)], elephants[:known]))
        assert foreign / (covered + foreign) == pytest.approx(UNCOVERED_SHARE)


def test_parts_are_calibrated_together() -> None:
    matcher = make_matcher(UTTERANCES)
    halves = [Unseen.of(matcher, EXAMPLES[start::2]) for start in (0, 1)]
    whole, parted = (shares(gather_votes(p, [])) for p in ([everything(matcher)], halves))
    assert parted == pytest.approx(whole)


def test_the_more_questions_from_outside_are_known_the_more_of_the_mix_is_theirs() -> None:
    matcher = make_matcher(UTTERANCES)
    confirmed = [f"purple elephants number {n} dance" for n in range(200)]
    theirs = matcher.score(confirmed)
    parts = []
    for count in (0, 20, 200):
        rows = gather_votes([everything(matcher)], confirmed[:count])
        own = sum(row.weight for row in rows if row.truth is None and row.scored in theirs)
        parts.append(own / shares(rows)[1])
    assert parts[0] == 0
    assert 0.2 < parts[1] < 0.5 < parts[2] < 1


def test_what_visitors_asked_counts_in_full_and_what_an_author_wrote_does_not() -> None:
    matcher = make_matcher(UTTERANCES)
    asked = EXAMPLE_TEXTS[:5]
    rows = gather_votes([everything(matcher)], [], set(asked))
    weights = [row.weight for row in rows if row.truth is not None]
    assert weights[:5] == [1.0] * 5
    assert max(weights[5:]) < 0.2


def test_small_talk_that_the_faq_covers_does_not_stand_in_for_unknown_questions() -> None:
    lines = GENERIC.read_text(encoding="utf-8").splitlines()
    chatty = {"chat": lines[::2], "more": [f"{line} please" for line in lines[::2]], **UTTERANCES}
    examples = [Example(text, name) for name, texts in chatty.items() for text in texts]
    matcher = make_matcher(chatty)
    rows = gather_votes([Unseen.of(matcher, examples)], [])
    far = [row for row in rows if row.truth is None and row.weight == rows[-1].weight]
    assert far
    assert max(row.scored[0].similarity for row in far) < 0.9


def test_every_probability_for_a_threshold_comes_from_a_fit_without_that_question(
    settings: Settings,
) -> None:
    rows = votes(100, 0.2)
    first = Vote([replace(s, similarity=-1.0) for s in rows[0].scored], "b")
    moved = [first, *rows[1:]]
    before, after = cross_fit(rows, KNOWS_NOTHING), cross_fit(moved, KNOWS_NOTHING)
    assert len(before) == len(rows)
    assert before[1:20] == after[1:20]
    assert before[20:] != after[20:]
    assert fitted(rows, KNOWS_NOTHING, settings) != fitted(moved, KNOWS_NOTHING, settings)
