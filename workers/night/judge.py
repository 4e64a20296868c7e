"""Judge a candidate: measure it beside the live version, and say whether it is better."""

from dataclasses import dataclass

from chatbot.bootstrap import Parts
from chatbot.domain.error_budget import significance
from chatbot.domain.gate import Comparison, Rules, Verdict, compare
from chatbot.domain.guards import Margins
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.domain.utility import Costs
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.services.learning.evaluate import evaluate
from chatbot.services.learning.report import Measured, make_report
from chatbot.services.learning.report_sources import leave_one_out
from chatbot.services.learning.shadow import differ, list_traffic, own_evidence
from chatbot.services.learning.taught import list_newly_taught
from chatbot.services.learning.training_set import Frozen
from chatbot.services.releases import jobs, release
from chatbot.settings import Settings
from workers.night.own_rows import ask_own_rows

ENOUGH_HELD_OUT = 1000
MOST_TRAFFIC = 1000


@dataclass(frozen=True)
class Case:
    """A version to judge, the live one beside it, and the rows that decide."""

    version_id: int
    live_id: int | None
    kind: jobs.JobKind
    frozen: Frozen
    training: TrainingRun


@dataclass(frozen=True)
class Judgement:
    """A verdict, None for a version that nothing is compared with, and the report behind it."""

    verdict: Verdict | None
    report: EvaluationReport


def judge(parts: Parts, case: Case) -> Judgement:
    """Return the verdict of the gate, on the evidence that is about these two versions."""
    with parts.database.read() as session:
        number = 1 + release.count_comparisons(session, case.live_id)
        frozen, disputed = own_evidence(session, case.frozen, case.version_id, case.live_id)
        traffic = list_traffic(session, parts.settings, MOST_TRAFFIC) if disputed else []
        taught = list_newly_taught(session, case.version_id, case.live_id)
    matcher, live_matcher = _open_both(parts, case)
    candidate, live = _measure_both(parts, frozen, matcher, live_matcher)
    differing = _differing(matcher, live_matcher, traffic) if live_matcher and disputed else None
    rules = make_rules(parts.settings, number, differing, taught)
    comparison = _compare(live, candidate, rules, frozen) if live else None
    known = live.outcomes if live else None
    report = make_report(
        case.version_id,
        candidate,
        case.live_id,
        live,
        comparison,
        frozen,
        case.training,
        comparisons=number if comparison is None or comparison.could_decide else number - 1,
        disputed=disputed,
        sources=leave_one_out(known, candidate.outcomes, frozen, rules),
    )
    trained = case.kind is jobs.JobKind.TRAIN
    return Judgement(comparison.verdict if comparison and trained else None, report)


def _open_both(parts: Parts, case: Case) -> tuple[Matcher, Matcher | None]:
    """Published artefacts with what web processes know, but for what the two are judged by."""
    open_version = parts.models.open_version
    live = open_version(case.live_id, to_judge=True) if case.live_id is not None else None
    return open_version(case.version_id, to_judge=True), live


def _measure_both(
    parts: Parts, frozen: Frozen, matcher: Matcher, live_matcher: Matcher | None
) -> tuple[Measured, Measured | None]:
    """Measure both versions on the same questions.

    A young helpdesk has few held-out questions. What both versions were trained on is then asked
    too, each as if it did not know it: out of fold.
    """
    candidate = evaluate(matcher, frozen.held_out)
    pins = evaluate(matcher, frozen.pins)
    if live_matcher is None:
        return Measured(candidate, matcher.calibration, pins), None
    live = evaluate(live_matcher, frozen.held_out)
    if sum(row.intent is not None for row in frozen.held_out) < ENOUGH_HELD_OUT:
        own = ask_own_rows(parts, matcher, frozen)
        for text, outcome in ask_own_rows(parts, live_matcher, frozen).items():
            if text in own:
                live.append(outcome)
                candidate.append(own[text])
    live_pins = evaluate(live_matcher, frozen.pins)
    return (
        Measured(candidate, matcher.calibration, pins),
        Measured(live, live_matcher.calibration, live_pins),
    )


def _differing(candidate: Matcher, live: Matcher, texts: list[str]) -> float:
    """The share of visitors' questions on which the two differ; nobody need judge them.

    Laplace's rule of succession, so that it is never 0 or 1.
    """
    differing = 0
    for batch in in_batches(texts):
        pairs = zip(live.match_all(batch), candidate.match_all(batch), strict=True)
        differing += sum(differ(*pair) for pair in pairs)
    return (differing + 1) / (len(texts) + 2)


def make_rules(
    settings: Settings,
    comparison: int,
    differing: float | None = None,
    taught: frozenset[str] = frozenset(),
) -> Rules:
    """Return by what the comparison of this number, from 1, with a live version is judged."""
    costs = Costs(settings.cost_wrong_answer, settings.cost_handoff, settings.cost_click)
    return Rules(
        alpha=significance(settings.gate_alpha, comparison),
        margins=Margins(
            intent=settings.gate_intent_margin,
            out_of_scope=settings.gate_out_of_scope_margin,
            coverage=settings.gate_coverage_margin,
            promise=settings.promise,
            wrong_answer=settings.gate_wrong_answer_margin,
            elsewhere=settings.gate_elsewhere_margin,
        ),
        seed=settings.seed,
        differing=differing,
        costs=costs.at_promise(settings.promise),
        taught=taught,
    )


def _compare(live: Measured, candidate: Measured, rules: Rules, frozen: Frozen) -> Comparison:
    pins = list(zip(live.pins, candidate.pins, strict=True))
    cross_fitted = len(candidate.outcomes) - len(frozen.held_out)
    return compare(live.outcomes, candidate.outcomes, rules, pins, cross_fitted)
