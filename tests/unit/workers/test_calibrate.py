from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from chatbot.domain.example import Example
from chatbot.domain.matching import NEVER, USUAL, Calibration, Candidate, Scored
from chatbot.matching.matcher import Matcher
from chatbot.settings import Settings
from factories import make_matcher
from workers.calibrate import (
    GENERIC,
    LEAST_PROBABILITY,
    LEAST_ROWS,
    Judged,
    answering_threshold,
    clarifying_threshold,
    cross_fit,
    fit,
    gather_votes,
    thresholds_of_other_promises,
)
from workers.unseen import Unseen

Answers = list[tuple[float, bool]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, promise=0.05, promise_confidence=0.9)


def simulated(random: Random, rows: int) -> Answers:
    """Answers whose probability of being right is p**2: the model is too sure of itself."""
    answers = []
    for _ in range(rows):
        p = random.random() ** 0.1
        answers.append((p, random.random() < p**2))
    return answers


def true_wrong_share(threshold: float) -> float:
    """Of answers with probability >= threshold: 1 - E[p**2 | p >= threshold], p = u**0.1."""
    lowest = threshold**10
    return 1 - (1 - lowest**1.2) / 1.2 / (1 - lowest)


@pytest.mark.parametrize(
    ("promise", "confidence"), [(0.05, 0.9), (0.1, 0.9), (0.1, 0.8), (0.2, 0.95)]
)
def test_the_promise_is_broken_no_oftener_than_agreed(promise: float, confidence: float) -> None:
    random = Random(2026)
    broken, answering = 0, 0
    for _ in range(1000):
        threshold = answering_threshold(simulated(random, 300), promise, confidence)
        answering += threshold < 1
        broken += threshold < 1 and true_wrong_share(threshold) > promise
    assert broken / 1000 <= (1 - confidence) + 0.02
    assert answering > 100


def test_more_data_lets_more_be_answered() -> None:
    random = Random(7)
    few = [answering_threshold(simulated(random, 200), 0.1, 0.9) for _ in range(100)]
    many = [answering_threshold(simulated(random, 4000), 0.1, 0.9) for _ in range(20)]
    assert sum(many) / 20 < sum(few) / 100
    assert all(true_wrong_share(t) < 0.12 for t in many)


def test_answers_that_are_always_right_are_given_unless_they_seem_wrong() -> None:
    answers = [(i / 100, True) for i in range(1, 101)]
    assert answering_threshold(answers, 0.05, 0.9) == pytest.approx(LEAST_PROBABILITY, abs=0.02)


@pytest.mark.parametrize(
    ("answers", "promise"),
    [
        pytest.param([], 0.05, id="no-data"),
        pytest.param([(0.9, True)] * 20, 0.05, id="too-little-data"),
        pytest.param([(0.9, False)] * 500, 0.05, id="always-wrong"),
        pytest.param([(0.9, i % 2 == 0) for i in range(500)], 0.05, id="a-coin"),
        pytest.param([(0.9, True)] * 500, 0.0, id="a-promise-nobody-can-keep"),
    ],
)
def test_where_the_promise_cannot_be_kept_nothing_is_answered(
    answers: Answers, promise: float
) -> None:
    assert answering_threshold(answers, promise, 0.9) == NEVER


def test_wrong_answers_of_the_same_probability_count_whatever_their_order() -> None:
    """All answers from a threshold on are given, also those that tie with the last one tested."""
    right, wrong = [(0.7, True)] * 100, [(0.7, False)] * 100
    assert answering_threshold(right + wrong, 0.05, 0.9) == NEVER
    safe = [(0.995, True)] * 200
    assert answering_threshold(safe + right + wrong, 0.05, 0.9) == 0.995


def votes(count: int, noise: float, seed: int = 1) -> list[tuple[list[Scored], str | None]]:
    """Right intents are near; a share `noise` of the questions is out of scope and far."""
    random = Random(seed)
    rows: list[tuple[list[Scored], str | None]] = []
    for _ in range(count):
        foreign = random.random() < noise
        near = random.uniform(0.1, 0.5) if foreign else random.uniform(0.6, 1.0)
        share = random.uniform(0.5, 0.7) if foreign else random.uniform(0.7, 1.0)
        scored = [
            Scored("a", share=share, similarity=near),
            Scored("b", share=1 - share, similarity=near - 0.1),
        ]
        rows.append((scored, None if foreign else "a"))
    return rows


