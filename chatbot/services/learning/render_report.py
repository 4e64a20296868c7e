"""A report as Markdown, section by section."""

from collections.abc import Mapping, Sequence

from chatbot.domain.report.compared import ChangedAnswer, PinnedQuestion, ReplyGiven
from chatbot.domain.report.figures import CalibrationFigures, IntentFigures, PromiseKept
from chatbot.domain.report.report import EvaluationReport
from chatbot.services.learning.report_evidence import render_endings, render_evidence
from chatbot.services.learning.report_pairs import say_of_pairs
from chatbot.services.learning.report_sources import render_sources
from chatbot.services.learning.report_table import render_table
from chatbot.services.learning.report_training import render_training
from chatbot.services.learning.report_view import guards
from chatbot.services.learning.shadow import Standing, say
from chatbot.services.releases.reports import find_report
from chatbot.storage.tables import ModelVersion


def render(version: ModelVersion, standing: Standing | None = None) -> str:
    """Render the stored report as Markdown; `standing` is that of the candidate in the shadow, if
    any.
    """
    report = find_report(version)
    if report is None:
        return f"# Model version {version.id}\n\nIt has not been evaluated yet.\n"
    sections = [
        f"# Model version {version.id}: {version.verdict or version.kind}",
        "\n".join(report.reasons),
        *_in_the_shadow(version, standing),
        "## What visitors get\n\n" + render_endings(report),
        *_guards(report),
        "## Held-out questions\n\n" + _figures(report),
        "## Evidence\n\n" + render_evidence(report),
        "## Intents that it confuses\n\n" + _confusions(report.per_intent),
        "## Pinned questions\n\n" + _pinned(report.pins),
        "## Changed answers\n\n" + _changes(report.changed),
        "## Who confirmed\n\n" + render_sources(report),
        "## Calibration\n\n" + _calibration(report.calibration, report.promises),
        *_pairs_with_a_score(report),
        "## Training\n\n" + render_training(report),
    ]
    return "\n\n".join(sections) + "\n"


def _pairs_with_a_score(report: EvaluationReport) -> list[str]:
    said = say_of_pairs(report)
    return [f"## Pairs with a score\n\n{said}"] if said else []


def _in_the_shadow(version: ModelVersion, standing: Standing | None) -> list[str]:
    if standing is None or standing.version_id != version.id:
        return []
    return [f"## In the shadow\n\n{say(standing)}"]


def _guards(report: EvaluationReport) -> list[str]:
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


def _figures(report: EvaluationReport) -> str:
    columns = [("This version", report.candidate)]
    if report.live:
        columns.append(("Live version", report.live))
    header = ["Figure", *(title for title, _ in columns)]
    rows = [
        [label, *(_figure(key, getattr(figures, key)) for _, figures in columns)]
        for key, label in FIGURES.items()
    ]
    cross_fitted = report.data.cross_fitted
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


def _pinned(pins: Sequence[PinnedQuestion]) -> str:
    if not pins:
        return "None."
    broken = [pin for pin in pins if not pin.kept]
    words = f"{len(pins) - len(broken)} of {len(pins)} keep their answer."
    rows = [
        [pin.text, pin.intent or "", "yes" if pin.kept_before else "no", _said(pin.candidate)]
        for pin in broken
    ]
    header = ["Question", "Must answer", "Live version does", "This version"]
    return f"{words}\n\n{render_table(header, rows)}" if broken else words


def _confusions(intents: Mapping[str, IntentFigures]) -> str:
    confused = sorted((i for i in intents.items() if i[1].confused_with), key=lambda i: i[1].f1)
    if not confused:
        return "None."
    rows = [
        [
            name,
            str(figures.support),
            f"{figures.precision:.0%}",
            f"{figures.recall:.0%}",
            f"{figures.f1:.2f}",
            ", ".join(f"{other} ({n})" for other, n in figures.confused_with.items()),
        ]
        for name, figures in confused
    ]
    return render_table(["Intent", "Questions", "Precision", "Recall", "F1", "Confused with"], rows)


def _changes(changes: Sequence[ChangedAnswer]) -> str:
    if not changes:
        return "None."
    rows = [
        [change.text, change.expected, _said(change.live), _said(change.candidate)]
        for change in changes
    ]
    return render_table(["Question", "Right", "Live version", "This version"], rows)


def _said(reply: ReplyGiven) -> str:
    return f"{reply.decision} {reply.best or ''} {reply.probability:.0%}"


def _calibration(calibration: CalibrationFigures, promises: Sequence[PromiseKept]) -> str:
    if calibration.rows == 0 and calibration.answer_at > 1:
        return "Too few utterances to calibrate: only known utterances are answered automatically."
    curve = [[f"{p:.2f}", f"{right:.2f}", str(n)] for p, right, n in calibration.curve]
    return (
        f"{_answers(calibration, promises)}; fitted on {calibration.rows} questions that it was "
        "not trained on, and on what is usual for FAQs like this one. "
        f"{_asks_back(calibration)}\n\n"
        + render_table(["Probability", "Right", "Questions"], curve)
    )


def _answers(calibration: CalibrationFigures, promises: Sequence[PromiseKept]) -> str:
    if calibration.answer_at <= 1:
        return f"Answers from probability {calibration.answer_at:.2f} on"
    kept = [promise.promise for promise in promises if promise.answer_at <= 1]
    least = (
        f"the strictest that can is {min(kept):.0%} wrong"
        if kept
        else "nor can a much weaker one: there is too little evidence, or too many are wrong"
    )
    return f"Never answers by itself: the promise cannot be kept on these questions; {least}"


def _asks_back(calibration: CalibrationFigures) -> str:
    if calibration.clarify_at > 1:
        return "Never asks back: a person is said to cost less."
    return f"Asks back if two or three intents reach {calibration.clarify_at:.2f} together."
