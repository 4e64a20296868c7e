import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chatbot.errors import ArtefactRefused
from chatbot.matching import bundle as bundle_module
from chatbot.matching.bundle import GOLDEN_QUERIES, Bundle, Meaning, write_bundle
from chatbot.matching.catalogue import Catalogue
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import HnswIndex
from chatbot.matching.matcher import Matcher
from factories import RULE, assert_alike, make_catalogue
from fakes import CALIBRATION, FAQ

NOTHING = Guessed.nothing(HashingEncoder.dimension)
CATALOGUE = make_catalogue({name: texts for name, (_, _, texts) in FAQ.items()})
Manifest = dict[str, Any]


class StubOnnxEncoder:
    """Opens as the hashing encoder, if its folder is there."""

    @staticmethod
    def open(folder: Path, threads: int = 1) -> HashingEncoder:
        if not folder.is_dir():
            raise ArtefactRefused("the encoder cannot be loaded")
        return HashingEncoder()


@pytest.fixture(autouse=True)
def stub_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "OnnxEncoder", StubOnnxEncoder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "encoder").mkdir()
    return tmp_path


@pytest.fixture
def manifest(folder: Path) -> Manifest:
    """Of an artefact written to `folder`."""
    encoder = HashingEncoder()
    vectors = encoder.encode([entry.text for entry in CATALOGUE.entries])
    index = HnswIndex.build(vectors)
    keys = CATALOGUE.keys
    return write_bundle(folder, encoder, CALIBRATION, keys, vectors, index, NOTHING, RULE).to_json()


def test_an_artefact_opens_as_it_was_written(folder: Path, manifest: Manifest) -> None:
    bundle = Bundle.open(folder, manifest)
    assert bundle.calibration == CALIBRATION
    assert bundle.keys.tolist() == [key.encode() for key in CATALOGUE.keys]
    expected = HashingEncoder().encode([entry.text for entry in CATALOGUE.entries])
    np.testing.assert_array_equal(bundle.vectors, expected)


def test_the_manifest_says_what_the_files_mean(manifest: Manifest) -> None:
    assert json.loads(json.dumps(manifest)) == {
        "model": {
            "dimension": 256,
            "count": 16,
            "format": 1,
            "space": "cosine",
            "ef": 128,
            "neighbours": 10,
            "temperature": 0.05,
            "guessed": 0,
            "passages": 0,
        }
    }


def test_an_artefact_without_utterances_opens(folder: Path) -> None:
    nothing = np.empty((0, 256), np.float32)
    index = HnswIndex.build(nothing)
    meaning = write_bundle(folder, HashingEncoder(), CALIBRATION, (), nothing, index, NOTHING, RULE)
    bundle = Bundle.open(folder, meaning.to_json())
    matcher = Matcher.build(1, bundle, make_catalogue({}), RULE)
    assert matcher.match("anything").candidates == ()


FAQ_WITHOUT_LEAVE = {name: texts for name, (_, _, texts) in FAQ.items() if name != "leave"}


@pytest.mark.parametrize(
    "catalogue",
    [
        pytest.param(CATALOGUE, id="same"),
        pytest.param(make_catalogue(FAQ_WITHOUT_LEAVE), id="fewer"),
        pytest.param(
            make_catalogue({"pizza": ["one with cheese"], **FAQ_WITHOUT_LEAVE}), id="other"
        ),
        pytest.param(make_catalogue(dict(reversed(FAQ_WITHOUT_LEAVE.items()))), id="other-order"),
        pytest.param(make_catalogue({}), id="none"),
    ],
)
def test_the_published_index_serves_whatever_the_faq_says_by_now(
    folder: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    questions = ["the VPN does not connect?", "ONE with cheese", "book my leave"]
    blank = Bundle.blank(HashingEncoder(), CALIBRATION)
    expected = Matcher.build(1, blank, catalogue, RULE).match_all(questions)
    bundle = Bundle.open(folder, manifest)
    monkeypatch.setattr(HnswIndex, "build_rows", lambda *_: pytest.fail("was built"))
    matcher = Matcher.build(1, bundle, catalogue, RULE)
    assert matcher.phrasings.indexed.index.size == 16
    assert_alike(matcher.match_all(questions), expected)


def test_a_model_that_was_not_published_has_no_index() -> None:
    assert Bundle.blank(HashingEncoder(), CALIBRATION).stored_index() is None


def publish_with_guesses(folder: Path) -> Manifest:
    encoder = HashingEncoder()
    vectors = encoder.encode([entry.text for entry in CATALOGUE.entries])
    index, guessed = (
        HnswIndex.build(vectors),
        Guessed.of(vectors[:3], ["leave", "vpn", "leave"], 0.5),
    )
    keys = CATALOGUE.keys
    return write_bundle(folder, encoder, CALIBRATION, keys, vectors, index, guessed, RULE).to_json()


def test_guesses_are_published_with_the_model(folder: Path) -> None:
    manifest = publish_with_guesses(folder)
    assert manifest["model"]["guessed"] == 3
    guessed = Bundle.open(folder, manifest).guessed
    assert [guessed.intent_at(row) for row in range(3)] == ["leave", "vpn", "leave"]
    assert guessed.weight == 0.5


def test_an_artefact_without_guesses_has_no_files_of_them(folder: Path, manifest: Manifest) -> None:
    assert not list(folder.glob("guessed*"))
    older = {name: value for name, value in manifest["model"].items() if name != "guessed"}
    assert len(Bundle.open(folder, {"model": older}).guessed) == 0


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "guessed.npy").unlink(), "cannot be opened"),
        (lambda folder: (folder / "guessed.json").write_text("{"), "cannot be opened"),
        (
            lambda folder: np.save(folder / "guessed.npy", np.zeros((2, 256), np.float32)),
            "guessed.npy is",
        ),
        (
            lambda folder: np.save(folder / "guessed.npy", np.zeros((3, 128), np.float32)),
            "guessed.npy is",
        ),
    ],
    ids=["no-vectors", "no-json", "too-few", "of-another-dimension"],
)
def test_guesses_that_do_not_fit_are_refused(
    folder: Path, damage: Callable[[Path], object], reason: str
) -> None:
    manifest = publish_with_guesses(folder)
    damage(folder)
    with pytest.raises(ArtefactRefused, match=reason):
        Bundle.open(folder, manifest)


