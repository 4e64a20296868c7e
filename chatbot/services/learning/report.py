"""The report that every candidate keeps: how it did beside the live version, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.domain.gate import Comparison
from chatbot.domain.matching import Calibration
from chatbot.domain.metrics import (
    Outcome,
    count_ends,
    per_intent,
    reliability,
    risk_coverage,
    summarise,
)
from chatbot.services.learning.examples import Frozen
from chatbot.services.learning.read_report import guards, say_precision
from chatbot.services.learning.report_evidence import render_endings, render_evidence
from chatbot.services.learning.report_pairs import say_of_pairs
from chatbot.services.learning.report_sources import render_sources
from chatbot.services.learning.report_table import render_table
from chatbot.services.learning.shadow import Standing, say
from chatbot.storage.tables import ModelVersion


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
    training: dict[str, Any],
) -> dict[str, Any]:
    """Everything there is to know about a candidate, as JSON."""
    return {
        "version": version_id,
        "live_version": live_id,
        "verdict": comparison.verdict if comparison else None,
        "reasons": comparison.reasons if comparison else ["It is the first version."],
        "comparison": comparison.to_json() if comparison else None,
        "candidate": summarise(candidate.outcomes),
        "live": summarise(live.outcomes) if live else None,
        "ends": {
            "candidate": count_ends(candidate.outcomes),
            "live": count_ends(live.outcomes) if live else None,
        },
        "per_intent": per_intent(candidate.outcomes),
        "calibration": candidate.calibration.to_json()
        | {"curve": reliability([(o.probability, o.is_top1) for o in candidate.outcomes])},
        "risk_coverage": risk_coverage(candidate.outcomes),
        "promises": [
            _kept(promise, answer_at, candidate.outcomes)
            for promise, answer_at in training.get("thresholds", [])
        ],
        "pins": _pins(candidate.pins, live.pins if live else None),
        "changed": _changed(live.outcomes, candidate.outcomes) if live else [],
        "data": {
            "training": len(frozen.training),
            "validation": len(frozen.validation),
            "out_of_scope": len(frozen.out_of_scope),
            "held_out": len(frozen.held_out),
            "cross_fitted": len(candidate.outcomes) - len(frozen.held_out),
            "learnt_queries": len(frozen.learnt_queries),
            "unlabelled": len(frozen.unlabelled),
            "pairs": len(frozen.pairs),
            "left_out_pairs": len(frozen.left_out_pairs),
            "apart": frozen.apart,
            "knowledge_revision": frozen.catalogue.revision,
            "fingerprint": frozen.fingerprint,
            "evidence": frozen.evidence,
        },
        "training": training,
    }


def _kept(promise: float, answer_at: float, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What became of the held-out questions if `promise` were made; known texts are answered."""
    answered = [o for o in outcomes if o.probability >= min(answer_at, 1.0)]
    return {
        "promise": promise,
        "answer_at": answer_at,
        "answered": len(answered),
        "wrong": sum(not o.is_top1 for o in answered),
    }


