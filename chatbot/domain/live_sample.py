"""A random sample of the traffic, drawn by the random digits of a query's id."""

from collections.abc import Sequence

from chatbot.domain.matching import Candidate, Decision

_LEAST_RANK = 0.5


def is_drawn(query_id: str, share: float) -> bool:
    """Return whether a question is drawn: true for `share` of all ids, whatever is asked."""
    return _digits(query_id[:8]) < share


def rank(query_id: str) -> float:
    """Return a drawn question's place among those that agents judge: anywhere in the upper half.

    It must not depend on the question: otherwise what is judged would be no random sample any more.
    """
    return round(_LEAST_RANK + (1 - _LEAST_RANK) * _digits(query_id[-8:]), 6)


def did_right(
    decision: Decision, candidates: Sequence[Candidate], offered: int, meant: str | None
) -> bool:
    """Return whether the bot did right: answered rightly, offered what was meant, or handed over
    what the FAQ has no answer to.

    `offered` says how many of the candidates a visitor who was asked back could choose from.
    """
    if decision is Decision.HANDOFF:
        return meant is None
    shown = offered if decision is Decision.CLARIFY else 1
    return meant in [candidate.intent for candidate in candidates[:shown]]


def _digits(text: str) -> float:
    """Eight random hex digits as a number from 0 to 1."""
    return int(text, 16) / 16**8
