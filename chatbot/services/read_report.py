"""What a stored report says, in the terms that people decide by; older reports say less."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.domain.metrics import OUT_OF_SCOPE
from chatbot.domain.share import Share

Report = dict[str, Any]

_ROWS_BEHIND = {
    "top1": "n_in_scope",
    "top3": "n_in_scope",
    "in_scope_accuracy": "n_in_scope",
    "oos_recall": "n_out_of_scope",
    "coverage": "n",
    "wrong_answer_rate": "answered",
}
_GUARDS = {
    "intents": (
        "No intent suffers",
        "The worst intent with ten or more questions loses {measured:.0%} of them; "
        "{allowed:.0%} is allowed.",
        "No intent with ten or more questions gets worse.",
    ),
    "out_of_scope": (
        "It keeps silent where the FAQ has nothing",
        "It answers {measured:.1%} more of the out-of-scope questions; {allowed:.0%} is allowed.",
        "It answers no more of the out-of-scope questions.",
    ),
    "rightly_answered": (
        "It helps as many visitors",
        "It answers {measured:.1%} fewer of the in-scope questions rightly; "
        "{allowed:.0%} is allowed.",
        "It answers no fewer of the in-scope questions rightly.",
    ),
    "wrong_answers": (
        "It keeps the promise",
        "{measured:.1%} of its automatic answers are wrong; {allowed:.1%} is allowed.",
        "None of its automatic answers is wrong.",
    ),
    "pins": (
        "It keeps what is pinned",
        "It breaks {measured:.0f} pinned questions; none is allowed.",
        "It breaks no pinned question that the live version keeps.",
    ),
}


@dataclass(frozen=True)
class IntentChange:
    """How many of an intent's questions the live version and this one have right."""

    intent: str
    questions: int
    before: int
    after: int


@dataclass(frozen=True)
class GuardRead:
    """Whether a figure stayed within its margin, in words."""

    title: str
    holds: bool
    words: str


def shares(summary: dict[str, Any]) -> dict[str, Share]:
    """Each figure of a summary that is a share of questions, if there were any."""
    rows = summary | {"answered": round((summary["coverage"] or 0.0) * summary["n"])}
    return {
        name: Share.counted(round(summary[name] * rows[behind]), rows[behind])
        for name, behind in _ROWS_BEHIND.items()
        if summary[name] is not None
    }


def guards(report: Report) -> list[GuardRead]:
    """None for a first version, and for reports from before guards were kept one by one."""
    kept = (report["comparison"] or {}).get("guards", [])
    return [_read_guard(guard) for guard in kept]


def _read_guard(guard: dict[str, Any]) -> GuardRead:
    title, within, no_worse = _GUARDS[guard["name"]]
    words = within.format(**guard) if guard["measured"] > 0 else no_worse
    if guard["measured"] > guard["allowed"]:
        words += " That much can be chance."
    return GuardRead(title, not guard["broken"], " ".join(guard["broken"]) or words)


def intent_changes(report: Report) -> list[IntentChange]:
    """Intents of which another number of questions is right now, the greatest loss first."""
    net: Counter[str] = Counter()
    for change in report["changed"]:
        if change["expected"] != OUT_OF_SCOPE:
            right_before = change["live"]["best"] == change["expected"]
            right_after = change["candidate"]["best"] == change["expected"]
            net[change["expected"]] += right_after - right_before
    changes = []
    for intent, gained in net.items():
        if gained:
            figures = report["per_intent"][intent]
            after = round(figures["recall"] * figures["support"])
            changes.append(IntentChange(intent, figures["support"], after - gained, after))
    return sorted(changes, key=lambda c: (c.after - c.before, c.intent))


def confusion_pairs(report: Report) -> list[tuple[str, str, int]]:
    """(what was meant, what was said first, how often), the most frequent first."""
    pairs = [
        (meant, said, count)
        for meant, figures in report["per_intent"].items()
        for said, count in figures["confused_with"].items()
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))


def calibration_curve(report: Report) -> Sequence[tuple[float, Share]]:
    """(probability that was said, share that was right)."""
    return [
        (p, Share.counted(round(right * n), n)) for p, right, n in report["calibration"]["curve"]
    ]


def risk_coverage(report: Report) -> Sequence[tuple[float, Share]]:
    """(share of the questions answered, share of these answers that is wrong)."""
    n = report["candidate"]["n"]
    curve = report.get("risk_coverage", [])
    return [(answered / n, Share.counted(wrong, answered)) for _, answered, wrong in curve]


def say_precision(report: Report) -> str | None:
    """How exact and how large the encoder is that is served, and why it is not a smaller one."""
    export = report["training"].get("export", {}) if report else {}
    if "precision" not in export:
        return None
    words = f"The encoder is served in {export['precision']}, {export['bytes'] / 2**20:.0f} MiB."
    passed_over = [f"Not in {each['precision']}: {each['why']}." for each in export["rejected"]]
    return " ".join([words, *passed_over])


@dataclass(frozen=True)
class Kept:
    """What would become of the held-out questions under another promise."""

    promise: float
    answers: bool  # at all
    coverage: Share
    wrong: Share

    @property
    def percent(self) -> int:
        return round(self.promise * 100)


def other_promises(report: Report) -> list[Kept]:
    """The strictest first; none in reports from before they were kept."""
    n = report["candidate"]["n"] if report else 0
    return [
        Kept(
            kept["promise"],
            kept["answer_at"] <= 1,
            Share.counted(kept["answered"], n),
            Share.counted(kept["wrong"], kept["answered"]),
        )
        for kept in report.get("promises", [])
    ]
