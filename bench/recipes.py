"""Bake-off of training recipes, measured as they would be served: int8, HNSW, vote.

A recipe learns from some training rows of each intent and is measured on other training rows, never
on test rows, so that the choice does not spoil the test.
"""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any

import torch
from rich.table import Table
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.learn import few_shot
from chatbot.domain.example import Example
from chatbot.domain.matching import Calibration
from chatbot.domain.text import key
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Entry, IntentCard
from chatbot.matching.encoder import OnnxEncoder
from chatbot.matching.matcher import Matcher
from workers.export import export
from workers.training import base_model
from workers.training.batches import compose
from workers.training.cached_encoder import Trainee
from workers.training.losses import LabelAwareContrastiveLoss

VALIDATION_ROWS = 2000
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Recipe:
    """A recipe; `loss` gets unit vectors and intents; `proxies` says whether it gets learnt proxies
    too.
    """

    loss: Callable[[Tensor | None], Loss]
    proxies: bool = False
    frozen: int = 3
    rate: float = 1e-4
    least_steps: int = 60


def _plain(loss: Loss) -> Callable[[Tensor | None], Loss]:
    return lambda _proxies: loss


def multiple_negatives(texts: Tensor, intents: Tensor) -> Tensor:
    """Return the loss with one positive a text, and all others of the batch negatives, as if each
    were another intent.
    """
    similarity = 20 * texts @ texts.T
    itself = torch.eye(len(texts), dtype=torch.bool)
    positive = (intents[:, None] == intents[None, :]) & ~itself
    has_one = positive.any(dim=1)
    chosen = positive.float().argmax(dim=1)
    return functional.cross_entropy(similarity.masked_fill(itself, -1e4)[has_one], chosen[has_one])


def hardest_triplets(texts: Tensor, intents: Tensor) -> Tensor:
    """Return the loss of batch-hard triplets with a margin of 0.2 (Hermans et al. 2017)."""
    similarity = texts @ texts.T
    same = intents[:, None] == intents[None, :]
    furthest = similarity.masked_fill(~same, 2).amin(dim=1)
    nearest = similarity.masked_fill(same, -2).amax(dim=1)
    return functional.relu(nearest - furthest + 0.2).mean()


def cosine_scores(texts: Tensor, intents: Tensor) -> Tensor:
    """Return the loss for cosine 1 within an intent and 0 between two, each kind of pair weighing
    half.
    """
    similarity = texts @ texts.T
    same = intents[:, None] == intents[None, :]
    pairs = ~torch.eye(len(texts), dtype=torch.bool)
    return (similarity[same & pairs] - 1).square().mean() + similarity[~same].square().mean()


def ranked_scores(texts: Tensor, intents: Tensor) -> Tensor:
    """Return the CoSENT loss (Su 2022): every pair within an intent nearer than every pair between
    two.
    """
    similarity = 20 * texts @ texts.T
    same = intents[:, None] == intents[None, :]
    pairs = ~torch.eye(len(texts), dtype=torch.bool)
    within, between = similarity[same & pairs], similarity[~same]
    return functional.softplus(between.logsumexp(0) + (-within).logsumexp(0))


RECIPES = {
    "default": Recipe(LabelAwareContrastiveLoss, proxies=True),
    "without proxies": Recipe(LabelAwareContrastiveLoss),
    "everything trains": Recipe(LabelAwareContrastiveLoss, proxies=True, frozen=0),
    "two layers frozen": Recipe(LabelAwareContrastiveLoss, proxies=True, frozen=2),
    "four layers frozen": Recipe(LabelAwareContrastiveLoss, proxies=True, frozen=4),
    "half the rate": Recipe(LabelAwareContrastiveLoss, proxies=True, rate=5e-5),
    "three times the rate": Recipe(LabelAwareContrastiveLoss, proxies=True, rate=3e-4),
    "twice as long": Recipe(LabelAwareContrastiveLoss, proxies=True, least_steps=120),
    "multiple negatives": Recipe(_plain(multiple_negatives)),
    "hardest triplets": Recipe(_plain(hardest_triplets)),
    "cosine scores": Recipe(_plain(cosine_scores)),
    "ranked scores": Recipe(_plain(ranked_scores)),
}


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument("--dataset", choices=("banking77", "clinc150"), default="banking77")
    made.add_argument("--shots", type=int, default=10, help="training rows an intent")
    made.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    made.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    arguments = made.parse_args()
    everything = load_dataset(arguments.data, arguments.dataset)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in arguments.recipes}
    for seed in arguments.seeds:
        learnt, asked, _ = divide(everything, arguments.shots, seed)
        for name in arguments.recipes:
            with console.status(f"seed {seed}: {name} …"):
                found[name].append(_try(RECIPES[name], learnt, asked, seed))
    figures = {
        name: {
            "top1": fmean(run["top1"] for run in runs),
            "deviation": stdev(run["top1"] for run in runs) if len(runs) > 1 else None,
            "seconds": fmean(run["seconds"] for run in runs),
        }
        for name, runs in found.items()
    }
    _show(figures)
    name = f"recipes_{arguments.dataset}_{arguments.shots}shot"
    finish(name, {"seeds": arguments.seeds, "recipes": figures}, arguments.keep)


