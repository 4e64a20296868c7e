"""A BERT encoder as an ONNX graph made for short questions: int8 products, no padding.

The graph is written by hand, because the exporter's is much slower (bench/encoders.py): it
multiplies padding, and no fusion of ONNX Runtime finds its attention. What is different here:

* Tokens are packed: everything but attention works on the (tokens, hidden) rows of all texts, so
  that a short text costs no more beside a long one.
* Matrix products are int8 x int8. Weights have one scale per output channel, activations one per
  token (Dettmers et al. 2022, LLM.int8(), "vector-wise"): a text has the same vector in any batch.
* A few channels of BERT's hidden states are 10 times as large as the rest and would take the int8
  steps from them. Part of their size is moved into the weights (Xiao et al. 2023, SmoothQuant).
* GELU is never below -0.17, so its outputs use all of 0 to 255; the shift is taken off the bias.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from workers.export import bert

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "sentence_vector"
WEIGHTS_FILE = "weights.bin"
"""Beside the graph, so that web processes map it and share the pages that they read."""

_OPSET, _MS_OPSET, _IR_VERSION = 21, 1, 10
_MICROSOFT = "com.microsoft"
_SMOOTHING = 0.6
_GELU_SHIFT = 0.17
_ZERO_POINT = 128
_TOGETHER = 64
_NEVER = 1e4
"""Taken off the score of a padding token, which leaves it no share of attention."""

Weights = Mapping[str, NDArray[np.float32]]


def write(model: "SentenceTransformer", path: Path, sample: Sequence[str]) -> None:
    """Write the graph of a plain BERT (`bert.is_plain`), and its weights beside it.

    `sample` shows which channels need smoothing.

    Inputs: `input_ids` and `attention_mask`, int64 (texts, longest). Output: `sentence_vector`,
    float32 (texts, dimension), rows of length one.
    """
    inner = bert.inner(model)
    weights = {
        name: value.detach().float().cpu().numpy() for name, value in inner.state_dict().items()
    }
    graph = _Bert(inner.config, weights, bert.pooling(model), _largest_inputs(model, sample))
    path.with_name(WEIGHTS_FILE).unlink(missing_ok=True)  # it would be appended to
    onnx.save(
        graph.build(),
        path,
        save_as_external_data=True,
        location=WEIGHTS_FILE,
        size_threshold=1024,
    )


class _Graph:
    """Nodes and constants in the order in which they are made; a value is its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, dtype: Any = None) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.node_with_many(kind, 1, *inputs, domain=domain, **attributes)[0]

    def node_with_many(
        self, kind: str, outputs: int, *inputs: str, domain: str = "", **attributes: Any
    ) -> list[str]:
        names = [f"{kind}_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names


class _Bert(_Graph):
    def __init__(
        self,
        config: Any,
        weights: Weights,
        pooling: str,
        largest_inputs: Mapping[str, NDArray[np.float32]],
    ) -> None:
        super().__init__()
        self._config = config
        self._weights = weights
        self._pooling = pooling
        self._largest_inputs = largest_inputs

    def build(self) -> onnx.ModelProto:
        self._pack()
        hidden = self._embed()
        for layer in range(self._config.num_hidden_layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        vectors = self.node("LpNormalization", self._pool(hidden), axis=-1, p=2)
        self.nodes.append(helper.make_node("Identity", [vectors], [OUTPUT]))
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "longest"])
            for name in INPUTS
        ]
        output = helper.make_tensor_value_info(
            OUTPUT, TensorProto.FLOAT, ["texts", self._config.hidden_size]
        )
        graph = helper.make_graph(self.nodes, "encoder", inputs, [output], self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, _MS_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)

    def _pack(self) -> None:
        """`slots` (tokens): where each token stands in the padded batch; `rows` its reverse."""
        first = self.integers(0)
        mask = self.node("Reshape", "attention_mask", self.integers(-1))
        self._shape = self.node("Shape", "input_ids")
        self._slots = self.node("Squeeze", self.node("NonZero", mask), first)
        counted = self.node("CumSum", mask, self.constant(0, np.int64))
        row = self.node("Max", self.node("Sub", counted, self.integers(1)), first)
        self._rows = self.node("Reshape", row, self._shape)
        real = self.node("Cast", "attention_mask", to=TensorProto.FLOAT)
        beyond = self.node("Sub", real, self.constant(1, np.float32))
        self._padding = self.node(
            "Unsqueeze",
            self.node("Mul", beyond, self.constant(_NEVER, np.float32)),
            self.integers(1, 2),
        )
        tokens = self.node("Shape", self._slots)
        self._middles, self._zeros = (
            self.node("Expand", self.constant([zero], np.uint8), tokens)
            for zero in (_ZERO_POINT, 0)
        )

    def _embed(self) -> str:
        longest = self.node("Gather", self._shape, self.constant(1, np.int64))
        position = self.node("Mod", self._slots, longest)
        token = self.node(
            "Gather", self.node("Reshape", "input_ids", self.integers(-1)), self._slots
        )
        words, scales = _rounded(self._weights["embeddings.word_embeddings.weight"])
        word = self.node(
            "Mul",
            self.node(
                "Cast", self.node("Gather", self.constant(words), token), to=TensorProto.FLOAT
            ),
            self.node("Gather", self.constant(scales[:, None]), token),
        )
        places = (
            self._weights["embeddings.position_embeddings.weight"]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        place = self.node("Gather", self.constant(places), position)
        return self._normalise(self.node("Add", word, place), "embeddings.LayerNorm")

    def _layer(self, name: str, hidden: str) -> str:
        attended = self._attend(f"{name}.attention.self", hidden)
        output = f"{name}.attention.output"
        weight = self._weights[f"{output}.dense.weight"]
        value_bias = self._weights[f"{name}.attention.self.value.bias"]
        hidden = self._add_and_normalise(
            self._product(*self._around_zero(attended), weight),
            self._weights[f"{output}.dense.bias"] + weight @ value_bias,
            hidden,
            f"{output}.LayerNorm",
        )
        widened = self._smoothed_product(
            hidden, f"{name}.intermediate.dense", self._weights[f"{name}.intermediate.dense.weight"]
        )
        bias = self.constant(self._weights[f"{name}.intermediate.dense.bias"])
        active = self.node("BiasGelu", widened, bias, domain=_MICROSOFT)
        weight = self._weights[f"{name}.output.dense.weight"]
        return self._add_and_normalise(
            self._product(*self._from_zero(active), weight),
            self._weights[f"{name}.output.dense.bias"] - _GELU_SHIFT * _as_rounded(weight).sum(1),
            hidden,
            f"{name}.output.LayerNorm",
        )

    def _attend(self, name: str, hidden: str) -> str:
        """Attention needs the texts apart: the packed rows are spread out before, packed after.

        Two biases are missing here: the keys' shifts all scores of a query alike, which softmax
        undoes, and the values' passes through unchanged, so that `_layer` adds it afterwards.
        """
        heads = self._config.num_attention_heads
        size = self._config.hidden_size // heads
        query, key, value = (self._weights[f"{name}.{p}.weight"] for p in ("query", "key", "value"))
        packed = self._smoothed_product(
            hidden, f"{name}.query", np.concatenate([query / size**0.5, key, value])
        )
        spread = self.node("Gather", packed, self._rows)
        apart = self.node("Reshape", spread, self.integers(0, 0, 3, heads, size))
        by_head = self.node("Transpose", apart, perm=[2, 0, 3, 1, 4])
        queries, keys, values = (
            self.node("Gather", by_head, self.constant(part, np.int64), axis=0) for part in range(3)
        )
        bias = (self._weights[f"{name}.query.bias"] / size**0.5).reshape(heads, 1, size)
        queries = self.node("Add", queries, self.constant(bias, np.float32))
        scores = self.node("FusedMatMul", queries, keys, domain=_MICROSOFT, transB=1)
        shares = self.node("Softmax", self.node("Add", scores, self._padding), axis=-1)
        mixed = self.node("Transpose", self.node("MatMul", shares, values), perm=[0, 2, 1, 3])
        flat = self.node("Reshape", mixed, self.integers(-1, self._config.hidden_size))
        return self.node("Gather", flat, self._slots)

    def _pool(self, hidden: str) -> str:
        """(texts, hidden): the sum over a text's tokens, or its first; the length is no matter."""
        spread = self.node("Gather", hidden, self._rows)
        if self._pooling == "cls":
            return self.node("Gather", spread, self.constant(0, np.int64), axis=1)
        mask = self.node("Cast", "attention_mask", to=TensorProto.FLOAT)
        summed = self.node("MatMul", self.node("Unsqueeze", mask, self.integers(1)), spread)
        return self.node("Squeeze", summed, self.integers(1))

    def _add_and_normalise(
        self, product: str, bias: NDArray[np.float32], hidden: str, name: str
    ) -> str:
        biased = self.node("Add", product, self.constant(bias, np.float32))
        return self._normalise(self.node("Add", biased, hidden), name)

    def _normalise(self, value: str, name: str) -> str:
        return self.node(
            "LayerNormalization",
            value,
            *(self.constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias")),
            axis=-1,
            epsilon=self._config.layer_norm_eps,
        )

    def _smoothed_product(self, value: str, name: str, weight: NDArray[np.float32]) -> str:
        """Divide large channels of `value` by what their weights are multiplied with."""
        largest_weight = np.maximum(np.abs(weight).max(axis=0), 1e-5)
        factors = self._largest_inputs[name] ** _SMOOTHING / largest_weight ** (1 - _SMOOTHING)
        smooth = self.node("Mul", value, self.constant(1 / factors, np.float32))
        return self._product(*self._around_zero(smooth), weight * factors)

    def _around_zero(self, value: str) -> tuple[str, str, int]:
        """Bytes whose zero is 128, and the (tokens, 1) scale of each row's largest magnitude."""
        return self._rounded_rows(self.node("Abs", value), value, 127, self._middles, _ZERO_POINT)

    def _from_zero(self, active: str) -> tuple[str, str, int]:
        """Bytes of GELU's outputs, shifted to be positive."""
        shifted = self.node("Add", active, self.constant(_GELU_SHIFT, np.float32))
        return self._rounded_rows(shifted, shifted, 255, self._zeros, 0)

    def _rounded_rows(
        self, sizes: str, value: str, steps: int, zeros: str, zero: int
    ) -> tuple[str, str, int]:
        largest = self.node("ReduceMax", sizes, self.integers(-1), keepdims=0)
        scale = self.node("Mul", largest, self.constant(1 / steps, np.float32))
        rounded = self.node("QuantizeLinear", value, scale, zeros, axis=0)
        return rounded, self.node("Unsqueeze", scale, self.integers(1)), zero

    def _product(self, rounded: str, scale: str, zero: int, weight: NDArray[np.float32]) -> str:
        """(tokens, outputs) of `weight` (outputs, inputs), without its bias."""
        steps, scales = _rounded(weight)
        product = self.node(
            "MatMulIntegerToFloat",
            rounded,
            self.constant(np.ascontiguousarray(steps.T)),
            self.constant(1, np.float32),
            self.constant(scales),
            self.constant(zero, np.uint8),
            domain=_MICROSOFT,
        )
        return self.node("Mul", product, scale)


def _rounded(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """`rows` in steps of -127 to 127, and the size of each row's step.

    Processors without VNNI add two products, byte x step, in 16 bits: 255 times the sum of two
    neighbours of one sign must fit, or the same file would answer differently there.
    """
    pairs = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2))).reshape(len(rows), -1, 2)
    sums = [np.maximum(sign * pairs, 0).sum(axis=2).max(axis=1) / 127.4 for sign in (1, -1)]
    scales = np.maximum.reduce([np.abs(rows).max(axis=1) / 127, *sums, np.full(len(rows), 1e-12)])
    scales = scales.astype(np.float32)
    return np.rint(rows / scales[:, None]).astype(np.int8), scales


def _as_rounded(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    steps, scales = _rounded(rows)
    return steps * scales[:, None]


def _largest_inputs(
    model: "SentenceTransformer", sample: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Return the largest magnitude in each input channel of each product that is
    smoothed, by name.
    """
    found: dict[str, NDArray[np.float32]] = {}

    def watch(name: str) -> Any:
        def note(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            sizes = inputs[0].detach().abs().flatten(0, -2).amax(0).float().cpu().numpy()
            found[name] = np.maximum(found.get(name, np.float32(1e-5)), sizes)

        return note

    hooks = [
        module.register_forward_pre_hook(watch(name))
        for name, module in bert.inner(model).named_modules()
        if name.endswith((".attention.self.query", ".intermediate.dense"))
    ]
    try:
        for texts in _of_one_length(model, sample):
            model.encode(texts, batch_size=_TOGETHER, show_progress_bar=False)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _of_one_length(model: "SentenceTransformer", texts: Sequence[str]) -> Iterable[list[str]]:
    """Texts of as many tokens each, which need no padding: it would be taken for their inputs."""
    groups: dict[int, list[str]] = {}
    for text in texts:
        groups.setdefault(int(model.preprocess([text])["input_ids"].shape[1]), []).append(text)
    return groups.values()
