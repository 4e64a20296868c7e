"""A model artefact opened for use: encoder, calibration, and the vectors it was published with."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from chatbot.domain.matching import Calibration
from chatbot.errors import ArtefactRefused
from chatbot.matching.embedder import Embedder
from chatbot.matching.encoder import Encoder, OnnxEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import EF_SEARCH, SPACE, HnswIndex, Vectors
from chatbot.matching.passages import Passages
from chatbot.matching.rows import Keys, Rows, as_keys

_PASSAGES, _PASSAGE_KEYS = "passages.npy", "passages.txt"

FORMAT = 1
LEAST_GOLDEN_SIMILARITY = 0.9
GOLDEN_QUERIES = (
    "how do I reset my password?",
    "VPN",
    "the invoice for last month is wrong, who can correct it",
    "pls help my laptop wont turn on since this morning!!!",
    "¿puedo cambiar el idioma de la aplicación?",
    "I would like to know, if that is possible, whether a colleague of mine who left the company "
    "in spring can still see the files that I shared with her, and how I take that away",
)


@dataclass(frozen=True)
class Rule:
    """The rule by which neighbours vote: how many, and how much nearer ones weigh more.

    It belongs to the version, because the calibration was fitted to votes by this rule.
    """

    neighbours: int = 10
    temperature: float = 0.1


@dataclass(frozen=True)
class Meaning:
    """The meaning of an artefact's files; stored in its manifest, asserted when it is opened."""

    dimension: int
    count: int
    format: int = FORMAT
    space: str = SPACE
    ef: int = EF_SEARCH
    neighbours: int = Rule.neighbours
    temperature: float = Rule.temperature
    guessed: int = 0
    passages: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"model": asdict(self)}

    @classmethod
    def from_json(cls, manifest: dict[str, Any]) -> Self:
        try:
            meaning = cls(**manifest["model"])
        except (KeyError, TypeError) as error:
            raise ArtefactRefused(f"the manifest has no usable model entry: {error}") from None
        if (meaning.format, meaning.space) != (FORMAT, SPACE):
            raise ArtefactRefused(
                f"format {meaning.format} with space {meaning.space}; this program reads "
                f"format {FORMAT} with space {SPACE}"
            )
        return meaning


@dataclass(frozen=True)
class Bundle:
    """An opened artefact; `keys[i]` names the utterance (domain.text.key) whose vector is row i of
    `vectors`.

    `adapted` is what the traffic made of `calibration`, if anything.
    """

    folder: Path | None
    encoder: Encoder
    calibration: Calibration
    keys: Keys
    vectors: Vectors
    guessed: Guessed
    rule: Rule = Rule()
    ef: int = EF_SEARCH
    stored_passages: tuple[Keys, Vectors] | None = None
    adapted: Calibration | None = None

    @classmethod
    def blank(cls, encoder: Encoder, calibration: Calibration) -> Self:
        """Return a bundle of a model that was not published, so it has no vectors yet."""
        nothing = np.empty((0, encoder.dimension), np.float32)
        guessed = Guessed.nothing(encoder.dimension)
        return cls(None, encoder, calibration, as_keys([]), nothing, guessed)

    @classmethod
    def open(cls, folder: Path, manifest: dict[str, Any], threads: int = 1) -> Self:
        """Open an artefact whose hashes were checked. Raises ArtefactRefused, naming the reason."""
        meaning = Meaning.from_json(manifest)
        try:
            encoder = OnnxEncoder.open(folder / "encoder", threads)
            calibration = Calibration.from_json(
                json.loads((folder / "calibration.json").read_text())
            )
            keys = (folder / "keys.txt").read_bytes().split()
            vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
            guessed = _open_guessed(folder, meaning)
            passages = _open_passages(folder, meaning)
            golden = np.load(folder / "golden.npy", allow_pickle=False)
        except ArtefactRefused:
            raise
        except Exception as error:  # parsers of foreign formats raise what they like
            raise ArtefactRefused(f"cannot be opened: {error}") from error
        _check_shapes(meaning, encoder, keys, vectors, guessed)
        _check_golden(encoder, golden)
        rule = Rule(meaning.neighbours, meaning.temperature)
        return cls(
            folder,
            encoder,
            calibration,
            as_keys(keys),
            vectors,
            guessed,
            rule,
            meaning.ef,
            passages,
        )

    @cached_property
    def embedder(self) -> Embedder:
        """The encoder for visitors' questions; an FAQ edit keeps what it remembers."""
        return Embedder(self.encoder)

    @property
    def passages(self) -> Passages:
        """The passages without cards yet, only the vectors of those that the version was published
        with.
        """
        if self.stored_passages is None:
            return Passages.none(self.encoder.dimension)
        return Passages.known(*self.stored_passages, self.encoder.dimension)

    def stored_index(self) -> HnswIndex | None:
        """Return the published index, which holds `vectors` by their rows; None for an
        empty one.
        """
        if self.folder is None or not len(self.keys):
            return None
        path = self.folder / "index.hnsw"
        return HnswIndex.load(path, self.encoder.dimension, len(self.keys), self.ef)


