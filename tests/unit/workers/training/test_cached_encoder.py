"""What trains is what is served: the trainee's vectors are the model's."""

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from workers.export import bert
from workers.training import base_model, cached_encoder
from workers.training.cached_encoder import Trainee

TEXTS = ["where is my parcel", "refund", "I cannot sign in on my phone since the update", "hello"]


@pytest.fixture
def model() -> SentenceTransformer:
    return base_model.load(base_model.resolve(""))


def expected(model: SentenceTransformer) -> object:
    return pytest.approx(model.encode(TEXTS, normalize_embeddings=True), abs=0.02)


def test_vectors_are_the_models_own_up_to_bfloat16(model: SentenceTransformer) -> None:
    assert Trainee(model, TEXTS).vectors(range(4)) == expected(model)


def test_rows_come_in_the_order_that_is_asked_for(model: SentenceTransformer) -> None:
    made = Trainee(model, TEXTS)
    assert np.allclose(made.vectors([2, 0, 2]), made.vectors(range(4))[[2, 0, 2]], atol=0.01)


def test_without_memory_for_lower_layers_the_result_is_the_same(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_encoder, "_MOST_KEPT_BYTES", 0)
    assert Trainee(model, TEXTS).vectors(range(4)) == expected(model)


def test_only_the_upper_half_of_a_bert_trains(model: SentenceTransformer) -> None:
    made = Trainee(model, TEXTS)
    made(range(4))[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    changed = {name for name, weights in model.named_parameters() if weights.grad is not None}
    assert {name.split("layer.")[1][0] for name in changed} == {"3", "4", "5"}
    assert len(made.parameters) == len(changed)


def test_another_kind_of_model_trains_as_a_whole(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bert, "is_plain", lambda _model: False)
    made = Trainee(model, TEXTS)
    assert made.vectors(range(4)) == expected(model)
    assert len(made.parameters) == len(list(model.parameters()))