def test_a_fitted_calibration_tells_near_from_far(settings: Settings) -> None:
    calibration = fit(votes(400, noise=0.2), settings)
    near = calibration.candidates([Scored("a", share=0.95, similarity=0.9)])
    far = calibration.candidates([Scored("a", share=0.55, similarity=0.2)])
    assert near[0].probability > 0.9
    assert far[0].probability < 0.1
    assert calibration.answer_at <= near[0].probability
    assert calibration.rows == 400
    assert calibration.clarify_at == settings.clarify_probability


def test_the_same_votes_give_the_same_calibration(settings: Settings) -> None:
    assert fit(votes(200, 0.2), settings).id == fit(votes(200, 0.2), settings).id
    assert fit(votes(200, 0.2), settings).id != fit(votes(200, 0.2, seed=2), settings).id


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(votes(LEAST_ROWS - 1, 0.2), id="too-few"),
        pytest.param([], id="none"),
        pytest.param(votes(100, 1.0), id="nothing-is-ever-right"),
        pytest.param([([], "a")] * 100, id="no-candidates"),
    ],
)
def test_without_enough_to_learn_from_it_stays_unfitted(
    rows: list[tuple[list[Scored], str | None]], settings: Settings
) -> None:
    assert fit(rows, settings) == Calibration.unfitted(settings.clarify_probability)


def test_a_version_says_when_it_would_answer_under_other_promises(settings: Settings) -> None:
    rows = votes(400, noise=0.2)
    calibration = fit(rows, settings)
    others = dict(thresholds_of_other_promises(calibration, rows, settings.promise_confidence))
    assert others[settings.promise] == calibration.answer_at
    assert others[0.01] >= others[0.05] >= others[0.2]


def test_an_unfitted_version_keeps_no_promise(settings: Settings) -> None:
    unfitted = Calibration.unfitted(settings.clarify_probability)
    assert thresholds_of_other_promises(unfitted, votes(10, 0.2), 0.9) == []


def test_a_hopeless_model_never_answers_by_itself(settings: Settings) -> None:
    random = Random(3)
    coin = [(scored, random.choice(["a", "b"])) for scored, _ in votes(300, 0.0)]
    calibration = fit(coin, settings)
    assert calibration.rows == 300
    assert calibration.answer_at == NEVER


WORDS = {
    "password": "reset my forgotten password for the {} portal",
    "vpn": "the vpn tunnel to {} keeps dropping all day",
    "invoice": "please send an invoice about {} to accounting",
    "leave": "how many days of holiday leave during {} remain",
}
PLACES = [
    "paris",
    "oslo",
    "rome",
    "berlin",
    "madrid",
    "lisbon",
    "vienna",
    "dublin",
    "prague",
    "bern",
]
PLACES += [
    "kyiv",
    "riga",
    "athens",
    "sofia",
    "warsaw",
    "zagreb",
    "tallinn",
    "vilnius",
    "cairo",
    "lima",
]
UTTERANCES = {name: [text.format(place) for place in PLACES] for name, text in WORDS.items()}


EXAMPLES = [Example(text, name) for name, texts in UTTERANCES.items() for text in texts]


def everything(matcher: Matcher) -> Unseen:
    return Unseen.of(matcher, EXAMPLES)


def test_a_calibration_is_fitted_on_hidden_entries_and_on_questions_from_outside(
    settings: Settings,
) -> None:
    matcher = make_matcher(UTTERANCES)
    foreign = [f"purple elephants number {i} dance over {'xyz' * i}" for i in range(20)]
    calibration = fit(gather_votes([everything(matcher)], foreign), settings)
    assert calibration.rows == 100
    (known,) = matcher.score([UTTERANCES["vpn"][0] + " again"])
    (unknown,) = matcher.score(["green giraffes sing"])
    assert calibration.candidates(known)[0].intent == "vpn"
    assert calibration.candidates(known)[0].probability > 0.9
    assert calibration.candidates(unknown)[0].probability < 0.7


def test_hidden_intents_stand_in_for_unknown_questions(settings: Settings) -> None:
    calibration = fit(gather_votes([everything(make_matcher(UTTERANCES))], []), settings)
    assert calibration.rows == 100


def test_parts_are_calibrated_together() -> None:
    matcher = make_matcher(UTTERANCES)
    halves = [Unseen.of(matcher, EXAMPLES[start::2]) for start in (0, 1)]
    assert len(gather_votes(halves, [])) == 100
    rows = gather_votes(halves, [f"elephant {n}" for n in range(8)])
    assert sum(truth is None for _, truth in rows) == 20
    assert len(rows) == pytest.approx(100, abs=5)