def write_bundle(
    folder: Path,
    encoder: Encoder,
    calibration: Calibration,
    keys: Sequence[str],
    vectors: Vectors,
    index: HnswIndex,
    guessed: Guessed,
    rule: Rule,
    passages: Rows | None = None,
) -> Meaning:
    """Add all but the encoder itself to `folder`, which already holds `encoder/`.

    Row i of `vectors` is position i of `index` and has the key `keys[i]`. `passages` are the rows
    of all cards' texts.
    """
    index.save(folder / "index.hnsw")
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "golden.npy", encoder.encode(GOLDEN_QUERIES))
    (folder / "keys.txt").write_text("\n".join(keys))
    (folder / "calibration.json").write_text(json.dumps(calibration.to_json(), indent=1))
    if guessed:
        guessed.save(folder)
    if passages:
        np.save(folder / _PASSAGES, passages.all_vectors())
        names = passages.keys(np.arange(len(passages)))
        (folder / _PASSAGE_KEYS).write_text("\n".join(names))
    return Meaning(
        dimension=encoder.dimension,
        count=len(keys),
        ef=index.ef,
        neighbours=rule.neighbours,
        temperature=rule.temperature,
        guessed=len(guessed),
        passages=len(passages or ()),
    )


def _open_guessed(folder: Path, meaning: Meaning) -> Guessed:
    return Guessed.open(folder) if meaning.guessed else Guessed.nothing(meaning.dimension)


def _open_passages(folder: Path, meaning: Meaning) -> tuple[Keys, Vectors] | None:
    """Open the stored passages. Raises ArtefactRefused if there are not as many as the manifest
    says.
    """
    if not meaning.passages:
        return None
    keys = (folder / _PASSAGE_KEYS).read_bytes().split()
    vectors = np.load(folder / _PASSAGES, mmap_mode="r", allow_pickle=False)
    shape = (meaning.passages, meaning.dimension)
    if len(keys) != len(set(keys)) or (len(keys), vectors.shape) != (meaning.passages, shape):
        raise ArtefactRefused(f"{_PASSAGES} is {vectors.shape} for {len(keys)} texts, not {shape}")
    return as_keys(keys), vectors


def _check_shapes(
    meaning: Meaning,
    encoder: Encoder,
    keys: Sequence[bytes],
    vectors: Vectors,
    guessed: Guessed,
) -> None:
    if encoder.dimension != meaning.dimension:
        raise ArtefactRefused(
            f"the encoder makes vectors of {encoder.dimension} numbers, "
            f"the manifest says {meaning.dimension}"
        )
    if vectors.shape != (meaning.count, meaning.dimension) or vectors.dtype != np.float32:
        raise ArtefactRefused(
            f"vectors.npy is {vectors.dtype} {vectors.shape}, "
            f"not float32 {(meaning.count, meaning.dimension)}"
        )
    if (
        guessed.vectors.shape != (len(guessed), meaning.dimension)
        or len(guessed) != meaning.guessed
    ):
        raise ArtefactRefused(
            f"guessed.npy is {guessed.vectors.shape} for {len(guessed)} intents, "
            f"not {(meaning.guessed, meaning.dimension)}"
        )
    if len(keys) != meaning.count or len(set(keys)) != len(keys):
        raise ArtefactRefused(f"keys.txt does not name {meaning.count} different utterances")


def _check_golden(encoder: Encoder, golden: Vectors) -> None:
    """The loaded encoder must give what the exporting machine got.

    Not bit for bit: int8 arithmetic saturates on processors without VNNI, so cosines of 0.97
    between two machines are normal; a broken or foreign encoder is far below.
    """
    if golden.shape != (len(GOLDEN_QUERIES), encoder.dimension):
        raise ArtefactRefused(f"golden.npy is {golden.shape}")
    similarities = (encoder.encode(GOLDEN_QUERIES) * golden).sum(axis=1)
    if not (similarities >= LEAST_GOLDEN_SIMILARITY).all():
        raise ArtefactRefused(
            f"self-test: a golden query comes out with cosine {float(np.nanmin(similarities)):.3f} "
            f"to its published vector; at least {LEAST_GOLDEN_SIMILARITY} is needed"
        )
