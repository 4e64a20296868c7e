"""Choose a candidate's threshold beside the live version's, on questions that neither learnt.

A threshold is fitted anew in each training, on a few hundred rows, and fluctuates: a candidate that
finds the right intent more often could answer five fewer of a hundred questions for no other
reason. Between where the promise holds almost surely and where it holds as likely as not, a
candidate therefore answers as many questions as visitors are used to.
"""

from collections.abc import Mapping
from dataclasses import replace

from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import Calibration


def choose_threshold(
    calibration: Calibration, least: float, own: Mapping[str, Outcome], live: Mapping[str, Outcome]
) -> Calibration:
    """Return `calibration`, its threshold lowered no further than to `least` so that of the texts
    in both `own` and `live` as many are answered as the live version answers.

    `own` are the candidate's outcomes and `live` the live version's, out of fold, by text. Nothing
    changes where the candidate answers as many already.
    """
    shared = own.keys() & live.keys()
    answered = sum(live[text].is_answered for text in shared)
    falling = sorted((_first_probability(own[text]) for text in shared), reverse=True)
    if not answered:
        return calibration
    as_many = falling[answered - 1]
    return replace(calibration, answer_at=min(calibration.answer_at, max(least, as_many)))


def _first_probability(outcome: Outcome) -> float:
    return outcome.candidates[0].probability if outcome.candidates else 0.0
