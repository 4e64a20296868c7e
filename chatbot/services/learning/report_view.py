"""Read a stored report in the terms that people decide by; older reports say less."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatbot.domain.accuracy import OUT_OF_SCOPE
from chatbot.domain.guards import GuardState
from chatbot.domain.proportion import Share
from chatbot.domain.report.compared import GuardName
from chatbot.domain.report.figures import Figures
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.utility import End

_ROWS_BEHIND = {
    "top1": "n_in_scope",
    "top3": "n_in_scope",
    "in_scope_accuracy": "n_in_scope",
    "oos_recall": "n_out_of_scope",
    "coverage": "n",
    "wrong_answer_rate": "answered",
}
_TITLES: Mapping[GuardName, str] = {
    "intents": "No intent suffers",
    "out_of_scope": "It keeps silent where the FAQ has nothing",
    "rightly_answered": "It helps as many visitors",
    "wrongly_answered": "It answers no more questions wrongly",
    "wrong_answers": "It keeps the promise",
    "pins": "It keeps what is pinned",
}


@dataclass(frozen=True)
class IntentChange:
    """The number of an intent's questions that the live version and this one have right."""

    intent: str
    questions: int
    before: int
    after: int


@dataclass(frozen=True)
class GuardRead:
    """The state of a guarded figure in words: within its margin, beyond it, or too few questions to
    tell.
    """

    title: str
    state: GuardState
    words: str


@dataclass(frozen=True)
class Ending:
    """The number of the `questions` of a kind that end so, and with the live version, if any."""

    words: str
    questions: int
    count: int
    live: int | None


def shares(figures: Figures) -> dict[str, Share]:
    """Return each figure that is a share of questions, if there were any, by name."""
    measured = figures.model_dump()
    rows = measured | {"answered": round((figures.coverage or 0.0) * figures.n)}
    return {
        name: Share.counted(round(measured[name] * rows[behind]), rows[behind])
        for name, behind in _ROWS_BEHIND.items()
        if measured[name] is not None
    }


def guards(report: EvaluationReport) -> list[GuardRead]:
    """Return the guards; empty for a first version, and for reports from before guards were kept
    one by one.
    """
    kept = report.comparison.guards if report.comparison else ()
    return [GuardRead(_TITLES[guard.name], guard.state, guard.words) for guard in kept]


_ENDINGS = {
    "in_scope": {
        End.ANSWERED_RIGHTLY: "answered rightly",
        End.OFFERED: "asked back, with the right answer among those offered",
        End.HANDED_OVER: "handed over, though the FAQ has an answer",
        End.ASKED_IN_VAIN: "asked back in vain",
        End.ANSWERED_WRONGLY: "answered wrongly",
    },
    "out_of_scope": {
        End.HANDED_OVER: "out of scope: rightly handed over",
        End.ASKED_IN_VAIN: "out of scope: asked back needlessly",
        End.ANSWERED_WRONGLY: "out of scope: answered wrongly",
    },
}


def endings(report: EvaluationReport) -> list[Ending]:
    """Return the endings, in scope first, each the best first; empty for reports from before they
    were counted.
    """
    if report.ends is None:
        return []
    ours = report.ends.candidate.model_dump()
    live = report.ends.live.model_dump() if report.ends.live else None
    return [
        Ending(words, sum(ours[kind].values()), ours[kind][end], live[kind][end] if live else None)
        for kind, of_kind in _ENDINGS.items()
        for end, words in of_kind.items()
        if any(ours[kind].values())
    ]


def intent_changes(report: EvaluationReport) -> list[IntentChange]:
    """Return the intents of which another number of questions is right now, the greatest loss
    first.
    """
    net: Counter[str] = Counter()
    for change in report.changed:
        if change.expected != OUT_OF_SCOPE:
            right_before = change.live.best == change.expected
            right_after = change.candidate.best == change.expected
            net[change.expected] += right_after - right_before
    changes = []
    for intent, gained in net.items():
        if gained:
            figures = report.per_intent[intent]
            after = round(figures.recall * figures.support)
            changes.append(IntentChange(intent, figures.support, after - gained, after))
    return sorted(changes, key=lambda c: (c.after - c.before, c.intent))


def confusion_pairs(report: EvaluationReport) -> list[tuple[str, str, int]]:
    """Return (what was meant, what was said first, how often), the most frequent first."""
    pairs = [
        (meant, said, count)
        for meant, figures in report.per_intent.items()
        for said, count in figures.confused_with.items()
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))


def calibration_curve(report: EvaluationReport) -> Sequence[tuple[float, Share]]:
    """Return the calibration curve as (probability that was said, share that was right)."""
    curve = report.calibration.curve
    return [(p, Share.counted(round(right * n), n)) for p, right, n in curve]


def risk_coverage(report: EvaluationReport) -> Sequence[tuple[float, Share]]:
    """Return the curve as (share of the questions answered, share of these answers
    that is wrong).
    """
    n, curve = report.candidate.n, report.risk_coverage
    return [(answered / n, Share.counted(wrong, answered)) for _, answered, wrong in curve]


def say_precision(report: EvaluationReport | None) -> str | None:
    """Say how exact and how large the served encoder is, and why it is not a smaller one."""
    export = report.training.export if report else None
    if export is None:
        return None
    words = f"The encoder is served in {export.precision}, {export.bytes / 2**20:.0f} MiB."
    passed_over = [f"Not in {each.precision}: {each.why}." for each in export.rejected]
    return " ".join([words, *passed_over])


@dataclass(frozen=True)
class Kept:
    """The fate of the held-out questions under another promise."""

    promise: float
    answers: bool  # at all
    coverage: Share
    wrong: Share

    @property
    def percent(self) -> int:
        return round(self.promise * 100)


def other_promises(report: EvaluationReport | None) -> list[Kept]:
    """Return the other promises, strictest first; empty for reports from before they were kept."""
    if report is None:
        return []
    return [
        Kept(
            kept.promise,
            kept.answer_at <= 1,
            Share.counted(kept.answered, report.candidate.n),
            Share.counted(kept.wrong, kept.answered),
        )
        for kept in report.promises
    ]
