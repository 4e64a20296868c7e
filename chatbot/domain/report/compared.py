"""The comparison of a version with the live one that the gate saw, and what it decided."""

from typing import Literal

from pydantic import Field

from chatbot.domain.gate import Verdict
from chatbot.domain.guards import GuardState
from chatbot.domain.matching import Decision
from chatbot.domain.report.section import Count, Section

Interval = tuple[float, float]

GuardName = Literal[
    "intents", "out_of_scope", "rightly_answered", "wrongly_answered", "wrong_answers", "pins"
]


class WeighedFigures(Section):
    """How the same questions end with both, weighed by what each end costs."""

    questions: Count
    better: Count = Field(description="Questions that this version does better on.")
    worse: Count = Field(description="Questions that it does worse on.")
    gain: float = Field(description="Saved on one question, in wrong answers.")
    gain_interval: Interval = Field(description="The same, from and to, in 95 of 100 cases.")
    p_value: float = Field(description="Of the exact signed-rank test, two-sided, 0 to 1.")
    needed_p_value: float = Field(description="A gain is proved below this, 0 to 1.")
    differences: tuple[tuple[int, int], ...] = Field(
        description="Hundredths of a wrong answer saved, and on how many questions; none without."
    )


class GuardFigures(Section):
    """Whether a figure that must not get worse stayed within its margin."""

    name: GuardName
    measured: float = Field(description="How much worse it got, a share; of pins, how many broke.")
    allowed: float = Field(description="How much worse it may get, in the same unit.")
    state: GuardState = Field(description="`open`: it cannot be told.")
    words: str = Field(description="The same, said for people.")
    broken: tuple[str, ...] = Field(description="Reasons not to promote; empty unless broken.")


class ComparisonFigures(Section):
    """The verdict, what decides it, and what explains it and decides nothing."""

    verdict: Verdict
    reasons: tuple[str, ...]
    whole: WeighedFigures | None = Field(
        description="All questions; decides. Null before decisions were weighed."
    )
    taught: WeighedFigures | None = Field(
        description="Questions about what agents newly taught, if that is about few intents."
    )
    elsewhere: WeighedFigures | None = Field(description="All others, beside `taught`.")
    both_right: Count = Field(description="In-scope questions whose intent both have first.")
    only_candidate: Count = Field(description="Those that only this version has right.")
    only_live: Count = Field(description="Those that only the live version has right.")
    both_wrong: Count
    p_value: float = Field(description="Exact McNemar test of these counts, 0 to 1.")
    needed_p_value: float | None = Field(
        description="Significance level of the comparison, 0 to 1; null where it was not kept."
    )
    gain: float = Field(description="Gained in `top1`, -1 to 1.")
    gain_interval: Interval = Field(description="The same, from and to, in 95 of 100 cases.")
    guards: tuple[GuardFigures, ...] = Field(description="Empty before they were kept.")
    differing_weight: float = Field(
        description="What a held-out question counts for on which the two differ, 0 to 1."
    )


class WithoutSource(Section):
    """What the same comparison says without the questions of one source."""

    verdict: Verdict
    better: Count | None = Field(description="Null before decisions were weighed, as `worse`.")
    worse: Count | None
    p_value: float = Field(description="Of the test that decides, 0 to 1.")
    gain: float | None = Field(
        default=None, description="Gained in `top1`, -1 to 1; only before decisions were weighed."
    )


class SourceFigures(Section):
    """What one of those who confirmed taught and measures."""

    source: str
    taught: Count = Field(description="Texts that were learnt by their word.")
    measures: Count = Field(description="Held-out questions that measure by their word.")
    without: WithoutSource | None = Field(description="Null without a live version.")


class ReplyGiven(Section):
    """What a version made of a question."""

    decision: Decision
    best: str | None = Field(description="Intent of the first candidate, if there is one.")
    probability: float = Field(description="Of the first candidate, 0 to 1, four digits.")


class ChangedAnswer(Section):
    """A question that the two versions treat differently."""

    text: str
    expected: str = Field(description="The right intent, or `out_of_scope`.")
    live: ReplyGiven
    candidate: ReplyGiven


class PinnedQuestion(Section):
    """A question that must keep its answer, and whether each of the two keeps it."""

    text: str
    intent: str | None
    kept: bool
    candidate: ReplyGiven
    kept_before: bool | None = Field(description="Null without a live version, as `live`.")
    live: ReplyGiven | None
