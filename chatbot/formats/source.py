"""What somebody hands over, a file, a folder or an archive, as files by path that may be read.

Nothing is unpacked to disk, so no path of an archive leads anywhere. Bytes are read when a format
asks for them by name. Files of keys that lie beside others are not even among them.
"""

import io
import re
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.limits import MOST_BYTES, MOST_FILE_BYTES, MOST_FILES

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
_NOISE = ("__MACOSX", "Thumbs.db")
_KEYS = re.compile(
    r"(?:credentials|endpoints|bfconfig|secrets?|appsettings|docker-compose)(?:\.[\w-]+)*"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)(?:\.pub)?|.*\.(?:pem|key|pfx|p12|env)",
    re.IGNORECASE,
)
_OF_KEYS = ("webhooks", "node_modules")
_NAMED_BY_INTENTS = ("intents", "qna", "nlu")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)
"""What the library raises for archives that are damaged, protected or packed in unusual ways."""

_OFFICE = ("[Content_Types].xml",)
"""A workbook or a document is an archive too, but one file for whoever hands it over."""


class Source(Mapping[str, bytes]):
    """Files by their path below the one folder that holds them all; `name` is for messages.

    `language` is the one that is wanted of what is in several, as a tag, or None.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.language: str | None = None
        self.is_folder = True
        self._sizes: dict[str, int] = {}
        self._read = 0
        self._seen: set[str] = set()
        self.parsed: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __contains__(self, path: object) -> bool:
        """Tell without opening the file, as a mapping would."""
        return path in self._sizes

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, path: str) -> bytes:
        """Return the bytes of a file. Raises InvalidCatalogue for too many, of it or of all."""
        size = self._sizes[path]
        if size > MOST_FILE_BYTES:
            raise _invalid(path, f"is larger than {MOST_FILE_BYTES // 1_000_000} MB")
        if path not in self._seen:
            self._seen.add(path)
            self._read += size
        if self._read > MOST_BYTES:
            raise _invalid(self.name, f"holds more than {MOST_BYTES // 1_000_000} MB")
        return self._bytes_of(path)

    def find(self, name: str) -> list[str]:
        """Return the paths, sorted, of files with this name, in whatever folder they are."""
        return sorted(path for path in self if PurePosixPath(path).name == name)

    def only(self) -> str | None:
        """Return the path of the one file there is, or None."""
        return next(iter(self)) if len(self) == 1 else None

    @abstractmethod
    def _bytes_of(self, path: str) -> bytes:
        """Return the bytes of one of the files."""

    def _list(self, sizes: Mapping[str, int]) -> None:
        """Take files in, but for what systems leave behind and, beside others, those of keys."""
        kept = {path: size for path, size in sizes.items() if not _is_noise(path)}
        if self.is_folder:
            kept = {path: size for path, size in kept.items() if not is_of_keys(path)}
        if len(kept) > MOST_FILES:
            raise _invalid(self.name, f"holds more than {MOST_FILES:,} files")
        self._sizes = dict(sorted(kept.items()))


class _Single(Source):
    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(name)
        self.is_folder = False
        self._content = content
        self._list({name: len(content)})

    def _bytes_of(self, path: str) -> bytes:
        return self._content


class _Folder(Source):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder.name)
        self._folder = folder
        files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        self._list({path.relative_to(folder).as_posix(): path.stat().st_size for path in files})

    def _bytes_of(self, path: str) -> bytes:
        return (self._folder / path).read_bytes()


class _Archive(Source):
    def __init__(self, name: str, archive: zipfile.ZipFile) -> None:
        super().__init__(name)
        self._archive = archive
        entries = [each for each in archive.infolist() if each.filename and not each.is_dir()]
        paths = [each.filename.replace("\\", "/") for each in entries]
        for path in paths:
            if path.startswith("/") or ".." in path.split("/"):
                raise _invalid(name, "has a path that leads out of its folder")
        self._entries = dict(zip(paths, entries, strict=True))
        self._list({path: each.file_size for path, each in self._entries.items()})

    def _bytes_of(self, path: str) -> bytes:
        entry = self._entries[path]
        try:
            with self._archive.open(entry) as file:
                content = file.read(entry.file_size + 1)
        except _BROKEN:
            raise _invalid(path, "cannot be unpacked") from None
        if len(content) > entry.file_size:
            raise _invalid(path, "is larger than its archive says")
        return content


def open_source(path: Path) -> Source:
    """Return the files of a folder, an archive or a single file.

    Raises InvalidCatalogue for what is not there, too large, or no archive that can be read.
    """
    if not path.exists():
        raise _invalid(str(path), "there is no such file or folder")
    if path.is_dir():
        return _Folder(path)
    if path.stat().st_size > MOST_FILE_BYTES:
        raise _invalid(path.name, f"is larger than {MOST_FILE_BYTES // 1_000_000} MB")
    return source_of(path.name, path.read_bytes())


def source_of(name: str, content: bytes) -> Source:
    """Return the files of an archive, or the single file that `content` is. Raises as above."""
    if not content.startswith(_ARCHIVES):
        return _Single(name, content)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN:
        raise _invalid(name, "cannot be unpacked") from None
    if any(part in archive.namelist() for part in _OFFICE):
        return _Single(name, content)
    return _Archive(name, archive)


def is_of_keys(path: str) -> bool:
    """Return whether a file's name says that it holds keys, and it is not named by an intent."""
    *folders, name = path.split("/")
    if any(folder in _OF_KEYS for folder in folders):
        return True
    is_intent = bool(folders) and folders[-1] in _NAMED_BY_INTENTS
    return not is_intent and _KEYS.fullmatch(name) is not None


def _is_noise(path: str) -> bool:
    parts = (part for part in path.split("/") if part != ".")
    return any(part in _NOISE or part.startswith(".") for part in parts)


def _invalid(name: str, reason: str) -> InvalidCatalogue:
    return InvalidCatalogue([Mistake(name, 0, reason)])
