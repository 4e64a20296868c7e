"""Measure how much fine-tuning helps: base and trained accuracy through int8 + HNSW on a public
data set.

Uses the product's own services: import, training job, artefact, matcher. The test part is only
measured, never trained or tuned on. `followed` figures are those of the test part but for 300
random questions of it, after thresholds followed these without a verdict.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.instance import ask, make_version
from bench.shift import UNLABELLED, settle
from chatbot.bootstrap import Parts, build
from chatbot.domain.accuracy import Outcome, summarise
from chatbot.domain.adaptation import Asked
from chatbot.domain.paired import estimate_gain, mcnemar_exact
from chatbot.domain.text import normalise
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.matching.bundle import Bundle
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge.catalogue import read_catalogue
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.learning.evaluate import evaluate, time_single
from chatbot.services.releases import jobs
from chatbot.services.releases.release import get_version
from chatbot.services.releases.reports import get_report
from chatbot.settings import Settings

HEADLINES = ("top1", "coverage", "wrong_answer_rate", "in_scope_accuracy", "oos_recall", "ece")
FOLLOWED = ("coverage", "wrong_answer_rate", "oos_recall", "ece")


def run() -> None:
    arguments = _arguments()
    dataset = load_dataset(arguments.data, arguments.dataset)
    runs = []
    for seed in arguments.seeds:
        few = few_shot(dataset, arguments.shots, seed)
        asked = _left_out(dataset, few) if arguments.unlabelled else []
        runs.append(learn(few, asked, seed, arguments.compare_torch))
    name = f"learn_{dataset.name}" + (f"_{arguments.shots}shot" if arguments.shots else "")
    name += "_unlabelled" if arguments.unlabelled else ""
    figures: dict[str, Any] = {"dataset": dataset.name, "shots": arguments.shots}
    figures |= {part: _mean([run[part] for run in runs]) for part in ("base", "tuned")}
    for figure in (*HEADLINES, *(f"followed_{name}" for name in FOLLOWED)):
        figures |= {f"{part}.{figure}": figures[part][figure] for part in ("base", "tuned")}
    figures["training_seconds"] = fmean(run["training"]["seconds"] for run in runs)
    finish(name, figures | {"runs": runs}, arguments.keep)


def _arguments() -> Any:
    made = parser(__doc__)
    made.add_argument(
        "--data", type=Path, required=True, help="folder with banking77/ and clinc150/"
    )
    made.add_argument(
        "--dataset", choices=("banking77+oos", "banking77", "clinc150"), default="banking77+oos"
    )
    made.add_argument("--shots", type=int, default=0, help="training rows an intent; 0: all")
    made.add_argument(
        "--seeds", type=int, nargs="+", default=[1, 2, 3], help="of rows and training"
    )
    made.add_argument(
        "--unlabelled", action="store_true", help="visitors ask the other training rows"
    )
    made.add_argument("--compare-torch", action="store_true", help="int8 with the trained model")
    return made.parse_args()


def few_shot(dataset: Dataset, shots: int, seed: int) -> Dataset:
    """Return `shots` training rows of each intent; 0 leaves all."""
    if not shots:
        return dataset
    mixed = Random(seed).sample(dataset.train, len(dataset.train))
    taken: Counter[str | None] = Counter()
    chosen = []
    for row in mixed:
        taken[row.intent] += 1
        if taken[row.intent] <= shots:
            chosen.append(row)
    return replace(dataset, train=chosen)


def _left_out(dataset: Dataset, few: Dataset) -> list[str]:
    known = {normalise(row.text) for row in few.train}
    return [row.text for row in dataset.train if normalise(row.text) not in known]


def learn(
    dataset: Dataset, asked: Sequence[str], seed: int, compare_torch: bool = False
) -> dict[str, Any]:
    """Return the test figures of one seed, for both versions: import, and the product's own jobs.

    `asked` is what visitors asked between the two; it has no verdict.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Keeping the full-precision weights lets us compare int8 with torch on the test part.
        start = "live" if compare_torch else "base"
        parts = build(
            Settings.from_env(
                data_dir=folder, start_from=start, seed=seed, unlabelled_cap=len(asked)
            )
        )
        import_rows(parts, dataset)
        with console.status("making the untrained version …"):
            base = make_version(parts, jobs.JobKind.UNTRAINED)
        before = _measure(parts, base, dataset)
        ask(parts, asked)
        with console.status("training …"):
            trained = make_version(parts, jobs.JobKind.TRAIN)
        after = _measure(parts, trained, dataset)
        with parts.database.read() as session:
            training = get_report(get_version(session, trained)).to_json()["training"]
        figures: dict[str, Any] = {
            "seed": seed,
            "base": before.figures,
            "tuned": after.figures,
            "difference": _difference(before.outcomes, after.outcomes),
            "training": {key: training[key] for key in ("seconds", "history", "guessed")},
        }
        if compare_torch:
            figures["int8_torch_agreement"] = _torch_agreement(parts, trained, dataset)
    console.print(
        f"seed {seed}: top-1 {figures['base']['top1']:.2%} → {figures['tuned']['top1']:.2%}"
    )
    return figures


