"""Measure how much a training would learn that the newest model has not, as a share of what that
learnt.

An artefact keeps a name for each row, and each pair with a score, that taught it. A row counts as
new if it was added, taken away, or means another intent now, which is both; with another recipe or
setting, or twice as many questions without a verdict, all are.
"""

from collections.abc import Set as AbstractSet
from pathlib import Path

from chatbot.domain.text import key, pair_key
from chatbot.services.learning.training_set import Frozen

_FILE = "taught.txt"


def write(artefact: Path, frozen: Frozen) -> None:
    """Keep what names the rows of a training, not their texts."""
    (artefact / _FILE).write_text("\n".join(sorted(_names(frozen))), encoding="utf-8")


def measure(artefact: Path, frozen: Frozen) -> float:
    """Return the number of changed rows for each that taught the artefact; 1 if nothing is known of
    those.
    """
    path = artefact / _FILE
    taught = set(path.read_text(encoding="utf-8").split()) if path.exists() else set()
    return len(taught ^ _names(frozen)) / len(taught) if taught else 1.0


def _names(frozen: Frozen) -> AbstractSet[str]:
    rows = [(row.intent, row.text) for row in (*frozen.training, *frozen.validation)]
    rows += [("", text) for text in frozen.out_of_scope]
    rows += [(f"{pair.score:g}", pair_key(pair.text_a, pair.text_b)) for pair in frozen.pairs]
    return {key(f"{frozen.recipe} {intent} {text}") for intent, text in rows}
