"""Choose which pairs with a score may teach a model, and which only measure it."""

from collections.abc import Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.example import Example, PairExample
from chatbot.domain.holdout import is_left_out
from chatbot.domain.pair import LEFT_OUT_SHARE, Judged, admit, contradicts
from chatbot.domain.text import normalise
from chatbot.services.knowledge.pairs import Source
from chatbot.settings import Settings
from chatbot.storage.tables import ScoredPair


@dataclass(frozen=True)
class PairsToTrain:
    """The pairs of a training: `training` teach, `left_out` measure, `apart` counts those that do
    neither.
    """

    training: list[PairExample] = field(default_factory=list)
    left_out: list[PairExample] = field(default_factory=list)
    apart: int = 0


def read_pairs_to_train(
    session: Session,
    settings: Settings,
    examples: Mapping[str, Example],
    measured: Container[str],
) -> PairsToTrain:
    """Read all pairs; `examples` and `measured` are by normalised text.

    A fifth is left out by a stable hash. So is each pair with a text that is `measured`: what
    decides on a model, or calibrates it, never teaches it, nor in a pair. What was scored at the
    desk is about phrasings of the FAQ, and goes with them. Whoever has a shell has the database,
    so what is imported there is not capped by account.
    """
    training, left_out, apart = [], [], 0
    rows = session.scalars(select(ScoredPair).order_by(ScoredPair.at, ScoredPair.id)).all()
    admitted = _admitted(rows, settings, examples)
    for row in rows:
        texts = (normalise(row.text_a), normalise(row.text_b))
        if row.id not in admitted:
            apart += 1
        elif is_left_out(row.pair_key, LEFT_OUT_SHARE) or any(text in measured for text in texts):
            left_out.append(_example(row))
        else:
            training.append(_example(row))
    return PairsToTrain(training, left_out, apart)


def _admitted(
    rows: Sequence[ScoredPair], settings: Settings, examples: Mapping[str, Example]
) -> AbstractSet[int]:
    imported, judged = set(), []
    for row in rows:
        known = [examples.get(normalise(text)) for text in (row.text_a, row.text_b)]
        one, other = (example.intent if example else None for example in known)
        if row.source == Source.IMPORT:
            imported.add(row.id)
        elif row.source != Source.DESK or None not in (one, other):
            judged.append(Judged(row.id, row.by, contradicts(row.score, one, other)))
    return imported | admit(
        judged, settings.nightly_cap_per_source, settings.quarantine_after_overrulings
    )


def _example(row: ScoredPair) -> PairExample:
    return PairExample(row.text_a, row.text_b, row.score)
