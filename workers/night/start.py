"""Read what a job starts from at one moment: nothing of it changes while the job runs."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy.orm import Session

from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning.shadow import own_evidence
from chatbot.services.learning.training_set import Frozen, freeze
from chatbot.services.releases import jobs, release
from chatbot.services.releases.reports import get_report
from chatbot.services.review.chosen import list_chosen
from chatbot.settings import Settings
from chatbot.storage.tables import ModelVersion
from workers.night.decide_to_train import Earlier, Situation
from workers.training.recipe import say_what_lacks


@dataclass(frozen=True)
class Live:
    """The version that answers, None before the first, and how often the pointer moved so far."""

    version_id: int | None
    digest: str | None
    generation: int


@dataclass(frozen=True)
class Start:
    """The rows of a job and what is known of the versions before it.

    `chosen` has the texts that agents were asked because they are hard. `earlier_training` is what
    the report of `situation.earlier` says of its training, `newest_digest` names the artefact of
    `situation.newest`.
    """

    kind: jobs.JobKind
    frozen: Frozen
    chosen: AbstractSet[str]
    live: Live
    situation: Situation
    earlier_training: TrainingRun | None
    newest_digest: str | None


def read_start(session: Session, job_id: int, settings: Settings) -> Start:
    """Return all that the job `job_id` starts from. Raises NotFound if there is no such job."""
    job = jobs.get_job(session, job_id)
    kind = jobs.JobKind(job.kind)
    trains = kind is jobs.JobKind.TRAIN
    frozen = freeze(session, settings, trains=trains)
    live = _read_live(session)
    same = release.find_judged(session, fingerprint=frozen.fingerprint) if trains else None
    is_nightly = job.requested_by == release.NIGHTLY
    newest = release.find_judged(session, kind=kind) if is_nightly else None
    return Start(
        kind=kind,
        frozen=frozen,
        chosen=list_chosen(session, frozen.learnt_queries, settings),
        live=live,
        situation=Situation(
            trains=trains,
            is_forced=job.force,
            lacks=say_what_lacks(frozen, settings),
            earlier=_read_earlier(session, same, frozen, live.version_id) if same else None,
            newest=newest.id if newest else None,
        ),
        earlier_training=get_report(same).training if same else None,
        newest_digest=newest.digest if newest else None,
    )


def _read_live(session: Session) -> Live:
    pointer = release.read_pointer(session)
    if pointer is None:
        return Live(None, None, 0)
    digest = release.get_version(session, pointer.version_id).digest
    return Live(pointer.version_id, digest, pointer.generation)


def _read_earlier(
    session: Session, version: ModelVersion, frozen: Frozen, live_id: int | None
) -> Earlier:
    own, _ = own_evidence(session, frozen, version.id, live_id)
    return Earlier(
        version_id=version.id,
        is_settled=version.withdrawn or version.id == live_id,
        has_new_evidence=get_report(version).data.evidence != own.evidence,
    )
