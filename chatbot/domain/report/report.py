"""The whole report: what a version is compared with, by what, and what came out."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from chatbot.domain.gate import Verdict
from chatbot.domain.report.compared import (
    ChangedAnswer,
    ComparisonFigures,
    PinnedQuestion,
    SourceFigures,
)
from chatbot.domain.report.figures import (
    CalibrationFigures,
    EndsOfBoth,
    Figures,
    IntentFigures,
    PromiseKept,
    RiskPoint,
)
from chatbot.domain.report.section import Count, Section
from chatbot.domain.report.training import RowCounts, TrainingRun

SCHEMA = 1
"""The number of what is written here. Who changes a field raises it and migrates older reports."""


class EvaluationReport(Section):
    """What was measured of a version beside the live one, and the verdict. Null is not measured."""

    schema_number: int = Field(
        default=SCHEMA,
        alias="schema",
        ge=1,
        le=SCHEMA,
        description="Which fields a report has; rises when one changes.",
    )
    version: int = Field(description="The version that was measured.")
    live_version: int | None = Field(description="The version that was live then, if any.")
    verdict: Verdict | None = Field(description="Null without a comparison.")
    reasons: tuple[str, ...] = Field(
        description="What it changes for visitors, in a sentence; then why the verdict."
    )
    comparison: ComparisonFigures | None = Field(description="Null without a live version.")
    candidate: Figures
    live: Figures | None = Field(description="The live version on the same questions.")
    ends: EndsOfBoth | None = Field(description="Null before they were counted.")
    per_intent: Mapping[str, IntentFigures]
    calibration: CalibrationFigures
    risk_coverage: tuple[RiskPoint, ...] = Field(
        description="Least probability, questions answered from it on, how many of these wrongly; "
        "at most 51 points, falling in probability."
    )
    promises: tuple[PromiseKept, ...] = Field(description="The strictest first.")
    pins: tuple[PinnedQuestion, ...]
    changed: tuple[ChangedAnswer, ...]
    data: RowCounts
    training: TrainingRun
    look: Count = Field(
        description="Comparisons with this live version that could decide, so far; 0 is none."
    )
    sources: tuple[SourceFigures, ...] | None = Field(
        description="Who taught or measures most, at most ten; null before it was kept."
    )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the report that `to_json` gave.

        Raises ValidationError where anything is missing, unknown or of another schema.
        """
        return cls.model_validate(stored)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, every field there; what was not measured is None."""
        return self.model_dump(mode="json", by_alias=True)
