"""The arithmetic of the label-aware contrastive loss, on hand-made vectors."""

from math import exp, log

import pytest
import torch
from torch import Tensor

from workers.losses import LabelAwareContrastiveLoss, embed

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def loss_of(
    anchors: list[list[float]],
    positives: list[list[float]],
    negatives: list[list[float]],
    labels: list[list[int]],
    proxies: Tensor | None = None,
    scale: float = 1.0,
) -> Tensor:
    loss = LabelAwareContrastiveLoss(
        torch.nn.Identity(),
        proxies,
        scale=scale,
        proxy_scale=scale,  # type: ignore[arg-type]
    )
    embeddings = [torch.tensor(column) for column in (anchors, positives, negatives)]
    return loss.compute_loss_from_embeddings(embeddings, torch.tensor(labels))


def test_one_triplet_by_hand() -> None:
    loss = loss_of([EAST], [EAST], [NORTH], [[0, 1]])

    # Anchor and positive each see one pair of cosine 1 and one negative of cosine 0.
    assert loss.item() == pytest.approx(log(1 + exp(0 - 1)))


def test_texts_of_one_intent_are_never_negatives_of_each_other() -> None:
    together = loss_of([EAST, EAST], [EAST, EAST], [WEST, WEST], [[0, 1], [0, 1]], scale=20.0)
    apart = loss_of([EAST, EAST], [EAST, EAST], [WEST, WEST], [[0, 2], [3, 2]], scale=20.0)

    assert together.item() < 1e-6
    assert apart.item() > 0.5


def test_a_batch_of_one_intent_costs_nothing_and_has_a_finite_gradient() -> None:
    column = torch.tensor([EAST, NORTH], requires_grad=True)
    loss = LabelAwareContrastiveLoss(torch.nn.Identity())  # type: ignore[arg-type]

    value = loss.compute_loss_from_embeddings(
        [column, column, column], torch.tensor([[0, 0], [0, 0]])
    )
    value.backward()

    assert value.item() == 0
    assert column.grad is not None
    assert torch.isfinite(column.grad).all()


def test_moving_the_positive_away_costs_more() -> None:
    near = loss_of([EAST], [[1.0, 0.1]], [NORTH], [[0, 1]])
    far = loss_of([EAST], [WEST], [NORTH], [[0, 1]])

    assert near < far


def test_the_length_of_a_vector_does_not_matter() -> None:
    short = loss_of([EAST], [NORTH], [WEST], [[0, 1]])
    long = loss_of([[9.0, 0.0]], [[0.0, 3.0]], [[-2.0, 0.0]], [[0, 1]])

    assert short.item() == pytest.approx(long.item())


def test_a_text_far_from_its_intents_proxy_costs_more() -> None:
    proxies = torch.tensor([EAST, NORTH])

    right = loss_of([EAST], [EAST], [NORTH], [[0, 1]], proxies)
    wrong = loss_of([EAST], [EAST], [NORTH], [[1, 0]], proxies)

    assert right < wrong


def test_an_intent_without_a_proxy_is_only_compared_with_texts() -> None:
    proxies = torch.tensor([EAST])

    assert loss_of([NORTH], [NORTH], [WEST], [[5, 6]], proxies) == loss_of(
        [NORTH], [NORTH], [WEST], [[5, 6]]
    )


def test_micro_batches_return_the_texts_in_their_order() -> None:
    class Sums(torch.nn.Module):
        def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            masked = batch["input_ids"] * batch["attention_mask"]
            return {"sentence_embedding": masked.sum(dim=1, keepdim=True).float()}

    lengths = torch.arange(40).flip(0) % 7 + 1
    mask = (torch.arange(7)[None, :] < lengths[:, None]).long()
    ids = torch.arange(40)[:, None].expand(40, 7)

    sums = embed(Sums(), {"input_ids": ids, "attention_mask": mask})  # type: ignore[arg-type]

    assert sums[:, 0].tolist() == (torch.arange(40) * lengths).float().tolist()
