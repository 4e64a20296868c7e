"""Any sentence encoder as an int8 ONNX graph: as torch exports it, with its products rounded.

For what `workers.bert_graph` does not know (MPNet, RoBERTa, extra layers): as accurate, but
slower.
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

OPSET = 18
BLOCK = 32
"""Weights that share one int8 scale. Blocks of 128 answer 0.6 % more questions differently."""


def write(model: SentenceTransformer, path: Path) -> tuple[str, ...]:
    """Write the graph and return the names of its inputs. The same model gives the same bytes."""
    with tempfile.TemporaryDirectory() as scratch, _quietly():
        exact, smaller = Path(scratch) / "exact.onnx", Path(scratch) / "smaller.onnx"
        input_names = write_exact(model, exact)
        _quantise_products(exact, smaller)
        quantize_dynamic(
            smaller,
            path,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Gather"],
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


def write_exact(model: SentenceTransformer, path: Path) -> tuple[str, ...]:
    """Write the graph in float32, for comparison, and return the names of its inputs."""
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
        external_data=False,
        verbose=False,
    )
    model.to(device).train(was_training)
    return tuple(inputs)


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
