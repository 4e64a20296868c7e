"""Fine-tune the sentence encoder on confirmed examples and keep its best epoch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from chatbot.domain.example import Example
from workers.training import base_model
from workers.training.batches import compose, spread_pairs
from workers.training.cached_encoder import Trainee
from workers.training.losses import LabelAwareContrastiveLoss
from workers.training.scored_pairs import ScoredPairs
from workers.training.spec import TrainingSpec

PROXY_LEARNING_RATE = 1e-2
WEIGHT_DECAY = 0.01
WARM_UP = 0.1
LARGEST_GRADIENT = 1.0
NEIGHBOURS = 10
NEIGHBOUR_SHARPNESS = 10.0
REFERENCE_ROWS = 2_000
_STEPS_BETWEEN_REPORTS = 10

CARD = """# Helpdesk sentence encoder

A sentence-transformers model, fine-tuned on one helpdesk's confirmed questions.
The questions themselves are not part of this folder. `training.json` beside it has the settings.
"""

Progress = Callable[[str, float, str], None]
"""Called with the step, how far the whole training is (0 to 1), and a sentence."""


@dataclass(frozen=True)
class Epoch:
    """The figures of an epoch; epoch 0 is the model before training. Without validation rows
    nothing is validated.

    `pairs_spearman` and `left_out_pairs_spearman` rank correlate the cosines of the pairs that
    train, and of those that do not, with their scores; None where there are too few. If only the
    first rises, the pairs are learnt by heart.
    """

    epoch: int
    training_loss: float | None
    validation_loss: float | None = None
    validation_score: float | None = None
    pair_loss: float | None = None
    pairs_spearman: float | None = None
    left_out_pairs_spearman: float | None = None


_OF_PAIRS = ("pair_loss", "pairs_spearman", "left_out_pairs_spearman")


@dataclass(frozen=True)
class TrainingResult:
    """The model that training made; `best_epoch` is 0 where every epoch made it worse."""

    model: SentenceTransformer
    history: list[Epoch]
    best_epoch: int
    seconds: float

    def history_as_json(self) -> list[dict[str, float | int | None]]:
        """Return one object an epoch; without pairs none has the figures of pairs."""
        epochs = [asdict(epoch) for epoch in self.history]
        if all(epoch[name] is None for epoch in epochs for name in _OF_PAIRS):
            epochs = [{k: v for k, v in e.items() if k not in _OF_PAIRS} for e in epochs]
        return epochs


def fit(spec: TrainingSpec, out: Path, progress: Progress) -> TrainingResult:
    """Train as `spec` says and save the best epoch as a sentence-transformers folder `out`.

    The same spec gives the same bytes on the same machine. Raises BaseModelRefused when the model
    to start from may not be opened.
    """
    started = time.monotonic()
    torch.set_num_threads(spec.threads)
    torch.manual_seed(spec.seed)
    progress("load", 0.0, "Loading the model")
    start = spec.base_model if spec.start_from is None else spec.start_from
    model = base_model.load(base_model.resolve(start))
    history: list[Epoch] = []
    best_epoch = 0
    if spec.epochs:
        beginning = _copy_weights(model)
        training = _Training(spec, model, progress)
        training.run()
        history, best_epoch = training.history, training.keep_best()
        _interpolate(model, beginning, spec.trained_share)
    model.save_pretrained(str(out), create_model_card=False)
    (out / "README.md").write_text(CARD, encoding="utf-8")
    return TrainingResult(model, history, best_epoch, time.monotonic() - started)


class _Training:
    """All that one training keeps between its steps."""

    def __init__(self, spec: TrainingSpec, model: SentenceTransformer, progress: Progress) -> None:
        self.spec, self.model, self.progress = spec, model, progress
        self.history: list[Epoch] = []
        self.random = Random(spec.seed)
        rows = (*spec.examples, *spec.validation)
        progress("load", 0.0, f"Reading {len(rows)} texts")
        model.eval()  # dropout costs time, and pairs of one intent differ enough without it
        self.trainee = Trainee(model, [row.text for row in rows])
        self.pairs = ScoredPairs(model, spec.pairs)
        self.left_out_pairs = ScoredPairs(model, spec.left_out_pairs)
        self.intents = torch.tensor(_numbers(rows), device=model.device)
        self.pair_random = Random(spec.seed)  # its own, so that pairs change no batch of examples
        self.learns = range(len(spec.examples))
        self.validates = range(len(spec.examples), len(rows))
        self.loss = LabelAwareContrastiveLoss(self._centres()).to(model.device)
        self.optimiser = AdamW(
            [
                {"params": self.trainee.parameters, "lr": spec.learning_rate},
                {"params": list(self.loss.parameters()), "lr": PROXY_LEARNING_RATE},
            ],
            weight_decay=WEIGHT_DECAY,
        )
        self._best: tuple[tuple[float, float], int, dict[str, Tensor]] | None = None

    def run(self) -> None:
        batches = [
            list(compose(self.spec.examples, self.spec.batch_size, self.random))
            for _ in range(self.spec.epochs)
        ]
        steps = sum(map(len, batches))
        schedule = LambdaLR(self.optimiser, lambda step: _rate(step, steps))
        if self.has_epoch_zero:
            self._end_epoch([], [], 0.0)
        done = 0
        for epoch in batches:
            losses, pair_losses = [], []
            spread = spread_pairs(len(self.pairs), len(epoch), self.pair_random)
            for batch, pairs in zip(epoch, spread, strict=True):
                loss, pair_loss = self._step(batch, pairs)
                losses.append(loss)
                pair_losses += pair_loss
                schedule.step()
                done += 1
                if done % _STEPS_BETWEEN_REPORTS == 0:
                    self.progress("train", done / steps, f"Step {done} of {steps}")
            self._end_epoch(losses, pair_losses, done / steps)

    @property
    def has_epoch_zero(self) -> bool:
        """True if there is anything to measure the model by before it trains."""
        return bool(self.validates) or bool(self.pairs) or bool(self.left_out_pairs)

    def keep_best(self) -> int:
        """Give the model its best weights back and return their epoch.

        Without validation the last epoch is taken for the best.
        """
        if self._best is None:
            return self.history[-1].epoch
        _, epoch, weights = self._best
        self.model.load_state_dict(weights)
        return epoch

    def _step(self, batch: Sequence[int], pairs: Sequence[int]) -> tuple[float, list[float]]:
        """Return the contrastive loss, and that of the pairs if any train in this step."""
        loss: Tensor = self.loss(self.trainee(batch), self.intents[batch])
        whole, pair_losses = loss, []
        if pairs:
            pair_loss = self.pairs.loss(pairs)
            whole = loss + self.spec.pair_weight * pair_loss
            pair_losses = [pair_loss.item()]
        self.optimiser.zero_grad()
        whole.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.trainee.parameters, LARGEST_GRADIENT)
        self.optimiser.step()
        return loss.item(), pair_losses

    def _end_epoch(self, losses: list[float], pair_losses: list[float], done: float) -> None:
        epoch = Epoch(
            epoch=len(self.history) + (0 if self.has_epoch_zero else 1),
            training_loss=float(np.mean(losses)) if losses else None,
            pair_loss=float(np.mean(pair_losses)) if pair_losses else None,
            pairs_spearman=self.pairs.spearman(),
            left_out_pairs_spearman=self.left_out_pairs.spearman(),
        )
        if not self.validates:
            self.history.append(epoch)
            return
        loss, score = self._validate()
        self.history.append(replace(epoch, validation_loss=loss, validation_score=score))
        self.progress("validate", done, f"Epoch {epoch.epoch}: validation score {score:.3f}")
        if self._best is None or (score, -loss) > self._best[0]:
            self._best = ((score, -loss), epoch.epoch, _copy_weights(self.model))

    def _validate(self) -> tuple[float, float]:
        """Loss of the validation rows, and the share that their neighbours name rightly."""
        references = _sample(self.learns, REFERENCE_ROWS, self.spec.seed)
        queries = self.trainee.vectors(self.validates)
        score = knn_accuracy(
            self.trainee.vectors(references),
            self.intents[references].cpu().numpy(),
            queries,
            self.intents[list(self.validates)].cpu().numpy(),
        )
        losses = []
        with torch.no_grad():
            for batch in compose(
                self.spec.validation, self.spec.batch_size, Random(self.spec.seed)
            ):
                rows = self.intents[[self.validates[row] for row in batch]]
                texts = torch.from_numpy(queries[batch]).to(self.model.device)
                losses.append(float(self.loss(texts, rows)))
        return float(np.mean(losses)), score

    def _centres(self) -> Tensor:
        """The unit mean of each intent's vectors, (intents that train, dimension)."""
        embedded = torch.from_numpy(self.trainee.vectors(self.learns))
        intents = self.intents[list(self.learns)].cpu()
        sums = torch.zeros(int(intents.max()) + 1, embedded.shape[1])
        return torch.nn.functional.normalize(sums.index_add(0, intents, embedded), dim=1)


