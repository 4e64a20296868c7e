"""The request for one training, as read from `spec.json`; imports no torch."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from chatbot.domain.example import Example, PairExample
from chatbot.domain.text import normalise
from chatbot.errors import TrainingFailed

PAIR_WEIGHT = 10.0
"""What a squared error of a pair's cosine weighs beside the contrastive loss, whose inverse
temperature makes its gradients about so much larger."""


@dataclass(frozen=True)
class TrainingSpec:
    """The settings and texts of one training.

    `base_model` is read by `workers.training.base_model.resolve`; `start_from` is the `torch/`
    folder of an earlier training, to go on from there. `epochs=0` exports the model as it is.

    For each of the `folds`, numbers of examples, the training is repeated without these: what such
    a model makes of what it never saw shows what the model would make of new questions.

    `pairs` train beside the examples, their loss weighed by `pair_weight`; `left_out_pairs` only
    show whether what was learnt of them holds for others. `trained_share`, 0 to 1, is how much the
    weights that training gave weigh beside those that it began with.
    """

    examples: tuple[Example, ...]
    validation: tuple[Example, ...] = ()
    base_model: str = ""
    start_from: str | None = None
    folds: tuple[tuple[int, ...], ...] = ()
    epochs: int = 3
    batch_size: int = 64
    learning_rate: float = 1e-4
    seed: int = 13
    threads: int = 2
    pairs: tuple[PairExample, ...] = ()
    left_out_pairs: tuple[PairExample, ...] = ()
    pair_weight: float = PAIR_WEIGHT
    trained_share: float = 1.0

    def __post_init__(self) -> None:
        _require(self.epochs >= 0, f"epochs is {self.epochs}; use 0 or more")
        _require(
            all(0 <= number < len(self.examples) for fold in self.folds for number in fold),
            f"folds are numbers of examples; use 0 to {len(self.examples) - 1}",
        )
        _require(self.batch_size >= 2, f"batch_size is {self.batch_size}; use 2 or more")
        _require(
            0 < self.learning_rate < 1, f"learning_rate is {self.learning_rate}; use 0 < rate < 1"
        )
        _require(self.threads >= 1, f"threads is {self.threads}; use 1 or more")
        _require(
            all(0 <= pair.score <= 1 for pair in (*self.pairs, *self.left_out_pairs)),
            "the score of a pair is from 0 to 1",
        )
        _require(self.pair_weight >= 0, f"pair_weight is {self.pair_weight}; use 0 or more")
        _require(
            0 < self.trained_share <= 1,
            f"trained_share is {self.trained_share}; use 0 < share <= 1",
        )
        _require(0 <= self.seed < 2**32, f"seed is {self.seed}; use 0 to 2^32 - 1")
        if self.epochs:
            _require(bool(self.examples), "examples is empty; give at least one text")
            _require(
                len({example.intent for example in self.examples}) > 1,
                "all examples belong to one intent, so there is nothing to tell apart; "
                "add a second intent, or use epochs = 0",
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a spec. Raises TrainingFailed, with what to correct."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingFailed(f"{path} cannot be read as JSON: {error}") from error
        _require(isinstance(content, dict), "the top level must be an object")
        unknown = sorted(content.keys() - {field.name for field in fields(cls)})
        _require(not unknown, f"unknown settings: {', '.join(unknown)}; remove them")
        for name, kinds in _KINDS.items():
            if name in content:
                value = content[name]
                right = isinstance(value, kinds) and not isinstance(value, bool)
                _require(right, f"{name} is {value!r}, which has the wrong type")
        examples = _examples("examples", content.pop("examples", []))
        validation = _examples("validation", content.pop("validation", []))
        folds = _folds(content.pop("folds", []))
        pairs = _pairs("pairs", content.pop("pairs", []))
        left_out = _pairs("left_out_pairs", content.pop("left_out_pairs", []))
        return cls(
            examples, validation, folds=folds, pairs=pairs, left_out_pairs=left_out, **content
        )

    def left_out(self, fold: int) -> list[Example]:
        """Return the examples that the training of a fold never sees."""
        return [self.examples[number] for number in self.folds[fold]]

    def without(self, fold: int) -> Self:
        """Return the same training without the texts that the fold leaves out, in pairs too."""
        left_out = set(self.folds[fold])
        kept = (each for number, each in enumerate(self.examples) if number not in left_out)
        unseen = {normalise(each.text) for each in self.left_out(fold)}
        pairs = (
            pair
            for pair in self.pairs
            if not unseen & {normalise(pair.text_a), normalise(pair.text_b)}
        )
        return replace(self, examples=tuple(kept), folds=(), pairs=tuple(pairs), left_out_pairs=())

    def dump(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        """Return all settings, of texts and folds only the counts: fit to store and to show."""
        settings = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in _COUNTED
        }
        return settings | {
            **{name: len(getattr(self, name)) for name in _COUNTED},
            "intents": len({example.intent for example in self.examples}),
        }


_COUNTED = ("examples", "validation", "folds", "pairs", "left_out_pairs")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "base_model": str,
    "start_from": (str, type(None)),
    "epochs": int,
    "batch_size": int,
    "learning_rate": (int, float),
    "seed": int,
    "threads": int,
    "pair_weight": (int, float),
    "trained_share": (int, float),
}


def _folds(numbers: object) -> tuple[tuple[int, ...], ...]:
    _require(
        isinstance(numbers, list)
        and all(isinstance(fold, list) and all(type(n) is int for n in fold) for fold in numbers),
        "folds must be a list of lists of numbers",
    )
    return tuple(map(tuple, numbers))  # type: ignore[call-overload]


def _examples(part: str, rows: object) -> tuple[Example, ...]:
    if not isinstance(rows, list):
        raise _refused(f"{part} must be a list")
    return tuple(_example(f"{part}[{number}]", row) for number, row in enumerate(rows))


def _example(place: str, row: object) -> Example:
    if not isinstance(row, dict):
        raise _refused(f"{place} must be an object")
    for name in ("text", "intent"):
        value = row.get(name)
        _require(isinstance(value, str) and bool(value.strip()), f"{place}.{name} must be a text")
    rejected = row.get("rejected")
    _require(rejected is None or isinstance(rejected, str), f"{place}.rejected must be a text")
    return Example(row["text"], row["intent"], rejected)


def _pairs(part: str, rows: object) -> tuple[PairExample, ...]:
    if not isinstance(rows, list):
        raise _refused(f"{part} must be a list")
    return tuple(_pair(f"{part}[{number}]", row) for number, row in enumerate(rows))


def _pair(place: str, row: object) -> PairExample:
    if not isinstance(row, dict):
        raise _refused(f"{place} must be an object")
    for name in ("text_a", "text_b"):
        value = row.get(name)
        _require(isinstance(value, str) and bool(value.strip()), f"{place}.{name} must be a text")
    score = row.get("score")
    _require(
        isinstance(score, (int, float)) and not isinstance(score, bool),
        f"{place}.score must be a number",
    )
    return PairExample(row["text_a"], row["text_b"], float(row["score"]))


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise _refused(reason)


def _refused(reason: str) -> TrainingFailed:
    return TrainingFailed(f"The training spec is refused: {reason}.")
