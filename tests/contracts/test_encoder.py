"""What every encoder promises, the exported one and its fake alike."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chatbot.domain.matching import Calibration
from chatbot.errors import ArtefactRefused
from chatbot.matching.bundle import GOLDEN_QUERIES, Bundle, Rule, write_bundle
from chatbot.matching.encoder import (
    MOST_TOKENS,
    Encoder,
    HashingEncoder,
    OnnxEncoder,
    _batches,
)
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import HnswIndex
from workers.export import export
from workers.training import base_model

QUESTIONS = [
    "Where is my parcel?",
    "I want my money back",
    "How do I reset the password of the account I opened last year with my old e-mail address?",
    "refund",
    "",
    "   ",
    "ß 漢字 😀 \u202e",
    "word " * 2000,
]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained base model, exported once."""
    folder = tmp_path_factory.mktemp("job") / "encoder"
    export.write(base_model.load(base_model.resolve("")), folder, GOLDEN_QUERIES)
    return folder


PRECISIONS = [export.INT8, export.BLOCKS, export.FLOAT32]


@pytest.fixture(scope="session")
def folders(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same model, in each of the ways that it may be served in."""
    made = {export.INT8: exported}
    for precision in (export.BLOCKS, export.FLOAT32):
        made[precision] = tmp_path_factory.mktemp("job") / "encoder"
        model = base_model.load(base_model.resolve(""))
        export.write(model, made[precision], GOLDEN_QUERIES, precision)
    return made


@pytest.fixture(params=PRECISIONS)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


@pytest.fixture(params=["hashing", *PRECISIONS])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "hashing":
        return HashingEncoder()
    folders: dict[str, Path] = request.getfixturevalue("folders")
    return OnnxEncoder.open(folders[request.param], threads=2)


def test_each_text_gets_one_finite_row_of_length_one(encoder: Encoder) -> None:
    vectors = encoder.encode(QUESTIONS)

    assert vectors.shape == (len(QUESTIONS), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_a_text_has_the_same_vector_alone_and_in_any_company(encoder: Encoder) -> None:
    company: Sequence[str] = [*QUESTIONS, *(f"question number {n} " * n for n in range(1, 60))]

    together = encoder.encode(company)
    alone = np.concatenate([encoder.encode([text]) for text in company])

    assert (together * alone).sum(axis=1).min() > 0.999


def test_rows_come_in_the_order_of_the_texts(encoder: Encoder) -> None:
    forwards = encoder.encode(QUESTIONS)
    backwards = encoder.encode(QUESTIONS[::-1])

    np.testing.assert_allclose(forwards, backwards[::-1], atol=0.02)


def test_encoding_twice_gives_the_same_numbers(encoder: Encoder) -> None:
    np.testing.assert_array_equal(encoder.encode(QUESTIONS), encoder.encode(QUESTIONS))


def test_texts_that_share_words_lie_nearer_than_texts_that_do_not(encoder: Encoder) -> None:
    parcel, late, money = encoder.encode(
        ["where is my parcel", "my parcel is late, where is it", "refund the invoice"]
    )

    assert parcel @ late > parcel @ money


@pytest.mark.parametrize("missing", ["encoder.json", "tokenizer.json", "model.onnx", "weights.bin"])
def test_a_folder_with_a_file_missing_is_refused(
    exported: Path, tmp_path: Path, missing: str
) -> None:
    for file in exported.iterdir():
        if file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())

    with pytest.raises(ArtefactRefused, match="Export it again"):
        OnnxEncoder.open(tmp_path)


def test_a_folder_whose_card_names_other_inputs_is_refused(exported: Path, tmp_path: Path) -> None:
    for file in exported.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = (tmp_path / "encoder.json").read_text()
    (tmp_path / "encoder.json").write_text(card.replace('"input_ids"', '"token_type_ids"'))

    with pytest.raises(ArtefactRefused, match="wants the inputs"):
        OnnxEncoder.open(tmp_path)


def test_an_encoder_that_reads_less_of_a_text_leaves_another_as_it_is(
    exported: Path, tmp_path: Path
) -> None:
    for file in exported.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = json.loads((tmp_path / "encoder.json").read_text()) | {"max_length": 8}
    (tmp_path / "encoder.json").write_text(json.dumps(card))
    whole = OnnxEncoder.open(exported)
    before = whole.encode(QUESTIONS)

    shortened = OnnxEncoder.open(tmp_path).encode(QUESTIONS)

    np.testing.assert_array_equal(whole.encode(QUESTIONS), before)
    np.testing.assert_allclose(shortened[0], before[0], atol=1e-5)
    assert shortened[-1] @ before[-1] < 0.99


def test_the_exported_encoder_says_what_the_trained_one_says(folder: Path) -> None:
    trained = base_model.load(base_model.resolve("")).encode(QUESTIONS, normalize_embeddings=True)

    served = OnnxEncoder.open(folder).encode_read(QUESTIONS)

    assert (trained * served).sum(axis=1).min() > 0.99


def test_float32_is_the_trained_encoder_but_for_the_order_of_its_sums(
    folders: dict[str, Path],
) -> None:
    trained = base_model.load(base_model.resolve("")).encode(QUESTIONS, normalize_embeddings=True)

    served = OnnxEncoder.open(folders[export.FLOAT32]).encode_read(QUESTIONS)

    np.testing.assert_allclose(served, trained, atol=1e-5)


def test_an_artefact_opens_and_passes_its_self_test_in_each_precision(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "encoder")
    assert json.loads((folder / "encoder.json").read_text())["precision"] in PRECISIONS
    encoder = OnnxEncoder.open(tmp_path / "encoder")
    vectors = encoder.encode(QUESTIONS[:4])
    nothing = Guessed.nothing(encoder.dimension)
    index = HnswIndex.build(vectors)
    keys = [f"{number:032x}" for number in range(4)]
    calibration = Calibration.unfitted(0.9)
    meaning = write_bundle(tmp_path, encoder, calibration, keys, vectors, index, nothing, Rule())

    bundle = Bundle.open(tmp_path, meaning.to_json())

    np.testing.assert_array_equal(bundle.encoder.encode(QUESTIONS[:4]), vectors)


def test_long_texts_are_not_run_together() -> None:
    lengths = [3, 256, 5, 100, 200, 256, 3, 120]

    batches = list(_batches(lengths))

    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[row] for row in batch)
        assert padded <= MOST_TOKENS or len(batch) == 1
    assert list(_batches([])) == []
