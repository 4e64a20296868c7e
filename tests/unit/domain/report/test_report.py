import pytest
from pydantic import ValidationError

from chatbot.domain.report.report import SCHEMA, EvaluationReport
from reports import BETTER, LIVE, OUT, report_of


@pytest.fixture
def report() -> EvaluationReport:
    return report_of(BETTER + OUT, LIVE + OUT)


@pytest.mark.parametrize(
    "change",
    [{"schema": SCHEMA + 1}, {"surprise": 1}, {"changed": None}, {"verdict": "perhaps"}],
    ids=["a-later-schema", "an-unknown-field", "nothing-where-a-list-is", "no-verdict"],
)
def test_what_is_no_report_of_this_schema_is_refused(
    report: EvaluationReport, change: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        EvaluationReport.from_json(report.to_json() | change)
    missing = report.to_json()
    del missing["ends"]
    with pytest.raises(ValidationError):
        EvaluationReport.from_json(missing)


def test_a_report_cannot_be_changed(report: EvaluationReport) -> None:
    with pytest.raises(ValidationError):
        report.version = 3  # type: ignore[misc]
