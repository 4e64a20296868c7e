"""Keep out-of-fold outcomes: a version's own rows, each put to a model not trained on it.

In a small FAQ that is the model of a fold, in a large one the version itself, for the rows that
calibrate it. It is kept with the artefact, so that a later candidate can be compared with this
version on them: a model that learnt a row says nothing on how it would have met it.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from chatbot.domain.accuracy import Outcome
from chatbot.domain.example import Example
from chatbot.domain.matching import MOST_OFFERED, Candidate, Decision
from chatbot.domain.text import key

_FILE = "out_of_fold.json"


def write(artefact: Path, outcomes: Mapping[str, Outcome]) -> None:
    """Keep `outcomes`, which are by text; their texts are not kept, only what names them."""
    kept = {
        key(text): {
            "intent": outcome.expected,
            "decision": outcome.decision,
            "candidates": [(c.intent, c.probability) for c in outcome.candidates],
            "offered": outcome.offered,
        }
        for text, outcome in outcomes.items()
    }
    (artefact / _FILE).write_text(json.dumps(kept), encoding="utf-8")


def read(artefact: Path, examples: Collection[Example]) -> dict[str, Outcome]:
    """Return the kept outcomes of those of `examples` that are known with the same intent, by text.

    Without those for which an intent came first that has no example any more: today's FAQ cannot
    name it. Empty for a version that kept none.
    """
    path = artefact / _FILE
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = [(example, kept.get(key(example.text))) for example in examples]
    outcomes = [
        Outcome(
            example.text,
            example.intent,
            Decision(row["decision"]),
            tuple(Candidate(intent, probability) for intent, probability in row["candidates"]),
            row.get("offered", MOST_OFFERED),
        )
        for example, row in known
        if row is not None and row["intent"] == example.intent
    ]
    nameable = {None, *(example.intent for example in examples)}
    return {outcome.text: outcome for outcome in outcomes if outcome.best in nameable}
