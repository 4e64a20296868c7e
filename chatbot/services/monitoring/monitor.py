"""Keep the figures on how the live bot does, for the scraper of `/metrics`."""

import threading
import time
from collections.abc import Sequence

from chatbot.domain.proportion import Share
from chatbot.errors import ServiceUnavailable
from chatbot.services.monitoring.checks.quality import LiveState
from chatbot.storage.database import Database
from chatbot.telemetry import Reading

FRESH_SECONDS = 300.0


class Monitor:
    """A cache of the readings for the scraper, which asks more often than thousands of rows should
    be read.
    """

    def __init__(self, database: Database, promise: float) -> None:
        self._database = database
        self._promise = promise
        self._lock = threading.Lock()
        self._readings: Sequence[Reading] = ()
        self._read_at = -FRESH_SECONDS

    def readings(self) -> Sequence[Reading]:
        """Return readings at most FRESH_SECONDS old; those before if the database does
        not answer.
        """
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH_SECONDS:
                try:
                    with self._database.read() as session:
                        self._readings = _readings(LiveState.read(session), self._promise)
                except ServiceUnavailable:
                    return self._readings
                self._read_at = time.monotonic()
            return self._readings


def _readings(state: LiveState, promise: float) -> Sequence[Reading]:
    accuracy, drift = state.accuracy, state.drift
    return (
        Reading(
            "chatbot_sample_questions",
            "Questions of 30 days in the random sample.",
            "state",
            [("drawn", accuracy.drawn), ("judged", accuracy.judged)],
        ),
        Reading(
            "chatbot_sample_right_share",
            "Questions that the bot treated rightly, with 95 % interval.",
            "bound",
            _bounds(accuracy.right),
        ),
        Reading(
            "chatbot_sample_wrong_answer_share",
            "Automatic answers that were wrong, with 95 % interval, and what was promised.",
            "bound",
            [*_bounds(accuracy.wrong_answers), ("promised", promise)],
        ),
        Reading(
            "chatbot_drift_index",
            "Population stability index since the live model was calibrated.",
            "figure",
            [(shift.figure, shift.index) for shift in drift.shifts],
        ),
        Reading(
            "chatbot_alarm",
            "1 where a person should look.",
            "kind",
            [(kind, float(is_raised)) for kind, is_raised in state.list_alarms(promise).items()],
        ),
    )


def _bounds(share: Share) -> list[tuple[str, float]]:
    """Return the bounds of a share; nothing where nothing was judged, as 0 would look like a
    figure.
    """
    if share.of == 0:
        return []
    return [("value", share.value), ("low", share.low), ("high", share.high)]
