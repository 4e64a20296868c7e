"""Texts in, unit vectors out: the exported ONNX encoder, and a fake that obeys the same contract.

Nothing here imports torch, so a web process stays small.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from chatbot.errors import ArtefactRefused
from chatbot.matching.unread import Unread

MOST_TOKENS = 256
"""In one run, padding included, which bounds the memory that the encoder keeps for its runs."""

_COLUMNS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


class Encoder(Protocol):
    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(texts), dimension) finite rows of length one, in the order of `texts`."""
        ...


class OnnxEncoder:
    """The encoder that the trainer exported: `encoder.json`, `tokenizer.json` and `model.onnx`.

    Safe to share between threads. Batches hold texts of similar length and are padded to the
    longest. That is harmless because the trainer's exports round activations token by token: a
    text has the same vector alone and in any batch.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        tokenizer: Tokenizer,
        dimension: int,
        input_names: Sequence[str],
        unknown: int | None = None,
    ) -> None:
        self.dimension = dimension
        self._unknown = unknown
        self._session = session
        self._tokenizer = tokenizer
        self._input_names = tuple(input_names)

    @classmethod
    def open(cls, folder: Path, threads: int = 1) -> Self:
        """Load the encoder in `folder`, to compute with `threads` threads.

        Raises ArtefactRefused when a file is missing or unreadable, or does not fit the others.
        """
        try:
            card = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
            dimension, max_length = int(card["dimension"]), int(card["max_length"])
            input_names = [str(name) for name in card["input_names"]]
            tokenizer, unknown = _tokenizer((folder / "tokenizer.json").read_bytes(), max_length)
            session = ort.InferenceSession(
                str(folder / "model.onnx"), _options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # tokenizers and onnxruntime raise bare or private types
            raise ArtefactRefused(
                f"The encoder in {folder} cannot be loaded ({error}). Export it again."
            ) from error
        if unmade := set(input_names) - set(_COLUMNS):
            raise ArtefactRefused(
                f"The encoder in {folder} wants {sorted(unmade)}, which no tokenizer here makes. "
                f"Export a model that needs only {sorted(_COLUMNS)}."
            )
        graph_inputs = {node.name for node in session.get_inputs()}
        if graph_inputs != set(input_names):
            raise ArtefactRefused(
                f"The encoder in {folder} wants the inputs {sorted(graph_inputs)}, but its "
                f"encoder.json names {sorted(input_names)}. Export it again."
            )
        return cls(session, tokenizer, dimension, input_names, unknown)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        vectors = self._run_all(encodings)
        for row, encoding in enumerate(encodings):
            if self._unknown in encoding.ids:
                vectors[row] = self._join_unread(texts[row], vectors[row])
        return vectors

    def encode_read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the same shape, of what the tokenizer reads alone: the trained model's vectors."""
        return self._run_all(self._tokenizer.encode_batch_fast(list(texts)))

    def _join_unread(self, text: str, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encode the few such texts once more, with offsets, which a batch is quicker without."""
        assert self._unknown is not None
        return Unread.find(text, self._tokenizer.encode(text), self._unknown).join(vector)

    def _run_all(self, encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        vectors = np.empty((len(encodings), self.dimension), dtype=np.float32)
        for rows in _batches([len(encoding.ids) for encoding in encodings]):
            vectors[rows] = self._run([encodings[row] for row in rows])
        return vectors

    def _run(self, encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        feed = {
            name: _padded([getattr(encoding, _COLUMNS[name]) for encoding in encodings])
            for name in self._input_names
        }
        vectors: NDArray[np.float32] = self._session.run(None, feed)[0]
        return vectors


class HashingEncoder:
    """A fake that needs no model: hashed words and character 3-grams, counted into 256 places.

    Texts that share words lie near each other, the same text always gets the same vector, on any
    machine and in any process.
    """

    dimension = 256

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature in _features(text):
                vectors[row, zlib.crc32(feature.encode("utf-8", "replace")) % self.dimension] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


@lru_cache(maxsize=2)
def _tokenizer(content: bytes, max_length: int) -> tuple[Tokenizer, int | None]:
    """Return a tokenizer and the id that stands for what it does not know, if any does.

    Versions of one base model share it: reading it keeps all other threads waiting for 15 ms.
    """
    tokenizer = Tokenizer.from_buffer(content)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    model = json.loads(content)["model"]
    if model.get("unk_id") is not None:  # Unigram
        return tokenizer, int(model["unk_id"])
    unknown = model.get("unk_token")
    return tokenizer, None if unknown is None else tokenizer.token_to_id(unknown)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # A spinning thread pool burns a core between requests, which a shared web machine feels.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield row numbers, the shortest first, as many together as MOST_TOKENS allows."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > MOST_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Return (rows, longest row), filled up with zeros: the mask hides what stands there."""
    matrix = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for number, row in enumerate(rows):
        matrix[number, : len(row)] = row
    return matrix


def _features(text: str) -> Iterator[str]:
    """Yield the text's words and 3-grams; a text of one blank or nothing still yields one."""
    words = text.lower().split()
    yield from words
    padded = f" {' '.join(words)} "
    yield padded if len(padded) < 3 else padded[:3]
    yield from (padded[start : start + 3] for start in range(1, len(padded) - 2))
