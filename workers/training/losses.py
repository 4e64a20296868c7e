"""The losses of the trainer: of texts with intents, and of pairs with a score."""

import torch
from torch import Tensor, nn
from torch.nn import functional

NEVER = -1e4
"""Stands for "not in the sum" before a log-sum-exp; infinity would make its gradient NaN."""


class LabelAwareContrastiveLoss(nn.Module):
    """The loss that pulls texts of one intent together and pushes other intents away, never two
    texts of one intent.

    Every text of the batch is compared with every other. For each pair of one intent the loss is
    InfoNCE [1] against the batch's texts of *other* intents only, so no paraphrase becomes a false
    negative; all pairs of an intent count, as in supervised contrastive learning [2]. On top, each
    text is classified by its cosine to one learnt vector an intent, a proxy [3, 4], which holds
    the intents that the batch happens to lack.

    Args:
        proxies: (intents, dimension) start of the proxies, row i for intent i; the mean of the
            intent's texts is a good one. None leaves the proxies out.
        scale: inverse temperature of all cosines.

    References:
        [1] van den Oord et al. 2018, Representation Learning with Contrastive Predictive Coding,
            https://arxiv.org/abs/1807.03748
        [2] Khosla et al. 2020, Supervised Contrastive Learning, https://arxiv.org/abs/2004.11362
        [3] Movshovitz-Attias et al. 2017, No Fuss Distance Metric Learning using Proxies,
            https://arxiv.org/abs/1703.07464
        [4] Zhai and Wu 2018, Classification is a Strong Baseline for Deep Metric Learning,
            https://arxiv.org/abs/1811.12649
    """

    def __init__(self, proxies: Tensor | None = None, scale: float = 20.0) -> None:
        super().__init__()
        self.scale = scale
        self.proxies = None if proxies is None else nn.Parameter(proxies.detach().clone())

    def forward(self, texts: Tensor, intents: Tensor) -> Tensor:
        """Return the scalar loss of (texts, dimension) unit rows with (texts,) intent numbers.

        An intent without a proxy is only compared with texts.
        """
        loss = self._between_texts(texts, intents)
        if self.proxies is not None:
            loss = loss + self._against_proxies(texts, intents, self.proxies)
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
        known = intents < len(proxies)
        if not known.any():
            return texts.new_zeros(())
        logits = self.scale * texts[known] @ functional.normalize(proxies, dim=1).T
        return functional.cross_entropy(logits, intents[known])


class CosineSimilarityLoss(nn.Module):
    """The loss that gives two texts the cosine that a person said: the mean squared error of all
    pairs [1].

    It says how near, where the contrastive loss only says nearer than others, so it also serves
    texts without an intent, and two intents that are related and not the same.

    References:
        [1] Reimers and Gurevych 2019, Sentence-BERT, https://arxiv.org/abs/1908.10084
    """

    def forward(self, texts_a: Tensor, texts_b: Tensor, scores: Tensor) -> Tensor:
        """Return the scalar loss of two matrices of (pairs, dimension) unit rows and (pairs,)
        scores, 0 to 1.
        """
        return functional.mse_loss((texts_a * texts_b).sum(dim=1), scores)
