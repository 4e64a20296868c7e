"""What a stored report says, in the terms that people decide by; older reports say less."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.domain.guards import State
from chatbot.domain.metrics import OUT_OF_SCOPE
from chatbot.domain.share import Share
from chatbot.domain.utility import End

Report = dict[str, Any]

_ROWS_BEHIND = {
    "top1": "n_in_scope",
    "top3": "n_in_scope",
    "in_scope_accuracy": "n_in_scope",
    "oos_recall": "n_out_of_scope",
    "coverage": "n",
    "wrong_answer_rate": "answered",
}
_TITLES = {
    "intents": "No intent suffers",
    "out_of_scope": "It keeps silent where the FAQ has nothing",
    "rightly_answered": "It helps as many visitors",
    "wrongly_answered": "It answers no more questions wrongly",
    "wrong_answers": "It keeps the promise",
    "pins": "It keeps what is pinned",
}
_EARLIER_GUARDS = {
    "intents": (
        "The worst intent with ten or more questions loses {measured:.0%} of them; "
        "{allowed:.0%} is allowed.",
        "No intent with ten or more questions gets worse.",
    ),
    "out_of_scope": (
        "It answers {measured:.1%} more of the out-of-scope questions; {allowed:.0%} is allowed.",
        "It answers no more of the out-of-scope questions.",
    ),
    "rightly_answered": (
        "It answers {measured:.1%} fewer of the in-scope questions rightly; "
        "{allowed:.0%} is allowed.",
        "It answers no fewer of the in-scope questions rightly.",
    ),
    "wrong_answers": (
        "{measured:.1%} of its automatic answers are wrong; {allowed:.1%} is allowed.",
        "None of its automatic answers is wrong.",
    ),
    "pins": (
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
    """Whether a figure stayed within its margin, or too few questions tell, in words."""

    title: str
    state: State
    words: str


@dataclass(frozen=True)
class Ending:
    """How many of the `questions` of a kind end so, and how many with the live version, if any."""

    words: str
    questions: int
    count: int
    live: int | None


def say_change(report: Report) -> str | None:
    """What the version changes for visitors, in a sentence; None before it was measured."""
    reasons: Sequence[str] = (report or {}).get("reasons", ())
    return reasons[0] if reasons else None


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
    title = _TITLES[guard["name"]]
    if "state" in guard:
        return GuardRead(title, State(guard["state"]), guard["words"])
    return GuardRead(title, *_read_earlier_guard(guard))


def _read_earlier_guard(guard: dict[str, Any]) -> tuple[State, str]:
    """Before guards had three states, one that chance may explain was taken to hold."""
    within, no_worse = _EARLIER_GUARDS[guard["name"]]
    if guard["broken"]:
        return State.BROKEN, " ".join(guard["broken"])
    words = within.format(**guard) if guard["measured"] > 0 else no_worse
    if guard["measured"] > guard["allowed"]:
        return State.OPEN, words + " That much can be chance."
    return State.HOLDS, words


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


def endings(report: Report) -> list[Ending]:
    """In scope first, each the best first; none in reports from before they were counted."""
    if "ends" not in report:
        return []
    ours, live = report["ends"]["candidate"], report["ends"]["live"]
    return [
        Ending(words, sum(ours[kind].values()), ours[kind][end], live[kind][end] if live else None)
        for kind, of_kind in _ENDINGS.items()
        for end, words in of_kind.items()
        if any(ours[kind].values())
    ]


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
