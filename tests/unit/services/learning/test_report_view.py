from dataclasses import replace

import pytest

import reports
from chatbot.domain.accuracy import Outcome
from chatbot.domain.guards import GuardState
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning import report_view
from factories import (
    change_report,
    make_earlier_report,
    make_outcome,
    read_earlier_report,
)
from reports import SMALL

TRAINING = TrainingRun(seconds=1.0, history=(), thresholds=((0.05, 1.01), (0.1, 0.8)))
UNSURE = make_outcome("vpn", "leave", answered=False, probability=0.4)
RIGHT = make_outcome("vpn", "vpn")
LIVE = [UNSURE] * 8 + [RIGHT] * 12 + [make_outcome("leave", "leave")] * 10
CANDIDATE = [RIGHT] * 20 + [make_outcome("leave", "vpn")] * 2 + [make_outcome("leave", "leave")] * 8
BROKEN = [RIGHT] * 20 + [make_outcome("leave", None)] * 6 + [make_outcome("leave", "leave")] * 4
OUT = [make_outcome(None, "vpn", answered=False, probability=0.2)] * 4


def report_of(candidate: list[Outcome], live: list[Outcome] | None) -> EvaluationReport:
    frozen = SMALL if candidate else replace(SMALL, held_out=[])
    return reports.report_of(candidate, live, frozen, TRAINING)


@pytest.fixture
def report() -> EvaluationReport:
    return report_of(CANDIDATE + OUT, LIVE + OUT)


def test_each_share_has_its_questions_and_an_interval(report: EvaluationReport) -> None:
    shares = report_view.shares(report.candidate)
    assert shares["top1"].of == 30
    assert shares["top1"].value == pytest.approx(28 / 30)
    assert shares["top1"].low < shares["top1"].value < shares["top1"].high
    assert (shares["oos_recall"].value, shares["oos_recall"].of) == (1.0, 4)
    assert (shares["coverage"].of, shares["wrong_answer_rate"].of) == (34, 30)
    assert shares["wrong_answer_rate"].value == pytest.approx(2 / 30)


def test_a_share_of_no_questions_is_left_out() -> None:
    assert report_view.shares(report_of([], None).candidate) == {}


def test_every_guard_says_whether_it_holds_and_why(report: EvaluationReport) -> None:
    found = {guard.title: guard for guard in report_view.guards(report)}
    suffers = found["No intent suffers"]
    assert suffers.state is GuardState.OPEN
    assert suffers.words == (
        "The worst intent with ten or more questions loses 20% of them; 10% is allowed. "
        "With so few questions that can be chance."
    )
    silent = found["It keeps silent where the FAQ has nothing"]
    assert silent.state is GuardState.HOLDS
    assert silent.words == "It answers no more of the 4 out-of-scope questions."
    promise = found["It keeps the promise"]
    assert promise.state is GuardState.OPEN
    assert promise.words.startswith("6.7% of its 30 automatic answers are wrong. With so few")
    assert len(found) == 6


def test_a_broken_guard_gives_its_reason() -> None:
    suffers = report_view.guards(report_of(BROKEN, LIVE))[0]
    assert (suffers.title, suffers.state) == ("No intent suffers", GuardState.BROKEN)
    assert suffers.words == "Intent “leave” gets worse by 60%."


def test_what_chance_might_explain_was_said_to_hold_and_is_open_now() -> None:
    """A report from before guards had three states, at 44 % wrong with a promise of 10 %."""
    earlier = make_earlier_report(report_of(CANDIDATE + OUT, LIVE + OUT))
    wrong = {"name": "wrong_answers", "measured": 0.444, "allowed": 0.353, "broken": []}
    earlier["comparison"]["guards"] = [wrong]
    [promise] = report_view.guards(read_earlier_report(earlier))
    assert promise.state is GuardState.OPEN
    assert promise.words == (
        "44.4% of its automatic answers are wrong; 35.3% is allowed. That much can be chance."
    )


