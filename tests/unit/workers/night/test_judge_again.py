from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import update

from chatbot.bootstrap import Parts
from chatbot.domain.holdout import is_held_out
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.errors import ArtefactRefused, LeaseLost
from chatbot.matching.matcher import Matcher
from chatbot.services.learning.shadow import read_standing
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import jobs, release
from chatbot.services.releases.reports import get_report
from chatbot.services.review.confirm import confirm
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.tables import ModelVersion, TrainingJob
from factories import add_evaluation, add_query, add_version
from fakes import teach
from workers.night.conclude import conclude
from workers.night.judge import Case, judge
from workers.night.judge_again import judge_again

ENOUGH = 32  # verdicts that would decide if three in four were in favour of the candidate
TRAINING = TrainingRun(seconds=1.0, history=())


@pytest.fixture
def candidate(parts: Parts) -> int:
    """Version 2 knows “Kestrel”; beside version 1 it was judged on what both have right."""
    with parts.database.write() as session:
        for text in ("reset my password", "VPN from home", "an invoice", "a day of leave"):
            add_evaluation(session, f"please {text}", None)
        row = add_version(session)
        version = row.id
        frozen = freeze(session, parts.settings)
    teach(parts, row.digest, {"our Kestrel has trouble": "connect to the VPN from home"})
    case = Case(version, 1, jobs.JobKind.TRAIN, frozen, TRAINING)
    judgement = judge(parts, case)
    with parts.database.write() as session:
        said = conclude(session, case, judgement, generation=1)
    assert "insufficient_evidence" in said
    assert judgement.report.look == 0  # nothing differs, so nobody could be promoted by luck
    return version


@pytest.fixture
def lease(parts: Parts) -> jobs.Lease:
    with parts.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "test")
    claimed = jobs.claim(parts.database, "here", 60)
    assert claimed is not None
    return claimed


def ask_and_judge(parts: Parts, count: int, intent: str | None) -> Sequence[str]:
    """Disputed questions, all of the same verdict."""
    found = (f"our Kestrel has trouble again {n}" for n in range(1000))
    texts = [text for text in found if is_held_out(text, parts.settings.held_out_share)][:count]
    with parts.database.write() as session:
        ids = [add_query(session, text).id for text in texts]
    assert rank_queue(parts.database, parts.models, parts.settings)
    for query_id in ids:
        with parts.database.write() as session:
            confirm(session, query_id, intent, "ann", parts.settings)
    return ids


def ask_what_both_treat_alike(parts: Parts, count: int) -> None:
    with parts.database.write() as session:
        for number in range(count):
            add_query(session, f"purple elephants number {number}")


def live(parts: Parts) -> int:
    with parts.database.read() as session:
        pointer = release.read_pointer(session)
    assert pointer is not None
    return pointer.version_id


def report(parts: Parts, version: int) -> EvaluationReport:
    with parts.database.read() as session:
        return get_report(release.get_version(session, version))


def test_enough_verdicts_in_its_favour_promote_the_candidate(
    parts: Parts, candidate: int, lease: jobs.Lease
) -> None:
    ask_what_both_treat_alike(parts, 300)
    ask_and_judge(parts, ENOUGH, "vpn")
    judge_again(parts, lease)
    assert live(parts) == candidate
    stored = report(parts, candidate)
    comparison = stored.comparison
    assert comparison is not None
    assert (stored.look, stored.data.disputed) == (1, ENOUGH)
    assert comparison.only_candidate > ENOUGH // 2
    assert comparison.only_live == 0
    assert comparison.differing_weight < 0.2


def test_too_few_verdicts_spend_nothing_of_the_error_budget(
    parts: Parts, candidate: int, lease: jobs.Lease
) -> None:
    ask_and_judge(parts, ENOUGH // 2, "vpn")
    judge_again(parts, lease)
    assert live(parts) == 1
    assert report(parts, candidate).look == 0


def test_verdicts_against_the_candidate_settle_it_too(
    parts: Parts, candidate: int, lease: jobs.Lease
) -> None:
    """Version 1 is right to hand over what is no intent's; the other one answers it."""
    ask_and_judge(parts, ENOUGH, None)
    judge_again(parts, lease)
    assert live(parts) == 1
    with parts.database.read() as session:
        assert release.get_version(session, candidate).verdict == "hold"
        assert read_standing(session, parts.settings) is None


def test_the_same_evidence_is_looked_at_once(
    parts: Parts, candidate: int, lease: jobs.Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong answer that costs as much as a hand-off settles nothing where none is guarded."""
    lax = {"gate_wrong_answer_margin": 1.0, "promise": 1.0, "cost_handoff": 1.0}
    lenient = replace(parts, settings=parts.settings.model_copy(update=lax))
    ask_and_judge(parts, ENOUGH, "leave")
    judge_again(lenient, lease)
    assert report(parts, candidate).verdict == "insufficient_evidence"
    monkeypatch.setattr("workers.night.judge_again.judge", lambda *_: pytest.fail("judged again"))
    judge_again(lenient, lease)


def test_a_candidate_that_cannot_be_opened_costs_the_night_nothing(
    parts: Parts, candidate: int, lease: jobs.Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_and_judge(parts, ENOUGH, "vpn")

    def refuse(_wanted: int, to_judge: bool) -> Matcher:
        raise ArtefactRefused("it is damaged")

    monkeypatch.setattr(parts.models, "open_version", refuse)
    judge_again(parts, lease)
    assert live(parts) == 1


def test_a_candidate_of_tonights_rows_is_left_to_the_night(
    parts: Parts, candidate: int, lease: jobs.Lease
) -> None:
    ask_and_judge(parts, ENOUGH, "vpn")
    with parts.database.write() as session:
        fingerprint = freeze(session, parts.settings).fingerprint
        session.execute(
            update(ModelVersion).where(ModelVersion.id == candidate).values(fingerprint=fingerprint)
        )
    judge_again(parts, lease)
    assert report(parts, candidate).look == 0


def test_a_worker_that_lost_its_job_promotes_nothing(
    parts: Parts, candidate: int, lease: jobs.Lease
) -> None:
    ask_and_judge(parts, ENOUGH, "vpn")
    with parts.database.write() as session:
        session.execute(update(TrainingJob).values(fencing_token=7))
    with pytest.raises(LeaseLost):
        judge_again(parts, lease)
    assert live(parts) == 1
    assert report(parts, candidate).look == 0


def test_a_new_candidate_is_not_measured_by_what_another_was_asked_for(
    parts: Parts, candidate: int
) -> None:
    ask_and_judge(parts, ENOUGH, "vpn")
    with parts.database.write() as session:
        other = add_version(session).id
        frozen = freeze(session, parts.settings)
    judgement = judge(parts, Case(other, 1, jobs.JobKind.TRAIN, frozen, TRAINING))
    assert judgement.report.data.held_out == 4
    assert judgement.report.data.disputed == 0
