"""The curves of a report as charts; None where an older report has no figures for one."""

from collections.abc import Sequence

from chatbot.console.charts import Curve, Point
from chatbot.domain.proportion import Share
from chatbot.domain.report.report import EvaluationReport
from chatbot.services.learning import report_view


def draw_calibration(report: EvaluationReport) -> Curve | None:
    points = _points(report_view.calibration_curve(report))
    if not points:
        return None
    return Curve(
        "calibration",
        "Calibration",
        "On the diagonal, a probability of 80 % is right 8 times in 10. Above it the model is "
        "more careful than it need be, below it too sure of itself.",
        "Probability that was said",
        "Share that was right",
        points,
        has_diagonal=True,
    )


def draw_risk_coverage(report: EvaluationReport, promise: float) -> Curve | None:
    points = _points(report_view.risk_coverage(report))
    if not points:
        return None
    return Curve(
        "risk-coverage",
        "Answering more, wrong more",
        f"Further right, more questions are answered without a person. "
        f"The dashed line is the promise of {promise:.0%}.",
        "Share of questions answered",
        "Share of answers that is wrong",
        points,
        dotted_at=promise,
    )


def _points(curve: Sequence[tuple[float, Share]]) -> list[Point]:
    return [Point(x, share.value, share.low, share.high) for x, share in curve]
