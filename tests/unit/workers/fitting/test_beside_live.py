import pytest

from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import Calibration, Candidate, Decision
from workers.fitting.beside_live import choose_threshold

SURE = 0.9
CALIBRATION = Calibration(16.0, 0.9, -10.0, SURE, 0.2, 100)
PROBABILITIES = (0.97, 0.92, 0.85, 0.8, 0.75, 0.6)


def outcomes(probabilities: tuple[float, ...], answer_at: float) -> dict[str, Outcome]:
    """Outcomes of as many questions, which are answered from a probability on."""
    return {
        f"question {number}": Outcome(
            f"question {number}",
            "vpn",
            Decision.ANSWER if p >= answer_at else Decision.HANDOFF,
            (Candidate("vpn", p),),
        )
        for number, p in enumerate(probabilities)
    }


OWN = outcomes(PROBABILITIES, SURE)


@pytest.mark.parametrize(
    ("live_answers", "chosen"),
    [
        pytest.param(4, 0.8, id="as many as the live version"),
        pytest.param(2, SURE, id="it answers as many already"),
        pytest.param(1, SURE, id="it answers more, and goes on to"),
        pytest.param(6, 0.7, id="no lower than where the promise is as likely kept as not"),
        pytest.param(0, SURE, id="the live version is mute"),
    ],
)
def test_it_answers_as_many_as_the_live_version(live_answers: int, chosen: float) -> None:
    live = outcomes(tuple(0.95 if n < live_answers else 0.3 for n in range(6)), SURE)
    assert choose_threshold(CALIBRATION, 0.7, OWN, live).answer_at == chosen


def test_only_what_both_were_asked_is_counted() -> None:
    live = outcomes((0.95, 0.95, 0.95), SURE)
    others = {f"another {name}": outcome for name, outcome in outcomes((0.95,) * 9, SURE).items()}
    assert choose_threshold(CALIBRATION, 0.5, OWN, live | others).answer_at == 0.85
    assert choose_threshold(CALIBRATION, 0.5, OWN, others) == CALIBRATION


def test_what_chance_makes_of_other_questions_is_answered_too() -> None:
    """Two that only one of them answers: a difference of two is chance."""
    live = outcomes((0.95, 0.95, 0.3, 0.95, 0.3, 0.3), SURE)
    lowered = choose_threshold(CALIBRATION, 0.5, OWN, live)
    assert lowered.answer_at == PROBABILITIES[3 + 2 - 1]


def test_where_the_promise_holds_more_surely_below_nothing_is_raised() -> None:
    live = outcomes((0.95,) * 6, SURE)
    assert choose_threshold(CALIBRATION, 0.95, OWN, live).answer_at == SURE


def test_a_question_without_a_candidate_is_not_answered() -> None:
    own = OWN | {"mute": Outcome("mute", "vpn", Decision.HANDOFF, ())}
    live = outcomes((0.95,) * 6, SURE)
    live["mute"] = Outcome("mute", "vpn", Decision.ANSWER, (Candidate("vpn", 0.95),))
    assert choose_threshold(CALIBRATION, 0.5, own, live).answer_at == 0.5


def test_beside_itself_it_stays_as_it_is() -> None:
    live = outcomes(PROBABILITIES, 0.8)
    lowered = choose_threshold(CALIBRATION, 0.5, OWN, live)
    again = choose_threshold(CALIBRATION, 0.5, OWN, outcomes(PROBABILITIES, lowered.answer_at))
    assert again == lowered
