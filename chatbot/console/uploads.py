"""An FAQ as somebody sends it: a file, several of them, a folder, or pasted text."""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from chatbot.formats.limits import MOST_FILE_BYTES

_MOST_REQUEST_BYTES = MOST_FILE_BYTES + 1_000_000  # with what a form puts around it
_MOST_PARTS = 20_000
MOST_PASTED_BYTES = 4_000_000
_ENDINGS = ("csv", "htm", "html", "json", "lu", "md", "qna", "tsv", "txt", "xlsx", "yaml", "yml")
"""The endings of files that some format reads: browsers send all of a folder, pictures too."""

UPLOADS = {
    "most_bytes": MOST_FILE_BYTES,
    "endings": " ".join(_ENDINGS),
    "products": "QnA Maker, Dialogflow, Rasa, Watson, Zendesk, Freshdesk",
}
"""The limits and names that the form tells."""

_TOO_LARGE = (
    f"That is more than {MOST_FILE_BYTES // 1_000_000} MB. Send it in parts, or take "
    "`chatbot import` for a folder."
)
_YAML = re.compile(r"\s*(?:#.*\n\s*)*(?:intents|out_of_scope|nlu|version|responses)\s*:")
_PASTED = "your text"


@dataclass(frozen=True)
class Upload:
    """A file by its name; several are a zip archive, and pasted text is a file called so."""

    name: str
    content: bytes

    @classmethod
    def sent(cls) -> Self:
        """Return what the form holds. Raises BadRequest if that is nothing, and
        RequestEntityTooLarge.
        """
        try:
            return cls._sent()
        except RequestEntityTooLarge:
            raise RequestEntityTooLarge(_TOO_LARGE) from None

    @classmethod
    def _sent(cls) -> Self:
        folder = [part for part in request.files.getlist("folder") if part.filename]
        if folder:
            return cls(_folder_name(folder), _pack(folder))
        files = [part for part in request.files.getlist("file") if part.filename]
        if len(files) > 1:
            return cls(f"{len(files)} files", _pack(files))
        if files:
            return cls(PurePosixPath(files[0].filename or "").name, files[0].read())
        if pasted := request.form.get("pasted", "").replace("\r\n", "\n").strip():
            name = f"{_PASTED}.yaml" if _YAML.match(pasted) else _PASTED
            return cls(name, (pasted + "\n").encode())
        raise BadRequest("Choose a file or a folder, or paste something.")


def allow_upload() -> None:
    """Allow this request to be large, before its form is read."""
    request.max_content_length = _MOST_REQUEST_BYTES
    request.max_form_memory_size = MOST_PASTED_BYTES
    request.max_form_parts = _MOST_PARTS


def _folder_name(parts: list[FileStorage]) -> str:
    """Return the one folder that all come from, or how many files there are."""
    tops = {(part.filename or "").split("/")[0] for part in parts}
    return tops.pop() if len(tops) == 1 else f"{len(parts)} files"


def _pack(parts: list[FileStorage]) -> bytes:
    """Pack files that a format may read; those of a folder come with their path."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in parts:
            path = PurePosixPath(part.filename or "")
            if path.suffix.lower()[1:] in _ENDINGS and not path.is_absolute():
                packed.writestr(path.as_posix(), part.read())
    return archive.getvalue()
