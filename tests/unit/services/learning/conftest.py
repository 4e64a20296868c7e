"""`report` is of a version that does better than the live one."""

import pytest

from chatbot.domain.report.report import EvaluationReport
from reports import BETTER, LIVE, OUT, report_of


@pytest.fixture
def report() -> EvaluationReport:
    return report_of(BETTER + OUT, LIVE + OUT)
