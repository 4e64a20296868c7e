"""What a job starts from; decide_to_train.py says what follows."""

from typing import Any

import pytest

from chatbot.bootstrap import Parts
from chatbot.errors import NotFound
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import jobs, release
from chatbot.services.releases.jobs import JobKind
from factories import add_evaluation, add_version, make_small_report
from workers.night.start import Start, read_start


def start(
    parts: Parts, kind: JobKind = JobKind.TRAIN, by: str = "ann", force: bool = False
) -> Start:
    with parts.database.write() as session:
        job_id = jobs.request(session, kind, by, force=force).id
    with parts.database.read() as session:
        return read_start(session, job_id, parts.settings)


def judge_rows_of_now(parts: Parts, **changes: Any) -> int:
    """A version that was made of them and judged by the evidence of now."""
    with parts.database.write() as session:
        frozen = freeze(session, parts.settings)
        report = make_small_report(data={"evidence": frozen.evidence}, training={"seconds": 5.0})
        changes |= {"verdict": "hold", "report": report.to_json()}
        return add_version(session, fingerprint=frozen.fingerprint, **changes).id


def test_an_unknown_job_is_not_found(parts: Parts) -> None:
    with parts.database.read() as session, pytest.raises(NotFound):
        read_start(session, 99, parts.settings)


def test_it_knows_what_answers_and_how_often_the_pointer_moved(parts: Parts) -> None:
    live = start(parts).live
    assert (live.version_id, live.digest, live.generation) == (1, "0" * 64, 1)


def test_before_the_first_version_nothing_answers(empty_parts: Parts) -> None:
    found = start(empty_parts, JobKind.UNTRAINED)
    live = found.live
    assert (live.version_id, live.digest, live.generation) == (None, None, 0)
    assert not found.situation.trains


def test_the_same_rows_are_recognised_with_what_was_said_of_their_training(parts: Parts) -> None:
    version = judge_rows_of_now(parts)
    found = start(parts)
    earlier = found.situation.earlier
    assert earlier is not None
    assert (earlier.version_id, earlier.is_settled, earlier.has_new_evidence) == (
        version,
        False,
        False,
    )
    assert found.earlier_training is not None
    assert found.earlier_training.seconds == 5.0


def test_a_question_that_measures_is_new_evidence_on_the_same_rows(parts: Parts) -> None:
    judge_rows_of_now(parts)
    with parts.database.write() as session:
        add_evaluation(session, "how do I tunnel home?", "vpn")
    earlier = start(parts).situation.earlier
    assert earlier is not None
    assert earlier.has_new_evidence


def test_what_was_withdrawn_is_settled(parts: Parts) -> None:
    judge_rows_of_now(parts, withdrawn=True)
    earlier = start(parts).situation.earlier
    assert earlier is not None
    assert earlier.is_settled


def test_only_a_night_asks_what_the_newest_version_knows(parts: Parts) -> None:
    version = judge_rows_of_now(parts, kind="train")
    night = start(parts, by=release.NIGHTLY)
    assert night.situation.newest == version
    assert night.newest_digest is not None


def test_a_person_need_not_wait_for_more(parts: Parts) -> None:
    judge_rows_of_now(parts, kind="train")
    found = start(parts, force=True)
    assert (found.situation.newest, found.newest_digest) == (None, None)
    assert found.situation.is_forced


def test_the_base_model_is_made_ready_whatever_was_trained_on_the_same_rows(parts: Parts) -> None:
    judge_rows_of_now(parts)
    found = start(parts, JobKind.UNTRAINED)
    assert found.situation.earlier is None
    assert found.earlier_training is None
