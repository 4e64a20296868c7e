"""Release: keep what was found of a version, and move the pointer if the version earned it."""

from sqlalchemy.orm import Session

from chatbot.domain.gate import Verdict
from chatbot.errors import Conflict
from chatbot.services.releases import jobs, release
from workers.night.judge import Case, Judgement


def conclude(session: Session, case: Case, judgement: Judgement, generation: int) -> str:
    """Return in words what became of the version, whose report is kept.

    A move of the pointer since `generation` wins.
    """
    release.conclude(session, case.version_id, judgement.verdict, judgement.report)
    name, why = f"Version {case.version_id}", " ".join(judgement.report.reasons)
    try:
        if case.kind is jobs.JobKind.UNTRAINED:
            release.install_untrained(session, case.version_id, why, generation)
            return f"{name} is live: {why}"
        if judgement.verdict is Verdict.PROMOTE:
            release.promote_automatically(session, case.version_id, why, generation)
            return f"{name} is promoted: {why}"
    except Conflict as conflict:
        return f"{name} is not promoted: {conflict}"
    return f"{name} is not promoted ({judgement.verdict}): {why}"