def knn_accuracy(
    references: NDArray[np.float32],
    reference_intents: NDArray[np.int64],
    queries: NDArray[np.float32],
    query_intents: NDArray[np.int64],
) -> float:
    """Return the share of queries whose nearest references, voting by closeness, name the intent.

    Both matrices hold unit rows, (references, dimension) and (queries, dimension).
    """
    count = min(NEIGHBOURS, len(references))
    similarity = queries @ references.T
    nearest = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
    closeness = np.exp(NEIGHBOUR_SHARPNESS * np.take_along_axis(similarity, nearest, axis=1))
    votes = np.zeros((len(queries), int(reference_intents.max()) + 1))
    np.add.at(votes, (np.arange(len(queries))[:, None], reference_intents[nearest]), closeness)
    return float(np.mean(votes.argmax(axis=1) == query_intents))


def _copy_weights(model: SentenceTransformer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _interpolate(model: SentenceTransformer, beginning: dict[str, Tensor], share: float) -> None:
    """Give the model weights between those of `beginning` and its own, `share` of the way.

    Texts of the FAQ teach what tells its intents apart and nothing of what else is asked. On the
    way between, a model has most of the one and has forgotten little of the other (WiSE-FT,
    Wortsman et al. 2022, Robust fine-tuning of zero-shot models, CVPR).
    """
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.lerp_(beginning[name], 1 - share)


def _numbers(rows: Sequence[Example]) -> list[int]:
    """A number for each row's intent, by its first row: those that train have the lowest."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(row.intent, len(numbers)) for row in rows]


def _sample(rows: Sequence[int], count: int, seed: int) -> list[int]:
    return list(rows) if len(rows) <= count else Random(seed).sample(rows, count)


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: up to all of it, then straight down to none."""
    warm_up = max(1.0, WARM_UP * steps)
    return min((step + 1) / warm_up, (steps - step) / max(1.0, steps - warm_up))