def import_rows(parts: Parts, dataset: Dataset) -> None:
    """Import the training rows as the utterances of an FAQ."""
    draft = CatalogueDraft(out_of_scope=dataset.out_of_scope)
    seen: set[str] = set()
    for row in dataset.train:
        assert row.intent is not None
        if (same := normalise(row.text)) not in seen:
            seen.add(same)
            draft.intents.setdefault(
                row.intent, IntentDraft(row.intent, row.intent)
            ).utterances.append(row.text)
    with parts.database.write() as session:
        done = import_faq(session, draft, "bench")
    console.print(
        f"{dataset.name}: {done.utterances_added} utterances of {done.intents_added} intents"
    )


@dataclass(frozen=True)
class _Measured:
    outcomes: list[Outcome]
    figures: dict[str, Any]


def _measure(parts: Parts, version: int, dataset: Dataset) -> _Measured:
    matcher = parts.models.open_version(version)
    outcomes = evaluate(matcher, dataset.test)
    timing = time_single(matcher, dataset.test)
    followed = _follow(matcher, dataset, parts.settings.promise)
    figures = summarise(outcomes) | {"p50_ms": timing.p50 if timing else None}
    return _Measured(outcomes, figures | {f"followed_{name}": followed[name] for name in FOLLOWED})


def _follow(matcher: Matcher, dataset: Dataset, promise: float) -> dict[str, Any]:
    """Figures of the other test rows, once thresholds followed 300 of them without a verdict."""
    mixed = Random(0).sample(dataset.test, len(dataset.test))
    asked = [Asked(one) for one in matcher.score([row.text for row in mixed[:UNLABELLED]])]
    followed = settle(asked, matcher.calibration, promise)
    return summarise(evaluate(matcher.calibrated(followed), mixed[UNLABELLED:]))


def _difference(before: list[Outcome], after: list[Outcome]) -> dict[str, Any]:
    """Paired, on the in-scope test rows."""
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a.expected]
    gained = sum(b.is_top1 and not a.is_top1 for a, b in pairs)
    lost = sum(a.is_top1 and not b.is_top1 for a, b in pairs)
    gain, (low, high) = estimate_gain([(b.is_top1 - a.is_top1, 1.0) for a, b in pairs], seed=0)
    p_value = mcnemar_exact(gained, lost)
    return {"gain": gain, "low": low, "high": high, "gained": gained, "lost": lost, "p": p_value}


def _mean(figures: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        key: None if figures[0][key] is None else fmean(run[key] for run in figures)
        for key in figures[0]
    }


class _TorchEncoder:
    """The trained model before its export, as the matcher's encoder."""

    def __init__(self, folder: Path) -> None:
        from workers.training.base_model import load

        self._model = load(folder)
        self.dimension = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Any) -> NDArray[np.float32]:
        return np.asarray(
            self._model.encode(list(texts), batch_size=64, normalize_embeddings=True), np.float32
        ).reshape(-1, self.dimension)


def _torch_agreement(parts: Parts, version: int, dataset: Dataset) -> float:
    """Share of test questions with the same first candidate through int8 and through torch."""
    served = parts.models.open_version(version)
    assert served.bundle.folder is not None
    encoder = _TorchEncoder(served.bundle.folder / "torch")
    with console.status("encoding everything once more with torch …"):
        blank = Bundle.blank(encoder, served.calibration)
        with parts.database.read() as session:
            catalogue = read_catalogue(session)
        exact = Matcher.build(0, blank, catalogue, served.bundle.rule)
        both = zip(evaluate(served, dataset.test), evaluate(exact, dataset.test), strict=True)
    return sum(a.best == b.best for a, b in both) / len(dataset.test)


if __name__ == "__main__":
    run()
