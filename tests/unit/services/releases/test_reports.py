import pytest

from chatbot.domain.report.report import SCHEMA, EvaluationReport
from chatbot.errors import NotFound
from chatbot.services.releases.reports import find_report, get_report, keep_report
from chatbot.storage.tables import ModelVersion
from factories import change_report
from reports import BETTER, LIVE, OUT, report_of


@pytest.fixture
def report() -> EvaluationReport:
    return report_of(BETTER + OUT, LIVE + OUT)


def test_what_is_kept_is_read_as_it_was_and_sql_finds_it(report: EvaluationReport) -> None:
    version = ModelVersion(id=2, report={})
    assert find_report(version) is None
    with pytest.raises(NotFound, match="has not been evaluated"):
        get_report(version)
    asked = change_report(report, look=4, data={"disputed": 7})
    keep_report(version, asked)
    assert get_report(version) == asked
    assert version.report["schema"] == SCHEMA
    assert (version.live_id, version.look, version.disputed) == (1, 4, 7)
    assert version.change == report.reasons[0]
