"""Model versions, who runs them, and moves of the live pointer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, Out, Reason, VersionId
from chatbot.http.paging import Paging
from chatbot.services.learning.shadow import Standing
from chatbot.storage import tables


class LiveOut(Out):
    """What the pointer says is live."""

    version: int
    generation: int


class ProcessOut(Out):
    """A web process and what it serves."""

    host: str
    pid: int
    version: int | None = Field(validation_alias="version_id")
    generation: int | None
    knowledge_revision: int | None
    error: str | None
    heartbeat_at: datetime


class ModelOut(Out):
    """One trained version."""

    id: int
    kind: str
    created_at: datetime
    verdict: str | None
    change: str | None = Field(
        description="What it changes for visitors, in a sentence; the first reason of its report."
    )
    withdrawn: bool
    live: bool
    training_rows: int
    parent: int | None
    knowledge_revision: int
    calibration: str
    digest: str

    @classmethod
    def of(cls, row: tables.ModelVersion, live: LiveOut | None) -> Self:
        computed = {
            "live": live is not None and live.version == row.id,
            "parent": row.parent_id,
        }
        stored = {name: getattr(row, name) for name in cls.model_fields if name not in computed}
        return cls(**stored, **computed)


class ShadowOut(Out):
    """A candidate that lacked evidence, and how far agents are with what it disputes."""

    version: int = Field(validation_alias="version_id")
    live_version: int = Field(validation_alias="live_id")
    waiting: int = Field(description="Questions on which the two disagree that wait for a verdict.")
    judged: int = Field(description="Verdicts on such questions since they were last compared.")
    lacks: int = Field(description="After so many more it is judged again.")


class ModelsOut(Out):
    """Versions, newest first, and who serves what; `shadow` answers in silence beside the live."""

    live: LiveOut | None
    shadow: ShadowOut | None
    processes: list[ProcessOut]
    items: list[ModelOut]
    next: str | None

    @classmethod
    def of(
        cls,
        pointer: tables.ModelPointer | None,
        standing: Standing | None,
        processes: Sequence[tables.WorkingProcess],
        versions: Sequence[tables.ModelVersion],
        following: str | None,
    ) -> Self:
        live = (
            LiveOut(version=pointer.version_id, generation=pointer.generation) if pointer else None
        )
        return cls(
            live=live,
            shadow=ShadowOut.model_validate(standing) if standing else None,
            processes=[ProcessOut.model_validate(process) for process in processes],
            items=[ModelOut.of(version, live) for version in versions],
            next=following,
        )


class ReleaseOut(Out):
    """One move of the live pointer."""

    generation: int
    from_version: int | None
    to_version: int
    kind: str
    reason: str
    by: str = Field(validation_alias="released_by")
    at: datetime = Field(validation_alias="released_at")


class ReleasesOut(Out):
    """The latest releases, newest first."""

    items: list[ReleaseOut]


class ReleasesQuery(Paging):
    """How many releases to list."""


class RollbackIn(Body):
    """Where to return to; without `version`, to the one that was live before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "answers VPN questions wrongly"}]}
    )

    version: VersionId | None = None
    reason: Reason


class PromoteIn(Body):
    """The version to make live."""

    version: VersionId
    reason: Reason
