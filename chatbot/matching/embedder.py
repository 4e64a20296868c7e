"""Embedder: questions in, vectors out; those of recent questions are cached."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chatbot import telemetry
from chatbot.matching.encoder import Encoder

RECENT = 2048


class Embedder:
    """An encoder with a memory of the last `recent` texts, 1.5 KiB each for 384 numbers."""

    def __init__(self, encoder: Encoder, recent: int = RECENT) -> None:
        self._encoder = encoder
        self._recent = recent
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(texts), dimension), as the encoder does."""
        vectors = np.empty((len(texts), self._encoder.dimension), np.float32)
        unknown = [row for row, text in enumerate(texts) if not self._recall(text, vectors[row])]
        if unknown:
            with telemetry.ENCODE.time():
                vectors[unknown] = self._encoder.encode([texts[row] for row in unknown])
            self._remember([texts[row] for row in unknown], vectors[unknown])
        telemetry.CACHE_MISSES.inc(len(unknown))
        telemetry.CACHE_HITS.inc(len(texts) - len(unknown))
        return vectors

    def forget(self) -> None:
        """Forget all cached vectors, so that every text is encoded again, as a measurement needs
        it.
        """
        with self._lock:
            self._known.clear()

    def _recall(self, text: str, row: NDArray[np.float32]) -> bool:
        with self._lock:
            known = self._known.get(text)
            if known is None:
                return False
            self._known.move_to_end(text)
        row[:] = known
        return True

    def _remember(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._known[text] = vector.copy()
            while len(self._known) > self._recent:
                self._known.popitem(last=False)
