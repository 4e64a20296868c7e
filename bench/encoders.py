"""Ways to serve the same encoder: how right, how much like torch, how fast, how large.

The untrained base model votes with 10 neighbours among the training rows of BANKING77 and CLINC150,
as the product does. Times are of one thread: one question at a time, and 32 that wait together.
`--avx2 qemu-x86_64` also encodes on an emulated processor without VNNI, for its numbers, not speed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from rich.table import Table
from sentence_transformers import SentenceTransformer

from bench.common import Dataset, console, finish, load_dataset, parser
from chatbot.matching.bundle import Rule
from chatbot.matching.encoder import OnnxEncoder
from workers.export import export, torch_graph
from workers.training import base_model

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Open = Callable[[int], Encode]
TIMED = 960
TOGETHER = 32
EMULATED = 150
CHUNK = 500


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="folder with banking77/, clinc150/")
    made.add_argument("--avx2", help="emulator of another processor, such as qemu-x86_64")
    arguments = made.parse_args()
    model = base_model.load(base_model.resolve(""))
    sets = {name: load_dataset(arguments.data, name) for name in ("banking77", "clinc150")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample = [row.text for row in sets["banking77"].train[::50]]
        variants = _variants(model, folder, sample)
        figures: dict[str, Any] = {}
        expected: dict[str, Any] = {}
        for title, opened in variants.items():
            with console.status(f"{title} …"):
                figures[title] = measure(opened(os.cpu_count() or 1), sets, expected)
            file = folder / title / "model.onnx"
            figures[title]["mib"] = file.stat().st_size / 2**20 if file.exists() else None
        texts = [row.text for row in sets["banking77"].test]
        alone = {title: opened(1) for title, opened in variants.items()}
        _time(alone, texts, figures)
        _show(figures)
        result: dict[str, Any] = {"variants": figures}
        if arguments.avx2:
            some = texts[:EMULATED]
            here = alone["served"](some)
            result["distance_without_vnni"] = _emulate(arguments.avx2, folder, some, here)
    finish("encoders", result, arguments.keep)


def _variants(model: SentenceTransformer, folder: Path, sample: list[str]) -> dict[str, Open]:
    served = folder / "served"
    export.write(model, served, sample)
    exact = folder / "float32 by torch" / "model.onnx"

    def dynamic(path: Path) -> tuple[str, ...]:
        quantize_dynamic(exact, path, per_channel=True, weight_type=QuantType.QInt8)
        return _input_names(exact.parent)

    def written(title: str, write: Callable[[Path], tuple[str, ...]]) -> Open:
        """Everything as it is served, but for the graph."""
        out = folder / title
        out.mkdir()
        (out / "tokenizer.json").write_bytes((served / "tokenizer.json").read_bytes())
        card = json.loads((served / "encoder.json").read_text())
        card["input_names"] = write(out / "model.onnx")
        (out / "encoder.json").write_text(json.dumps(card))
        return lambda threads: OnnxEncoder.open(out, threads).encode

    def by_torch(threads: int) -> Encode:
        torch.set_num_threads(threads)
        return lambda texts: model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )

    return {
        "torch": by_torch,
        exact.parent.name: written(
            exact.parent.name, lambda path: torch_graph.write_exact(model, path)
        ),
        "dynamic int8": written("dynamic int8", dynamic),
        "int8 in blocks": written("int8 in blocks", lambda path: torch_graph.write(model, path)),
        "served": lambda threads: OnnxEncoder.open(served, threads).encode,
    }


def _input_names(folder: Path) -> tuple[str, ...]:
    return tuple(json.loads((folder / "encoder.json").read_text())["input_names"])


def measure(
    encode: Encode, sets: dict[str, Dataset], expected: dict[str, tuple[Any, Any]]
) -> dict[str, Any]:
    """Measure a variant; the first, torch, fills `expected` with what the others are
    compared to.
    """
    figures: dict[str, Any] = {}
    for name, dataset in sets.items():
        asked = [row for row in dataset.test if row.intent is not None]
        vectors = encode([row.text for row in asked])
        known = encode([row.text for row in dataset.train])
        found = _vote(vectors, known, [str(row.intent) for row in dataset.train])
        first_found, first_vectors = expected.setdefault(name, (found, vectors))
        figures[name] = {
            "top1": float((found == np.array([row.intent for row in asked])).mean()),
            "agreement": float((found == first_found).mean()),
            "distance": float(1 - (vectors * first_vectors).sum(axis=1).mean()),
        }
    return figures


def _vote(
    asked: NDArray[np.float32], known: NDArray[np.float32], intents: Sequence[str]
) -> NDArray[np.str_]:
    """Exact search, and the product's rule."""
    names, codes = np.unique(np.array(intents), return_inverse=True)
    found: list[NDArray[np.str_]] = []
    for start in range(0, len(asked), CHUNK):
        near = asked[start : start + CHUNK] @ known.T
        rows = np.argpartition(-near, Rule.neighbours, axis=1)[:, : Rule.neighbours]
        weights = np.exp(np.take_along_axis(near, rows, axis=1) / Rule.temperature)
        votes = np.zeros((len(near), len(names)))
        for place in range(Rule.neighbours):
            np.add.at(votes, (np.arange(len(near)), codes[rows[:, place]]), weights[:, place])
        found.append(names[votes.argmax(axis=1)])
    return np.concatenate(found)


