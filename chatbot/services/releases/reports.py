"""Keep and read the evaluation report of a version: the only place that knows how it is stored."""

from chatbot.domain.report.report import EvaluationReport
from chatbot.errors import NotFound
from chatbot.storage.tables import ModelVersion


def keep_report(version: ModelVersion, report: EvaluationReport) -> None:
    """Set the report of `version`, and the columns that SQL looks for it by."""
    version.report = report.to_json()
    version.live_id, version.look = report.live_version, report.look
    version.disputed = report.data.disputed
    version.change = report.reasons[0] if report.reasons else None


def find_report(version: ModelVersion) -> EvaluationReport | None:
    """Return the report of `version`; None while it was not evaluated."""
    return EvaluationReport.from_json(version.report) if version.report else None


def get_report(version: ModelVersion) -> EvaluationReport:
    """Return the report of `version`. Raises NotFound while it was not evaluated."""
    report = find_report(version)
    if report is None:
        raise NotFound(f"Model version {version.id} has not been evaluated yet.")
    return report
