"""The examples that a model learns from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A text that may train; `rejected` is the intent a live model wrongly preferred for it."""

    text: str
    intent: str
    rejected: str | None = None


@dataclass(frozen=True)
class PairExample:
    """A pair of texts and the cosine, 0 to 1, that their vectors should have."""

    text_a: str
    text_b: str
    score: float
