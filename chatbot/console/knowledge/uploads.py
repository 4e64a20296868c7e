"""An FAQ as somebody sends it: a file, a folder, or pasted text.

Between preview and import it waits in the page, byte for byte, so that no server keeps it.
"""

import base64
import binascii
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of

MOST_UPLOAD_BYTES = 4_000_000
MOST_REQUEST_BYTES = MOST_UPLOAD_BYTES * 3 // 2  # as a page sends it back: in base64
_MAY_BE_READ = re.compile(r".*\.(?:csv|html?|json|lu|md|qna|tsv|txt|xlsx|ya?ml)", re.IGNORECASE)
"""Names of files that some format reads: browsers send all of a folder, pictures too."""

_YAML = re.compile(r"\s*(?:#.*\n\s*)*(?:intents|out_of_scope|nlu|version|responses)\s*:")
_PASTED = "your text"


@dataclass(frozen=True)
class Upload:
    """A file by its name; a folder is a zip archive, and pasted text a file called so."""

    name: str
    content: bytes

    @classmethod
    def sent(cls) -> Self:
        """Return what the form holds. Raises BadRequest if that is nothing."""
        if "kept" in request.form:
            return cls._kept()
        folder = [part for part in request.files.getlist("folder") if part.filename]
        if folder:
            return cls._checked(_folder_name(folder[0]), _pack(folder))
        file = request.files.get("file")
        if file is not None and file.filename:
            return cls._checked(Path(file.filename).name, file.read())
        if pasted := request.form.get("pasted", "").replace("\r\n", "\n").strip():
            return cls._checked(_PASTED, (pasted + "\n").encode())
        raise BadRequest("Choose a file or a folder, or paste something.")

    @classmethod
    def _kept(cls) -> Self:
        try:
            content = base64.b64decode(request.form["kept"], validate=True)
        except binascii.Error:
            raise BadRequest("Choose the file again; this page is damaged.") from None
        return cls._checked(request.form.get("name", ""), content)

    @classmethod
    def _checked(cls, name: str, content: bytes) -> Self:
        if len(content) > MOST_UPLOAD_BYTES:
            raise RequestEntityTooLarge
        return cls(name, content)

    @property
    def kept(self) -> str:
        """Return the content for a field of the page of the preview."""
        return base64.b64encode(self.content).decode()

    def read(self) -> CatalogueDraft:
        """Read it in whatever format it is. Raises InvalidCatalogue."""
        return read_source(source_of(self._file_name, self.content))

    @property
    def _file_name(self) -> str:
        """The name for messages; text that is pasted has to say of itself what it is."""
        if self.name != _PASTED:
            return self.name
        text = self.content.decode(errors="replace")
        return f"{_PASTED}.yaml" if _YAML.match(text) else _PASTED


def allow_upload() -> None:
    """Allow this request to be large, before its form is read."""
    request.max_content_length = MOST_REQUEST_BYTES
    request.max_form_memory_size = MOST_REQUEST_BYTES


def _folder_name(part: FileStorage) -> str:
    return (part.filename or "").split("/")[0]


def _pack(parts: list[FileStorage]) -> bytes:
    """Pack the files of a folder that a format may read; their names come with their path."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in parts:
            path = PurePosixPath(part.filename or "")
            if _MAY_BE_READ.fullmatch(path.name) and not path.is_absolute():
                packed.writestr(path.as_posix(), part.read())
    return archive.getvalue()