def drop(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


def save(name: str, array: Callable[[Any], Any]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        np.save(folder / name, array(np.load(folder / name)))

    return change


def pickle_objects(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.array([{"code": "runs"}], dtype=object))


FILES = {
    "no-encoder": (lambda folder: (folder / "encoder").rmdir(), "encoder cannot be loaded"),
    "no-calibration": (drop("calibration.json"), "cannot be opened"),
    "calibration-is-no-json": (write("calibration.json", "{"), "cannot be opened"),
    "calibration-lacks-a-field": (
        write("calibration.json", '{"weights": [1, 2, 3]}'),
        "cannot be opened",
    ),
    "no-keys": (drop("keys.txt"), "cannot be opened"),
    "too-few-keys": (write("keys.txt", "\n".join(CATALOGUE.keys[:-1])), "16 different utterances"),
    "a-key-twice": (
        write("keys.txt", "\n".join([*CATALOGUE.keys[:-1], CATALOGUE.keys[0]])),
        "different",
    ),
    "no-vectors": (drop("vectors.npy"), "cannot be opened"),
    "vectors-are-no-array": (write("vectors.npy", "text"), "cannot be opened"),
    "vectors-carry-objects": (pickle_objects, "cannot be opened"),
    "too-few-vectors": (save("vectors.npy", lambda v: v[:-1]), "vectors.npy is float32"),
    "vectors-of-another-dimension": (save("vectors.npy", lambda v: v[:, :-1]), "vectors.npy is"),
    "vectors-of-another-type": (save("vectors.npy", lambda v: v.astype(np.float64)), "is float64"),
    "no-golden-vectors": (drop("golden.npy"), "cannot be opened"),
    "too-few-golden-vectors": (save("golden.npy", lambda v: v[:-1]), "golden.npy is"),
    "golden-vectors-differ": (save("golden.npy", lambda v: v[::-1]), "self-test: a golden query"),
    "one-golden-vector-differs": (
        save("golden.npy", lambda v: np.vstack([v[:-1], v[:1]])),
        "self-test: a golden query",
    ),
    "a-golden-vector-is-nan": (
        save("golden.npy", lambda v: np.vstack([v[:-1], np.full_like(v[:1], np.nan)])),
        "self-test",
    ),
}


@pytest.mark.parametrize(("damage", "reason"), FILES.values(), ids=FILES)
def test_files_that_do_not_fit_are_refused_with_the_reason(
    folder: Path, manifest: Manifest, damage: Callable[[Path], object], reason: str
) -> None:
    damage(folder)
    with pytest.raises(ArtefactRefused, match=reason):
        Bundle.open(folder, manifest)


@pytest.mark.parametrize(
    ("manifest_change", "reason"),
    [
        pytest.param({"format": 2}, "format 2", id="newer-format"),
        pytest.param({"space": "l2"}, "space l2", id="other-space"),
        pytest.param({"dimension": 128}, "256 numbers, the manifest says 128", id="dimension"),
        pytest.param({"count": 15}, "not float32", id="count"),
        pytest.param({"colour": "red"}, "no usable model entry", id="unknown-field"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, manifest: Manifest, manifest_change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ArtefactRefused, match=reason):
        Bundle.open(folder, {"model": manifest["model"] | manifest_change})


@pytest.mark.parametrize("manifest", [{}, {"model": None}, {"model": {}}, {"files": {}}])
def test_a_manifest_of_something_else_is_refused(manifest: Manifest) -> None:
    with pytest.raises(ArtefactRefused, match="no usable model entry"):
        Meaning.from_json(manifest)


def test_a_slightly_different_processor_is_no_damage(folder: Path, manifest: Manifest) -> None:
    golden = np.load(folder / "golden.npy")
    noise = np.random.default_rng(1).normal(size=golden.shape).astype(np.float32)
    near = golden + 0.25 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    assert ((golden * near).sum(axis=1) < 0.99).all()
    np.save(folder / "golden.npy", near)
    assert Bundle.open(folder, manifest).encoder.dimension == 256


def test_golden_queries_cover_short_long_and_foreign_texts() -> None:
    lengths = sorted(len(text) for text in GOLDEN_QUERIES)
    assert lengths[0] < 5
    assert lengths[-1] > 150
    assert any(not text.isascii() for text in GOLDEN_QUERIES)