def _changed(live: Sequence[Outcome], candidate: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Every held-out question that the candidate answers differently."""
    return [
        {
            "text": old.text,
            "expected": old.label,
            "live": _reply(old),
            "candidate": _reply(new),
        }
        for old, new in zip(live, candidate, strict=True)
        if (old.decision, old.best) != (new.decision, new.best)
    ]


def _pins(candidate: Sequence[Outcome], live: Sequence[Outcome] | None) -> list[dict[str, Any]]:
    """Every pinned question, and whether each of the two keeps it."""
    before: Sequence[Outcome | None] = live if live is not None else [None] * len(candidate)
    return [
        {
            "text": new.text,
            "intent": new.expected,
            "kept": new.is_right_answer,
            "candidate": _reply(new),
            "kept_before": old.is_right_answer if old else None,
            "live": _reply(old) if old else None,
        }
        for old, new in zip(before, candidate, strict=True)
    ]


def _reply(outcome: Outcome) -> dict[str, Any]:
    return {
        "decision": outcome.decision,
        "best": outcome.best,
        "probability": round(outcome.probability, 4),
    }


def render(version: ModelVersion, standing: Standing | None = None) -> str:
    """The stored report as Markdown; `standing` is that of the candidate in the shadow, if any."""
    report = version.report
    if not report:
        return f"# Model version {version.id}\n\nIt has not been evaluated yet.\n"
    sections = [
        f"# Model version {version.id}: {version.verdict or version.kind}",
        "\n".join(report["reasons"]),
        *_in_the_shadow(version, standing),
        "## What visitors get\n\n" + render_endings(report),
        *_guards(report),
        "## Held-out questions\n\n" + _figures(report),
        "## Evidence\n\n" + render_evidence(report),
        "## Intents that it confuses\n\n" + _confusions(report["per_intent"]),
        "## Pinned questions\n\n" + _pinned(report.get("pins", [])),
        "## Changed answers\n\n" + _changes(report["changed"]),
        "## Who confirmed\n\n" + render_sources(report),
        "## Calibration\n\n" + _calibration(report["calibration"], report.get("promises", [])),
        *_pairs_with_a_score(report),
        "## Training\n\n" + _training(report),
    ]
    return "\n\n".join(sections) + "\n"


def _pairs_with_a_score(report: dict[str, Any]) -> list[str]:
    said = say_of_pairs(report)
    return [f"## Pairs with a score\n\n{said}"] if said else []


def _in_the_shadow(version: ModelVersion, standing: Standing | None) -> list[str]:
    if standing is None or standing.version_id != version.id:
        return []
    return [f"## In the shadow\n\n{say(standing)}"]


def _guards(report: dict[str, Any]) -> list[str]:
    lines = [f"- {guard.title}: {guard.state}. {guard.words}" for guard in guards(report)]
    return ["## What it must not lose\n\n" + "\n".join(lines)] if lines else []


FIGURES = {
    "n_in_scope": "In-scope questions",
    "n_out_of_scope": "Out-of-scope questions",
    "top1": "Right intent first",
    "top3": "Right intent among three",
    "in_scope_accuracy": "Answered rightly, of in-scope",
    "coverage": "Answered automatically, of all",
    "wrong_answer_rate": "Wrong, of answered",
    "oos_recall": "Not answered, of out-of-scope",
    "auroc_oos": "AUROC, out-of-scope",
    "mcc": "Matthews correlation",
    "ece": "Expected calibration error",
}
_COUNTS = {"n_in_scope", "n_out_of_scope"}
_UNIT_FREE = {"auroc_oos", "mcc", "ece"}


def _figures(report: dict[str, Any]) -> str:
    columns = [("candidate", "This version")] + (
        [("live", "Live version")] if report["live"] else []
    )
    header = ["Figure", *(title for _, title in columns)]
    rows = [
        [label, *(_figure(key, report[c][key]) for c, _ in columns)]
        for key, label in FIGURES.items()
    ]
    cross_fitted = report["data"].get("cross_fitted", 0)
    note = (
        f"{cross_fitted} of these questions are rows that train, each put to a model that was not "
        "trained on it.\n\n"
    )
    return (note if cross_fitted else "") + render_table(header, rows)


def _figure(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key in _COUNTS:
        return str(value)
    return f"{value:.3f}" if key in _UNIT_FREE else f"{value:.1%}"


def _pinned(pins: Sequence[dict[str, Any]]) -> str:
    if not pins:
        return "None."
    broken = [pin for pin in pins if not pin["kept"]]
    words = f"{len(pins) - len(broken)} of {len(pins)} keep their answer."
    rows = [
        [pin["text"], pin["intent"], "yes" if pin["kept_before"] else "no", _said(pin["candidate"])]
        for pin in broken
    ]
    header = ["Question", "Must answer", "Live version does", "This version"]
    return f"{words}\n\n{render_table(header, rows)}" if broken else words


def _confusions(intents: dict[str, dict[str, Any]]) -> str:
    confused = sorted(
        (i for i in intents.items() if i[1]["confused_with"]), key=lambda i: i[1]["f1"]
    )
    if not confused:
        return "None."
    rows = [
        [
            name,
            str(r["support"]),
            f"{r['precision']:.0%}",
            f"{r['recall']:.0%}",
            f"{r['f1']:.2f}",
            ", ".join(f"{other} ({n})" for other, n in r["confused_with"].items()),
        ]
        for name, r in confused
    ]
    return render_table(["Intent", "Questions", "Precision", "Recall", "F1", "Confused with"], rows)


def _changes(changes: list[dict[str, Any]]) -> str:
    if not changes:
        return "None."
    rows = [
        [change["text"], change["expected"], _said(change["live"]), _said(change["candidate"])]
        for change in changes
    ]
    return render_table(["Question", "Right", "Live version", "This version"], rows)


def _said(reply: dict[str, Any]) -> str:
    return f"{reply['decision']} {reply['best'] or ''} {reply['probability']:.0%}"


def _calibration(calibration: dict[str, Any], promises: list[dict[str, Any]]) -> str:
    if calibration["rows"] == 0 and calibration["answer_at"] > 1:
        return "Too few utterances to calibrate: only known utterances are answered automatically."
    curve = [[f"{p:.2f}", f"{right:.2f}", str(n)] for p, right, n in calibration["curve"]]
    return (
        f"{_answers(calibration, promises)}; fitted on {calibration['rows']} questions that it was "
        "not trained on, and on what is usual for FAQs like this one. "
        f"{_asks_back(calibration)}\n\n"
        + render_table(["Probability", "Right", "Questions"], curve)
    )


def _answers(calibration: dict[str, Any], promises: list[dict[str, Any]]) -> str:
    if calibration["answer_at"] <= 1:
        return f"Answers from probability {calibration['answer_at']:.2f} on"
    kept = [promise["promise"] for promise in promises if promise["answer_at"] <= 1]
    least = (
        f"the strictest that can is {min(kept):.0%} wrong"
        if kept
        else "nor can a much weaker one: there is too little evidence, or too many are wrong"
    )
    return f"Never answers by itself: the promise cannot be kept on these questions; {least}"


def _asks_back(calibration: dict[str, Any]) -> str:
    if calibration["clarify_at"] > 1:
        return "Never asks back: a person is said to cost less."
    return f"Asks back if two or three intents reach {calibration['clarify_at']:.2f} together."


def _training(report: dict[str, Any]) -> str:
    data, training = report["data"], report["training"]
    lines = [
        f"{data['training']} training and {data['validation']} validation rows, "
        f"{data['learnt_queries']} of them confirmed by agents; "
        f"{data['out_of_scope']} out-of-scope questions for calibration. "
        f"{training['seconds']:.0f} s."
    ]
    if index := training.get("index"):
        lines.append(
            f"The index finds {index['recall_at_10']:.1%} of the ten nearest utterances "
            f"(ef {index['ef']})."
        )
    if words := say_precision(report):
        lines.append(words)
    if training["history"]:
        lines.append(
            f"{training.get('guessed', 0)} of {data.get('unlabelled', 0)} questions without a "
            "verdict vote by a guess of what they ask for."
        )
        columns = list(training["history"][0])
        rows = [[_number(epoch[column]) for column in columns] for epoch in training["history"]]
        lines.append(render_table([column.replace("_", " ") for column in columns], rows))
    return "\n\n".join(lines)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