def divide(
    everything: Dataset, shots: int, seed: int
) -> tuple[list[Example], list[Example], list[Example]]:
    """Divide training rows: some of each intent to learn, others to be asked, and what is left."""
    learnt = [Example(r.text, str(r.intent)) for r in few_shot(everything, shots, seed).train]
    taken = {example.text for example in learnt}
    others = [Example(r.text, str(r.intent)) for r in everything.train if r.text not in taken]
    asked = Random(seed).sample(others, min(VALIDATION_ROWS, len(others)))
    taken |= {example.text for example in asked}
    return learnt, asked, [example for example in others if example.text not in taken]


def _try(
    recipe: Recipe, learnt: list[Example], asked: list[Example], seed: int
) -> dict[str, float]:
    torch.manual_seed(seed)
    model = base_model.load(base_model.resolve(""))
    model.eval()
    started = time.monotonic()
    _train(recipe, Trainee(model, [e.text for e in learnt], recipe.frozen), learnt, seed)
    return {"top1": right_first(model, learnt, asked), "seconds": time.monotonic() - started}


def right_first(model: SentenceTransformer, learnt: list[Example], asked: list[Example]) -> float:
    """Return the share of `asked` that the model, served over `learnt`, gets right."""
    with tempfile.TemporaryDirectory() as folder:
        export.write(model, Path(folder), [example.text for example in learnt[:500]])
        matcher = serve(OnnxEncoder.open(Path(folder)), learnt)
    matches = matcher.match_all([example.text for example in asked])
    right = [
        bool(match.candidates) and match.candidates[0].intent == example.intent
        for match, example in zip(matches, asked, strict=True)
    ]
    return fmean(right)


def _train(recipe: Recipe, trainee: Trainee, learnt: list[Example], seed: int) -> None:
    numbers: dict[str, int] = {}
    intents = torch.tensor([numbers.setdefault(e.intent, len(numbers)) for e in learnt])
    embedded = torch.from_numpy(trainee.vectors(range(len(learnt))))
    sums = torch.zeros(len(numbers), embedded.shape[1]).index_add(0, intents, embedded)
    loss = recipe.loss(functional.normalize(sums, dim=1) if recipe.proxies else None)
    proxies = list(loss.parameters()) if isinstance(loss, nn.Module) else []
    groups: list[dict[str, Any]] = [{"params": trainee.parameters}, {"params": proxies}]
    random = Random(seed)
    epochs = max(3, math.ceil(recipe.least_steps / math.ceil(len(learnt) / 64)))
    batches = [batch for _ in range(epochs) for batch in compose(learnt, 64, random)]
    optimiser = AdamW(groups[: 2 if proxies else 1], lr=recipe.rate, weight_decay=0.01)
    rates = [recipe.rate, 1e-2][: len(optimiser.param_groups)]
    schedule = OneCycleLR(
        optimiser, rates, total_steps=len(batches), pct_start=0.1, anneal_strategy="linear"
    )
    for batch in batches:
        value = loss(trainee(batch), intents[batch])
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trainee.parameters, 1.0)
        optimiser.step()
        schedule.step()


def serve(encoder: OnnxEncoder, learnt: Sequence[Example]) -> Matcher:
    entries = {key(example.text): Entry(example.text, example.intent) for example in learnt}
    cards = {e.intent: IntentCard(e.intent, "") for e in learnt}
    catalogue = Catalogue(1, cards, tuple(entries.values()), tuple(entries))
    bundle = Bundle.blank(encoder, Calibration.unfitted(0.5))
    return Matcher.build(0, bundle, catalogue, Rule())


def _show(figures: dict[str, dict[str, Any]]) -> None:
    table = Table("recipe", "right first", "±", "seconds")
    for name, figure in sorted(figures.items(), key=lambda item: -item[1]["top1"]):
        spread = "" if figure["deviation"] is None else f"{figure['deviation']:.2%}"
        table.add_row(name, f"{figure['top1']:.2%}", spread, f"{figure['seconds']:.0f}")
    console.print(table)


if __name__ == "__main__":
    run()
