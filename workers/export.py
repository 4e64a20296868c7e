"""Turns the trained model into the int8 ONNX encoder that is served, and proves that they agree."""

import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import (
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
)
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from torch import Tensor, nn

from chatbot.errors import ExportRefused
from chatbot.matching.encoder import OnnxEncoder

OPSET = 18
BLOCK = 32
"""Weights that share one int8 scale. Blocks of 128 answer 0.6 % more questions differently."""

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


def write(model: SentenceTransformer, out: Path) -> None:
    """Write model.onnx, tokenizer.json and encoder.json into `out`.

    The same model gives the same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(model)
    tokenizer.save(str(out / "tokenizer.json"))
    inputs = _example_inputs(model)
    with tempfile.TemporaryDirectory() as scratch, _quietly():
        exact, smaller = Path(scratch) / "exact.onnx", Path(scratch) / "smaller.onnx"
        _to_onnx(model, inputs, exact)
        _quantise_products(exact, smaller)
        quantize_dynamic(
            smaller,
            out / "model.onnx",
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Gather"],
        )
    card = {
        "dimension": int(model.get_embedding_dimension() or 0),
        "max_length": _max_length(model),
        "input_names": list(inputs),
        "weights": f"int8 in blocks of {BLOCK}",
    }
    (out / "encoder.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


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


class _Graph(nn.Module):
    """The whole model with positional inputs, and one output of unit length."""

    def __init__(self, model: SentenceTransformer, input_names: Sequence[str]) -> None:
        super().__init__()
        self._model = model
        self._input_names = tuple(input_names)

    def forward(self, *inputs: Tensor) -> Tensor:
        vectors = self._model(dict(zip(self._input_names, inputs, strict=True)))
        return nn.functional.normalize(vectors["sentence_embedding"], dim=1)


def _to_onnx(model: SentenceTransformer, inputs: dict[str, Tensor], path: Path) -> None:
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    device, was_training = model.device, model.training
    model.eval().cpu()
    torch.onnx.export(
        _Graph(model, list(inputs)).eval(),
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        # "embedding" would collide with the node of that name, and the graph would not load.
        output_names=["sentence_vector"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes={"inputs": tuple(any_size for _ in inputs)},
        external_data=False,
        verbose=False,
    )
    model.to(device).train(was_training)


def _quantise_products(source: Path, target: Path) -> None:
    """Store the weights of matrix products in int8, with activations rounded token by token.

    Dynamic int8 (`quantize_dynamic` on MatMul) rounds all activations of a batch on one scale: it
    is faster, but agrees less with float32, and a text's vector depends on its batch mates.
    """
    quantiser = MatMulNBitsQuantizer(
        onnx.load(source),
        algo_config=DefaultWeightOnlyQuantConfig(
            block_size=BLOCK,
            is_symmetric=True,
            accuracy_level=4,
            bits=8,
            op_types_to_quantize=("MatMul",),
        ),
    )
    quantiser.process()
    quantiser.model.save_model_to_file(str(target), False)


def _example_inputs(model: SentenceTransformer) -> dict[str, Tensor]:
    features = model.preprocess(["Where is my parcel?", "I want my money back, please"])
    names = ("input_ids", "attention_mask", "token_type_ids")
    return {name: features[name].cpu() for name in names if name in features}


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


@contextmanager
def _quietly() -> Iterator[None]:
    """Drop the exporters' warnings and logs: a screenful a run, and none that can be acted upon."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
