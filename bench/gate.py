"""How often the gate is fooled: a year of null nights, planted regressions, planted improvements.

Real outcomes: models trained with several seeds answer BANKING77's test questions. A model that is
exactly as good as another takes each question's outcome from a random one of them, so two such
models differ as two trainings do, and neither is better. Nothing is trained on what is found here.
"""

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.instance import make_version
from bench.learn import few_shot, import_rows
from chatbot.bootstrap import build
from chatbot.domain.error_budget import significance
from chatbot.domain.gate import Verdict, can_decide, compare
from chatbot.domain.metrics import Outcome
from chatbot.services import jobs
from chatbot.services.evaluate import evaluate
from chatbot.settings import Settings
from workers.judge import make_rules

ALPHA = Settings().gate_alpha
RULES = make_rules(Settings(), look=1)
NIGHTS = 365
FIRST_ROWS, LAST_ROWS = 100, 600
SHOTS = 5

Model = list[Outcome]
Change = Callable[[Model, Random], Model]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="folder with banking77/")
    made.add_argument("--seeds", type=int, default=4, help="trainings to draw outcomes from")
    made.add_argument("--years", type=int, default=60)
    made.add_argument("--trials", type=int, default=200, help="of each planted change")
    arguments = made.parse_args()
    dataset = few_shot(load_dataset(arguments.data, "banking77"), SHOTS, 0)
    models = [_train(dataset, seed) for seed in range(1, arguments.seeds + 1)]
    with ProcessPoolExecutor() as pool, console.status("null nights and planted changes …"):
        changes = {
            "minus_1_point": _worsen,
            "minus_5_points_in_one_intent": _spoil,
            "plus_2_points": _improve,
            "plus_2_points_for_a_quarter_of_one_intent": partial(_trade, share=0.25),
            "plus_2_points_for_half_of_one_intent": partial(_trade, share=0.5),
        }
        shares = pool.map(partial(_promoted, models, arguments.trials), changes.values())
        years = list(pool.map(partial(_null_year, models), range(arguments.years)))
        planted = dict(zip(changes, shares, strict=True))
    figures = {
        "rows": len(models[0]),
        "top1_of_seeds": [sum(o.is_top1 for o in model) / len(model) for model in models],
        "years": arguments.years,
        "null_years_with_a_promotion": sum(spent > 0 for spent, _ in years) / len(years),
        "promotions_a_year": sum(spent for spent, _ in years) / len(years),
        "promotions_a_year_without_a_budget": sum(plain for _, plain in years) / len(years),
        **{f"promoted.{name}": share for name, share in planted.items()},
    }
    finish("gate", figures, arguments.keep)


def _train(dataset: Dataset, seed: int) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings.from_env(data_dir=folder, seed=seed))
        import_rows(parts, dataset)
        with console.status(f"training seed {seed} …"):
            version = make_version(parts, jobs.Kind.TRAIN)
        return evaluate(parts.models.open_version(version), dataset.test)


def _as_good(models: Sequence[Model], random: Random) -> Model:
    return [random.choice(outcomes) for outcomes in zip(*models, strict=True)]


def _null_year(models: Sequence[Model], year: int) -> tuple[int, int]:
    """Promotions in a year of candidates that are no better: with the budget, and without one."""
    random = Random(year)
    live = _as_good(models, random)
    order = random.sample(range(len(live)), len(live))
    spent = plain = look = 0
    for night in range(NIGHTS):
        rows = order[: FIRST_ROWS + (LAST_ROWS - FIRST_ROWS) * night // NIGHTS]
        candidate = _as_good(models, random)
        alpha = significance(ALPHA, look + 1)
        differing = sum(live[r].is_top1 is not candidate[r].is_top1 for r in rows)
        look += can_decide(differing, alpha)
        budgeted = _judge(live, candidate, rows, alpha)
        spent += budgeted is Verdict.PROMOTE
        plain += _judge(live, candidate, rows, ALPHA) is Verdict.PROMOTE
        if budgeted is Verdict.PROMOTE:
            live, look = candidate, 0
    return spent, plain


def _judge(live: Model, candidate: Model, rows: Sequence[int], alpha: float) -> Verdict:
    rules = replace(RULES, alpha=alpha)
    return compare([live[r] for r in rows], [candidate[r] for r in rows], rules).verdict


def _promoted(models: Sequence[Model], trials: int, change: Change) -> float:
    """Share of trials in which a changed candidate is promoted, on all rows, at the first look."""
    random = Random(0)
    verdicts = []
    for _ in range(trials):
        live, candidate = _as_good(models, random), _as_good(models, random)
        rows = range(len(live))
        verdicts.append(_judge(live, change(candidate, random), rows, significance(ALPHA, 1)))
    return verdicts.count(Verdict.PROMOTE) / trials


def _worsen(candidate: Model, random: Random) -> Model:
    return _flip(candidate, random, len(candidate) // 100, was_right=True)


def _improve(candidate: Model, random: Random) -> Model:
    return _flip(candidate, random, len(candidate) // 50, was_right=False)


def _trade(candidate: Model, random: Random, share: float) -> Model:
    """Better overall, at the cost of one intent."""
    return _spoil(_improve(candidate, random), random, share)


def _spoil(candidate: Model, random: Random, share: float = 0.05) -> Model:
    """A share of one intent's questions."""
    intent = random.choice(candidate).label
    own = [row for row, outcome in enumerate(candidate) if outcome.label == intent]
    right = [row for row in own if candidate[row].is_top1]
    spoilt = random.sample(right, min(len(right), round(len(own) * share)))
    return [_wrong(o) if row in spoilt else o for row, o in enumerate(candidate)]


def _flip(candidate: Model, random: Random, count: int, was_right: bool) -> Model:
    eligible = [row for row, outcome in enumerate(candidate) if outcome.is_top1 is was_right]
    chosen = set(random.sample(eligible, count))
    turn = _wrong if was_right else _right
    return [turn(o) if row in chosen else o for row, o in enumerate(candidate)]


def _wrong(outcome: Outcome) -> Outcome:
    return replace(outcome, candidates=outcome.candidates[1:])


def _right(outcome: Outcome) -> Outcome:
    assert outcome.expected is not None
    best = replace(outcome.candidates[0], intent=outcome.expected)
    return replace(outcome, candidates=(best, *outcome.candidates[1:]))


if __name__ == "__main__":
    run()
