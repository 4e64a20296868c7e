"""Check whether this process answers questions now, and by what."""

from dataclasses import dataclass
from enum import StrEnum

from chatbot.errors import ServiceUnavailable
from chatbot.matching.live import LiveMatcher
from chatbot.services.knowledge.catalogue import read_target
from chatbot.services.monitoring.checks.check import Finding
from chatbot.storage.database import Database


class Status(StrEnum):
    """The state of a process; `degraded`: an older model or FAQ answers, as the newest cannot be
    loaded or found.
    """

    READY = "ready"
    DEGRADED = "degraded"
    NOT_READY = "not_ready"


@dataclass(frozen=True)
class Serving:
    """The model and FAQ that a web process serves, and why not the newest."""

    status: Status
    model_version: int | None
    knowledge_revision: int | None
    error: str | None

    def as_finding(self) -> Finding:
        """Return the same in words, beside the other checks."""
        served = f"version {self.model_version} and FAQ revision {self.knowledge_revision}"
        return Finding(
            "answers",
            self.status is Status.READY,
            self.error or f"this process serves {served}",
            f"Until then {served} answer." if self.status is Status.DEGRADED else "",
            needed=self.status is not Status.DEGRADED,
        )


def read_serving(live: LiveMatcher, database: Database) -> Serving:
    """Read what `live` serves, and whether the database answers; never raises."""
    adopted, error = live.adopted, live.error
    try:
        with database.read() as session:
            read_target(session)
    except ServiceUnavailable:
        error = "The database does not answer."
    if adopted is None:
        return Serving(Status.NOT_READY, None, None, error or "No model is loaded yet.")
    status = Status.DEGRADED if error else Status.READY
    return Serving(status, adopted.version, adopted.revision, error)
