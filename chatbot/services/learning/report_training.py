"""Render how a version was trained, in Markdown: from what, how long, and epoch by epoch."""

from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning.report_table import render_table
from chatbot.services.learning.report_view import say_precision

_COLUMNS = ("epoch", "training_loss", "validation_loss", "validation_score")
_OF_PAIRS = ("pair_loss", "pairs_spearman", "left_out_pairs_spearman")


def render_training(report: EvaluationReport) -> str:
    """Return paragraphs, and a table of the epochs unless the version is untrained."""
    data, training = report.data, report.training
    lines = [
        f"{data.training} training and {data.validation} validation rows, "
        f"{data.learnt_queries} of them confirmed by agents; "
        f"{data.out_of_scope} out-of-scope questions for calibration. "
        f"{training.seconds:.0f} s."
    ]
    if index := training.index:
        lines.append(
            f"The index finds {index.recall_at_10:.1%} of the ten nearest utterances "
            f"(ef {index.ef})."
        )
    if words := say_precision(report):
        lines.append(words)
    if training.history:
        lines.append(
            f"{training.guessed} of {data.unlabelled} questions without a verdict vote by a guess "
            "of what they ask for."
        )
        lines.append(_render_history(training))
    return "\n\n".join(lines)


def _render_history(training: TrainingRun) -> str:
    columns = [*_COLUMNS, *(_OF_PAIRS if training.measures_pairs else ())]
    rows = [[_number(getattr(epoch, name)) for name in columns] for epoch in training.history]
    return render_table([name.replace("_", " ") for name in columns], rows)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.4g}"
