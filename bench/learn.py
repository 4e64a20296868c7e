"""How much fine-tuning helps: base and trained accuracy through int8 + HNSW on a public data set.

Uses the product's own services: import, training job, artefact, matcher. The test part is only
measured, never trained or tuned on.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.instance import make_version
from chatbot.bootstrap import Parts, build
from chatbot.domain.gate import bootstrap_interval, mcnemar_exact
from chatbot.domain.metrics import Outcome, summarise
from chatbot.matching.bundle import Bundle
from chatbot.matching.matcher import Matcher
from chatbot.services import jobs
from chatbot.services.catalogue import read_catalogue
from chatbot.services.catalogue_files import CatalogueDraft, IntentDraft
from chatbot.services.evaluate import evaluate, time_single
from chatbot.services.import_faq import import_faq
from chatbot.services.release import get_version
from chatbot.settings import Settings


def run() -> None:
    arguments = _arguments()
    dataset = load_dataset(arguments.data, arguments.dataset)
    with tempfile.TemporaryDirectory() as folder:
        # Keeping the full-precision weights lets us compare int8 with torch on the test part.
        settings = Settings.from_env(data_dir=folder, start_from="live", seed=arguments.seed)
        parts = build(settings)
        _import(parts, dataset)
        with console.status("making the untrained version …"):
            base = make_version(parts, jobs.Kind.UNTRAINED)
        before = _measure(parts, base, dataset)
        with console.status("training …"):
            trained = make_version(parts, jobs.Kind.TRAIN)
        after = _measure(parts, trained, dataset)
        figures = _figures(parts, trained, before, after)
        figures["int8_torch_agreement"] = _torch_agreement(parts, trained, dataset)
        figures["dataset"], figures["seed"] = dataset.name, arguments.seed
    finish(f"learn_{dataset.name}", figures, arguments.keep)


def _arguments() -> Any:
    made = parser(__doc__)
    made.add_argument(
        "--data", type=Path, required=True, help="folder with banking77/ and clinc150/"
    )
    made.add_argument("--dataset", choices=("banking77", "clinc150"), default="banking77")
    made.add_argument("--seed", type=int, default=13, help="seed of the training")
    return made.parse_args()


def _import(parts: Parts, dataset: Dataset) -> None:
    draft = CatalogueDraft(out_of_scope=dataset.out_of_scope)
    seen: set[str] = set()
    for row in dataset.train:
        assert row.intent is not None
        if row.text.casefold() not in seen:
            seen.add(row.text.casefold())
            draft.intents.setdefault(
                row.intent, IntentDraft(row.intent, row.intent)
            ).utterances.append(row.text)
    with parts.database.write() as session:
        done = import_faq(session, draft, "bench")
    console.print(
        f"{dataset.name}: {done.utterances_added} utterances of {done.intents_added} intents"
    )


def _measure(parts: Parts, version: int, dataset: Dataset) -> dict[str, Any]:
    matcher = parts.models.open_version(version)
    outcomes = evaluate(matcher, dataset.test)
    timing = time_single(matcher, dataset.test)
    return {"outcomes": outcomes, **summarise(outcomes), "p50_ms": timing.p50 if timing else None}


def _figures(
    parts: Parts, trained: int, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    with parts.database.read() as session:
        report = get_version(session, trained).report
    pairs: list[tuple[Outcome, Outcome]] = [
        (a, b) for a, b in zip(before["outcomes"], after["outcomes"], strict=True) if a.expected
    ]
    gained = sum(b.is_top1 and not a.is_top1 for a, b in pairs)
    lost = sum(a.is_top1 and not b.is_top1 for a, b in pairs)
    low, high = bootstrap_interval(gained, lost, len(pairs), seed=0)
    keys = [key for key in before if key not in ("outcomes", "n", "n_in_scope", "n_out_of_scope")]
    return {
        "n": before["n"],
        **{f"base_{key}": before[key] for key in keys},
        **{f"tuned_{key}": after[key] for key in keys},
        "gain": (gained - lost) / len(pairs),
        "gain_low": low,
        "gain_high": high,
        "gained": gained,
        "lost": lost,
        "p_value": mcnemar_exact(gained, lost),
        "training_seconds": report["training"]["seconds"],
        "training_history": report["training"]["history"],
    }


class _TorchEncoder:
    """The trained model before its export, as the matcher's encoder."""

    def __init__(self, folder: Path) -> None:
        from workers.base_model import load

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
            catalogue = read_catalogue(session, version)
        exact = Matcher.build(0, blank, catalogue, served.bundle.rule)
        both = zip(evaluate(served, dataset.test), evaluate(exact, dataset.test), strict=True)
    return sum(a.best == b.best for a, b in both) / len(dataset.test)


if __name__ == "__main__":
    run()
