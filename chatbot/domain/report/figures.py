"""The figures of a version on the questions that measure it, by itself."""

from collections.abc import Mapping

from pydantic import Field

from chatbot.domain.report.section import Count, Section

CurvePoint = tuple[float, float, int]
"""Mean probability, 0 to 1; share that was right, 0 to 1; questions."""

RiskPoint = tuple[float, int, int]
"""Least probability, 0 to 1; questions answered from it on; how many of these wrongly."""


class Figures(Section):
    """The headline figures; those without a question to compute them from are null."""

    n: Count = Field(description="Questions.")
    n_in_scope: Count = Field(description="Questions that the FAQ has an answer to.")
    n_out_of_scope: Count = Field(description="Questions that it has none to.")
    top1: float | None = Field(description="Right intent first, share of in-scope, 0 to 1.")
    top3: float | None = Field(description="Right intent among three, share of in-scope, 0 to 1.")
    in_scope_accuracy: float | None = Field(
        description="Answered rightly, share of in-scope, 0 to 1."
    )
    oos_recall: float | None = Field(description="Not answered, share of out-of-scope, 0 to 1.")
    mcc: float | None = Field(description="Matthews correlation of many classes, -1 to 1.")
    coverage: float | None = Field(description="Answered automatically, share of all, 0 to 1.")
    wrong_answer_rate: float | None = Field(description="Wrong, share of the answered, 0 to 1.")
    ece: float | None = Field(description="Expected calibration error, 0 to 1; 0 is best.")
    auroc_oos: float | None = Field(
        description="Chance that an out-of-scope question is told from an in-scope one, 0 to 1."
    )


class InScopeEnds(Section):
    """How many questions that the FAQ has an answer to end how."""

    answered_rightly: Count
    offered: Count = Field(description="Asked back, with the right one among those offered.")
    handed_over: Count
    asked_in_vain: Count
    answered_wrongly: Count


class OutOfScopeEnds(Section):
    """How many questions that the FAQ has no answer to end how; handed over is right."""

    handed_over: Count
    asked_in_vain: Count
    answered_wrongly: Count


class Ends(Section):
    """How the questions end with one version."""

    in_scope: InScopeEnds
    out_of_scope: OutOfScopeEnds


class EndsOfBoth(Section):
    """How the same questions end with this version and with the live one, if there was one."""

    candidate: Ends
    live: Ends | None


class IntentFigures(Section):
    """How well the first candidate does on the questions of one intent."""

    support: Count = Field(description="Questions that ask for the intent.")
    precision: float = Field(description="Right, share of those that it came first for, 0 to 1.")
    recall: float = Field(description="Share of its questions that it comes first for, 0 to 1.")
    f1: float = Field(description="Harmonic mean of precision and recall, 0 to 1.")
    confused_with: Mapping[str, Count] = Field(
        description="What comes first instead, at most five, and on how many questions."
    )


class CostFigures(Section):
    """What ends cost the helpdesk, all in one unit; a right answer is free."""

    wrong_answer: float
    handoff: float
    click: float


class CalibrationFigures(Section):
    """What the version turned evidence into probabilities by, and how true these are."""

    similarity: float | None = Field(
        description="Weight of the cosine; null, as `votes`, where an early calibration weighed "
        "other evidence."
    )
    votes: float | None = Field(description="Weight of the logarithm of the share of votes.")
    bias: float | None = Field(description="What speaks against “none of these”, a logit.")
    answer_at: float = Field(description="Answers from this probability on; above 1 is never.")
    clarify_at: float = Field(
        description="Asks back if two or three reach this probability together; above 1 is never."
    )
    rows: Count = Field(description="Questions that it was fitted on.")
    answer: float = Field(description="Weight of the cosine to what is answered.")
    passage: float = Field(description="Weight of the cosine to the nearest passage.")
    costs: CostFigures
    curve: tuple[CurvePoint, ...] = Field(
        description="Mean probability, share that was right, questions; at most 15 points, rising."
    )


class PromiseKept(Section):
    """What would become of the same questions under another promise."""

    promise: float = Field(description="Largest share of answers that may be wrong, 0 to 1.")
    answer_at: float = Field(description="Would answer from this probability on; above 1 is never.")
    answered: Count = Field(description="Questions answered so.")
    wrong: Count = Field(description="How many of these wrongly.")
