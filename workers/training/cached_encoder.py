"""The encoder while it trains: texts are read once, and so is what training does not change.

The lower half of a plain BERT stays as it is. That is as accurate as training all of it
(bench/recipes.py), and its outputs are computed once for each text, not in every epoch. Another
kind of model trains as a whole.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from torch.nn import functional

from workers.export import bert

MICRO_BATCH = 32
"""Texts computed together. Of like length and few enough to stay in a core's cache, they train
faster than in one large batch."""

_MOST_KEPT_BYTES = 2**30


class Trainee:
    """An encoder of `texts` by their number, with gradients for `parameters`."""

    def __init__(
        self, model: SentenceTransformer, texts: Sequence[str], frozen: int | None = None
    ) -> None:
        """Prepare `texts`; the lowest `frozen` layers do not train, by default half of them."""
        self._model = model
        self._tokens = _tokenise(model, texts)
        self._bert: Any = bert.inner(model) if bert.is_plain(model) else None
        self._kept: list[Tensor] | None = None
        if self._bert is not None:
            layers = len(self._bert.encoder.layer)
            self._freeze(layers // 2 if frozen is None else frozen)
            size = sum(map(len, self._tokens)) * self._bert.config.hidden_size * 4
            self._kept = self._keep_lower() if size <= _MOST_KEPT_BYTES else None

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [weights for weights in self._model.parameters() if weights.requires_grad]

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors that a call would give, (rows, dimension), without gradients."""
        with torch.no_grad():
            parts = [self(rows[start : start + 256]) for start in range(0, len(rows), 256)]
        return torch.cat(parts).cpu().numpy()

    def __call__(self, rows: Sequence[int]) -> Tensor:
        """Return (rows, dimension) float32 rows of length one, in the order of `rows`."""
        places, parts = [], []
        with _autocast(self._model.device):
            for some in _of_like_length(rows, self._tokens):
                parts.append(self._embed([rows[place] for place in some]))
                places += some
        order = torch.tensor(places, device=self._model.device).argsort()
        return functional.normalize(torch.cat(parts), dim=1)[order]

    def _embed(self, rows: Sequence[int]) -> Tensor:
        if self._bert is None:
            ids, mask = self._padded(rows)
            features = {"input_ids": ids, "attention_mask": mask.long()}
            return self._model(features)["sentence_embedding"].float()  # type: ignore[no-any-return]
        if self._kept is None:
            with torch.no_grad():
                hidden, mask = self._lower(rows)
        else:
            hidden = torch.cat([self._kept[row] for row in rows])
            mask = self._mask(rows)
        hidden = bert.run_layers(self._layers[self._frozen :], hidden, mask)
        return bert.pool(hidden, mask, bert.pooling(self._model))

    def _freeze(self, frozen: int) -> None:
        self._layers, self._frozen = self._bert.encoder.layer, frozen
        for part in (self._bert.embeddings, *self._layers[: self._frozen]):
            part.requires_grad_(requires_grad=False)
        if self._bert.pooler is not None:
            self._bert.pooler.requires_grad_(requires_grad=False)

    def _keep_lower(self) -> list[Tensor]:
        """Return the outputs of the frozen layers, (tokens, hidden) for each text."""
        kept = [torch.empty(0)] * len(self._tokens)
        with torch.no_grad(), _autocast(self._model.device):
            for rows in _of_like_length(range(len(kept)), self._tokens):
                hidden, mask = self._lower(rows)
                texts = torch.split(hidden, mask.sum(dim=1).tolist())
                for row, outputs in zip(rows, texts, strict=True):
                    kept[row] = outputs.clone()
        return kept

    def _lower(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        ids, mask = self._padded(rows)
        embedded = self._bert.embeddings(input_ids=ids)[mask]
        return bert.run_layers(self._layers[: self._frozen], embedded, mask), mask

    def _padded(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Tokens and mask, both (rows, longest)."""
        tokens = [self._tokens[row] for row in rows]
        ids = nn.utils.rnn.pad_sequence(tokens, batch_first=True)
        return ids.to(self._model.device), self._mask(rows)

    def _mask(self, rows: Sequence[int]) -> Tensor:
        """True where a row has a token, (rows, longest)."""
        lengths = torch.tensor([len(self._tokens[row]) for row in rows])
        mask = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
        return mask.to(self._model.device)


def _tokenise(model: SentenceTransformer, texts: Sequence[str]) -> list[Tensor]:
    found: list[Tensor] = []
    for start in range(0, len(texts), 256):
        features = model.preprocess(list(texts[start : start + 256]))
        found += [
            ids[mask.bool()]
            for ids, mask in zip(features["input_ids"], features["attention_mask"], strict=True)
        ]
    return found


def _of_like_length(rows: Sequence[int], tokens: Sequence[Tensor]) -> Iterator[list[int]]:
    """Places in `rows`, the shortest texts first."""
    order = sorted(range(len(rows)), key=lambda place: len(tokens[rows[place]]))
    for start in range(0, len(order), MICRO_BATCH):
        yield order[start : start + MICRO_BATCH]


def _autocast(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=_computes_bfloat16())


def _computes_bfloat16() -> bool:
    """Return whether bfloat16 is faster than float32 here; elsewhere it would be emulated."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
