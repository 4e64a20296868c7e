"""Export any sentence encoder as an ONNX graph: as torch does, in float32 or with products rounded.

For what `workers.export.bert_graph` does not know (MPNet, RoBERTa, extra layers), and for what its
rounding does not suit: as accurate or more so, but slower.
"""

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import (
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
)
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from workers.export.bert_graph import WEIGHTS_FILE

OPSET = 18
BLOCKS = (32, 16)
"""Weights that share one int8 scale. Blocks of 128 answer 0.6 % more questions differently than
those of 32; those of 16 take a tenth longer, and suit models that are sensitive to rounding."""

_LEAST_OUTSIDE = 1024
"""Bytes of a constant that is kept beside the graph."""


def write(model: SentenceTransformer, path: Path, block: int = BLOCKS[0]) -> tuple[str, ...]:
    """Write the graph and return the names of its inputs. The same model gives the same bytes.

    `block` is the number of weights that share one scale.
    """
    with tempfile.TemporaryDirectory() as scratch, _quietly():
        exact, smaller = Path(scratch) / "exact.onnx", Path(scratch) / "smaller.onnx"
        input_names = write_exact(model, exact)
        path.with_name(WEIGHTS_FILE).unlink(missing_ok=True)  # another graph's
        _quantise_products(exact, smaller, block)
        quantize_dynamic(
            smaller,
            path,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Gather"],
        )
    return input_names


def write_float32(model: SentenceTransformer, path: Path) -> tuple[str, ...]:
    """Write the graph without any rounding, its weights beside it; return its inputs' names."""
    with tempfile.TemporaryDirectory() as scratch, _quietly():
        exact = Path(scratch) / "exact.onnx"
        input_names = write_exact(model, exact, weights_beside=True)
        path.with_name(WEIGHTS_FILE).unlink(missing_ok=True)  # it would be appended to
        onnx.save(
            onnx.load(exact),
            path,
            save_as_external_data=True,
            location=WEIGHTS_FILE,
            size_threshold=_LEAST_OUTSIDE,
        )
    return input_names


class _Graph(nn.Module):
    """The whole model with positional inputs, and one output of unit length."""

    def __init__(self, model: SentenceTransformer, input_names: Sequence[str]) -> None:
        super().__init__()
        self._model = model
        self._input_names = tuple(input_names)

    def forward(self, *inputs: Tensor) -> Tensor:
        vectors = self._model(dict(zip(self._input_names, inputs, strict=True)))
        return nn.functional.normalize(vectors["sentence_embedding"], dim=1)


def write_exact(
    model: SentenceTransformer, path: Path, weights_beside: bool = False
) -> tuple[str, ...]:
    """Write the graph in float32 and return the names of its inputs.

    A file with its weights inside can hold 2 GB.
    """
    inputs = _example_inputs(model)
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
        external_data=weights_beside,
        verbose=False,
    )
    model.to(device).train(was_training)
    return tuple(inputs)


def _quantise_products(source: Path, target: Path, block: int) -> None:
    """Store the weights of matrix products in int8, with activations rounded token by token.

    Dynamic int8 (`quantize_dynamic` on MatMul) rounds all activations of a batch on one scale: it
    is faster, but agrees less with float32, and a text's vector depends on its batch mates.
    """
    quantiser = MatMulNBitsQuantizer(
        onnx.load(source),
        algo_config=DefaultWeightOnlyQuantConfig(
            block_size=block,
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
