"""An FAQ as somebody sends it: a file, a folder, or pasted text.

Between preview and import it waits in the page, byte for byte, so that no server keeps it.
"""

import base64
import binascii
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.own_yaml import SUFFIXES
from chatbot.formats.registry import read_path

MOST_UPLOAD_BYTES = 4_000_000
MOST_REQUEST_BYTES = MOST_UPLOAD_BYTES * 3 // 2  # as a page sends it back: in base64
MOST_UNPACKED_BYTES = 40_000_000
_FOLDER = ".zip"
_SUFFIXES = (".csv", *SUFFIXES, _FOLDER)
_PART = re.compile(r"(?:.*/)?((?:intents|held_out)/[^/]+\.ya?ml|out_of_scope\.yaml)")
_YAML = re.compile(r"\s*(?:#.*\n\s*)*(?:intents|out_of_scope)\s*:")


@dataclass(frozen=True)
class Upload:
    """An uploaded file and its content; a folder is a zip archive."""

    name: str
    suffix: str
    content: bytes

    @classmethod
    def sent(cls) -> Self:
        """Return what the form holds. Raises BadRequest if that is nothing that could be an FAQ."""
        if "kept" in request.form:
            return cls._kept()
        folder = [part for part in request.files.getlist("folder") if part.filename]
        if folder:
            return cls(_folder_name(folder[0]), _FOLDER, _pack(folder))
        file = request.files.get("file")
        if file is not None and file.filename:
            name = Path(file.filename).name
            return cls._checked(name, Path(name).suffix.lower(), file.read())
        if pasted := request.form.get("pasted", "").replace("\r\n", "\n").strip():
            suffix = ".yaml" if _YAML.match(pasted) else ".csv"
            return cls("your text", suffix, (pasted + "\n").encode())
        raise BadRequest("Choose a file or a folder, or paste something.")

    @classmethod
    def _kept(cls) -> Self:
        try:
            content = base64.b64decode(request.form["kept"], validate=True)
        except binascii.Error:
            raise BadRequest("Choose the file again; this page is damaged.") from None
        return cls._checked(request.form.get("name", ""), request.form.get("suffix", ""), content)

    @classmethod
    def _checked(cls, name: str, suffix: str, content: bytes) -> Self:
        if suffix not in _SUFFIXES:
            raise BadRequest(f"Choose a file that ends in {', '.join(_SUFFIXES)}.")
        if len(content) > MOST_UPLOAD_BYTES:
            raise RequestEntityTooLarge
        return cls(name, suffix, content)

    @property
    def kept(self) -> str:
        """The content as text, for a field of the page of the preview."""
        return base64.b64encode(self.content).decode()

    def read(self) -> CatalogueDraft:
        """Read the upload as FAQ files. Raises InvalidCatalogue."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"faq{self.suffix}"
            if self.suffix == _FOLDER:
                path = Path(folder) / "faq"
                _unpack(self.content, path)
            else:
                path.write_bytes(self.content)
            return read_path(path)


def allow_upload() -> None:
    """Allow a request as large as an upload, before its form is read."""
    request.max_content_length = MOST_REQUEST_BYTES
    request.max_form_memory_size = MOST_REQUEST_BYTES


def _folder_name(part: FileStorage) -> str:
    return (part.filename or "").split("/")[0]


def _pack(parts: list[FileStorage]) -> bytes:
    """Pack those files of a folder that make an FAQ; their names come with their path."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in parts:
            if found := _PART.fullmatch(part.filename or ""):
                packed.writestr(found[1], part.read())
    return archive.getvalue()


def _unpack(content: bytes, target: Path) -> None:
    """Unpack only files whose place in an FAQ is known, whatever else the archive holds."""
    target.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED_BYTES:
                most = f"holds more than {MOST_UNPACKED_BYTES // 1_000_000} MB"
                raise InvalidCatalogue([Mistake("the archive", 0, most)])
            for each in packed.infolist():
                if found := _PART.fullmatch(each.filename):
                    path = target / found[1]
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(packed.read(each))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise InvalidCatalogue([Mistake("the archive", 0, "cannot be unpacked")]) from None