def test_an_earlier_report_keeps_its_other_guards() -> None:
    earlier = read_earlier_report(make_earlier_report(report_of(BROKEN + OUT, LIVE + OUT)))
    found = {guard.title: guard for guard in report_view.guards(earlier)}
    assert found["No intent suffers"].state is GuardState.BROKEN
    assert found["It keeps what is pinned"].state is GuardState.HOLDS
    assert len(found) == 5
    assert report_view.endings(earlier) == []


def test_it_says_how_questions_end_with_both(report: EvaluationReport) -> None:
    found = {ending.words: ending for ending in report_view.endings(report)}
    assert found["answered rightly"] == report_view.Ending("answered rightly", 30, 28, 22)
    assert found["out of scope: rightly handed over"].count == 4
    assert "asked back in vain" in found
    alone = report_of(CANDIDATE, None)
    assert report_view.endings(alone)[0].live is None
    assert not any("out of scope" in ending.words for ending in report_view.endings(alone))


def test_the_first_reason_says_what_changes(report: EvaluationReport) -> None:
    assert report.reasons[0].startswith(
        "Of 100 questions like these it answers 24 more, 6 more of them wrongly"
    )


def test_what_was_not_kept_yet_is_missing_without_harm(report: EvaluationReport) -> None:
    older = report.to_json()
    del older["comparison"]["guards"], older["risk_coverage"], older["promises"]
    read = read_earlier_report(older)
    assert report_view.guards(read) == []
    assert report_view.risk_coverage(read) == []
    assert report_view.other_promises(read) == []
    assert report_view.other_promises(None) == []
    assert report_view.guards(report_of(CANDIDATE, None)) == []


def test_intents_of_which_another_number_is_right_come_worst_first(
    report: EvaluationReport,
) -> None:
    assert report_view.intent_changes(report) == [
        report_view.IntentChange("leave", 10, 10, 8),
        report_view.IntentChange("vpn", 20, 12, 20),
    ]


def test_out_of_scope_questions_change_no_intent() -> None:
    bolder = [make_outcome(None, "leave")] * 4
    changed = report_of(LIVE + bolder, LIVE + OUT)
    assert len(changed.changed) == 4
    assert report_view.intent_changes(changed) == []


def test_confused_pairs_come_most_frequent_first(report: EvaluationReport) -> None:
    assert report_view.confusion_pairs(report) == [("leave", "vpn", 2)]


def test_the_calibration_curve_counts_what_was_right(report: EvaluationReport) -> None:
    curve = report_view.calibration_curve(report)
    assert [(round(p, 3), share.of) for p, share in curve] == [(0.2, 4), (0.9, 30)]
    assert curve[1][1].value == pytest.approx(28 / 30)


def test_the_risk_curve_ends_with_every_question_answered(report: EvaluationReport) -> None:
    curve = report_view.risk_coverage(report)
    reached = [(round(coverage, 3), share.value, share.of) for coverage, share in curve]
    assert reached == [pytest.approx((0.882, 2 / 30, 30)), pytest.approx((1.0, 6 / 34, 34))]


def test_a_promise_says_what_would_be_answered_and_how_much_of_it_wrongly(
    report: EvaluationReport,
) -> None:
    never, now = report_view.other_promises(report)
    assert (never.promise, never.answers, never.coverage.value) == (0.05, False, 0.0)
    assert (now.promise, now.answers) == (0.1, True)
    assert (now.coverage.value, now.coverage.of) == pytest.approx((30 / 34, 34))
    assert now.wrong.value == pytest.approx(2 / 30)


def test_the_precision_is_said_with_what_it_costs_and_why_it_is_not_a_smaller_one(
    report: EvaluationReport,
) -> None:
    assert report_view.say_precision(report) is None, "reports from before do not say"
    assert report_view.say_precision(None) is None
    rejected = [{"precision": "int8", "why": "its vectors are far off"}]
    unmeasured = dict.fromkeys(
        ("noise", "noise_of_worst", "mean_cosine", "lowest_cosine", "agreement")
        + ("clear", "clear_flips", "rows")
    )
    export = {"precision": "float32", "bytes": 90 * 2**20, "rejected": rejected} | unmeasured
    assert report_view.say_precision(change_report(report, training={"export": export})) == (
        "The encoder is served in float32, 90 MiB. Not in int8: its vectors are far off."
    )
