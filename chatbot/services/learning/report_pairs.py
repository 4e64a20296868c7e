"""Report how a training fared with the pairs with a score, and whether it holds for other pairs."""

from dataclasses import dataclass

from chatbot.domain.report.report import EvaluationReport

FELL = 0.05
"""A rank correlation that is so much lower has fallen; less may be chance."""


@dataclass(frozen=True)
class PairEpoch:
    """The rank correlation (Spearman), -1 to 1, of cosines and scores after an epoch.

    `trained` is of the pairs that teach, `left_out` of those that never do; None of too few.
    """

    epoch: int
    trained: float | None
    left_out: float | None


def pair_epochs(report: EvaluationReport) -> list[PairEpoch]:
    """Return the rank correlations of each epoch; none of a training without pairs, or of an older
    report.
    """
    if not report.training.measures_pairs:
        return []
    return [
        PairEpoch(each.epoch, each.pairs_spearman, each.left_out_pairs_spearman)
        for each in report.training.history
    ]


def say_of_pairs(report: EvaluationReport) -> str:
    """Return in words how many pairs taught, and whether what they taught holds for others.

    Empty if the training had none.
    """
    data = report.data
    trained, left_out, apart = data.pairs, data.left_out_pairs, data.apart.pairs
    if not trained and not left_out and not apart:
        return ""
    neither = (
        f" {apart} more did neither: their account scored too many, or their texts left the FAQ."
        if apart
        else ""
    )
    return (
        f"{trained} pairs with a score taught, {left_out} were left out to measure.{neither} "
        + _verdict(pair_epochs(report), report.training.best_epoch)
    )


def _verdict(epochs: list[PairEpoch], kept: int | None) -> str:
    """`kept` is the epoch whose weights the model has; None stands for the last."""
    reached = [each for each in epochs if kept is None or each.epoch <= kept]
    measured = [each.left_out for each in reached if each.left_out is not None]
    if not measured:
        return "Too few are left out, or all have one score, so nothing shows how it holds."
    before, after = measured[0], measured[-1]
    moved = f"On those left out, Spearman's correlation went from {before:.2f} to {after:.2f}"
    if after < before - FELL:
        return f"{moved}: the pairs were learnt by heart, and others suffered."
    if after > before + FELL:
        return f"{moved}: what was learnt holds for other pairs."
    return f"{moved}: for other pairs hardly anything changed."
