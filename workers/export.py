"""Turns the trained model into the int8 ONNX encoder that is served, and proves that they agree."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from chatbot.errors import ExportRefused
from chatbot.matching.encoder import OnnxEncoder
from workers import bert, bert_graph, torch_graph

LEAST_AGREEMENT = 0.97
LEAST_MEAN_COSINE = 0.97
FORGIVEN_DISAGREEMENTS = 2


@dataclass(frozen=True)
class ExportReport:
    """How the served encoder compares with the trained one on `rows` texts.

    `agreement` is the share of texts whose nearest other text has the same intent for both;
    the cosines are between the two vectors of one text.
    """

    agreement: float
    lowest_cosine: float
    mean_cosine: float
    rows: int


def verify(
    model: SentenceTransformer, folder: Path, texts: Sequence[str], intents: Sequence[str]
) -> ExportReport:
    """Compare the encoder in `folder` with `model` on `texts`, `intents` being the intent of each.

    Raises ExportRefused when the two answer differently.
    """
    report = compare(model, OnnxEncoder.open(folder, torch.get_num_threads()), texts, intents)
    check(report)
    return report


def write(model: SentenceTransformer, out: Path, sample: Sequence[str]) -> None:
    """Write model.onnx, tokenizer.json and encoder.json into `out`.

    `sample` holds texts like those to be encoded; it sets how values are rounded. The same model
    and sample give the same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    _tokenizer(model).save(str(out / "tokenizer.json"))
    input_names, weights = _write_graph(model, out / "model.onnx", sample)
    card = {
        "dimension": int(model.get_embedding_dimension() or 0),
        "max_length": _max_length(model),
        "input_names": input_names,
        "weights": weights,
    }
    (out / "encoder.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _write_graph(
    model: SentenceTransformer, path: Path, sample: Sequence[str]
) -> tuple[Sequence[str], str]:
    """Return the names of the graph's inputs, and how its weights are kept."""
    if bert.is_plain(model):
        bert_graph.write(model, path, sample)
        return bert_graph.INPUTS, "int8 by output channel"
    return torch_graph.write(model, path), f"int8 in blocks of {torch_graph.BLOCK}"


def compare(
    model: SentenceTransformer, encoder: OnnxEncoder, texts: Sequence[str], intents: Sequence[str]
) -> ExportReport:
    """Encode `texts` both ways; `intents` has the intent of each."""
    trained = model.encode(
        list(texts), batch_size=16, normalize_embeddings=True, show_progress_bar=False
    ).astype(np.float32)
    served = encoder.encode(texts)
    cosines = (trained * served).sum(axis=1)
    same = _nearest_intents(trained, intents) == _nearest_intents(served, intents)
    return ExportReport(
        agreement=float(same.mean()),
        lowest_cosine=float(cosines.min()),
        mean_cosine=float(cosines.mean()),
        rows=len(texts),
    )


def check(report: ExportReport) -> None:
    """Raise ExportRefused unless `report` shows that both answer alike."""
    disagreements = round((1 - report.agreement) * report.rows)
    if report.agreement < LEAST_AGREEMENT and disagreements > FORGIVEN_DISAGREEMENTS:
        raise ExportRefused(
            f"The exported encoder finds another intent for {disagreements} of {report.rows} texts "
            f"(agreement {report.agreement:.3f}, at least {LEAST_AGREEMENT} is needed). "
            "Keep the live model, and train again from the base model."
        )
    if report.mean_cosine < LEAST_MEAN_COSINE:
        raise ExportRefused(
            f"The exported encoder's vectors are {report.mean_cosine:.3f} close to the trained "
            f"ones on average, at least {LEAST_MEAN_COSINE} is needed. "
            "Keep the live model, and train again from the base model."
        )


def _tokenizer(model: SentenceTransformer) -> Tokenizer:
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(_max_length(model))
    return tokenizer


def _max_length(model: SentenceTransformer) -> int:
    """Return the tokens after which a text is cut."""
    return int(model.max_seq_length or model.tokenizer.model_max_length)


def _nearest_intents(rows: NDArray[np.float32], intents: Sequence[str]) -> NDArray[np.str_]:
    """Return the intent of each row's nearest other row; a single row is its own."""
    similarity = rows @ rows.T
    if len(rows) > 1:
        np.fill_diagonal(similarity, -np.inf)
    nearest: NDArray[np.str_] = np.asarray(intents)[similarity.argmax(axis=1)]
    return nearest
