"""Training jobs."""

from datetime import datetime

from pydantic import Field

from chatbot.api.schemas.base import Body, Out
from chatbot.services.releases.jobs import JobState


class RetrainIn(Body):
    """`force` trains even when no row changed since the last time."""

    force: bool = False


class JobOut(Out):
    """A training job."""

    id: int
    kind: str
    force: bool
    state: JobState
    step: str
    progress: float
    message: str
    attempt: int
    version: int | None = Field(validation_alias="version_id")
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobsOut(Out):
    """A page of jobs, newest first."""

    items: list[JobOut]
    next: str | None
