from chatbot.domain.report.report import EvaluationReport
from factories import change_report, make_earlier_report, read_earlier_report
from reports import rendered


def test_a_report_says_what_was_asked_for_the_candidates_sake(report: EvaluationReport) -> None:
    assert "asked for because" not in rendered(report)
    report = change_report(report, data={"disputed": 7}, comparison={"differing_weight": 0.25})
    assert "7 of the held-out questions were asked for because" in rendered(report)
    assert "counts as 0.25 of another" in rendered(report)


def test_a_report_from_before_decisions_were_weighed_is_still_readable(
    report: EvaluationReport,
) -> None:
    text = rendered(read_earlier_report(make_earlier_report(report)))
    assert "Better on 3, worse on 1 of 104 held-out questions: it could be chance." in text
    assert "This report is older than this list." in text
    assert "| This version right | 11 | 8 |" in text
    assert "exact permutation" not in text
