"""Model artefacts: folders of bytes, built aside, named by their content, checked before each use.

A manifest lists every file with its SHA-256 and is written last; its own SHA-256 is the artefact's
name. No manifest, no artefact: a half-written one can be stored but never loaded.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from chatbot.errors import ArtefactRefused
from chatbot.failpoints import failpoint

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class ArtefactStore:
    """A store of artefacts at an fsspec `url`, each with a verified local copy under `cache`."""

    def __init__(self, url: str, cache: Path, staging: Path) -> None:
        self._filesystem, self._root = fsspec.core.url_to_fs(url)
        self._cache = cache
        self._staging = staging
        self._is_cache = "file" in self._filesystem.protocol and Path(self._root) == cache
        self._verified: set[str] = set()

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """Yield a fresh folder to build in, gone afterwards unless it was published."""
        folder = self._staging / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, meaning: dict[str, Any]) -> str:
        """Seal `folder` with a manifest that carries `meaning`, and return the artefact's digest.

        The folder is moved, not copied. Publishing the same content twice is harmless.
        """
        files = {p.relative_to(folder).as_posix(): _describe(p) for p in _files(folder)}
        manifest = json.dumps({"files": files, **meaning}, indent=1, sort_keys=True).encode()
        failpoint("artefact.before_manifest")
        _write_durably(folder / MANIFEST, manifest)
        digest = hashlib.sha256(manifest).hexdigest()
        failpoint("artefact.before_rename")
        if not self._is_cache:
            self._upload(folder, digest, files)
        target = self._cache / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not _is_intact(target, digest):
            shutil.rmtree(target)
        if not target.exists():
            os.rename(folder, target)
            _sync_folder(target.parent)
        failpoint("artefact.after_rename")
        return digest

    def fetch(self, digest: str) -> Path:
        """Return the folder of artefact `digest`, every byte checked the first time that it is
        asked for.

        Raises ArtefactRefused, naming the file and the reason, for anything but the exact content.
        """
        folder = self._cache / digest
        if digest in self._verified and folder.exists():
            return folder
        if not folder.exists() and not self._is_cache:
            self._download(digest)
        try:
            verify(folder, digest)
        except ArtefactRefused:
            if self._is_cache:
                raise
            shutil.rmtree(folder, ignore_errors=True)
            self._download(digest)
        self._verified.add(digest)
        return folder

    def _upload(self, folder: Path, digest: str, files: dict[str, Any]) -> None:
        for name in [*files, MANIFEST]:
            self._filesystem.put_file(str(folder / name), f"{self._root}/{digest}/{name}")

    def _download(self, digest: str) -> None:
        with self.stage() as folder:
            try:
                self._filesystem.get(f"{self._root}/{digest}/", f"{folder}/", recursive=True)
            except FileNotFoundError:
                raise ArtefactRefused(f"{digest[:12]}: not in the artefact store") from None
            verify(folder, digest)
            self._cache.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(folder, self._cache / digest)
            except OSError:  # another process fetched it meanwhile
                if not (self._cache / digest / MANIFEST).exists():
                    raise


def verify(folder: Path, digest: str) -> None:
    """Raise ArtefactRefused unless `folder` holds exactly the artefact named `digest`."""
    name = digest[:12]
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError:
        raise ArtefactRefused(f"{name}: {MANIFEST} is missing") from None
    if hashlib.sha256(manifest).hexdigest() != digest:
        raise ArtefactRefused(f"{name}: {MANIFEST} was changed")
    expected = json.loads(manifest)["files"]
    present = {p.relative_to(folder).as_posix() for p in _files(folder)} - {MANIFEST}
    if extra := sorted(present - expected.keys()):
        raise ArtefactRefused(f"{name}: {extra[0]} does not belong to it")
    for file, description in expected.items():
        path = folder / file
        if path.is_symlink() or not path.is_file():
            raise ArtefactRefused(f"{name}: {file} is missing")
        if path.stat().st_size != description["size"]:
            raise ArtefactRefused(
                f"{name}: {file} has {path.stat().st_size} bytes, not {description['size']}"
            )
        if _sha256(path) != description["sha256"]:
            raise ArtefactRefused(f"{name}: the content of {file} was changed")


def _is_intact(folder: Path, digest: str) -> bool:
    try:
        verify(folder, digest)
    except ArtefactRefused:
        return False
    return True


def read_manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return manifest


def _files(folder: Path) -> list[Path]:
    """Everything but folders; a link to a folder counts, because its content can change unseen."""
    return sorted(p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())


def _describe(path: Path) -> dict[str, Any]:
    """Size and hash of what reached the disk: libraries such as hnswlib hide failed writes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return {"size": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
