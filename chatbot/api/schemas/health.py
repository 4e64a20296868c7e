"""Health and readiness."""

from typing import Literal

from chatbot.api.schemas.base import Out


class HealthOut(Out):
    """The process is up."""

    status: Literal["ok"] = "ok"


class ReadyOut(Out):
    """Whether questions are answered now, and by what."""

    status: Literal["ready", "degraded", "not_ready"]
    model_version: int | None
    knowledge_revision: int | None
    error: str | None
