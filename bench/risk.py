"""Test whether the promise is kept: at most so many automatic answers wrong, with so much
confidence.

Models are made by the product's own jobs and kept under `--work`, with all votes, so that only the
first run is slow. The test mix is the test part's in-scope questions, and a fifth of CLINC150's
out-of-scope ones.

`shipped` is what an admin gets: calibrated on the FAQ's own rows, measured on the test mix; no
test label sets anything. With CLINC150 once more with its out-of-scope questions that are not of
the test part, as agents would have confirmed them (`confirmed`). `splits` checks the guarantee:
each calibrates on random questions of the test mix and measures on all others.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from bench.common import OUT_OF_SCOPE_SHARE, Dataset, console, finish, load_dataset, parser
from bench.instance import make_version
from bench.learn import import_rows
from chatbot.bootstrap import Parts, build
from chatbot.domain.accuracy import Outcome, summarise
from chatbot.domain.matching import Calibration, Decision, Scored
from chatbot.matching.matcher import Matcher
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import jobs
from chatbot.services.releases.release import list_versions
from chatbot.settings import Settings
from workers.fitting.calibrate import Vote, fit, gather_votes
from workers.fitting.prior import Prior
from workers.fitting.unseen import Unseen

DATASETS = ("banking77", "clinc150")
ENCODERS = {"untrained": jobs.JobKind.UNTRAINED, "tuned": jobs.JobKind.TRAIN}
Votes = dict[str, list[Vote]]
Fitted = Callable[[Sequence[Vote]], Calibration]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument("--work", type=Path, required=True, help="where models and votes are kept")
    made.add_argument("--splits", type=int, default=1000)
    made.add_argument("--rows", type=int, default=1000, help="that a split calibrates on")
    made.add_argument("--promise", type=float, default=0.05)
    made.add_argument("--confidence", type=float, default=0.8)
    arguments = made.parse_args()
    settings = Settings(promise=arguments.promise, promise_confidence=arguments.confidence)
    figures: dict[str, Any] = {"promise": settings.promise, "delta": 1 - arguments.confidence}
    for dataset in DATASETS:
        for encoder in ENCODERS:
            with console.status(f"{dataset}, {encoder} …"):
                votes, prior = _votes(arguments.data, arguments.work, dataset, encoder)
                fitted = partial(fit, prior=prior, settings=settings)
                found = _shipped(votes, fitted) | {
                    "splits": _splits(
                        votes["test"], fitted, settings.promise, arguments.splits, arguments.rows
                    )
                }
            figures[f"{dataset}.{encoder}"] = found
            console.print_json(json.dumps({f"{dataset}.{encoder}": found}))
    finish("risk", figures, arguments.keep)


def _shipped(votes: Votes, fitted: Fitted) -> dict[str, Any]:
    """Test figures by where the calibration rows come from."""
    return {
        origin: {"calibrated_on": len(votes[origin])}
        | _measure(fitted(votes[origin]), votes["test"])
        for origin in ("shipped", "confirmed")
        if origin in votes
    }


def _splits(
    mix: Sequence[Vote], fitted: Fitted, promise: float, splits: int, rows: int
) -> dict[str, Any]:
    with ProcessPoolExecutor() as processes:
        found = list(processes.map(partial(_split, mix, fitted, rows), range(splits), chunksize=25))
    keys = ("coverage", "in_scope_coverage", "wrong_answer_rate", "ece", "clarified", "held")
    broken = [(run["wrong_answer_rate"] or 0) > promise for run in found]
    return {
        "broken": fmean(broken),
        "never_answers": fmean(not run["coverage"] for run in found),
    } | {key: fmean(run[key] for run in found if run[key] is not None) for key in keys}


def _split(mix: Sequence[Vote], fitted: Fitted, rows: int, seed: int) -> dict[str, Any]:
    mixed = Random(seed).sample(mix, len(mix))
    return _measure(fitted(mixed[:rows]), mixed[rows:])


def _measure(calibration: Calibration, votes: Sequence[Vote]) -> dict[str, Any]:
    """The headline figures; `held`: of the sets that are offered, how many hold the right one."""
    outcomes = []
    held = []
    for scored, truth, _ in votes:
        candidates = calibration.candidates(scored)
        decision = calibration.decide(candidates)
        outcomes.append(Outcome("", truth, decision, tuple(candidates)))
        if decision is Decision.CLARIFY:
            held.append(truth in [c.intent for c in calibration.offered(candidates)])
    figures = summarise(outcomes)
    in_scope = [outcome for outcome in outcomes if outcome.expected]
    chosen = ("top1", "coverage", "wrong_answer_rate", "in_scope_accuracy", "oos_recall", "ece")
    return {key: figures[key] for key in (*chosen, "auroc_oos")} | {
        "in_scope_coverage": fmean(outcome.is_answered for outcome in in_scope),
        "clarified": len(held) / len(outcomes),
        "held": fmean(held) if held else None,
        "answer_at": calibration.answer_at,
        "clarify_at": calibration.clarify_at,
    }


def _votes(data: Path, work: Path, name: str, encoder: str) -> tuple[Votes, Prior]:
    """Return votes from the cache, or through a model that the product's own jobs make; and its
    prior.
    """
    cache = work / f"votes-{name}-{encoder}.json"
    dataset = load_dataset(data, name)
    parts = build(Settings.from_env(data_dir=work / name))
    matcher = _matcher(parts, dataset, ENCODERS[encoder])
    if not cache.exists():
        votes = _calibration_votes(parts, matcher, ENCODERS[encoder])
        votes["test"] = _test_votes(matcher, dataset, load_dataset(data, "clinc150"))
        cache.write_text(json.dumps(votes, default=asdict))
    stored = {
        origin: [Vote([Scored(**one) for one in scored], *rest) for scored, *rest in rows]
        for origin, rows in json.loads(cache.read_text()).items()
    }
    return stored, Prior.of(matcher, trained=ENCODERS[encoder] is jobs.JobKind.TRAIN)


def _matcher(parts: Parts, dataset: Dataset, kind: jobs.JobKind) -> Matcher:
    """Open the matcher of the version that an earlier run made, or of a new one."""
    with parts.database.read() as session:
        made = [v.id for v in list_versions(session, None, 10) if v.kind == kind]
    if not made:
        import_rows(parts, dataset)
    return parts.models.open_version(made[0] if made else make_version(parts, kind))


def _calibration_votes(parts: Parts, matcher: Matcher, kind: jobs.JobKind) -> Votes:
    with parts.database.read() as session:
        frozen = freeze(session, parts.settings)
    trained = frozen.training if kind is jobs.JobKind.UNTRAINED else []
    unseen = [Unseen.of(matcher, [*trained, *frozen.validation])]
    votes = {"shipped": gather_votes(unseen, [])}
    if frozen.out_of_scope:
        votes["confirmed"] = gather_votes(unseen, frozen.out_of_scope)
    return votes


def _test_votes(matcher: Matcher, dataset: Dataset, foreign: Dataset) -> list[Vote]:
    """All in-scope test questions, and as many out-of-scope ones as make a fifth of the mix."""
    asked = [row for row in dataset.test if row.intent is not None]
    wanted = round(len(asked) * OUT_OF_SCOPE_SHARE / (1 - OUT_OF_SCOPE_SHARE))
    asked += [row for row in foreign.test if row.intent is None][:wanted]
    votes = matcher.score([row.text for row in asked])
    return [Vote(scored, row.intent) for scored, row in zip(votes, asked, strict=True)]


if __name__ == "__main__":
    run()
