"""Alternatives that `/ask` is measured against, seen from the client: how each is started, what
request asks it one question, and what its reply says.

They run in environments of their own (`environments.py`), so this module knows them by command
line and HTTP only. README.md says what each is.
"""

import json
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

SOURCES = Path(__file__).parent
REPOSITORY = SOURCES.parents[1]
FOLDER = REPOSITORY / "var" / "peers"
WORKERS = 2
EMBED_AT_ONCE = 256
INFINITY_MODEL = "model"


def python(name: str, folder: Path = FOLDER) -> Path:
    """Return the interpreter of the peer's environment."""
    return folder.absolute() / name / "venv" / "bin" / "python"


def read_catalogue(path: Path) -> list[tuple[str, str]]:
    """Read the utterances and their intents."""
    return [(text, intent) for text, intent in json.loads(path.read_text(encoding="utf-8"))]


@dataclass
class Peer(ABC):
    """An alternative that `/ask` is measured against.

    The server listens on 127.0.0.1 when it is ready, not before. Then call `prepare` once, and
    after that `intent` on the reply to each `request`. Bodies are JSON; send them as that.
    """

    name: str
    title: str
    folder: Path = FOLDER

    @property
    def environment(self) -> dict[str, str]:
        """The variables to set, besides those that are set already."""
        return {
            "PYTHONPATH": str(REPOSITORY),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "OMP_NUM_THREADS": "1",
        }

    @abstractmethod
    def command(self, model: Path, catalogue: Path, port: int, workers: int = WORKERS) -> list[str]:
        """Return the command that starts the server; `catalogue` is a JSON list of
        [text, intent].
        """

    def prepare(self, catalogue: Path, port: int) -> None:  # noqa: B027 most need nothing
        """Do what the client does once, before it asks."""

    @abstractmethod
    def request(self, question: str) -> tuple[str, str, bytes]:
        """Return method, path and body that ask one question."""

    @abstractmethod
    def intent(self, body: bytes) -> str:
        """Return the intent that the reply names; "" if it names none."""


@dataclass
class FlaskPeer(Peer):
    """A library behind Flask; `gunicorn_conf.py` says how it runs.

    Two workers of one torch thread each suit two cores best; `workers=1` gives one worker with as
    many torch threads as there are cores.
    """

    def command(self, model: Path, catalogue: Path, port: int, workers: int = WORKERS) -> list[str]:
        paths = f"{str(model.absolute())!r}, {str(catalogue.absolute())!r}"
        return [
            *(str(python(self.name, self.folder)), "-m", "gunicorn"),
            *("--config", str(SOURCES / "gunicorn_conf.py")),
            *("--bind", f"127.0.0.1:{port}", "--workers", str(workers)),
            f"bench.peers.{self.name}.server:make({paths})",
        ]

    def request(self, question: str) -> tuple[str, str, bytes]:
        return "POST", "/ask", json.dumps({"text": question}).encode()

    def intent(self, body: bytes) -> str:
        return json.loads(body)["intent"] or ""


@dataclass
class Txtai(Peer):
    """The API of txtai itself: `GET /search?query=…`; an id is "number:intent", see
    `txtai/server.py`.
    """

    def command(self, model: Path, catalogue: Path, port: int, workers: int = WORKERS) -> list[str]:
        return [
            *(str(python(self.name, self.folder)), "-m", "bench.peers.txtai.server"),
            *(str(model.absolute()), str(catalogue.absolute())),
            *("--port", str(port), "--workers", str(workers)),
        ]

    def request(self, question: str) -> tuple[str, str, bytes]:
        return "GET", f"/search?query={quote(question)}&limit=1", b""

    def intent(self, body: bytes) -> str:
        found = json.loads(body)
        return str(found[0]["id"]).split(":", 1)[1] if found else ""


@dataclass
class Infinity(Peer):
    """The embedding server of infinity; the client compares with every utterance of the catalogue.

    It is one process by design, so `workers` changes nothing. Vectors come as base64 of float32,
    which spares both sides the JSON of 384 numbers.
    """

    vectors: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    intents: Sequence[str] = ()

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DO_NOT_TRACK": "1"}

    def command(self, model: Path, catalogue: Path, port: int, workers: int = WORKERS) -> list[str]:
        return [
            *(str(python(self.name, self.folder)), "-m", "bench.peers.infinity.server"),
            *(str(model.absolute()), "--port", str(port)),
        ]

    def prepare(self, catalogue: Path, port: int) -> None:
        texts, intents = zip(*read_catalogue(catalogue), strict=True)
        connection = HTTPConnection("127.0.0.1", port)
        found = []
        for start in range(0, len(texts), EMBED_AT_ONCE):
            body = _embed(texts[start : start + EMBED_AT_ONCE])
            connection.request("POST", "/embeddings", body, {"Content-Type": "application/json"})
            found.append(_vectors(connection.getresponse().read()))
        connection.close()
        self.vectors, self.intents = np.concatenate(found), intents

    def request(self, question: str) -> tuple[str, str, bytes]:
        return "POST", "/embeddings", _embed([question])

    def intent(self, body: bytes) -> str:
        return self.intents[int(np.argmax(self.vectors @ _vectors(body)[0]))]


def _embed(texts: Sequence[str]) -> bytes:
    asked = {"model": INFINITY_MODEL, "input": texts, "encoding_format": "base64"}
    return json.dumps(asked).encode()


def _vectors(body: bytes) -> NDArray[np.float32]:
    found = [b64decode(item["embedding"]) for item in json.loads(body)["data"]]
    return np.frombuffer(b"".join(found), np.float32).reshape(len(found), -1)


def known(folder: Path = FOLDER) -> dict[str, Peer]:
    """Return every peer by name; `folder` is where the environments are."""
    peers = (
        FlaskPeer("textbook", "Flask, sentence-transformers, exact search", folder),
        FlaskPeer("setfit", "Flask, SetFit", folder),
        FlaskPeer("semantic_router", "Flask, semantic-router", folder),
        Txtai("txtai", "txtai API", folder),
        Infinity("infinity", "infinity, exact search by the client", folder),
    )
    return {peer.name: peer for peer in peers}
