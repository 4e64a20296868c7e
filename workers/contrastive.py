"""Fine-tunes the sentence encoder on confirmed examples and keeps its best epoch."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from torch import nn
from transformers import PrinterCallback, set_seed

from chatbot.domain.pairs import Example, contrastive_triplets, scored_pairs
from chatbot.errors import TrainingFailed
from workers import base_model
from workers.epochs import Epoch, Epochs, Evaluator, Progress
from workers.losses import INPUTS, LabelAwareContrastiveLoss, PairScoreLoss, embed
from workers.spec import TrainingSpec

PER_EXAMPLE = 0.5
"""Triplets for each text: at 0.5 every text is anchor or positive once an epoch."""

NEGATIVES_PER_POSITIVE = 1
PROXY_LEARNING_RATE = 1e-2
CONFUSABLE_INTENTS = 5
NEIGHBOURS = 10
NEIGHBOUR_SHARPNESS = 20.0
REFERENCE_ROWS = 2_000
WARM_UP = 0.1

CARD = """# Helpdesk sentence encoder

A sentence-transformers model, fine-tuned on one helpdesk's confirmed questions.
The questions themselves are not part of this folder. `training.json` beside it has the settings.
"""


@dataclass(frozen=True)
class TrainingResult:
    """The trained model; `history` has one entry an epoch.

    Epoch 0 is the model before training; it is `best_epoch` where training made it worse.
    """

    model: SentenceTransformer
    history: list[Epoch]
    best_epoch: int
    seconds: float


def fit(spec: TrainingSpec, out: Path, progress: Progress) -> TrainingResult:
    """Train as `spec` says and save the best epoch as a sentence-transformers folder `out`.

    The same spec gives the same bytes on the same machine. Raises TrainingFailed when there is
    nothing to learn from, BaseModelRefused when the model to start from may not be opened.
    """
    started = time.monotonic()
    torch.set_num_threads(spec.threads)
    set_seed(spec.seed)
    progress("load", 0.0, "Loading the model")
    start = spec.base_model if spec.start_from is None else spec.start_from
    model = base_model.load(base_model.resolve(start))
    history: list[Epoch] = []
    best_epoch = 0
    if spec.epochs:
        history, best_epoch = _train(spec, model, progress)
    model.save_pretrained(str(out), create_model_card=False)
    (out / "README.md").write_text(CARD, encoding="utf-8")
    return TrainingResult(model, history, best_epoch, time.monotonic() - started)


def vectors(model: SentenceTransformer, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return (len(texts), dimension) unit rows, computed as fast as in training."""
    was_training = model.training
    model.eval()
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    rows = np.zeros((len(texts), int(model.get_embedding_dimension() or 0)), dtype=np.float32)
    # Not inference_mode: autocast would round the weights anew for each micro-batch.
    with torch.no_grad():
        for start in range(0, len(order), 256):
            part = order[start : start + 256]
            features = model.preprocess([texts[row] for row in part])
            on_device = {name: features[name].to(model.device) for name in INPUTS & features.keys()}
            embedded = torch.nn.functional.normalize(embed(model, on_device), dim=1)
            rows[part] = embedded.cpu().numpy()
    model.train(was_training)
    return rows


def knn_accuracy(
    references: NDArray[np.float32],
    reference_intents: Sequence[str],
    queries: NDArray[np.float32],
    query_intents: Sequence[str],
) -> float:
    """Return the share of queries whose nearest references, voting by closeness, name the intent.

    Both matrices hold unit rows, (references, dimension) and (queries, dimension).
    """
    names, codes = np.unique(np.asarray(reference_intents), return_inverse=True)
    count = min(NEIGHBOURS, len(references))
    similarity = queries @ references.T
    nearest = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
    closeness = np.exp(NEIGHBOUR_SHARPNESS * np.take_along_axis(similarity, nearest, axis=1))
    votes = np.zeros((len(queries), len(names)))
    np.add.at(votes, (np.arange(len(queries))[:, None], codes[nearest]), closeness)
    return float(np.mean(names[votes.argmax(axis=1)] == np.asarray(query_intents)))


@dataclass(frozen=True)
class _Task:
    """What the Trainer needs for one of the two losses."""

    loss: nn.Module
    training: Dataset
    validation: Dataset | None
    score: Callable[[], float]


def _train(
    spec: TrainingSpec, model: SentenceTransformer, progress: Progress
) -> tuple[list[Epoch], int]:
    task = _TASKS[spec.loss](spec, model)
    if not len(task.training):
        raise TrainingFailed(
            "The examples give no pairs to compare. Add different texts to at least two intents."
        )
    epochs = Epochs(model, progress)
    validates = bool(spec.validation)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = _Trainer(
            model=model,
            args=_arguments(spec, validates, Path(scratch)),
            train_dataset=task.training,
            eval_dataset=task.validation,
            loss=task.loss,
            evaluator=Evaluator(task.score) if validates else None,
            callbacks=[epochs],
        )
        trainer.remove_callback(PrinterCallback)
        if validates:
            trainer.evaluate()
        trainer.train()
    return epochs.history, epochs.keep_best()


