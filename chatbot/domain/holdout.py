"""Split rows into those that may train and those kept to measure: by a stable hash, never by
chance.
"""

import hashlib
from enum import StrEnum

from chatbot.domain.text import normalise


class Purpose(StrEnum):
    TRAINING = "training"
    HELD_OUT = "held_out"


def is_held_out(text: str, share: float) -> bool:
    """Return whether `text` belongs to the held-out share; the same text always gets the same
    reply.
    """
    return _position(text, "held-out") < share


def is_validation(text: str, share: float) -> bool:
    """Return whether a row that may train is kept for calibration; independent of `is_held_out`."""
    return _position(text, "validation") < share


def measuring_order(text: str) -> float:
    """Return a text's place among those that may measure, 0 to 1; it says nothing of the text."""
    return _position(text, "order")


def is_left_out(pair_key: str, share: float) -> bool:
    """Return whether a scored pair only measures; the same two texts always get the same reply."""
    return _position(pair_key, "pair") < share


def _position(text: str, purpose: str) -> float:
    digest = hashlib.sha256(f"{purpose}\0{normalise(text)}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
