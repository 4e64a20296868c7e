"""The two losses of the trainer, with the batching that makes them affordable on a CPU."""

from collections.abc import Iterable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from torch import Tensor, nn
from torch.nn import functional

MICRO_BATCH = 16
"""Texts computed together. Sorted by length, 16 short texts stay in a core's cache: on two EPYC
cores 108 texts a second train this way in bfloat16, against 29 in one batch of 192."""

INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})

NEVER = -1e4
"""Stands for "not in the sum" before a log-sum-exp; infinity would make its gradient NaN."""


class LabelAwareContrastiveLoss(nn.Module):
    """Pull texts of one intent together, push other intents away, never two texts of one intent.

    Every text of the batch (anchor, positive or negative) is compared with every other. For each
    pair of one intent the loss is InfoNCE [1] against the batch's texts of *other* intents only,
    so no paraphrase becomes a false negative; all pairs of an intent count, as in supervised
    contrastive learning [2]. On top, each text is classified by its cosine to one learnt vector
    an intent, a proxy [3, 4], which holds the intents that the batch happens to lack.

    Args:
        model: the sentence encoder in training.
        proxies: (intents, dimension) start of the proxies, row i for label i; the mean of the
            intent's texts is a good one. None leaves the proxies out.
        scale: inverse temperature of the cosines between texts.
        proxy_scale: the same for cosines between a text and the proxies.
        proxy_weight: what the proxy term counts beside the pairs.

    Inputs: columns (anchor, positive, negative) and a `label` of two integers a row: the intent of
    anchor and positive, then that of the negative. A label outside the proxies is only compared
    with texts.

    References:
        [1] van den Oord et al. 2018, Representation Learning with Contrastive Predictive Coding,
            https://arxiv.org/abs/1807.03748
        [2] Khosla et al. 2020, Supervised Contrastive Learning, https://arxiv.org/abs/2004.11362
        [3] Movshovitz-Attias et al. 2017, No Fuss Distance Metric Learning using Proxies,
            https://arxiv.org/abs/1703.07464
        [4] Zhai and Wu 2018, Classification is a Strong Baseline for Deep Metric Learning,
            https://arxiv.org/abs/1811.12649
    """

    def __init__(
        self,
        model: SentenceTransformer,
        proxies: Tensor | None = None,
        scale: float = 20.0,
        proxy_scale: float = 20.0,
        proxy_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.model = model
        self.scale = scale
        self.proxy_scale = proxy_scale
        self.proxy_weight = proxy_weight
        self.proxies = None if proxies is None else nn.Parameter(proxies.detach().clone())

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        embeddings = [embed(self.model, features) for features in sentence_features]
        return self.compute_loss_from_embeddings(embeddings, labels)

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the scalar loss of three (rows, dimension) embeddings and (rows, 2) labels."""
        texts = functional.normalize(torch.cat(embeddings), dim=1)
        own, negative = labels[:, 0], labels[:, 1]
        intents = torch.cat([own, own, negative])
        loss = self._between_texts(texts, intents)
        if self.proxies is not None:
            loss = loss + self.proxy_weight * self._against_proxies(texts, intents, self.proxies)
        return loss

    def _between_texts(self, texts: Tensor, intents: Tensor) -> Tensor:
        similarity = self.scale * texts @ texts.T
        same = intents[:, None] == intents[None, :]
        negatives = similarity.masked_fill(same, NEVER).logsumexp(dim=1, keepdim=True)
        positives = same & ~torch.eye(len(texts), dtype=torch.bool, device=texts.device)
        per_pair = functional.softplus(negatives - similarity) * positives
        counts = positives.sum(dim=1)
        per_text = per_pair.sum(dim=1) / counts.clamp(min=1)
        return per_text.sum() / (counts > 0).sum().clamp(min=1)

    def _against_proxies(self, texts: Tensor, intents: Tensor, proxies: Tensor) -> Tensor:
        known = (intents >= 0) & (intents < len(proxies))
        if not known.any():
            return texts.new_zeros(())
        logits = self.proxy_scale * texts[known] @ functional.normalize(proxies, dim=1).T
        return functional.cross_entropy(logits, intents[known])

    def get_config_dict(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "proxy_scale": self.proxy_scale,
            "proxy_weight": self.proxy_weight,
        }


class PairScoreLoss(CosineSimilarityLoss):
    """CosineSimilarityLoss, computed in length-sorted micro-batches."""

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        embeddings = [embed(self.model, features) for features in sentence_features]
        loss: Tensor = self.compute_loss_from_embeddings(embeddings, labels)
        return loss


def embed(model: SentenceTransformer, features: dict[str, Tensor]) -> Tensor:
    """Return (texts, dimension) float32 embeddings of one tokenised column, in its order.

    Texts are computed shortest first, each micro-batch cut to its longest text, in bfloat16 where
    the processor multiplies it natively.
    """
    lengths = features["attention_mask"].sum(dim=1)
    order = lengths.argsort(stable=True)
    parts = []
    # One context for all: leaving it forgets the weights already rounded to bfloat16.
    with torch.autocast(lengths.device.type, torch.bfloat16, enabled=_computes_bfloat16()):
        for rows in torch.split(order, MICRO_BATCH):
            longest = int(lengths[rows].max())
            batch = {name: features[name][rows, :longest] for name in INPUTS & features.keys()}
            parts.append(model(batch)["sentence_embedding"].float())
    return torch.cat(parts)[order.argsort()]


def _computes_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 here; elsewhere it would be emulated."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
