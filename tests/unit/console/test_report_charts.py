import pytest

from chatbot.console.report_charts import draw_calibration, draw_risk_coverage
from chatbot.domain.report.report import EvaluationReport
from factories import change_report
from reports import BETTER, LIVE, OUT, report_of


@pytest.fixture
def report() -> EvaluationReport:
    return report_of(BETTER + OUT, LIVE + OUT)


def test_the_calibration_is_drawn_beside_the_diagonal(report: EvaluationReport) -> None:
    kept = {"curve": [[0.25, 0.5, 40], [0.75, 1.0, 20]]}
    chart = draw_calibration(change_report(report, calibration=kept))
    assert chart is not None
    assert chart.has_diagonal
    assert [(point.x, point.y) for point in chart.points] == [(0.25, 0.5), (0.75, 1.0)]
    assert all(point.low <= point.y <= point.high for point in chart.points)


def test_the_promise_is_drawn_where_and_as_it_is_made(report: EvaluationReport) -> None:
    chart = draw_risk_coverage(report, promise=0.07)
    assert chart is not None
    assert chart.dotted_at == 0.07
    assert "promise of 7%" in chart.description
    assert chart.points[-1].x == 1
    assert len(chart.points) == len(report.risk_coverage)


def test_a_report_without_figures_has_no_chart(report: EvaluationReport) -> None:
    bare = change_report(report, calibration={"curve": []}, risk_coverage=[])
    assert draw_calibration(bare) is None
    assert draw_risk_coverage(bare, promise=0.1) is None