def _time(variants: dict[str, Encode], texts: list[str], figures: dict[str, Any]) -> None:
    """Medians of five rounds in which the variants take turns."""
    rounds: dict[tuple[str, int], list[float]] = {}
    for _ in range(5):
        for title, encode in variants.items():
            for together, count in ((1, TIMED // 4), (TOGETHER, TIMED)):
                started = time.perf_counter()
                for start in range(0, count, together):
                    encode(texts[start : start + together])
                spent = (time.perf_counter() - started) / count * 1000
                rounds.setdefault((title, together), []).append(spent)
    for (title, together), times in rounds.items():
        figures[title][f"ms_of_{together}"] = median(times)


def _emulate(
    emulator: str, folder: Path, texts: list[str], here: NDArray[np.float32]
) -> dict[str, float]:
    """Measure how far the same file's vectors are from `here` on a processor with AVX2
    but no VNNI.
    """
    asked, found = folder / "texts.json", folder / "vectors.npy"
    asked.write_text(json.dumps(texts))
    code = (
        "import json, sys; from pathlib import Path; import numpy;"
        "from chatbot.matching.encoder import OnnxEncoder;"
        "texts = json.loads(Path(sys.argv[2]).read_text());"
        "numpy.save(sys.argv[3], OnnxEncoder.open(Path(sys.argv[1])).encode(texts))"
    )
    command = [emulator, "-cpu", "Haswell", sys.executable, "-c", code]
    subprocess.run([*command, str(folder / "served"), str(asked), str(found)], check=True)
    cosines = (np.load(found) * here).sum(axis=1)
    return {"mean": float(1 - cosines.mean()), "largest": float(1 - cosines.min())}


def _show(figures: dict[str, Any]) -> None:
    heads = [f"{name}: top-1, as torch" for name in ("BANKING77", "CLINC150")]
    table = Table("encoder", *heads, "ms alone", f"ms of {TOGETHER}", "MiB")
    for title, row in figures.items():
        shares = [row[name] for name in ("banking77", "clinc150")]
        table.add_row(
            title,
            *(f"{share['top1']:.2%}, {share['agreement']:.2%}" for share in shares),
            *(f"{row[f'ms_of_{together}']:.2f}" for together in (1, TOGETHER)),
            f"{row['mib']:.1f}" if row["mib"] else "",
        )
    console.print(table)


if __name__ == "__main__":
    run()
