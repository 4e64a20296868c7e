"""Fine-tune as the documentation of sentence-transformers shows it, with this product's loss.

Runs in an environment that has `datasets` and `accelerate`: `python -m bench.peers.plain_trainer
JOB`, where JOB/spec.json has the base model, rows and settings. Writes JOB/model and prints the
seconds that training took.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.training_args import BatchSamplers
from torch import Tensor, nn
from torch.nn import functional

from workers.training.losses import LabelAwareContrastiveLoss


class Loss(nn.Module):
    """The product's loss as the trainer calls one."""

    def __init__(self, model: SentenceTransformer, proxies: Tensor) -> None:
        super().__init__()
        self.model = model
        self.inner = LabelAwareContrastiveLoss(proxies)

    def forward(self, sentence_features: list[dict[str, Tensor]], labels: Tensor) -> Tensor:
        embedded = self.model(sentence_features[0])["sentence_embedding"]
        loss: Tensor = self.inner(functional.normalize(embedded, dim=1), labels)
        return loss


def main(job: Path) -> None:
    spec: dict[str, Any] = json.loads((job / "spec.json").read_text(encoding="utf-8"))
    torch.set_num_threads(spec["threads"])
    model = SentenceTransformer(spec["base_model"], device="cpu")
    rows = Dataset.from_dict({"text": spec["texts"], "label": spec["labels"]})
    started = time.monotonic()
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(job / "checkpoints"),
            num_train_epochs=spec["epochs"],
            per_device_train_batch_size=spec["batch_size"],
            learning_rate=spec["learning_rate"],
            warmup_ratio=0.1,
            batch_sampler=BatchSamplers.GROUP_BY_LABEL,
            seed=spec["seed"],
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=rows,
        loss=Loss(model, _centres(model, spec)),
    )
    trainer.train()
    print(time.monotonic() - started)
    model.save_pretrained(str(job / "model"), create_model_card=False)


def _centres(model: SentenceTransformer, spec: dict[str, Any]) -> Tensor:
    """The unit mean of each intent's vectors."""
    labels = torch.tensor(spec["labels"])
    vectors = torch.as_tensor(model.encode(spec["texts"], batch_size=64, normalize_embeddings=True))
    sums = torch.zeros(int(labels.max()) + 1, vectors.shape[1]).index_add(0, labels, vectors)
    return functional.normalize(sums, dim=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
