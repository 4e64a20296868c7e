"""Render what a report proves: how the same questions end with both versions, and by what test."""

from chatbot.domain.report.compared import ComparisonFigures
from chatbot.domain.report.report import EvaluationReport
from chatbot.services.learning.report_table import render_table
from chatbot.services.learning.report_view import Ending, endings


def render_endings(report: EvaluationReport) -> str:
    """Render as Markdown how a hundred questions of each kind end; older reports do not say."""
    rows = endings(report)
    if not rows:
        return "This report is older than this list."
    versions = ["This version"] + (["Live version"] if report.live else [])
    cells = [
        [row.words, _of_100(row), *([_of_100_live(row)] if report.live else [])] for row in rows
    ]
    return render_table(["Of 100 questions", *versions], cells)


def render_evidence(report: EvaluationReport) -> str:
    """Render the evidence as Markdown: what decides first, then who has the right intent first,
    which explains it.
    """
    comparison = report.comparison
    if comparison is None:
        return "There was no live version to compare with."
    low, high = comparison.gain_interval
    table = render_table(
        ["In-scope questions", "Live right", "Live wrong"],
        [
            [
                "This version right",
                str(comparison.both_right),
                str(comparison.only_candidate),
            ],
            ["This version wrong", str(comparison.only_live), str(comparison.both_wrong)],
        ],
    )
    return (
        _weighed(comparison)
        + f"{table}\n\nGain in top-1 {comparison.gain:+.1%} (95 % interval {low:+.1%} to "
        f"{high:+.1%}), exact McNemar p = {comparison.p_value:.3g}."
        + _disputed(report.data.disputed, comparison)
    )


PARTS = {
    "whole": "All",
    "taught": "About what agents taught it",
    "elsewhere": "All others",
}
"""What is weighed by itself, in people's words."""


def _weighed(comparison: ComparisonFigures) -> str:
    """Render the weighed comparison; nothing for reports from before decisions were weighed."""
    if comparison.whole is None:
        return ""
    rows = [
        [
            words,
            str(part.questions),
            str(part.better),
            str(part.worse),
            "{:+.4f} ({:+.4f} to {:+.4f})".format(part.gain, *part.gain_interval),
            f"{part.p_value:.3g}"
            + (f" (needed: {part.needed_p_value:.2g})" if key != "elsewhere" else ""),
        ]
        for key, words in PARTS.items()
        if (part := getattr(comparison, key))
    ]
    header = ["Questions", "Number", "Better", "Worse", "Saved on one, in wrong answers", "p"]
    return (
        "What decides is how each question ends, weighed by what that costs (exact permutation "
        f"test of the paired differences):\n\n{render_table(header, rows)}\n\nWho has the right "
        "intent first explains it and decides nothing:\n\n"
    )


def _of_100(row: Ending) -> str:
    return _rounded(row.count, row.questions)


def _of_100_live(row: Ending) -> str:
    return _rounded(row.live, row.questions) if row.live is not None else "–"


def _rounded(count: int, questions: int) -> str:
    return f"{100 * count / questions:.1f}" if questions else "–"


def _disputed(disputed: int, comparison: ComparisonFigures) -> str:
    if not disputed:
        return ""
    return (
        f"\n\n{disputed} of the held-out questions were asked for because the two versions "
        "disagree on them. The test compares only such questions; for the gain and the guards one "
        f"counts as {comparison.differing_weight:.2f} of another, so that they weigh as much as "
        "with visitors. The table of held-out questions counts each in full."
    )
