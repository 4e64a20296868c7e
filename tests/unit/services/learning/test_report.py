from chatbot.domain.matching import NEVER
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning.report import Measured, make_report
from factories import (
    make_outcome,
)
from fakes import CALIBRATION
from reports import BETTER, FROZEN, TRAINING


def test_a_report_counts_the_rows_behind_it(report: EvaluationReport) -> None:
    assert report.to_json()["data"] == {
        "training": 7,
        "validation": 3,
        "out_of_scope": 2,
        "held_out": 5,
        "cross_fitted": 19,
        "learnt_queries": 1,
        "unlabelled": 3,
        "pairs": 0,
        "left_out_pairs": 0,
        "apart": {"waiting": 0, "quarantined": 0, "pairs": 0},
        "knowledge_revision": 9,
        "fingerprint": FROZEN.fingerprint,
        "evidence": FROZEN.evidence,
        "disputed": 0,
    }


def test_every_changed_answer_is_listed_and_no_other(report: EvaluationReport) -> None:
    changed = report.to_json()["changed"]
    assert len(changed) == 9
    assert changed[0] == {
        "text": "a question",
        "expected": "a",
        "live": {"decision": "handoff", "best": "b", "probability": 0.4},
        "candidate": {"decision": "answer", "best": "a", "probability": 0.9},
    }


def test_under_a_promise_that_it_cannot_keep_a_model_still_answers_known_texts() -> None:
    known = [make_outcome("a", "a", probability=1.0)] * 3 + [
        make_outcome("b", "a", probability=1.0)
    ]
    measured = Measured([*known, *BETTER], CALIBRATION)
    training = TrainingRun.model_validate(TRAINING.model_dump() | {"thresholds": [(0.01, NEVER)]})
    report = make_report(2, measured, None, None, None, FROZEN, training)
    [kept] = report.to_json()["promises"]
    assert kept == {"promise": 0.01, "answer_at": NEVER, "answered": 4, "wrong": 1}
