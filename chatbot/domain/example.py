"""What a model learns from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A text that may train; `rejected` is the intent a live model wrongly preferred for it."""

    text: str
    intent: str
    rejected: str | None = None
