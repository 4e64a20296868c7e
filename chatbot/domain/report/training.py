"""The making of a version: the rows, the training itself, and the encoder that is served."""

from collections.abc import Mapping

from pydantic import Field

from chatbot.domain.report.section import Count, Section

Setting = str | int | float | None


class RowsApart(Section):
    """What was confirmed or scored and neither teaches nor measures yet, by why."""

    waiting: Count = Field(default=0, description="Confirmations left to a later night.")
    quarantined: Count = Field(default=0, description="Confirmations in quarantine.")
    pairs: Count = Field(default=0, description="Pairs with a score.")


class RowCounts(Section):
    """How many rows of each kind there were, and which."""

    training: Count = Field(description="Texts that taught.")
    validation: Count = Field(description="Texts that chose the epoch, and calibrate.")
    out_of_scope: Count = Field(description="Texts of no intent that calibrate.")
    held_out: Count = Field(description="Questions that measure and never train.")
    cross_fitted: Count = Field(
        description="Rows that train and measure too, each put to a model that did not learn it."
    )
    learnt_queries: Count = Field(description="Confirmed questions among those that taught.")
    unlabelled: Count = Field(description="Questions that nobody judged.")
    pairs: Count = Field(description="Pairs with a score that taught.")
    left_out_pairs: Count = Field(description="Pairs with a score that only measure.")
    apart: RowsApart
    knowledge_revision: Count = Field(description="The latest change of the FAQ that it knew.")
    fingerprint: str = Field(description="The same rows and recipe have the same one.")
    evidence: str = Field(description="The same held-out questions and pins have the same one.")
    disputed: Count = Field(
        description="Held-out questions that were asked for because the two versions disagree."
    )


class EpochFigures(Section):
    """How the training stood after an epoch, 0 before it; null is what was not measured."""

    epoch: Count
    training_loss: float | None = Field(default=None, description="Contrastive, 0 or more.")
    validation_loss: float | None = Field(default=None, description="Contrastive, 0 or more.")
    validation_score: float | None = Field(
        default=None, description="Nearest text of the right intent, share of validation, 0 to 1."
    )
    pair_loss: float | None = Field(default=None, description="Of pairs with a score, 0 or more.")
    pairs_spearman: float | None = Field(
        default=None, description="Rank correlation of cosines and scores, -1 to 1."
    )
    left_out_pairs_spearman: float | None = Field(
        default=None, description="The same of pairs that never teach."
    )

    @property
    def measures_pairs(self) -> bool:
        return any(
            figure is not None
            for figure in (self.pair_loss, self.pairs_spearman, self.left_out_pairs_spearman)
        )


class RejectedPrecision(Section):
    """A precision that does not say what the trained model says, and why."""

    precision: str
    why: str


class ExportFigures(Section):
    """How exact and how large the encoder is that is served, and how like the trained one."""

    precision: str
    bytes: Count = Field(description="Size of the graph with its weights.")
    rejected: tuple[RejectedPrecision, ...]
    noise: float | None = Field(
        description="Mean distance of a text's two vectors, in units of the texts' spread."
    )
    noise_of_worst: float | None = Field(description="The same at the 95 % quantile.")
    mean_cosine: float | None = Field(description="Of a text's two vectors, -1 to 1.")
    lowest_cosine: float | None = Field(description="The same of the worst text.")
    agreement: float | None = Field(
        description="Share of texts whose nearest other has the same intent for both, 0 to 1."
    )
    clear: Count | None = Field(description="Texts whose nearest intent is no toss-up.")
    clear_flips: Count | None = Field(description="How many of these get another intent.")
    rows: Count | None = Field(description="Texts compared.")


class IndexFigures(Section):
    """How wide the index searches, and what it finds."""

    ef: Count = Field(description="Width of the search, in rows.")
    recall_at_10: float = Field(description="Of the ten nearest, the share that it finds, 0 to 1.")


class TrainingRun(Section):
    """One training: how long it took, how it went, and what it came to."""

    seconds: float = Field(description="From the first row to the exported encoder.")
    history: tuple[EpochFigures, ...] = Field(description="Empty for an untrained version.")
    best_epoch: Count | None = Field(
        default=None, description="Whose weights were kept; null stands for the last."
    )
    export: ExportFigures | None = Field(default=None, description="Null before it was kept.")
    libraries: Mapping[str, str] = Field(default={}, description="Versions, by name.")
    spec: Mapping[str, Setting] = Field(
        default={}, description="Settings by name; of texts, folds and pairs their number."
    )
    index: IndexFigures | None = Field(default=None, description="Null before it was kept.")
    guessed: Count = Field(
        default=0, description="Questions without a verdict that vote by a guess."
    )
    thresholds: tuple[tuple[float, float], ...] = Field(
        default=(), description="A promise, and from which probability on it would be answered."
    )

    @property
    def measures_pairs(self) -> bool:
        """True if any epoch tells of pairs with a score."""
        return any(epoch.measures_pairs for epoch in self.history)
