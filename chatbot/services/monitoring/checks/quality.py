"""Check how the live bot does: by the random sample, by drift, and by the watch.

The metrics raise their alarms by the same rules.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.drift import LEAST
from chatbot.services.monitoring.checks.check import Finding, Instance
from chatbot.services.monitoring.drift import Drift, measure_drift
from chatbot.services.monitoring.live_accuracy import LiveAccuracy, read_live_accuracy
from chatbot.services.releases.kinds import WatchState
from chatbot.services.releases.promotion_stop import find_stop
from chatbot.storage.tables import Watch

_FIGURES = {
    "score": "how sure the bot is",
    "handed_over": "how often it hands over",
    "length": "how long questions are",
    "language": "their language",
}


@dataclass(frozen=True)
class LiveState:
    """The state of the live bot at one moment.

    `alarm` is a watch that found its version worse and did not roll it back, `stop` one whose
    rollback stops promotions.
    """

    accuracy: LiveAccuracy
    drift: Drift
    alarm: Watch | None
    stop: Watch | None

    @classmethod
    def read(cls, session: Session) -> Self:
        return cls(
            read_live_accuracy(session),
            measure_drift(session),
            _find_alarm(session),
            find_stop(session),
        )

    def list_alarms(self, promise: float) -> dict[str, bool]:
        """Return by kind whether a person should look."""
        return {
            "wrong_answers": self.accuracy.breaks(promise),
            "drift": bool(self.drift.alarms),
            "watch": self.alarm is not None,
            "hold": self.stop is not None,
        }


def check_promise(instance: Instance) -> Finding:
    promise = instance.settings.promise
    with instance.database.read() as session:
        accuracy = read_live_accuracy(session)
    wrong = accuracy.wrong_answers
    if wrong.of == 0:
        detail = f"no answer judged of {accuracy.drawn} drawn at random"
        return Finding("promise", True, detail, too_early=True)
    detail = (
        f"{wrong.value:.1%} of the answers are wrong ({wrong.low:.1%} to {wrong.high:.1%}, "
        f"{wrong.of} judged at random); promised: at most {promise:.0%}"
    )
    advice = "Look at what is wrong at the review desk; a training calibrates anew."
    return Finding("promise", not accuracy.breaks(promise), detail, advice, needed=False)


def check_drift(instance: Instance) -> Finding:
    with instance.database.read() as session:
        drift = measure_drift(session)
    if not drift.shifts:
        detail = (
            f"whether visitors ask as they did when the model went live is compared from {LEAST} "
            f"questions on; {drift.reference} are from that time, {drift.recent} of this week"
        )
        return Finding("drift", True, detail, too_early=True)
    indices = ", ".join(f"{shift.figure} {shift.index:.2f}" for shift in drift.shifts)
    if not drift.alarms:
        detail = f"visitors ask as they did when the model went live ({indices})"
        return Finding("drift", True, detail)
    changed = " and ".join(
        _FIGURES.get(shift.figure, shift.figure.replace("_", " ")) for shift in drift.alarms
    )
    detail = f"{changed} changed since the model went live (stability index: {indices})"
    advice = "The bot may be wrong more often than it thinks. Judge some questions and train."
    return Finding("drift", False, detail, advice, needed=False)


def check_watch(instance: Instance) -> Finding:
    """Look whether a promoted version did worse with visitors, or was rolled back for that."""
    with instance.database.read() as session:
        stop, alarm = find_stop(session), _find_alarm(session)
        newest = session.scalar(select(Watch).order_by(Watch.generation.desc()).limit(1))
    if stop is not None:
        advice = (
            "Until somebody looked at it no night promotes. Then clear the hold on the models page "
            "or with `chatbot watch --clear-hold 'why'`."
        )
        return Finding("watch", False, stop.message, advice, needed=False)
    if alarm is not None:
        advice = (
            "A person promoted it, or it cannot be rolled back: `chatbot rollback --reason '…'`"
        )
        return Finding("watch", False, alarm.message, advice, needed=False)
    detail = f"version {newest.version_id}: {newest.state}" if newest else "nothing promoted"
    return Finding("watch", True, detail)


def _find_alarm(session: Session) -> Watch | None:
    return session.scalar(select(Watch).where(Watch.state == WatchState.ALARM).limit(1))
