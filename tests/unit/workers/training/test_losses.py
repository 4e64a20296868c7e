"""The arithmetic of the losses, on hand-made vectors."""

from math import exp, log

import pytest
import torch
from torch import Tensor

from workers.training.losses import CosineSimilarityLoss, LabelAwareContrastiveLoss

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def loss_of(
    texts: list[list[float]],
    intents: list[int],
    proxies: list[list[float]] | None = None,
    scale: float = 1.0,
) -> Tensor:
    starts = torch.tensor(proxies) if proxies else None
    loss: Tensor = LabelAwareContrastiveLoss(starts, scale)(
        torch.tensor(texts), torch.tensor(intents)
    )
    return loss


def test_one_pair_and_one_negative_by_hand() -> None:
    # Each text of the pair sees one pair of cosine 1 and one negative of cosine 0.
    loss = loss_of([EAST, EAST, NORTH], [0, 0, 1])
    assert loss.item() == pytest.approx(log(1 + exp(0 - 1)))


def test_texts_of_one_intent_are_never_negatives_of_each_other() -> None:
    same = loss_of([EAST, EAST, EAST, WEST], [0, 0, 0, 1], scale=20.0)
    mixed = loss_of([EAST, EAST, EAST, WEST], [0, 0, 1, 1], scale=20.0)
    assert same.item() < 1e-6
    assert mixed.item() > 0.5


def test_a_batch_of_one_intent_costs_nothing_and_has_a_finite_gradient() -> None:
    texts = torch.tensor([EAST, NORTH], requires_grad=True)
    value = LabelAwareContrastiveLoss()(texts, torch.tensor([0, 0]))
    value.backward()
    assert value.item() == 0
    assert texts.grad is not None
    assert torch.isfinite(texts.grad).all()


def test_moving_the_positive_away_costs_more() -> None:
    assert loss_of([EAST, EAST, NORTH], [0, 0, 1]) < loss_of([EAST, WEST, NORTH], [0, 0, 1])


def test_a_text_far_from_its_intents_proxy_costs_more() -> None:
    proxies = [EAST, NORTH]
    assert loss_of([EAST, NORTH], [0, 1], proxies) < loss_of([EAST, NORTH], [1, 0], proxies)


def test_the_length_of_a_proxy_does_not_matter() -> None:
    short = loss_of([EAST, NORTH], [0, 1], [EAST, NORTH])
    long = loss_of([EAST, NORTH], [0, 1], [[9.0, 0.0], [0.0, 3.0]])
    assert short.item() == pytest.approx(long.item())


def test_an_intent_without_a_proxy_is_only_compared_with_texts() -> None:
    texts, intents = [NORTH, NORTH, WEST], [5, 5, 6]
    assert loss_of(texts, intents, [EAST]) == loss_of(texts, intents)


def test_a_pairs_loss_is_the_mean_squared_error_of_its_cosine() -> None:
    texts_a, texts_b = torch.tensor([EAST, EAST]), torch.tensor([NORTH, WEST])
    loss = CosineSimilarityLoss()(texts_a, texts_b, torch.tensor([0.5, 1.0]))
    assert loss.item() == pytest.approx((0.5**2 + 2**2) / 2)


def test_pairs_at_the_cosine_that_was_said_cost_nothing() -> None:
    texts_a, texts_b = torch.tensor([EAST, EAST]), torch.tensor([NORTH, EAST])
    assert CosineSimilarityLoss()(texts_a, texts_b, torch.tensor([0.0, 1.0])).item() == 0


def test_what_lies_nearer_than_was_said_is_pushed_apart() -> None:
    text = torch.tensor([[0.8, 0.6]], requires_grad=True)
    CosineSimilarityLoss()(text, torch.tensor([EAST]), torch.tensor([0.5])).backward()
    assert text.grad is not None
    assert text.grad[0, 0] > 0  # a step against it lessens the cosine with EAST