def test_confirmed_questions_from_outside_take_the_place_of_stand_ins() -> None:
    matcher = make_matcher(UTTERANCES)
    confirmed = [f"purple elephants number {n} dance" for n in range(30)]
    for count in (0, 5, 20, 30):
        rows = gather_votes([everything(matcher)], confirmed[:count])
        foreign = [scored for scored, truth in rows if truth is None]
        assert (len(rows), len(foreign)) == (100, 20)
        used = sum(scored in foreign for scored in matcher.score(confirmed[:count]))
        assert used >= min(count, 20)


def test_small_talk_that_the_faq_covers_does_not_stand_in_for_unknown_questions() -> None:
    lines = GENERIC.read_text(encoding="utf-8").splitlines()
    chatty = {"chat": lines[::2], "more": [f"{line} please" for line in lines[::2]], **UTTERANCES}
    examples = [Example(text, name) for name, texts in chatty.items() for text in texts]
    matcher = make_matcher(chatty)
    rows = gather_votes([Unseen.of(matcher, examples)], [])
    foreign = [scored for scored, truth in rows if truth is None]
    assert foreign
    assert len(rows) == pytest.approx(5 * len(foreign), abs=1)
    assert max(scored[0].similarity for scored in foreign) < 0.9


def test_every_probability_for_a_threshold_comes_from_a_fit_without_that_question(
    settings: Settings,
) -> None:
    rows = votes(100, 0.2)
    moved = [([replace(s, similarity=-1.0) for s in rows[0][0]], "b"), *rows[1:]]
    before, after = cross_fit(rows), cross_fit(moved)
    assert len(before) == len(rows)
    assert before[1:20] == after[1:20]
    assert before[20:] != after[20:]
    assert fit(rows, settings) != fit(moved, settings)


@pytest.mark.parametrize("promised", [0.5, 0.7, 0.9])
def test_offered_sets_hold_the_right_intent_as_often_as_promised(
    settings: Settings, promised: float
) -> None:
    """Of a model whose probabilities are far too high for every intent but the right one."""
    changed = settings.model_copy(update={"clarify_probability": promised})
    never = Calibration(*USUAL, answer_at=NEVER, clarify_at=promised, rows=100)
    random = Random(5)

    def judged(count: int) -> list[Judged]:
        rows: list[Judged] = []
        for _ in range(count):
            shares = sorted((random.random() for _ in range(4)), reverse=True)
            candidates = [
                Candidate(n, s / sum(shares)) for n, s in zip("abcd", shares, strict=True)
            ]
            rows.append((candidates, random.choices("abcd", [s**0.5 for s in shares])[0]))
        return rows

    clarify_at = clarifying_threshold(judged(2000), never, changed)
    assert clarify_at >= promised
    asking = replace(never, clarify_at=clarify_at)
    sets = [(asking.offered(candidates), truth) for candidates, truth in judged(5000)]
    held = [truth in [c.intent for c in offered] for offered, truth in sets if offered]
    assert sum(held) >= (promised - 0.02) * len(held)


def test_where_no_set_keeps_its_promise_nothing_is_offered(settings: Settings) -> None:
    hopeless: list[Judged] = [([Candidate("a", 0.6), Candidate("b", 0.3)], "c")] * 100
    never = Calibration(*USUAL, answer_at=NEVER, clarify_at=0.5, rows=100)
    assert clarifying_threshold(hopeless, never, settings) == NEVER


def test_only_known_texts_of_the_same_intent_are_used() -> None:
    matcher = make_matcher(UTTERANCES)
    moved = Example(EXAMPLES[0].text, "vpn")
    found = Unseen.of(
        matcher,
        [moved, Example(EXAMPLES[1].text.upper(), EXAMPLES[1].intent), Example("new", "vpn")],
    )
    assert found.texts == [EXAMPLES[1].text.upper()]
    assert found.intents == [EXAMPLES[1].intent]


def test_an_unseen_text_is_answered_as_if_the_catalogue_did_not_have_it() -> None:
    lonely = {**UTTERANCES, "bees": ["zzz bumblebee"]}
    matcher = make_matcher(lonely)
    outcomes = Unseen.of(matcher, [Example("zzz bumblebee", "bees"), EXAMPLES[0]]).outcomes(
        matcher.calibration
    )
    assert outcomes["zzz bumblebee"].best != "bees"
    assert outcomes[EXAMPLES[0].text].is_top1
