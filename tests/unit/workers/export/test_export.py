"""A model is served as small as it may be, and always served: what happens when rounding spoils it."""

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer

from chatbot.domain.example import Example
from chatbot.errors import ExportRefused
from chatbot.matching.bundle import GOLDEN_QUERIES
from chatbot.matching.encoder import OnnxEncoder
from fakes import FAQ
from workers.export import bert_graph, export
from workers.export.parity import compare
from workers.training import base_model

ROWS = [Example(text, name) for name, (_, _, texts) in FAQ.items() for text in texts] + [
    Example(text, text) for text in GOLDEN_QUERIES
]
SAMPLE = [row.text for row in ROWS]
Writer = Callable[[SentenceTransformer, Path, Sequence[str]], Sequence[str]]


@pytest.fixture(scope="module")
def model() -> SentenceTransformer:
    return base_model.load(base_model.resolve(""))


def permute(weight: torch.Tensor) -> torch.Tensor:
    return weight[torch.randperm(len(weight), generator=torch.Generator().manual_seed(1))]


def lose(weight: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(weight)


def network(model: SentenceTransformer) -> torch.nn.Module:
    inner = model[0].model
    assert isinstance(inner, torch.nn.Module)
    return inner


def writing(name: str, damage: Callable[[torch.Tensor], torch.Tensor]) -> Writer:
    """An exporter with a mistake: it writes one tensor of the model wrongly."""

    def write(model: SentenceTransformer, path: Path, sample: Sequence[str]) -> Sequence[str]:
        damaged = copy.deepcopy(model)
        weight = dict(network(damaged).named_parameters())[name].data
        weight.copy_(damage(weight))
        bert_graph.write(damaged, path, sample)
        return bert_graph.INPUTS

    return write


def test_the_packaged_model_is_served_in_int8(model: SentenceTransformer, tmp_path: Path) -> None:
    exported = export.write_alike(model, tmp_path, SAMPLE, ROWS)

    assert (exported.precision, exported.rejected) == (export.INT8, ())
    assert exported.parity.rows == len(ROWS)
    assert exported.size == sum(
        (tmp_path / name).stat().st_size for name in ("model.onnx", "weights.bin")
    )
    assert json.loads((tmp_path / "encoder.json").read_text())["precision"] == export.INT8


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_an_faq_of_a_few_texts_is_no_reason_for_another_precision(
    model: SentenceTransformer, tmp_path: Path, rows: int
) -> None:
    exported = export.write_alike(model, tmp_path, SAMPLE[:rows], ROWS[:rows] + ROWS[-6:])

    assert exported.precision == export.INT8


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("encoder.layer.5.output.dense.weight", permute),
        ("encoder.layer.0.attention.self.value.weight", permute),
        ("encoder.layer.5.intermediate.dense.weight", lose),
        ("encoder.layer.3.attention.output.dense.weight", lose),
        ("encoder.layer.3.output.dense.bias", lose),
        ("embeddings.position_embeddings.weight", lose),
    ],
)
def test_a_broken_export_is_objected_to(
    model: SentenceTransformer,
    tmp_path: Path,
    name: str,
    damage: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(export._WRITERS, export.INT8, writing(name, damage))
        export.write(model, tmp_path, SAMPLE, export.INT8)
    served = OnnxEncoder.open(tmp_path).encode(SAMPLE)

    parity = compare(
        model.encode(SAMPLE, normalize_embeddings=True), served, [row.intent for row in ROWS]
    )

    assert parity.objection() is not None


def test_a_model_that_rounding_spoils_is_served_exactly(
    model: SentenceTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One exporter writes nonsense, the next breaks off; a model comes all the same."""

    def fail(*_: Any) -> Sequence[str]:
        raise RuntimeError("an operator that nobody knows")

    broken = writing("encoder.layer.5.output.dense.weight", permute)
    monkeypatch.setitem(export._WRITERS, export.INT8, broken)
    monkeypatch.setitem(export._WRITERS, export.SMALL_BLOCKS, fail)

    exported = export.write_alike(model, tmp_path, SAMPLE, ROWS)

    assert exported.precision == export.FLOAT32
    assert [each.precision for each in exported.rejected] == [export.INT8, export.SMALL_BLOCKS]
    assert "of the texts' spread" in exported.rejected[0].why
    assert exported.rejected[1].why == "it cannot be written (RuntimeError)"
    assert exported.parity.noise < 1e-5
    assert 80 < exported.size / 2**20 < 100, "nothing of the other attempts is left"
    assert json.loads(json.dumps(exported.to_json()))["rejected"][0]["precision"] == export.INT8


@pytest.mark.slow
def test_small_blocks_come_before_float32(
    model: SentenceTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = writing("encoder.layer.5.output.dense.weight", permute)
    monkeypatch.setitem(export._WRITERS, export.INT8, broken)

    exported = export.write_alike(model, tmp_path, SAMPLE, ROWS)

    assert exported.precision == export.SMALL_BLOCKS
    assert {file.name for file in tmp_path.iterdir()} == {
        "model.onnx",
        "encoder.json",
        "tokenizer.json",
    }
    assert exported.size < 30 * 2**20


def test_a_model_whose_vectors_are_not_finite_is_refused(
    model: SentenceTransformer, tmp_path: Path
) -> None:
    ruined = copy.deepcopy(model)
    dict(network(ruined).named_parameters())["embeddings.LayerNorm.bias"].data[0] = float("nan")

    with pytest.raises(ExportRefused, match="lower learning rate"):
        export.write_alike(ruined, tmp_path, SAMPLE, ROWS)
