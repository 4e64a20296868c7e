"""Turn the trained model into the ONNX encoder that is served, as small as it may be.

There are several ways to write it, each more exact and slower than the one before. The first that
says what the trained model says is taken, and the last is the trained model itself in float32: a
model whose values suffer from rounding is served more slowly, but it is served.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from chatbot.domain.example import Example
from chatbot.errors import ExportRefused
from chatbot.matching.encoder import OnnxEncoder
from workers.export import bert, bert_graph, torch_graph
from workers.export.parity import Parity, compare

log = logging.getLogger(__name__)

INT8 = "int8"
BLOCKS, SMALL_BLOCKS = (f"int8 in blocks of {size}" for size in torch_graph.BLOCKS)
FLOAT32 = "float32"


@dataclass(frozen=True)
class Rejected:
    """A precision that was tried and does not do, and why."""

    precision: str
    why: str


@dataclass(frozen=True)
class Exported:
    """The encoder that is served instead of the trained model: how exact, how large,
    and how alike.
    """

    precision: str
    size: int  # bytes of the graph with its weights
    parity: Parity
    rejected: tuple[Rejected, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "precision": self.precision,
            "bytes": self.size,
            "rejected": [vars(each) for each in self.rejected],
            **self.parity.to_json(),
        }


def write_alike(
    model: SentenceTransformer, out: Path, sample: Sequence[str], rows: Sequence[Example]
) -> Exported:
    """Write into `out` the smallest encoder that says what `model` says of `rows`.

    Raises ExportRefused when the model's own vectors are not finite: nothing can stand for it.
    """
    trained = _encode(model, rows)
    if not np.isfinite(trained).all():
        raise ExportRefused(
            "The model's vectors are not finite, so nothing can be found with it. Check the base "
            "model, or train with a lower learning rate (CHATBOT_LEARNING_RATE)."
        )
    rejected: list[Rejected] = []
    *rounded, exact = precisions(model)
    for precision in rounded:
        parity, why = _try(model, precision, out, sample, rows, trained)
        if parity is not None and why is None:
            return Exported(precision, _size(out), parity, tuple(rejected))
        log.warning("%s does not do: %s", precision, why)
        rejected.append(Rejected(precision, str(why)))
    write(model, out, sample, exact)
    parity = _compare(out, rows, trained)
    if why := parity.objection():
        log.warning("the model is served in %s, though %s", exact, why)
    return Exported(exact, _size(out), parity, tuple(rejected))


def precisions(model: SentenceTransformer) -> tuple[str, ...]:
    """Return the ways to write `model`, the smallest first; the last is exact."""
    return (INT8 if bert.is_plain(model) else BLOCKS, SMALL_BLOCKS, FLOAT32)


def write(
    model: SentenceTransformer, out: Path, sample: Sequence[str], precision: str | None = None
) -> None:
    """Write model.onnx, weights.bin, tokenizer.json and encoder.json into `out`.

    `sample` holds texts like those to be encoded; it sets how values are rounded. Without a
    `precision`, the smallest. The same model and sample give the same bytes.
    """
    precision = precision or precisions(model)[0]
    out.mkdir(parents=True, exist_ok=True)
    _tokenizer(model).save(str(out / "tokenizer.json"))
    card = {
        "dimension": int(model.get_embedding_dimension() or 0),
        "max_length": _max_length(model),
        "input_names": _WRITERS[precision](model, out / "model.onnx", sample),
        "precision": precision,
    }
    (out / "encoder.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _write_int8(model: SentenceTransformer, path: Path, sample: Sequence[str]) -> Sequence[str]:
    bert_graph.write(model, path, sample)
    return bert_graph.INPUTS


_WRITERS: dict[str, Callable[[SentenceTransformer, Path, Sequence[str]], Sequence[str]]] = {
    INT8: _write_int8,
    BLOCKS: lambda model, path, _: torch_graph.write(model, path, torch_graph.BLOCKS[0]),
    SMALL_BLOCKS: lambda model, path, _: torch_graph.write(model, path, torch_graph.BLOCKS[1]),
    FLOAT32: lambda model, path, _: torch_graph.write_float32(model, path),
}


def _try(
    model: SentenceTransformer,
    precision: str,
    out: Path,
    sample: Sequence[str],
    rows: Sequence[Example],
    trained: NDArray[np.float32],
) -> tuple[Parity | None, str | None]:
    """Return how alike an export in `precision` is, and what speaks against it; None for nothing.

    One that cannot be written or opened is no reason to be left without a model: there is
    another.
    """
    try:
        write(model, out, sample, precision)
        parity = _compare(out, rows, trained)
    except Exception as error:  # exporters and runtimes raise whatever they trip over
        log.exception("the encoder cannot be written as %s", precision)
        return None, f"it cannot be written ({type(error).__name__})"
    return parity, parity.objection()


def _compare(out: Path, rows: Sequence[Example], trained: NDArray[np.float32]) -> Parity:
    served = OnnxEncoder.open(out, torch.get_num_threads()).encode_read([row.text for row in rows])
    return compare(trained, served, [row.intent for row in rows])


def _encode(model: SentenceTransformer, rows: Sequence[Example]) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = model.encode(
        [row.text for row in rows],
        batch_size=16,
        normalize_embeddings=True,
        show_progress_bar=False,
    ).astype(np.float32)
    return vectors


def _size(out: Path) -> int:
    """Bytes of the graph with its weights."""
    files = (out / name for name in ("model.onnx", bert_graph.WEIGHTS_FILE))
    return sum(file.stat().st_size for file in files if file.exists())


def _tokenizer(model: SentenceTransformer) -> Tokenizer:
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(_max_length(model))
    return tokenizer


def _max_length(model: SentenceTransformer) -> int:
    """Return the tokens after which a text is cut."""
    return int(model.max_seq_length or model.tokenizer.model_max_length)
