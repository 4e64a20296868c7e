"""Test whether the promise holds on traffic of which much is not covered, in the words of the FAQ.

A third of the intents is taken out of the catalogue. Their test questions stay in the traffic, and
with questions that are foreign altogether they make 20, 50 and 70 % of it; three in ten of these
are foreign. The model is untrained, made as the first one is, in this process.

Per share, on traffic that nothing was learnt from: how many of the automatic answers are wrong, and
how many questions are answered,

- `unseen`: as the first model does;
- `unlabelled`: after 300 other questions of such traffic, without a verdict;
- `judged`: after these, and 100 more that were drawn at random and judged;
- `oracle`: with the lowest threshold that keeps the promise on the very questions that measure,
  once with the first model's probabilities, once with those of `judged`.

The catalogue has `--shots` utterances an intent of BANKING77 and CLINC150, and all of the shipped
FAQ's. The runs of `--seeds` differ in what is taken out and what is asked, and are summed up.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from bench.common import Dataset, console, finish, load_dataset, parser
from chatbot.domain.adaptation import LEAST_THRESHOLD, Answers, Asked, Traffic, adapt
from chatbot.domain.matching import NEVER, Calibration, Decision
from chatbot.domain.proportion import Share
from chatbot.domain.text import key
from chatbot.formats.registry import read_path
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Entry, IntentCard
from chatbot.matching.encoder import Encoder, OnnxEncoder
from chatbot.matching.matcher import Matcher
from chatbot.programs import ROOT
from chatbot.services.learning.training_set import Labelled
from chatbot.settings import Settings
from workers.fitting.calibrate import cross_fit, fit, gather_votes
from workers.fitting.prior import Prior
from workers.fitting.unseen import Unseen

SHARES = (0.2, 0.5, 0.7)
FOREIGN = 0.3  # of what is not covered
UNLABELLED, JUDGED, RUNS = 300, 100, 12


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument(
        "--encoder", type=Path, required=True, help="of an untrained version: artefacts/…/encoder"
    )
    made.add_argument("--shots", type=int, default=10)
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--only", default="", help="data sets whose names begin so")
    arguments = made.parse_args()
    settings = Settings()
    figures: dict[str, Any] = {"promise": settings.promise, "shots": arguments.shots}
    encoder = OnnxEncoder.open(arguments.encoder)
    foreign = [r.text for r in load_dataset(arguments.data, "clinc150").test if r.intent is None]
    for name in ("shipped", "banking77", "clinc150"):
        if not name.startswith(arguments.only):
            continue
        dataset = _shipped() if name == "shipped" else load_dataset(arguments.data, name)
        shots = None if name == "shipped" else arguments.shots
        runs = []
        for seed in range(arguments.seeds):
            with console.status(f"{name}, {seed} …"):
                runs.append(_run(dataset, foreign, shots, settings, Random(seed), encoder))
        for share in SHARES:
            figures[f"{name}.{share:.0%}"] = found = _sum_up([each[share] for each in runs])
            console.print(name, f"{share:.0%}", found)
    finish("shift", figures, arguments.keep)


def _run(
    dataset: Dataset,
    foreign: Sequence[str],
    shots: int | None,
    settings: Settings,
    chance: Random,
    encoder: Encoder,
) -> dict[float, dict[str, Any]]:
    names = sorted({row.intent for row in dataset.train if row.intent})
    kept = set(names) - set(chance.sample(names, len(names) // 3))
    matcher = _matcher(dataset, kept, shots, chance, encoder)
    rows = [row for row in dataset.test if row.intent]
    covered = _ask(matcher, [row for row in rows if row.intent in kept])
    near = _ask(matcher, [Labelled(r.text, None) for r in rows if r.intent not in kept])
    far = _ask(matcher, [Labelled(text, None) for text in foreign])
    own = _calibrate(matcher, settings)
    return {
        share: _measure(*_mix(covered, near, far, share, chance), own, settings.promise)
        for share in SHARES
    }


def _matcher(
    dataset: Dataset, kept: set[str], shots: int | None, chance: Random, encoder: Encoder
) -> Matcher:
    """Return the matcher of an FAQ that has only the intents `kept`; no votes are
    calibrated yet.
    """
    rows = {key(row.text): row for row in dataset.train if row.intent in kept}
    known: dict[str, list[tuple[str, str]]] = {name: [] for name in sorted(kept)}
    for name, row in chance.sample(sorted(rows.items()), len(rows)):
        if row.intent and (shots is None or len(known[row.intent]) < shots):
            known[row.intent].append((name, row.text))
    entries = {k: Entry(text, intent) for intent, own in known.items() for k, text in own}
    answers = read_path(ROOT / "faq_data").intents if shots is None else {}
    cards = {
        name: IntentCard(answers[name].title, answers[name].answer or "")
        if name in answers
        else IntentCard(name.replace("_", " "), "")
        for name in sorted(kept)
    }
    bundle = Bundle.blank(encoder, Calibration.unfitted(0.2))
    catalogue = Catalogue(1, cards, tuple(entries.values()), tuple(entries))
    return Matcher.build(1, bundle, catalogue, Rule())


def _calibrate(matcher: Matcher, settings: Settings) -> Calibration:
    rows = list(range(matcher.phrasings.size))
    texts = [""] * len(rows)
    votes = gather_votes([Unseen(matcher, rows, texts)], [])
    prior = Prior.of(matcher, trained=False)
    return fit(votes, cross_fit(votes, prior), prior, settings)


def _shipped() -> Dataset:
    intents = read_path(ROOT / "faq_data").intents.values()
    train = [Labelled(text, intent.name) for intent in intents for text in intent.utterances]
    test = [Labelled(text, intent.name) for intent in intents for text in intent.held_out]
    return Dataset("shipped", train, [], test)


def _ask(matcher: Matcher, rows: Sequence[Labelled]) -> list[Asked]:
    scored = matcher.score([row.text for row in rows])
    pairs = zip(scored, rows, strict=True)
    return [Asked(one, is_judged=True, meant=row.intent) for one, row in pairs]


def _mix(
    covered: Sequence[Asked],
    near: Sequence[Asked],
    far: Sequence[Asked],
    share: float,
    chance: Random,
) -> tuple[list[Asked], list[Asked]]:
    """Traffic to learn from and traffic to measure on; no question is in both.

    Each of the three kinds is parted first, then drawn from as often as the mix wants it.
    """
    kinds = [chance.sample(kind, len(kind)) for kind in (covered, near, far)]
    wanted = (1 - share, share * (1 - FOREIGN), share * FOREIGN)
    # A part of each kind goes to learning, at most half of it; the rest measures.
    counts = [round((UNLABELLED + JUDGED) * part) for part in wanted]
    taken = [min(n, len(kind) // 2) for n, kind in zip(counts, kinds, strict=True)]
    learn = [
        each
        for kind, n, many in zip(kinds, taken, counts, strict=True)
        for each in (kind[:n] * (many // max(1, n) + 1))[:many]
    ]
    left = [kind[n:] for kind, n in zip(kinds, taken, strict=True)]
    size = min(len(kind) / part for kind, part in zip(left, wanted, strict=True))
    measure = [
        each for kind, part in zip(left, wanted, strict=True) for each in kind[: int(size * part)]
    ]
    return chance.sample(learn, len(learn)), measure


def _measure(
    learn: Sequence[Asked], measure: Sequence[Asked], own: Calibration, promise: float
) -> dict[str, Any]:
    unlabelled = [replace(each, is_judged=False) for each in learn[:UNLABELLED]]
    without = settle(unlabelled, own, promise)
    judged = settle([*unlabelled, *learn[UNLABELLED:]], own, promise, without)
    return {
        "unseen": _look(measure, own),
        "unlabelled": _look(measure, without),
        "judged": _look(measure, judged),
        "oracle_unseen": _look(measure, _oracle(measure, own, promise)),
        "oracle_judged": _look(measure, _oracle(measure, judged, promise)),
    }


def settle(
    asked: Sequence[Asked], own: Calibration, promise: float, before: Calibration | None = None
) -> Calibration:
    """Return the calibration after as many runs as two hours have."""
    for _ in range(RUNS):
        adapted = adapt(asked, own, before, promise)
        assert adapted is not None
        before = adapted.calibration
    return before or own


def _look(measure: Sequence[Asked], calibration: Calibration) -> tuple[int, int, int]:
    """Count questions, of them answered, and of these wrong, as visitors would get it."""
    answered = wrong = 0
    for each in measure:
        candidates = calibration.candidates(each.scored)
        if calibration.decide(candidates) is Decision.ANSWER:
            answered += 1
            wrong += candidates[0].intent != each.meant
    return len(measure), answered, wrong


def _oracle(measure: Sequence[Asked], calibration: Calibration, promise: float) -> Calibration:
    """Return the calibration with the lowest threshold from which not more than `promise` are wrong
    here.
    """
    answers = Answers.of(Traffic.of(measure, calibration))
    for threshold in sorted(answers.probability.tolist()):
        if threshold >= LEAST_THRESHOLD and answers.wrong_from(threshold).value <= promise:
            return replace(calibration, answer_at=threshold)
    return replace(calibration, answer_at=NEVER)


def _sum_up(runs: Sequence[dict[str, tuple[int, int, int]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in runs[0]:
        of, answered, wrong = (sum(run[name][place] for run in runs) for place in range(3))
        share = Share.counted(wrong, answered)
        found[name] = {
            "answered": round(answered / of, 3),
            "wrong": round(share.value, 3),
            "low": round(share.low, 3),
            "high": round(share.high, 3),
        }
    for oracle in ("oracle_unseen", "oracle_judged"):
        most = found[oracle]["answered"]
        found[f"of_{oracle}"] = round(found["judged"]["answered"] / most, 3) if most else None
    return found


if __name__ == "__main__":
    run()
