"""What becomes of a version that was judged: the pointer moves if it was earned, and not twice."""

from dataclasses import replace

import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.gate import Verdict
from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import release
from chatbot.services.releases.jobs import JobKind
from chatbot.services.releases.reports import get_report
from factories import add_version, make_small_report
from workers.night.conclude import conclude
from workers.night.judge import Case, Judgement

BETTER = Judgement(Verdict.PROMOTE, make_small_report(reasons=("It is better.",)))


def add_case(parts: Parts, kind: JobKind = JobKind.TRAIN) -> Case:
    with parts.database.write() as session:
        version = add_version(session, kind=kind.value).id
        frozen = freeze(session, parts.settings)
    return Case(version, 1, kind, frozen, TrainingRun(seconds=1.0, history=()))


def run(parts: Parts, case: Case, judgement: Judgement, generation: int = 1) -> str:
    with parts.database.write() as session:
        return conclude(session, case, judgement, generation)


def live(parts: Parts) -> int:
    with parts.database.read() as session:
        pointer = release.read_pointer(session)
    assert pointer is not None
    return pointer.version_id


def test_what_earned_it_is_promoted_and_its_report_is_kept(parts: Parts) -> None:
    case = add_case(parts)
    assert run(parts, case, BETTER) == f"Version {case.version_id} is promoted: It is better."
    assert live(parts) == case.version_id
    with parts.database.read() as session:
        version = release.get_version(session, case.version_id)
        assert (version.verdict, get_report(version)) == (Verdict.PROMOTE, BETTER.report)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.PROMOTE])
def test_anything_else_leaves_the_pointer_and_says_why(parts: Parts, verdict: Verdict) -> None:
    case = add_case(parts)
    said = run(parts, case, replace(BETTER, verdict=verdict))
    assert said == f"Version {case.version_id} is not promoted ({verdict}): It is better."
    assert live(parts) == 1


def test_a_move_of_the_pointer_since_wins_and_the_report_is_kept_all_the_same(
    parts: Parts,
) -> None:
    case = add_case(parts)
    said = run(parts, case, BETTER, generation=0)
    assert said.startswith(f"Version {case.version_id} is not promoted: ")
    assert live(parts) == 1
    with parts.database.read() as session:
        assert get_report(release.get_version(session, case.version_id)) == BETTER.report


def test_an_untrained_version_takes_the_place_of_an_untrained_one_without_a_verdict(
    parts: Parts,
) -> None:
    case = add_case(parts, JobKind.UNTRAINED)
    said = run(parts, case, replace(BETTER, verdict=None))
    assert said == f"Version {case.version_id} is live: It is better."
    assert live(parts) == case.version_id
