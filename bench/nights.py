"""A helpdesk's first month: what learning by night is worth, and which review teaches most.

The FAQ starts with five phrasings an intent. Visitors ask what is left of BANKING77's training
part, mixed with CLINC150's out-of-scope questions; agents look at a part of it each day, and err in
one verdict of twenty. The product's own jobs train, judge and release. Two helpdesks see the same
visitors: one reviews the queue from the top, as it is ranked, the other questions at random. After
each night the live version answers the test part, which nothing here learns from.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from rich.table import Table
from sqlalchemy import delete, select

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.instance import ask, make_version, run_job
from bench.learn import few_shot, import_rows
from chatbot.bootstrap import Parts, build
from chatbot.domain.accuracy import summarise
from chatbot.domain.redaction import redact
from chatbot.domain.text import key
from chatbot.services.learning.evaluate import evaluate
from chatbot.services.learning.training_set import Labelled
from chatbot.services.releases import jobs
from chatbot.services.releases.release import NIGHTLY, get_version
from chatbot.services.releases.reports import get_report
from chatbot.services.review.confirm import confirm
from chatbot.services.review.questions import Filters, filtered, list_queries
from chatbot.services.review.rank_queue import rank_queue
from chatbot.settings import Settings
from chatbot.storage.tables import Disagreement, Query

SHOTS = 5
WRONG_VERDICTS = 0.05

Choose = Callable[[Parts, int, Random], Sequence[Query]]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument("--nights", type=int, default=30)
    made.add_argument("--budget", type=int, default=150, help="verdicts a day")
    made.add_argument("--intents", type=int, default=0, help="so many of them only; 0: all")
    made.add_argument("--seed", type=int, default=1, help="of the FAQ's phrasings and the visitors")
    made.add_argument(
        "--no-ceiling", action="store_true", help="train no model on all that visitors will ask"
    )
    arguments = made.parse_args()
    dataset = _few_intents(load_dataset(arguments.data, "banking77+oos"), arguments.intents)
    foreign = load_dataset(arguments.data, "clinc150").out_of_scope
    start, visitors = split(dataset, foreign, SHOTS, arguments.seed)
    days = [visitors[night :: arguments.nights] for night in range(arguments.nights)]
    ways: dict[str, Choose] = {"ranked": _from_the_top, "random": _at_random}
    with ProcessPoolExecutor() as side_by_side:
        running = {
            name: side_by_side.submit(
                _live_through, name, start, days, choose, arguments.budget, arguments.seed
            )
            for name, choose in ways.items()
        }
        months = {name: month.result() for name, month in running.items()}
    everything = None if arguments.no_ceiling else _learn_everything(dataset)
    _show(months)
    given = {name: getattr(arguments, name) for name in ("nights", "budget", "intents", "seed")}
    figures = {**given, **_summarise(months, everything), "months": months}
    finish("nights", figures, arguments.keep)


def _few_intents(dataset: Dataset, most: int) -> Dataset:
    names = sorted({row.intent for row in dataset.train if row.intent})
    kept = {None, *names[: most or len(names)]}
    return replace(
        dataset,
        train=[row for row in dataset.train if row.intent in kept],
        test=[row for row in dataset.test if row.intent in kept],
    )


def split(
    dataset: Dataset, foreign: Sequence[str], shots: int, seed: int
) -> tuple[Dataset, list[Labelled]]:
    """Draw the FAQ at the start, and what visitors will ask, in their order."""
    start = few_shot(dataset, shots, seed)
    known = {key(row.text) for row in start.train}
    rows = {key(row.text): row for row in dataset.train}
    visitors = [row for text, row in rows.items() if text not in known]
    visitors += [Labelled(text, None) for text in foreign]
    Random(seed).shuffle(visitors)
    return start, visitors


def _live_through(
    name: str,
    start: Dataset,
    days: Sequence[Sequence[Labelled]],
    choose: Choose,
    budget: int,
    seed: int,
) -> list[dict[str, Any]]:
    """The figures of each night; night 0 is the untrained version."""
    random = Random(seed)
    truth = {key(redact(row.text)): row.intent for day in days for row in day}
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings.from_env(data_dir=folder))
        import_rows(parts, start)
        make_version(parts)
        nights: list[dict[str, Any]] = [
            {"night": 0, "clicks": 0, "verdict": "untrained", **_measure(parts, start)}
        ]
        for night, day in enumerate(days, 1):
            ask(parts, [row.text for row in day])
            reviewed = choose(parts, budget, random)
            _review(parts, reviewed, truth, random, f"agent of day {night}")
            began = time.monotonic()
            judged = train(parts)
            _let_a_day_pass(parts)
            seconds = time.monotonic() - began
            clicks = nights[-1]["clicks"] + len(reviewed)
            figures = {"night": night, "clicks": clicks, "seconds": seconds}
            nights.append(figures | judged | _measure(parts, start))
            console.print(
                f"{name} {night} of {len(days)}: {nights[-1]['top1']:.2%} after {clicks} verdicts, "
                f"{seconds:.0f} s. {judged['verdict']}: {' '.join(judged['reasons'])}"
            )
        parts.database.close()
    return nights


def _from_the_top(parts: Parts, budget: int, _random: Random) -> Sequence[Query]:
    rank_queue(parts.database, parts.models, parts.settings)
    with parts.database.read() as session:
        return list_queries(session, Filters(), None, budget)[0]


def _at_random(parts: Parts, budget: int, random: Random) -> Sequence[Query]:
    """Nobody follows the ranking here, so no verdict is given because two versions disagree."""
    with parts.database.write() as session:
        session.execute(delete(Disagreement))
        waiting = session.scalars(filtered(Filters()).order_by(Query.text_key)).all()
    return random.sample(waiting, min(budget, len(waiting)))


def _review(
    parts: Parts,
    queries: Sequence[Query],
    truth: dict[str, str | None],
    random: Random,
    agent: str,
) -> None:
    """Verdicts of an agent who now and then takes a wrong intent.

    A month passes within hours here, so each day has its own: caps are by person and day.
    """
    intents = sorted(parts.live.current().intents)
    for query in queries:
        intent = truth[query.text_key]
        if random.random() < WRONG_VERDICTS:
            intent = random.choice([name for name in intents if name != intent])
        with parts.database.write() as session:
            confirm(session, query.id, intent, agent, parts.settings)


def _let_a_day_pass(parts: Parts) -> None:
    """A candidate keeps the shadow for a week, and a month passes within hours here."""
    with parts.database.write() as session:
        for disagreement in session.scalars(select(Disagreement)):
            disagreement.found_at -= timedelta(days=1)


def train(parts: Parts) -> dict[str, Any]:
    """Train as by night, and return what became of the candidate, and why."""
    job = run_job(parts, jobs.JobKind.TRAIN, NIGHTLY)
    if job.version_id is None:
        return {"verdict": job.state, "reasons": [job.message]}
    with parts.database.read() as session:
        report = get_report(get_version(session, job.version_id))
        return {"verdict": report.verdict, "reasons": list(report.reasons)}


def _measure(parts: Parts, dataset: Dataset) -> dict[str, float | int | None]:
    """Measure what visitors of the live version would meet."""
    parts.live.refresh()
    figures = summarise(evaluate(parts.live.current(), dataset.test))
    shown = {name: figures[name] for name in ("top1", "coverage", "wrong_answer_rate")}
    return shown | {"live": parts.live.current().version}


def _learn_everything(dataset: Dataset) -> float:
    """Top-1 of a model that learnt the whole training part."""
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings.from_env(data_dir=folder))
        import_rows(parts, dataset)
        with console.status("learning everything …"):
            version = make_version(parts, jobs.JobKind.TRAIN)
        top1 = summarise(evaluate(parts.models.open_version(version), dataset.test))["top1"]
        assert top1 is not None, "there are test rows"
        return top1


def _summarise(months: dict[str, list[dict[str, Any]]], everything: float | None) -> dict[str, Any]:
    ranked, chance = months["ranked"], months["random"]
    goal = chance[-1]["top1"]
    return {
        "everything_top1": everything,
        "final_top1": ranked[-1]["top1"],
        "final_top1_random": goal,
        "behind_everything": everything and everything - ranked[-1]["top1"],
        "largest_fall": max(a["top1"] - b["top1"] for a, b in pairwise(ranked)),
        "click_ratio": _click_ratio(ranked, chance, goal),
        "promotions": len({night["live"] for night in ranked}) - 1,
        "trainings": sum(night["verdict"] != "skipped" for night in ranked[1:]),
        "slowest_night_s": max(night["seconds"] for night in ranked[1:]),
    }


def _click_ratio(
    ranked: list[dict[str, Any]], chance: list[dict[str, Any]], goal: float
) -> float | None:
    """Verdicts until `goal` was right first, ranked by random; None if ranked never got there."""
    of_ranked, of_random = (
        [night["clicks"] for night in nights if night["top1"] >= goal]
        for nights in (ranked, chance)
    )
    return float(of_ranked[0] / of_random[0]) if of_ranked else None


def _show(months: dict[str, list[dict[str, Any]]]) -> None:
    table = Table("night", *(f"{name}: right, verdict" for name in months))
    for nights in zip(*months.values(), strict=True):
        cells = [f"{night['top1']:.2%}  {night['verdict']}" for night in nights]
        table.add_row(str(nights[0]["night"]), *cells)
    console.print(table)


if __name__ == "__main__":
    run()
