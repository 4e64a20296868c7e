"""Test whether fewer layers do: a student of 3 of the 6 layers learns the teacher's vectors of
texts.

It sees only training rows (BANKING77, CLINC150), no intents and no test rows, and is then compared
with its teacher as both would be served: votes among the training rows, on the int8 graph.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer

from bench.common import console, finish, load_dataset, parser
from bench.encoders import measure
from chatbot.matching.encoder import OnnxEncoder
from workers.export import export
from workers.training import base_model

KEPT = (0, 2, 5)
BATCH = 64
RATE = 3e-4
TIMED = 960


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="folder with banking77/, clinc150/")
    made.add_argument("--epochs", type=int, default=4)
    arguments = made.parse_args()
    sets = {name: load_dataset(arguments.data, name) for name in ("banking77", "clinc150")}
    texts = sorted({row.text for dataset in sets.values() for row in dataset.train})
    teacher = base_model.load(base_model.resolve(""))
    student = _shortened()
    with console.status("the teacher encodes …"):
        targets = teacher.encode(
            texts, normalize_embeddings=True, convert_to_tensor=True, show_progress_bar=False
        ).cpu()
    started = time.monotonic()
    _teach(student, texts, targets, arguments.epochs)
    seconds = time.monotonic() - started
    figures: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, model in (("teacher", teacher), ("student", student)):
            out = Path(folder) / name
            export.write(model, out, texts[::100])
            encode = OnnxEncoder.open(out).encode
            figures[name] = measure(encode, sets, expected)
            figures[name]["ms_of_32"] = _time(encode, [row.text for row in sets["banking77"].test])
    figures["speed_ratio"] = figures["teacher"]["ms_of_32"] / figures["student"]["ms_of_32"]
    for name in sets:
        lost = figures["teacher"][name]["top1"] - figures["student"][name]["top1"]
        figures[f"{name}_points_lost"] = 100 * lost
    figures["training_seconds"] = seconds
    finish("distil", figures, arguments.keep)


def _shortened() -> SentenceTransformer:
    model = base_model.load(base_model.resolve(""))
    bert: Any = model[0].model
    bert.encoder.layer = torch.nn.ModuleList([bert.encoder.layer[number] for number in KEPT])
    bert.config.num_hidden_layers = len(KEPT)
    return model


def _teach(
    student: SentenceTransformer, texts: list[str], targets: torch.Tensor, epochs: int
) -> None:
    """Cosine distance to the teacher's vectors; texts of like length together, no padding lost."""
    torch.manual_seed(13)
    by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    batches = [by_length[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    optimiser = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=0.01)
    steps = epochs * len(batches)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    student.train()
    for epoch in range(epochs):
        total = 0.0
        for number in torch.randperm(len(batches)).tolist():
            rows = batches[number]
            features = student.preprocess([texts[row] for row in rows])
            vectors = torch.nn.functional.normalize(student(features)["sentence_embedding"], dim=1)
            loss = (1 - (vectors * targets[rows]).sum(dim=1)).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss)
        console.print(f"epoch {epoch + 1}: cosine distance {total / len(batches):.4f}")
    student.eval()


def _time(encode: Any, texts: list[str]) -> float:
    """Milliseconds a question when 32 wait together; the best of three rounds."""
    spent = []
    for _ in range(3):
        started = time.perf_counter()
        for start in range(0, TIMED, 32):
            encode(texts[start : start + 32])
        spent.append((time.perf_counter() - started) / TIMED * 1000)
    return min(spent)


if __name__ == "__main__":
    run()
