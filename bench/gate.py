"""Measure how often the gate is fooled: a year of null nights, planted regressions, planted
improvements.

Real outcomes: models trained with several seeds answer BANKING77's test questions. A model that is
exactly as good as another takes each question's outcome from a random one of them, so two such
models differ as two trainings do, and neither is better. Nothing is trained on what is found here.
With `--untrained` the models are not trained: each knows other rows. That takes minutes.
"""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.gate_plants import DECISIONS, NAMES, RIGHT_FIRST, Model, Plant, ask_for_names
from bench.instance import make_version
from bench.learn import few_shot, import_rows
from chatbot.bootstrap import build
from chatbot.domain.accuracy import summarise
from chatbot.domain.error_budget import significance
from chatbot.domain.gate import Comparison, Verdict, compare
from chatbot.services.learning.evaluate import evaluate
from chatbot.services.releases import jobs
from chatbot.settings import Settings
from workers.night.judge import make_rules

ALPHA = Settings().gate_alpha
RULES = make_rules(Settings(), comparison=1)
NIGHTS = 365
FIRST_ROWS, LAST_ROWS = 100, 600
SHOTS = 5


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="folder with banking77/")
    made.add_argument("--seeds", type=int, default=4, help="models to draw outcomes from")
    made.add_argument("--years", type=int, default=60)
    made.add_argument("--trials", type=int, default=200, help="of each planted change")
    made.add_argument("--untrained", action="store_true", help="models that know other rows")
    made.add_argument("--shots", type=int, default=SHOTS, help="rows an intent that they know")
    arguments = made.parse_args()
    dataset = load_dataset(arguments.data, "banking77")
    kind = jobs.JobKind.UNTRAINED if arguments.untrained else jobs.JobKind.TRAIN
    models = [
        _make(few_shot(dataset, arguments.shots, seed if arguments.untrained else 0), kind, seed)
        for seed in range(1, arguments.seeds + 1)
    ]
    with ProcessPoolExecutor() as pool, console.status("null nights and planted changes …"):
        plants = {**RIGHT_FIRST, **DECISIONS}
        shares = pool.map(partial(_promoted, models, arguments.trials), plants.values())
        named = pool.map(partial(_promoted_names, models, arguments.trials), NAMES.values())
        years = list(pool.map(partial(_null_year, models), range(arguments.years)))
        planted = dict(zip([*plants, *NAMES], [*shares, *named], strict=True))
    figures = {
        "rows": len(models[0]),
        "trained": not arguments.untrained,
        "shots": arguments.shots,
        **{
            f"{figure}_of_models": [summarise(model)[figure] for model in models]
            for figure in ("top1", "in_scope_accuracy", "wrong_answer_rate")
        },
        "years": arguments.years,
        "null_years_with_a_promotion": sum(spent > 0 for spent, _ in years) / max(1, len(years)),
        "promotions_a_year": sum(spent for spent, _ in years) / max(1, len(years)),
        "promotions_a_year_without_a_budget": sum(p for _, p in years) / max(1, len(years)),
        **{f"promoted.{name}": share for name, share in planted.items()},
    }
    finish("gate_untrained" if arguments.untrained else "gate", figures, arguments.keep)


def _make(dataset: Dataset, kind: jobs.JobKind, seed: int) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings.from_env(data_dir=folder, seed=seed))
        import_rows(parts, dataset)
        with console.status(f"model {seed} …"):
            version = make_version(parts, kind)
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
        budgeted = _judge(live, candidate, rows, significance(ALPHA, look + 1))
        look += budgeted.could_decide
        spent += budgeted.verdict is Verdict.PROMOTE
        plain += _judge(live, candidate, rows, ALPHA).verdict is Verdict.PROMOTE
        if budgeted.verdict is Verdict.PROMOTE:
            live, look = candidate, 0
    return spent, plain


def _judge(live: Model, candidate: Model, rows: Sequence[int], alpha: float) -> Comparison:
    rules = replace(RULES, alpha=alpha)
    return compare([live[r] for r in rows], [candidate[r] for r in rows], rules)


def _promoted(models: Sequence[Model], trials: int, plant: Plant) -> float:
    """Share of trials in which a changed candidate is promoted, on all rows, at the first look."""
    random = Random(0)
    verdicts = []
    for _ in range(trials):
        live, candidate = _as_good(models, random), _as_good(models, random)
        rows = range(len(live))
        judged = _judge(live, plant(candidate, random), rows, significance(ALPHA, 1))
        verdicts.append(judged.verdict)
    return verdicts.count(Verdict.PROMOTE) / trials


def _promoted_names(models: Sequence[Model], trials: int, plant: Plant) -> float:
    """Return the share of trials, as `_promoted`, of a candidate that learnt six names, on as many
    rows as README's has.
    """
    random = Random(0)
    promoted = 0
    for _ in range(trials):
        live, candidate = _as_good(models, random), plant(_as_good(models, random), random)
        asked = ask_for_names(live, candidate, random)
        rules = replace(RULES, alpha=significance(ALPHA, 1), taught=asked.texts)
        promoted += compare(asked.live, asked.candidate, rules).verdict is Verdict.PROMOTE
    return promoted / trials


if __name__ == "__main__":
    run()
