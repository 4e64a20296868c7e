"""The report that every candidate keeps: how it did beside the live version, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.domain.accuracy import (
    Outcome,
    count_ends,
    per_intent,
    reliability,
    risk_coverage,
    summarise,
)
from chatbot.domain.gate import Comparison
from chatbot.domain.matching import Calibration
from chatbot.domain.report.compared import (
    ChangedAnswer,
    ComparisonFigures,
    PinnedQuestion,
    ReplyGiven,
    SourceFigures,
)
from chatbot.domain.report.figures import (
    CalibrationFigures,
    Ends,
    EndsOfBoth,
    Figures,
    IntentFigures,
    PromiseKept,
)
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import RowCounts, RowsApart, TrainingRun
from chatbot.services.learning.training_set import Frozen

_FIRST = ("It is the first version.",)


@dataclass(frozen=True)
class Measured:
    """A version's outcomes on held-out and pinned questions, and what it decided by."""

    outcomes: Sequence[Outcome]
    calibration: Calibration
    pins: Sequence[Outcome] = ()


def make_report(
    version_id: int,
    candidate: Measured,
    live_id: int | None,
    live: Measured | None,
    comparison: Comparison | None,
    frozen: Frozen,
    training: TrainingRun,
    *,
    comparisons: int = 0,
    disputed: int = 0,
    sources: Sequence[SourceFigures] = (),
) -> EvaluationReport:
    """Return the report on a candidate: everything there is to know about it.

    `comparisons` counts those with the live version that could decide, `disputed` the held-out
    questions that were asked for because the two disagree.
    """
    return EvaluationReport(
        version=version_id,
        live_version=live_id,
        verdict=comparison.verdict if comparison else None,
        reasons=tuple(comparison.reasons) if comparison else _FIRST,
        comparison=ComparisonFigures.model_validate(comparison.to_json()) if comparison else None,
        candidate=_figures(candidate.outcomes),
        live=_figures(live.outcomes) if live else None,
        ends=EndsOfBoth(
            candidate=_ends(candidate.outcomes), live=_ends(live.outcomes) if live else None
        ),
        per_intent={
            intent: IntentFigures.model_validate(figures)
            for intent, figures in per_intent(candidate.outcomes).items()
        },
        calibration=_calibration(candidate),
        risk_coverage=tuple(risk_coverage(candidate.outcomes)),
        promises=tuple(_kept(*threshold, candidate.outcomes) for threshold in training.thresholds),
        pins=_pins(candidate.pins, live.pins if live else None),
        changed=_changed(live.outcomes, candidate.outcomes) if live else (),
        data=_count_rows(frozen, len(candidate.outcomes), disputed),
        training=training,
        look=comparisons,
        sources=tuple(sources),
    )


def _figures(outcomes: Sequence[Outcome]) -> Figures:
    return Figures.model_validate(summarise(outcomes))


def _ends(outcomes: Sequence[Outcome]) -> Ends:
    return Ends.model_validate(count_ends(outcomes))


def _calibration(measured: Measured) -> CalibrationFigures:
    curve = reliability([(o.probability, o.is_top1) for o in measured.outcomes])
    return CalibrationFigures.model_validate(measured.calibration.to_json() | {"curve": curve})


def _count_rows(frozen: Frozen, measured: int, disputed: int) -> RowCounts:
    """`measured` is the number of questions, those that are held out and those cross-fitted."""
    return RowCounts(
        training=len(frozen.training),
        validation=len(frozen.validation),
        out_of_scope=len(frozen.out_of_scope),
        held_out=len(frozen.held_out),
        cross_fitted=measured - len(frozen.held_out),
        learnt_queries=len(frozen.learnt_queries),
        unlabelled=len(frozen.unlabelled),
        pairs=len(frozen.pairs),
        left_out_pairs=len(frozen.left_out_pairs),
        apart=RowsApart.model_validate(frozen.apart),
        knowledge_revision=frozen.catalogue.revision,
        fingerprint=frozen.fingerprint,
        evidence=frozen.evidence,
        disputed=disputed,
    )


def _kept(promise: float, answer_at: float, outcomes: Sequence[Outcome]) -> PromiseKept:
    """Return the fate of the held-out questions if `promise` were made; known texts
    are answered.
    """
    answered = [o for o in outcomes if o.probability >= min(answer_at, 1.0)]
    return PromiseKept(
        promise=promise,
        answer_at=answer_at,
        answered=len(answered),
        wrong=sum(not o.is_top1 for o in answered),
    )


def _changed(live: Sequence[Outcome], candidate: Sequence[Outcome]) -> tuple[ChangedAnswer, ...]:
    """Every held-out question that the candidate answers differently."""
    return tuple(
        ChangedAnswer(text=old.text, expected=old.label, live=_reply(old), candidate=_reply(new))
        for old, new in zip(live, candidate, strict=True)
        if (old.decision, old.best) != (new.decision, new.best)
    )


def _pins(
    candidate: Sequence[Outcome], live: Sequence[Outcome] | None
) -> tuple[PinnedQuestion, ...]:
    """Every pinned question, and whether each of the two keeps it."""
    before: Sequence[Outcome | None] = live if live is not None else [None] * len(candidate)
    return tuple(
        PinnedQuestion(
            text=new.text,
            intent=new.expected,
            kept=new.is_right_answer,
            candidate=_reply(new),
            kept_before=old.is_right_answer if old else None,
            live=_reply(old) if old else None,
        )
        for old, new in zip(before, candidate, strict=True)
    )


def _reply(outcome: Outcome) -> ReplyGiven:
    return ReplyGiven(
        decision=outcome.decision,
        best=outcome.best,
        probability=round(outcome.probability, 4),
    )
