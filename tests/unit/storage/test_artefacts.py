import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from chatbot.errors import ArtefactRefused
from chatbot.storage.artefacts import MANIFEST, ArtefactStore, read_manifest, verify

FILES = {
    "encoder/model.onnx": b"weights" * 500,
    "keys.txt": b"a\nb",
    "vectors.npy": b"\x00\x01" * 300,
}
MEANING = {"model": {"dimension": 4}}


def fill(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def publish(store: ArtefactStore, files: dict[str, bytes] = FILES) -> str:
    with store.stage() as folder:
        return store.publish(fill(folder, files), MEANING)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def local_store(folder: Path) -> ArtefactStore:
    return ArtefactStore(str(folder / "artefacts"), folder / "artefacts", folder / "staging")


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    return local_store(tmp_path)


@pytest.fixture
def bucket() -> Iterator[str]:
    """The address of a remote store, kept in memory."""
    yield "memory://bucket"
    fsspec.filesystem("memory").store.clear()


def remote_store(bucket: str, host: Path) -> ArtefactStore:
    return ArtefactStore(bucket, host / "cache", host / "staging")


def test_what_is_published_comes_back_byte_for_byte(store: ArtefactStore) -> None:
    publish(store, {"noise": b"another artefact"})
    folder = store.fetch(publish(store))
    assert content(folder) == FILES
    assert read_manifest(folder)["model"] == MEANING["model"]


def test_an_artefact_is_named_by_the_hash_of_its_manifest(store: ArtefactStore) -> None:
    digest = publish(store)
    manifest = store.fetch(digest) / MANIFEST
    assert hashlib.sha256(manifest.read_bytes()).hexdigest() == digest
    assert json.loads(manifest.read_text())["files"]["keys.txt"] == {
        "size": 3,
        "sha256": hashlib.sha256(b"a\nb").hexdigest(),
    }


def test_the_same_content_gets_the_same_name_and_other_content_another(
    store: ArtefactStore, tmp_path: Path
) -> None:
    digest = publish(store)
    assert publish(store) == digest
    assert publish(local_store(tmp_path / "elsewhere")) == digest
    assert publish(store, FILES | {"keys.txt": b"a\nc"}) != digest
    assert content(store.fetch(digest)) == FILES


def test_nothing_is_left_in_staging(store: ArtefactStore, tmp_path: Path) -> None:
    publish(store)
    publish(store)
    with pytest.raises(RuntimeError), store.stage() as folder:
        fill(folder)
        raise RuntimeError
    assert list((tmp_path / "staging").iterdir()) == []


def flip_a_bit(folder: Path, other: Path) -> None:
    damaged = bytearray((folder / "vectors.npy").read_bytes())
    damaged[17] ^= 1
    (folder / "vectors.npy").write_bytes(damaged)


def truncate(folder: Path, other: Path) -> None:
    os.truncate(folder / "encoder/model.onnx", 100)


def empty(folder: Path, other: Path) -> None:
    (folder / "keys.txt").write_bytes(b"")


def append(folder: Path, other: Path) -> None:
    with (folder / "keys.txt").open("ab") as file:
        file.write(b"\nc")


def remove_a_file(folder: Path, other: Path) -> None:
    (folder / "keys.txt").unlink()


def remove_a_folder(folder: Path, other: Path) -> None:
    shutil.rmtree(folder / "encoder")


def add_a_file(folder: Path, other: Path) -> None:
    (folder / "evil.py").write_text("import os")


def add_a_file_below(folder: Path, other: Path) -> None:
    (folder / "encoder" / "extra.bin").write_bytes(b"x")


def rename_a_file(folder: Path, other: Path) -> None:
    (folder / "keys.txt").rename(folder / "KEYS.txt")


def make_a_file_a_folder(folder: Path, other: Path) -> None:
    (folder / "keys.txt").unlink()
    (folder / "keys.txt").mkdir()


def change_the_manifest(folder: Path, other: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"dimension": 4', '"dimension": 8'))


def reformat_the_manifest(folder: Path, other: Path) -> None:
    (folder / MANIFEST).write_text(json.dumps(read_manifest(folder)))


def remove_the_manifest(folder: Path, other: Path) -> None:
    (folder / MANIFEST).unlink()


def empty_the_manifest(folder: Path, other: Path) -> None:
    (folder / MANIFEST).write_bytes(b"")


def link_a_file(folder: Path, other: Path) -> None:
    outside = folder.parent.parent / "outside.txt"
    (folder / "keys.txt").rename(outside)
    (folder / "keys.txt").symlink_to(outside)


def link_a_folder(folder: Path, other: Path) -> None:
    outside = folder.parent.parent / "outside"
    (folder / "encoder").rename(outside)
    (folder / "encoder").symlink_to(outside)


def add_a_dangling_link(folder: Path, other: Path) -> None:
    (folder / "dangling").symlink_to("nowhere")


def swap_a_file_with_another_version(folder: Path, other: Path) -> None:
    shutil.copy(other / "keys.txt", folder / "keys.txt")


def swap_the_manifest_with_another_version(folder: Path, other: Path) -> None:
    shutil.copy(other / MANIFEST, folder / MANIFEST)


def swap_everything_with_another_version(folder: Path, other: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


def remove_everything(folder: Path, other: Path) -> None:
    shutil.rmtree(folder)


DAMAGE: dict[Callable[[Path, Path], None], str] = {
    flip_a_bit: "the content of vectors.npy was changed",
    truncate: "encoder/model.onnx has 100 bytes, not 3500",
    empty: "keys.txt has 0 bytes, not 3",
    append: "keys.txt has 5 bytes, not 3",
    remove_a_file: "keys.txt is missing",
    remove_a_folder: "encoder/model.onnx is missing",
    add_a_file: "evil.py does not belong to it",
    add_a_file_below: "encoder/extra.bin does not belong to it",
    rename_a_file: "KEYS.txt does not belong to it",
    make_a_file_a_folder: "keys.txt is missing",
    change_the_manifest: "manifest.json was changed",
    reformat_the_manifest: "manifest.json was changed",
    remove_the_manifest: "manifest.json is missing",
    empty_the_manifest: "manifest.json was changed",
    link_a_file: "keys.txt is missing",
    link_a_folder: "encoder does not belong to it",
    add_a_dangling_link: "dangling does not belong to it",
    swap_a_file_with_another_version: "the content of keys.txt was changed",
    swap_the_manifest_with_another_version: "manifest.json was changed",
    swap_everything_with_another_version: "manifest.json was changed",
    remove_everything: "manifest.json is missing",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_artefact_is_refused_by_name_and_reason(
    store: ArtefactStore, tmp_path: Path, damage: Callable[[Path, Path], None]
) -> None:
    other = publish(store, FILES | {"keys.txt": b"x\ny"})
    digest = publish(store)
    damage(store.fetch(digest), store.fetch(other))
    with pytest.raises(ArtefactRefused) as refused:
        local_store(tmp_path).fetch(digest)
    assert str(refused.value) == f"{digest[:12]}: {DAMAGE[damage]}"
    assert content(local_store(tmp_path).fetch(other))["keys.txt"] == b"x\ny"


def test_every_single_bit_of_the_manifest_counts(store: ArtefactStore) -> None:
    digest = publish(store, {"keys.txt": b"a"})
    folder = store.fetch(digest)
    manifest = (folder / MANIFEST).read_bytes()
    for place in range(0, len(manifest), 7):
        damaged = bytearray(manifest)
        damaged[place] ^= 1 << (place % 8)
        (folder / MANIFEST).write_bytes(damaged)
        with pytest.raises(ArtefactRefused):
            verify(folder, digest)
    (folder / MANIFEST).write_bytes(manifest)
    verify(folder, digest)


def test_a_folder_that_was_never_sealed_cannot_be_loaded(
    store: ArtefactStore, tmp_path: Path
) -> None:
    fill(tmp_path / "artefacts" / ("0" * 64))
    with pytest.raises(ArtefactRefused, match=r"manifest\.json is missing"):
        store.fetch("0" * 64)


def test_another_host_loads_what_was_published_to_a_remote_store(
    bucket: str, tmp_path: Path
) -> None:
    digest = publish(remote_store(bucket, tmp_path / "trainer"))
    web = remote_store(bucket, tmp_path / "web")
    folder = web.fetch(digest)
    assert folder.is_relative_to(tmp_path / "web")
    assert content(folder) == FILES
    assert web.fetch(digest) == folder


def test_the_local_copy_serves_while_the_remote_store_is_away(bucket: str, tmp_path: Path) -> None:
    digest = publish(remote_store(bucket, tmp_path / "trainer"))
    remote_store(bucket, tmp_path / "web").fetch(digest)
    fsspec.filesystem("memory").store.clear()
    assert content(remote_store(bucket, tmp_path / "web").fetch(digest)) == FILES


def test_what_a_remote_store_does_not_have_is_refused(bucket: str, tmp_path: Path) -> None:
    publish(remote_store(bucket, tmp_path / "trainer"))
    with pytest.raises(ArtefactRefused, match="0{12}: not in the artefact store"):
        remote_store(bucket, tmp_path / "web").fetch("0" * 64)


def test_a_damaged_download_is_refused_and_not_kept(bucket: str, tmp_path: Path) -> None:
    digest = publish(remote_store(bucket, tmp_path / "trainer"))
    memory = fsspec.filesystem("memory")
    memory.pipe(f"/bucket/{digest}/vectors.npy", b"\x01" * 600)
    web = remote_store(bucket, tmp_path / "web")
    with pytest.raises(ArtefactRefused, match=r"the content of vectors\.npy was changed"):
        web.fetch(digest)
    memory.pipe(f"/bucket/{digest}/vectors.npy", FILES["vectors.npy"])
    assert content(web.fetch(digest)) == FILES


def test_an_upload_that_broke_off_can_never_be_loaded(bucket: str, tmp_path: Path) -> None:
    trainer = remote_store(bucket, tmp_path / "trainer")
    digest = publish(trainer)
    memory = fsspec.filesystem("memory")
    order = sorted(memory.store, key=memory.created)
    assert order[-1].endswith(MANIFEST)
    for kept in range(len(order)):
        for name in order[kept:]:
            memory.store.pop(name, None)
        with pytest.raises(ArtefactRefused):
            remote_store(bucket, tmp_path / f"web{kept}").fetch(digest)
        memory.store.clear()
        shutil.rmtree(tmp_path / "trainer")
        publish(trainer)


def test_a_remote_store_that_fails_leaves_nothing_half_published_here(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = remote_store(bucket, tmp_path / "trainer")

    def fail(*_: object) -> None:
        raise OSError("connection reset")

    monkeypatch.setattr(fsspec.filesystem("memory"), "put_file", fail)
    with pytest.raises(OSError, match="connection reset"):
        publish(trainer)
    assert not (tmp_path / "trainer" / "cache").exists()
    assert list((tmp_path / "trainer" / "staging").iterdir()) == []
