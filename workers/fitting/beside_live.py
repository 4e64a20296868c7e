"""Choose a candidate's threshold beside the live version's, on questions that neither learnt.

A threshold is fitted anew in each training, on a few hundred rows, and fluctuates: a candidate that
finds the right intent more often could answer five fewer of a hundred questions for no other
reason. Between where the promise holds almost surely and where it holds as likely as not, a
candidate therefore answers as many questions as visitors are used to, and a few more.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil, sqrt

from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import Calibration


def choose_threshold(
    calibration: Calibration, least: float, own: Mapping[str, Outcome], live: Mapping[str, Outcome]
) -> Calibration:
    """Return `calibration`, its threshold lowered no further than to `least` so that of the texts
    in both `own` and `live` as many are answered as the live version answers, and a few more.

    `own` are the candidate's outcomes and `live` the live version's, out of fold, by text. On other
    questions chance makes the difference as large as its standard deviation, the root of the number
    of questions that only one of the two answers: so many more are answered, or as often as not
    it would still answer fewer. Nothing changes where the candidate answers that many already.
    """
    shared = sorted(own.keys() & live.keys())
    falling = sorted((_first_probability(own[text]) for text in shared), reverse=True)
    answered = [text for text in shared if live[text].is_answered]
    if not answered:
        return calibration
    as_many = falling[len(answered) - 1]
    only_live = sum(_first_probability(own[text]) < as_many for text in answered)
    more = ceil(sqrt(2 * only_live))  # as many are answered by the candidate alone
    wanted = falling[min(len(answered) + more, len(falling)) - 1]
    return replace(calibration, answer_at=min(calibration.answer_at, max(least, wanted)))


def _first_probability(outcome: Outcome) -> float:
    return outcome.candidates[0].probability if outcome.candidates else 0.0
