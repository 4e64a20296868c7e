"""Register versions and move the live pointer: promotion and rollback are the same move."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from chatbot.domain.gate import Verdict
from chatbot.domain.report.report import EvaluationReport
from chatbot.errors import Conflict, NotFound
from chatbot.services.access import audit
from chatbot.services.delivery import events
from chatbot.services.knowledge.removed_demo import knows_removed_demo
from chatbot.services.releases.kinds import ReleaseKind
from chatbot.services.releases.promotion_stop import refuse_while_stopped
from chatbot.services.releases.reports import keep_report
from chatbot.storage.database import changes_a_row
from chatbot.storage.tables import ModelPointer, ModelVersion, Query, Release, VersionExample

NIGHTLY = "nightly"  # who trains and promotes automatically


@dataclass(frozen=True)
class NewVersion:
    """A published artefact with everything that its row records."""

    digest: str
    kind: str
    parent_id: int | None
    calibration: str
    knowledge_revision: int
    fingerprint: str
    training_rows: int
    learnt_queries: Sequence[str]


def register(session: Session, new: NewVersion) -> ModelVersion:
    """Keep a new version, before it is judged; the same artefact again gives the same row."""
    existing = session.scalar(select(ModelVersion).where(ModelVersion.digest == new.digest))
    if existing is not None:
        existing.knowledge_revision = max(existing.knowledge_revision, new.knowledge_revision)
        return existing
    version = ModelVersion(
        digest=new.digest,
        kind=new.kind,
        parent_id=new.parent_id,
        calibration=new.calibration,
        knowledge_revision=new.knowledge_revision,
        fingerprint=new.fingerprint,
        training_rows=new.training_rows,
        report={},
    )
    session.add(version)
    session.flush()
    still_there = set(session.scalars(select(Query.id))) if new.learnt_queries else set()
    learnt = (q for q in new.learnt_queries if q in still_there)
    session.add_all(VersionExample(version_id=version.id, query_id=q) for q in learnt)
    return version


def conclude(
    session: Session, version_id: int, verdict: Verdict | None, report: EvaluationReport
) -> ModelVersion:
    """Keep what the evaluation said of a version."""
    version = get_version(session, version_id)
    version.verdict = verdict
    keep_report(version, report)
    if verdict in (Verdict.HOLD, Verdict.INSUFFICIENT_EVIDENCE):
        reason = " ".join(report.reasons)
        events.record(
            session,
            events.EventKind.MODEL_HELD,
            {"version": version_id, "verdict": verdict, "reason": reason},
        )
    return version


def find_judged(session: Session, **made: str) -> ModelVersion | None:
    """Return the newest judged version of this `kind` or `fingerprint`, whatever became of it."""
    query = (
        select(ModelVersion)
        .filter_by(**made)
        .where(ModelVersion.verdict.is_not(None))
        .order_by(ModelVersion.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def count_comparisons(session: Session, live_id: int | None) -> int:
    """Count the comparisons with this live version that could have promoted a candidate so far."""
    number = select(func.max(ModelVersion.look)).where(ModelVersion.live_id == live_id)
    return session.scalar(number) or 0


def read_pointer(session: Session) -> ModelPointer | None:
    return session.get(ModelPointer, 1, populate_existing=True)


def get_version(session: Session, version_id: int) -> ModelVersion:
    """Return a model version by its id. Raises NotFound."""
    version = session.get(ModelVersion, version_id)
    if version is None:
        raise NotFound(f"There is no model version {version_id}.")
    return version


def list_versions(session: Session, before: int | None, limit: int) -> Sequence[ModelVersion]:
    """List versions, newest first; `before` is the id to go on from."""
    query = select(ModelVersion).order_by(ModelVersion.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ModelVersion.id < before)
    return session.scalars(query).all()


def list_releases(session: Session, limit: int) -> Sequence[Release]:
    """List releases, newest first."""
    return session.scalars(select(Release).order_by(Release.generation.desc()).limit(limit)).all()


def promote(
    session: Session, version_id: int, by: str, reason: str, expected_generation: int | None = None
) -> Release:
    """Make a version live. A person may promote any version; it is then no longer withdrawn.

    With `expected_generation`, raises Conflict if the pointer moved since: a human's move meanwhile
    wins. Raises Conflict if it is live already, NotFound if there is none.
    """
    version = get_version(session, version_id)
    release = _move(session, version, ReleaseKind.PROMOTE, by, reason, expected_generation)
    version.withdrawn = False
    return release


def promote_automatically(
    session: Session, version_id: int, reason: str, expected_generation: int
) -> Release:
    """Promote a version as `promote` does, but never one rolled back or that the gate did not pass.

    Raises Conflict also while an automatic rollback holds all promotions.
    """
    refuse_while_stopped(session)
    version = get_version(session, version_id)
    if version.withdrawn:
        raise Conflict(f"Version {version_id} was rolled back. Only a person may promote it again.")
    if version.verdict != Verdict.PROMOTE:
        raise Conflict(f"Version {version_id} has the verdict {version.verdict}.")
    return _move(session, version, ReleaseKind.PROMOTE, NIGHTLY, reason, expected_generation)


def install_untrained(
    session: Session, version_id: int, reason: str, expected_generation: int
) -> Release:
    """Make an untrained version live: the first of all, or the successor of an untrained one.

    Raises Conflict if this one was rolled back, or if a trained version is live by now, but for one
    that learnt from a demo which was removed since.
    """
    version = get_version(session, version_id)
    if version.withdrawn:
        raise Conflict(f"Version {version_id} was rolled back. Only a person may promote it again.")
    pointer = read_pointer(session)
    live = get_version(session, pointer.version_id) if pointer else version
    if live.kind != version.kind and not knows_removed_demo(session, live):
        raise Conflict(f"Version {live.id}, which is live, was trained.")
    return _move(session, version, ReleaseKind.INSTALL, "system", reason, expected_generation)


def roll_back(
    session: Session,
    by: str,
    reason: str,
    to_version: int | None = None,
    expected_generation: int | None = None,
) -> Release:
    """Return to `to_version`, or to the one that was live before; the left one is withdrawn.

    Raises Conflict if there is nothing to return to, if `to_version` never was live, or if the
    pointer moved since `expected_generation`.
    """
    target = rollback_target(session, to_version)
    pointer = session.scalars(select(ModelPointer)).one()
    left = get_version(session, pointer.version_id)
    expected = pointer.generation if expected_generation is None else expected_generation
    release = _move(session, target, ReleaseKind.ROLLBACK, by, reason, expected)
    left.withdrawn = True
    target.withdrawn = False
    return release


def rollback_target(session: Session, to_version: int | None = None) -> ModelVersion:
    """Return the version that a rollback leads to.

    Raises NotFound, or Conflict if there is nothing to return to.
    """
    pointer = read_pointer(session)
    if pointer is None:
        raise Conflict("No model is live yet, so there is nothing to roll back.")
    if to_version is not None:
        return _named_before(session, to_version)
    return _previous(session, get_version(session, pointer.version_id))


def _named_before(session: Session, version_id: int) -> ModelVersion:
    version = get_version(session, version_id)
    was_live = select(Release.generation).where(Release.to_version == version_id).limit(1)
    if session.scalar(was_live) is None:
        raise Conflict(f"Version {version_id} never was live. To make it live, promote it.")
    return version


def _previous(session: Session, left: ModelVersion) -> ModelVersion:
    """The version that was live most recently, is not the one being left, and was not withdrawn."""
    earlier = (
        select(ModelVersion)
        .join(Release, Release.to_version == ModelVersion.id)
        .where(ModelVersion.id != left.id, ModelVersion.withdrawn.is_(False))
        .order_by(Release.generation.desc())
        .limit(1)
    )
    version = session.scalar(earlier)
    if version is None:
        raise Conflict("No earlier version was live, so there is nothing to roll back to.")
    return version


def _move(
    session: Session,
    version: ModelVersion,
    kind: ReleaseKind,
    by: str,
    reason: str,
    expected_generation: int | None,
) -> Release:
    """The only writer of the pointer: compare-and-set, with its history and audit rows."""
    pointer = read_pointer(session)
    left, generation = (pointer.version_id, pointer.generation) if pointer else (None, 0)
    if expected_generation is not None and generation != expected_generation:
        raise Conflict(
            f"The live model changed meanwhile: version {left} is live by now, generation "
            f"{generation}, not {expected_generation}."
        )
    if left == version.id:
        raise Conflict(f"Version {version.id} is live already.")
    if pointer is None:
        session.add(ModelPointer(version_id=version.id, generation=1))
    else:
        move = (
            update(ModelPointer)
            .where(ModelPointer.generation == generation)
            .values(version_id=version.id, generation=generation + 1)
        )
        if not changes_a_row(session, move):
            raise Conflict("The live model changed at the same moment. Look again.")
    release = Release(
        generation=generation + 1,
        from_version=left,
        to_version=version.id,
        kind=kind,
        reason=reason,
        released_by=by,
    )
    session.add(release)
    audit.record(session, by, f"model.{kind}", version.id, left=left, reason=reason)
    events.record(
        session,
        events.EventKind.MODEL_ROLLED_BACK
        if kind is ReleaseKind.ROLLBACK
        else events.EventKind.MODEL_PROMOTED,
        {
            "version": version.id,
            "previous_version": left,
            "generation": release.generation,
            "kind": kind,
            "reason": reason,
            "by": by,
        },
    )
    return release
