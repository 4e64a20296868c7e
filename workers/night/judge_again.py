"""Judge the candidate in the shadow again when agents settled enough of what it disputes.

The next training gives another candidate; without this, no verdict that was asked for a candidate's
sake would ever count. See decision 0019.
"""

import logging

from chatbot.bootstrap import Parts
from chatbot.errors import LeaseLost
from chatbot.services.learning.shadow import own_evidence, read_standing
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import jobs, release
from chatbot.services.releases.reports import get_report
from workers.night.conclude import conclude
from workers.night.judge import Case, judge

log = logging.getLogger(__name__)


def judge_again(parts: Parts, lease: jobs.Lease) -> None:
    """Judge the candidate in the shadow again, before the rows of the night are frozen. Raises
    LeaseLost.

    No other fault of it may cost the night its training.
    """
    try:
        _judge_again(parts, lease)
    except LeaseLost:
        raise
    except Exception:
        log.exception("the candidate in the shadow could not be judged again")


def _judge_again(parts: Parts, lease: jobs.Lease) -> None:
    case, generation = _find_case(parts)
    if case is None:
        return
    jobs.report(parts.database, lease, "evaluate", 0.0, f"version {case.version_id} again")
    judgement = judge(parts, case)
    with parts.database.write() as session:
        jobs.check(session, lease)
        log.info("%s", conclude(session, case, judgement, generation))
    parts.nudge.send()


def _find_case(parts: Parts) -> tuple[Case | None, int]:
    """Return the case to judge again; None if nothing could change, or if the night itself will
    judge this candidate again.

    The verdicts are counted, not read: when to judge must not depend on what would be found.
    """
    with parts.database.read() as session:
        standing = read_standing(session, parts.settings)
        pointer = release.read_pointer(session)
        if standing is None or pointer is None or not standing.judged or standing.lacks:
            return None, 0
        version = release.get_version(session, standing.version_id)
        report = get_report(version)
        frozen = freeze(session, parts.settings)
        own, _ = own_evidence(session, frozen, standing.version_id, standing.live_id)
    is_old = own.evidence == report.data.evidence
    if is_old or frozen.fingerprint == version.fingerprint:
        return None, 0
    kind = jobs.JobKind(version.kind)
    case = Case(standing.version_id, standing.live_id, kind, frozen, report.training)
    return case, pointer.generation
