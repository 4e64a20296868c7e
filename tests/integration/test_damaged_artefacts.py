"""A damaged model is refused by name, and the one before keeps answering in the same process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chatbot.bootstrap import Parts
from chatbot.matching.bundle import Meaning
from chatbot.services.releases import release
from chatbot.storage.artefacts import MANIFEST, read_manifest

QUESTION = "the printer is jammed again"


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("harm", [flip_a_bit, truncate, remove])
@pytest.mark.parametrize(
    "name",
    [
        "encoder/model.onnx",
        "encoder/tokenizer.json",
        "index.hnsw",
        "vectors.npy",
        "keys.txt",
        MANIFEST,
    ],
)
def test_stored_damage_is_refused_by_file_name(
    name: str, harm: Callable[[Path], None], installation: Parts
) -> None:
    installation.live.refresh()
    harm(release_copy(installation) / name)

    assert_old_version_answers(installation, reason=name)


def lie_about_the_dimension(folder: Path) -> Meaning:
    return Meaning(dimension=128, count=count(folder))


def cut_vectors(folder: Path) -> Meaning:
    np.save(folder / "vectors.npy", np.load(folder / "vectors.npy")[:, :200])
    return Meaning(dimension=384, count=count(folder))


def empty_a_vector(folder: Path) -> Meaning:
    keys = (folder / "keys.txt").read_text().split()
    (folder / "keys.txt").write_text("\n".join(keys[:-1]))
    return Meaning(dimension=384, count=count(folder))


def swap_the_golden_answers(folder: Path) -> Meaning:
    np.save(folder / "golden.npy", np.load(folder / "golden.npy")[::-1])
    return Meaning(dimension=384, count=count(folder))


def come_from_the_future(folder: Path) -> Meaning:
    return Meaning(dimension=384, count=count(folder), format=99)


def use_another_space(folder: Path) -> Meaning:
    return Meaning(dimension=384, count=count(folder), space="l2")


def lose_the_calibration(folder: Path) -> Meaning:
    (folder / "calibration.json").write_text("{}")
    return Meaning(dimension=384, count=count(folder))


def break_the_encoder(folder: Path) -> Meaning:
    (folder / "encoder" / "model.onnx").write_bytes(b"not a model")
    return Meaning(dimension=384, count=count(folder))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lie_about_the_dimension, "vectors of 384 numbers, the manifest says 128"),
        (cut_vectors, "vectors.npy"),
        (empty_a_vector, "keys.txt"),
        (swap_the_golden_answers, "self-test"),
        (come_from_the_future, "format 99"),
        (use_another_space, "space l2"),
        (lose_the_calibration, "cannot be opened"),
        (break_the_encoder, "model.onnx"),
    ],
)
def test_a_well_sealed_but_wrong_artefact_is_refused_with_its_reason(
    harm: Callable[[Path], Meaning], reason: str, installation: Parts
) -> None:
    installation.live.refresh()
    release_copy(installation, harm)

    assert_old_version_answers(installation, reason)


def assert_old_version_answers(parts: Parts, reason: str) -> None:
    answer = parts.live.current().match(QUESTION)
    parts.live.refresh()
    assert reason in (parts.live.error or "nothing was refused")
    assert parts.live.current().version == 1
    assert parts.live.current().match(QUESTION) == answer


def release_copy(parts: Parts, harm: Callable[[Path], Meaning] | None = None) -> Path:
    """Promote version 2, a copy of version 1 that `harm` changed before it was sealed."""
    with parts.database.read() as session:
        first = release.get_version(session, 1)
    source = parts.artefacts.fetch(first.digest)
    with parts.artefacts.stage() as stage:
        folder = stage / "copy"
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(MANIFEST))
        (folder / "note.json").write_text(json.dumps("makes another digest"))
        meaning = harm(folder) if harm else Meaning.from_json(read_manifest(source))
        digest = parts.artefacts.publish(folder, meaning.to_json())
    new = release.NewVersion(
        digest=digest,
        kind="train",
        parent_id=1,
        calibration=first.calibration,
        knowledge_revision=first.knowledge_revision,
        fingerprint="",
        training_rows=0,
        learnt_queries=[],
    )
    with parts.database.write() as session:
        release.promote(session, release.register(session, new).id, "test", "to see it refused")
    return parts.settings.cache_dir / digest


def count(folder: Path) -> int:
    return len(np.load(folder / "vectors.npy"))
