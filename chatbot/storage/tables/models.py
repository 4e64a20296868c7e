"""Tables of trained versions, which one is live, how it came to be, and who runs it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatbot.storage.database import Moment, Table, now


class ModelVersion(Table):
    """A trained artefact with its evaluation report, whether it was promoted or not.

    `report` is `{}` until it is evaluated; `services.releases.reports` keeps and reads it. What SQL
    looks for in it are columns of their own: `live_id` is the version that it was compared with,
    `look` and `disputed` are as in the report, `change` says what it changes for visitors.
    """

    __tablename__ = "model_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    kind: Mapped[str] = mapped_column(String(10))
    calibration: Mapped[str] = mapped_column(String(12))
    knowledge_revision: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    training_rows: Mapped[int]
    verdict: Mapped[str | None] = mapped_column(String(30))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    live_id: Mapped[int | None]
    look: Mapped[int] = mapped_column(default=0, server_default="0")
    disputed: Mapped[int] = mapped_column(default=0, server_default="0")
    change: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class VersionExample(Table):
    """A confirmed query that a version was trained on and answers from."""

    __tablename__ = "version_examples"

    version_id: Mapped[int] = mapped_column(
        ForeignKey("model_versions.id", ondelete="CASCADE"), primary_key=True
    )
    query_id: Mapped[str] = mapped_column(
        ForeignKey("queries.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ModelPointer(Table):
    """The live version in one row, so that "exactly one" holds by shape; `generation`
    only grows.
    """

    __tablename__ = "model_pointer"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    generation: Mapped[int]


class Release(Table):
    """A move of the pointer, never changed afterwards."""

    __tablename__ = "releases"

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_version: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    to_version: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    released_by: Mapped[str] = mapped_column(String(100))
    released_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Watch(Table):
    """The figures of a promoted version on visitors' questions beside the one before it.

    `looks` rises with each comparison: of two workers that look at once, one finds it changed.
    `cleared_by` is the admin who ended the hold that follows an automatic rollback.
    """

    __tablename__ = "watches"

    generation: Mapped[int] = mapped_column(
        ForeignKey("releases.generation"), primary_key=True, autoincrement=False
    )
    version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    previous_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    state: Mapped[str] = mapped_column(String(12), index=True)
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime] = mapped_column(Moment)
    looks: Mapped[int] = mapped_column(default=0)
    figures: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    message: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    cleared_by: Mapped[str | None] = mapped_column(String(100))


class TrainingJob(Table):
    """A request to train. The row is the queue: workers claim it by lease, messages only hint.

    `fencing_token` rises with each claim; a worker that lost its lease cannot release a model.
    """

    __tablename__ = "training_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    force: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    fencing_token: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    step: Mapped[str] = mapped_column(String(30), default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(Text, default="")
    version_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    requested_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class WorkingProcess(Table):
    """A running web or worker process and what it serves; stale when its heartbeat stops."""

    __tablename__ = "processes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    host: Mapped[str] = mapped_column(String(100))
    pid: Mapped[int]
    generation: Mapped[int | None]
    version_id: Mapped[int | None]
    knowledge_revision: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    heartbeat_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)


class CalibrationChange(Table):
    """A change by which a version's probabilities and threshold were made to follow the traffic.

    The newest that was not reverted is in force; no `calibration` means the version's own. While
    the newest of all `holds`, nothing is changed by itself.
    """

    __tablename__ = "calibration_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("model_versions.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    calibration: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    uncovered: Mapped[float | None]
    questions: Mapped[int] = mapped_column(default=0)
    verdicts: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(String(100))
    holds: Mapped[bool] = mapped_column(default=False)
    reverted_at: Mapped[datetime | None] = mapped_column(Moment)
    reverted_by: Mapped[str | None] = mapped_column(String(100))
