"""Measure what fifty scored pairs teach about intents that are confused, beside fifty
confirmations.

The intents of BANKING77 that an untrained model confuses most, found on training rows alone, with
some rows each. Then fifty verdicts of one kind, a training as by night, and the questions of the
test part that belong to these intents, as they would be served:

- none;
- confirmations: a person says of fifty further questions, drawn at random, what they ask for;
- pairs of the FAQ: of the fifty pairs that the desk proposes, whether they are the same (one
  intent) or different (two);
- pairs, related: the same pairs, but of two confused intents “related”;
- pairs with questions: of fifty further questions, each beside the nearest phrasing of the FAQ,
  whether they are the same or different.

As in a night, a fifth of the pairs is left out and never trained.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table
from sentence_transformers import SentenceTransformer

from bench.common import console, finish, load_dataset, parser
from bench.recipes import serve
from chatbot.domain.example import Example, PairExample
from chatbot.domain.holdout import is_left_out
from chatbot.domain.pair import LEFT_OUT_SHARE, SCORES, Likeness
from chatbot.domain.text import key, pair_key
from chatbot.matching.encoder import OnnxEncoder
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge.pair_desk import rank
from chatbot.services.learning.training_set import Labelled
from chatbot.settings import Settings
from workers.export import export
from workers.training import base_model, training_loop
from workers.training.recipe import epochs_for
from workers.training.spec import PAIR_WEIGHT, TrainingSpec

LOOKED_AT = 20
"""Training rows an intent that show which intents are confused."""


class Verdicts(NamedTuple):
    """The verdicts of a person, all of one kind."""

    confirmed: Sequence[Example] = ()
    pairs: Sequence[PairExample] = ()
    left_out: Sequence[PairExample] = ()


class Rows(NamedTuple):
    """The rows of the confused intents: what the FAQ has, what visitors ask further, what is asked
    last.
    """

    known: list[Example]
    asked: list[Example]
    test: list[Labelled]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/")
    made.add_argument("--confused", type=int, default=6, help="pairs of intents")
    made.add_argument("--shots", type=int, default=10, help="rows of an intent in the FAQ")
    made.add_argument("--kinds", nargs="+", help="of verdicts; by default all")
    made.add_argument("--verdicts", type=int, default=50)
    made.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    made.add_argument("--weight", type=float, default=PAIR_WEIGHT, help="of the pairs' loss")
    made.add_argument("--threads", type=int, default=1)
    made.add_argument(
        "--tune",
        action="store_true",
        help="ask further training rows, of the intents confused next, in place of the test part",
    )
    arguments = made.parse_args()
    everything = load_dataset(arguments.data, "banking77")
    with tempfile.TemporaryDirectory() as folder:
        untrained = _export(base_model.load(base_model.resolve("")), Path(folder), everything.train)
        confused = find_confused(
            untrained, everything.train, arguments.shots, 2 * arguments.confused
        )
        chosen = (
            confused[arguments.confused :] if arguments.tune else confused[: arguments.confused]
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for seed in arguments.seeds:
            rows = _rows(everything.train, everything.test, chosen, arguments.shots, seed)
            if arguments.tune:
                half = len(rows.asked) // 2
                last = [Labelled(each.text, each.intent) for each in rows.asked[half:]]
                rows = Rows(rows.known, rows.asked[:half], last)
            said = _verdicts(untrained, rows, chosen, arguments.verdicts)
            for name, verdicts in said.items():
                if arguments.kinds and name not in arguments.kinds:
                    continue
                with console.status(f"seed {seed}: {name} …"):
                    figures = _train_and_ask(
                        rows, verdicts, chosen, seed, arguments.weight, arguments.threads
                    )
                found.setdefault(name, []).append(figures)
                console.print(f"seed {seed}: {name}: {figures}")
    figures = {name: _mean(runs, found.get("none", [])) for name, runs in found.items()}
    _show(figures)
    finish(
        "pairs_tuning" if arguments.tune else "pairs",
        {
            "confused": [list(pair) for pair in chosen],
            "seeds": arguments.seeds,
            "verdicts": arguments.verdicts,
            "shots": arguments.shots,
            "weight": arguments.weight,
            "kinds": figures,
            "runs": found,
        },
        arguments.keep,
    )


def find_confused(
    encoder: OnnxEncoder, train: Sequence[Labelled], shots: int, count: int
) -> list[tuple[str, str]]:
    """Return pairs of intents, the most confused first; no intent is in two of them."""
    known, others = _divide(train, shots, Random(0))
    looked_at = [each for intent in others for each in others[intent][:LOOKED_AT]]
    matches = serve(encoder, known).match_all([each.text for each in looked_at])
    confused: Counter[tuple[str, str]] = Counter()
    for each, match in zip(looked_at, matches, strict=True):
        if match.candidates and match.candidates[0].intent != each.intent:
            one, other = sorted((each.intent, match.candidates[0].intent))
            confused[one, other] += 1
    chosen: list[tuple[str, str]] = []
    taken: set[str] = set()
    for pair, _ in sorted(confused.items(), key=lambda item: (-item[1], item[0])):
        if len(chosen) < count and not taken & set(pair):
            chosen.append(pair)
            taken |= set(pair)
    return chosen


def _rows(
    train: Sequence[Labelled],
    test: Sequence[Labelled],
    chosen: Sequence[tuple[str, str]],
    shots: int,
    seed: int,
) -> Rows:
    of = {intent for pair in chosen for intent in pair}
    random = Random(seed)
    known, others = _divide([row for row in train if row.intent in of], shots, random)
    asked = [each for intent in sorted(others) for each in others[intent]]
    random.shuffle(asked)
    return Rows(known, asked, [row for row in test if row.intent in of])


def _divide(
    train: Sequence[Labelled], shots: int, random: Random
) -> tuple[list[Example], dict[str, list[Example]]]:
    """Some rows of each intent, and the others by intent."""
    by_intent: dict[str, dict[str, Example]] = {}
    for row in train:
        example = Example(row.text, str(row.intent))
        by_intent.setdefault(example.intent, {}).setdefault(key(row.text), example)
    known, others = [], {}
    for intent in sorted(by_intent):
        mixed = list(by_intent[intent].values())
        random.shuffle(mixed)
        known += mixed[:shots]
        others[intent] = mixed[shots:]
    return known, others


def _verdicts(
    untrained: OnnxEncoder, rows: Rows, chosen: Sequence[tuple[str, str]], count: int
) -> dict[str, Verdicts]:
    matcher = serve(untrained, rows.known)
    proposed = _proposed(matcher, rows.known)[:count]
    asked = rows.asked[:count]
    return {
        "none": Verdicts(),
        "confirmations": Verdicts(confirmed=asked),
        "pairs of the FAQ": _scored(proposed, chosen, Likeness.DIFFERENT),
        "pairs, related": _scored(proposed, chosen, Likeness.RELATED),
        "pairs with questions": _scored(
            _beside_nearest(matcher, rows.known, asked), chosen, Likeness.DIFFERENT
        ),
    }


def _proposed(matcher: Matcher, known: Sequence[Example]) -> list[tuple[Example, Example]]:
    by_key = {key(each.text): each for each in known}
    texts = matcher.phrasings.rows.keys(np.arange(len(matcher.phrasings.rows)))
    return [(by_key[texts[pair.one]], by_key[texts[pair.other]]) for pair in rank(matcher)]


def _beside_nearest(
    matcher: Matcher, known: Sequence[Example], asked: Sequence[Example]
) -> list[tuple[Example, Example]]:
    by_key = {key(each.text): each for each in known}
    return [(each, by_key[matcher.nearest(each.text, 1)[0].key]) for each in asked]


def _scored(
    pairs: Sequence[tuple[Example, Example]],
    chosen: Sequence[tuple[str, str]],
    of_confused: Likeness,
) -> Verdicts:
    taught: list[PairExample] = []
    left_out: list[PairExample] = []
    confused = {frozenset(pair) for pair in chosen}
    for one, other in pairs:
        likeness = Likeness.SAME if one.intent == other.intent else Likeness.DIFFERENT
        if frozenset((one.intent, other.intent)) in confused:
            likeness = of_confused
        example = PairExample(one.text, other.text, SCORES[likeness])
        measures = is_left_out(pair_key(one.text, other.text), LEFT_OUT_SHARE)
        (left_out if measures else taught).append(example)
    return Verdicts(pairs=taught, left_out=left_out)


def _train_and_ask(
    rows: Rows,
    verdicts: Verdicts,
    chosen: Sequence[tuple[str, str]],
    seed: int,
    weight: float,
    threads: int,
) -> dict[str, Any]:
    learnt = [*rows.known, *verdicts.confirmed]
    spec = TrainingSpec(
        examples=tuple(learnt),
        epochs=epochs_for(len(learnt), Settings()),
        seed=seed,
        threads=threads,
        pairs=tuple(verdicts.pairs),
        left_out_pairs=tuple(verdicts.left_out),
        pair_weight=weight,
    )
    with tempfile.TemporaryDirectory() as folder:
        result = training_loop.fit(spec, Path(folder) / "torch", lambda *_: None)
        encoder = _export(result.model, Path(folder) / "encoder", learnt)
        matches = serve(encoder, learnt).match_all([row.text for row in rows.test])
    partner = dict([*chosen, *(pair[::-1] for pair in chosen)])
    first = [match.candidates[0].intent if match.candidates else None for match in matches]
    asked = list(zip(rows.test, first, strict=True))
    last = result.history[-1]
    return {
        "top1": fmean(best == row.intent for row, best in asked),
        "confused": fmean(best == partner[str(row.intent)] for row, best in asked),
        "spearman_before": result.history[0].left_out_pairs_spearman,
        "spearman_after": last.left_out_pairs_spearman,
        "spearman_trained": last.pairs_spearman,
        "seconds": round(result.seconds, 1),
    }


def _export(
    model: SentenceTransformer, folder: Path, sample: Sequence[Example | Labelled]
) -> OnnxEncoder:
    export.write(model, folder, [row.text for row in sample[:500]])
    return OnnxEncoder.open(folder)


def _mean(runs: Sequence[dict[str, Any]], none: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds; the gain is that over no verdicts with the same rows and seed."""
    gains = [run["top1"] - before["top1"] for run, before in zip(runs, none, strict=False)]
    kept = ("top1", "confused", "spearman_before", "spearman_after", "spearman_trained")
    figures: dict[str, Any] = {}
    for name in kept:
        values = [run[name] for run in runs if run[name] is not None]
        figures[name] = fmean(values) if values else None
    return figures | {
        "gain": fmean(gains) if gains else None,
        "gain_deviation": stdev(gains) if len(gains) > 1 else None,
        "better": sum(gain > 0 for gain in gains),
    }


def _show(figures: dict[str, dict[str, Any]]) -> None:
    table = Table(
        "verdicts", "right first", "gain", "±", "taken for its rival", "Spearman left out"
    )
    for name, each in figures.items():
        spread, after = each["gain_deviation"], each["spearman_after"]
        table.add_row(
            name,
            f"{each['top1']:.2%}",
            "" if each["gain"] is None else f"{each['gain']:+.2%}",
            "" if spread is None else f"{spread:.2%}",
            f"{each['confused']:.2%}",
            "" if after is None else f"{each['spearman_before'] or 0:.2f} → {after:.2f}",
        )
    console.print(table)


if __name__ == "__main__":
    run()
