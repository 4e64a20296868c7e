"""Compare what a model cannot read letter by letter.

A tokenizer turns each word or character outside its vocabulary into one and the same token, so to
the model two texts that differ in such words alone are one text: with the packaged English model
every Thai sentence is the same, and nearly every Chinese one. The n-grams of these letters are
counted, each points in a direction of its own that its hash gives (random indexing, Kanerva,
Kristoferson & Holst 2000), and their sum is joined to the model's vector by their share of the
text. What shares none of them is unlike then, and what shares many is alike.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from chatbot.domain.text import normalise

Vector = NDArray[np.float32]

_MOST_LETTERS = 12  # of an unread word, so that one long number does not outweigh a sentence
_SYLLABLES = ("CJK", "HIRAGANA", "KATAKANA")  # one character says as much as two letters
_MIDDLE = 127.5


@dataclass(frozen=True)
class Unread:
    """The n-grams of a text that a tokenizer has no token for, how often each, and their share of
    its letters and digits, 0 to 1.
    """

    grams: Mapping[str, int]
    share: float

    @classmethod
    def find(cls, text: str, encoding: Encoding, unknown: int) -> Self:
        """Select from `encoding`, made of `text` with offsets, the tokens with the id `unknown`.

        Signs count only where the text has neither letters nor digits: “👍” is a text of its own,
        and “thanks 👍” is read.
        """
        grams: Counter[str] = Counter()
        read = unread = 0
        tokens = zip(encoding.ids, encoding.offsets, encoding.special_tokens_mask, strict=True)
        for token, (start, end), special in tokens:
            if special:
                continue
            letters = sum(map(str.isalnum, text[start:end]))
            if token == unknown:
                grams.update(_grams(text[start:end]))
                unread += min(letters, _MOST_LETTERS)
            else:
                read += letters
        return cls(grams, unread / (unread + read) if unread + read else float(bool(grams)))

    def join(self, vector: Vector) -> Vector:
        """Return `vector` turned towards these n-grams, of length one; unchanged without any."""
        if not self.grams or not self.share:
            return vector
        unread = np.zeros_like(vector)
        for gram, count in self.grams.items():
            unread += count * _direction(gram, len(vector))
        unread /= np.linalg.norm(unread)
        joined = np.sqrt(1 - self.share) * vector + np.sqrt(self.share) * unread
        found: Vector = (joined / np.linalg.norm(joined)).astype(np.float32)
        return found


def _grams(span: str) -> Iterator[str]:
    """Yield single characters where each is a syllable or more, else pairs of letters."""
    span = normalise(span)
    if len(span) == 1 or all(unicodedata.name(c, "").startswith(_SYLLABLES) for c in span):
        yield from span
    else:
        yield from (span[start : start + 2] for start in range(len(span) - 1))


@lru_cache(maxsize=4096)
def _direction(gram: str, dimension: int) -> Vector:
    """Return where a gram points to, of length one, the same on every machine."""
    digest = hashlib.shake_256(gram.encode("utf-8", "replace")).digest(dimension)
    values = np.frombuffer(digest, np.uint8).astype(np.float32) - _MIDDLE
    direction: Vector = values / np.linalg.norm(values)
    return direction