def _arguments(
    spec: TrainingSpec, validates: bool, scratch: Path
) -> SentenceTransformerTrainingArguments:
    contrastive = spec.loss == "contrastive"
    return SentenceTransformerTrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=spec.epochs,
        per_device_train_batch_size=spec.batch_size,
        per_device_eval_batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        learning_rate_mapping={"proxies": PROXY_LEARNING_RATE} if contrastive else {},
        warmup_steps=WARM_UP,
        weight_decay=0.01,
        seed=spec.seed,
        data_seed=spec.seed,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="epoch" if validates else "no",
        logging_strategy="epoch",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )


def _contrastive(spec: TrainingSpec, model: SentenceTransformer) -> _Task:
    labels = _labels(spec)
    centres = _centres(spec.examples, labels, model)
    confusable = _confusable(labels, centres)

    def rows(examples: Sequence[Example]) -> Dataset:
        triplets = contrastive_triplets(examples, spec.seed, PER_EXAMPLE, confusable)
        return Dataset.from_dict(
            {
                "anchor": [triplet.anchor for triplet in triplets],
                "positive": [triplet.positive for triplet in triplets],
                "negative": [triplet.negative for triplet in triplets],
                "label": [
                    [labels[triplet.intent], labels[triplet.negative_intent]]
                    for triplet in triplets
                ],
            }
        )

    references = _sample(spec.examples, REFERENCE_ROWS, spec.seed)

    def score() -> float:
        return knn_accuracy(
            vectors(model, [example.text for example in references]),
            [example.intent for example in references],
            vectors(model, [example.text for example in spec.validation]),
            [example.intent for example in spec.validation],
        )

    loss = LabelAwareContrastiveLoss(model, torch.from_numpy(centres))
    return _Task(loss, rows(spec.examples), _or_none(rows(spec.validation)), score)


def _cosine_similarity(spec: TrainingSpec, model: SentenceTransformer) -> _Task:
    labels = _labels(spec)
    confusable = _confusable(labels, _centres(spec.examples, labels, model))

    def rows(examples: Sequence[Example]) -> Dataset:
        pairs = scored_pairs(examples, spec.seed, NEGATIVES_PER_POSITIVE, confusable)
        return Dataset.from_dict(
            {
                "first": [pair.first for pair in pairs],
                "second": [pair.second for pair in pairs],
                "score": [pair.score for pair in pairs],
            }
        )

    validation = rows(spec.validation)

    def score() -> float:
        if len(set(validation["score"])) < 2:
            return 0.0
        first = vectors(model, list(validation["first"]))
        second = vectors(model, list(validation["second"]))
        return float(spearmanr((first * second).sum(axis=1), validation["score"]).statistic)

    return _Task(PairScoreLoss(model), rows(spec.examples), _or_none(validation), score)


_TASKS: Mapping[str, Callable[[TrainingSpec, SentenceTransformer], _Task]] = {
    "contrastive": _contrastive,
    "cosine_similarity": _cosine_similarity,
}


def _or_none(rows: Dataset) -> Dataset | None:
    return rows if len(rows) else None


def _labels(spec: TrainingSpec) -> dict[str, int]:
    """Number the intents, those that train first: only they have a proxy."""
    training = sorted({example.intent for example in spec.examples})
    others = sorted({example.intent for example in spec.validation} - set(training))
    return {intent: label for label, intent in enumerate(training + others)}


def _centres(
    examples: Sequence[Example], labels: Mapping[str, int], model: SentenceTransformer
) -> NDArray[np.float32]:
    """Return (intents that train, dimension): the unit mean of each intent's vectors."""
    embedded = vectors(model, [example.text for example in examples])
    rows = [labels[example.intent] for example in examples]
    sums = np.zeros((max(rows) + 1, embedded.shape[1]), dtype=np.float32)
    np.add.at(sums, rows, embedded)
    centres: NDArray[np.float32] = sums / np.linalg.norm(sums, axis=1, keepdims=True).clip(1e-6)
    return centres


def _confusable(labels: Mapping[str, int], centres: NDArray[np.float32]) -> dict[str, list[str]]:
    """Name for each intent those that the model, before training, finds closest to it."""
    intents = list(labels)[: len(centres)]
    similarity = centres @ centres.T
    np.fill_diagonal(similarity, -np.inf)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, : len(intents) - 1]
    return {
        intent: [intents[near] for near in order[row, :CONFUSABLE_INTENTS]]
        for row, intent in enumerate(intents)
    }


def _sample(examples: Sequence[Example], count: int, seed: int) -> Sequence[Example]:
    return examples if len(examples) <= count else Random(seed).sample(examples, count)


class _Trainer(SentenceTransformerTrainer):
    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Collect nothing for a model card: it would quote training sentences."""
