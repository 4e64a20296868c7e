"""Learn what is usual for FAQs: fitting/prior.json from several hundred that are cut from others.

Each takes some intents of BANKING77's or CLINC150's training part, of HWU64, of the shipped FAQ, or
of those that were written for this in bench/prior/, with a few of their texts as utterances. It is
asked other texts of these intents, in bench/prior/ what was written as visitors ask; texts of half
as many intents that it lacks, and questions near it that were written for this; and what is far.
In-scope questions are half of the mix, near ones 35 %, far ones 15 %. The shipped FAQ's held-out
questions, all test parts and bench/first_day/ stay unseen. Trained encoders are made for a few.

How much is wrong from a probability on is measured on FAQs of data sets that the weights were not
learnt from.
"""

import csv
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.common import console, finish, load_dataset, parser
from chatbot.domain.example import Example
from chatbot.domain.matching import Calibration
from chatbot.domain.text import key, normalise
from chatbot.formats.registry import read_path
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Entry, IntentCard
from chatbot.matching.encoder import Encoder, OnnxEncoder
from chatbot.matching.matcher import Matcher
from chatbot.matching.passages import say_much, texts_of
from chatbot.settings import Settings
from workers.export import export
from workers.fitting.calibrate import GENERIC, Table, Vote
from workers.fitting.prior import size_of
from workers.training import base_model, training_loop
from workers.training.recipe import epochs_for, trained_share_for
from workers.training.spec import TrainingSpec

OUT = Path(__file__).parent.parent / "workers" / "fitting" / "prior.json"
SHIPPED = Path(__file__).parent.parent / "faq_data"
WRITTEN = Path(__file__).parent / "prior"
MIX = {"in": 0.5, "near": 0.35, "far": 0.15}
UTTERANCES = (1, 2, 3, 5, 8, 12, 20)
ASKED, NEAR, FAR = 6, 10, 60
PROBABILITIES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
USUAL_WRONG = 0.1
LOOSE = 1e-5
LEAST_DEVIATION = (0.5, 0.1, 0.5, 0.5, 0.3)  # of weights between FAQs: so few groups may agree
LESS_SURE = 1.5  # as many times so far may weights for trained encoders be from what is usual
EMPTY = Calibration.unfitted(1.0)
WEIGHTS = len(EMPTY.weights) + 1
# The table has features, features by size, size, density, bias; `Seen.weights` has them otherwise.
ORDER = np.array([*range(4), *range(5, 9), 9, 10, 4])
BACK = np.argsort(ORDER)

Array = NDArray[np.float64]
Answer = tuple[float, bool, float]
"""Probability of the first candidate, whether it is right, and what the question weighs."""


@dataclass(frozen=True)
class Source:
    """A data set: its texts by intent, and the card of each intent."""

    name: str
    texts: dict[str, list[str]]
    cards: dict[str, IntentCard]
    questions: dict[str, list[str]] = field(default_factory=dict)
    near: tuple[str, ...] = ()

    @property
    def has_answers(self) -> bool:
        return any(card.answer for card in self.cards.values())


@dataclass(frozen=True)
class Faq:
    """An FAQ that was cut: what it knows, and what it is asked, each with its intent and kind."""

    source: str
    utterances: int
    known: list[Example]
    cards: dict[str, IntentCard]
    asked: list[tuple[str, str | None, str]]


@dataclass(frozen=True)
class Seen:
    """An FAQ's votes as arrays, and how near its intents lie."""

    group: str
    table: Table
    size: float
    density: float

    def weights(self, usual: Array) -> Array:
        """Return the weights of this FAQ; `usual` has weights, what size adds to each, and density
        to the bias.
        """
        weights: Array = usual[:WEIGHTS] + usual[WEIGHTS:-1] * self.size
        weights[-1] += usual[-1] * self.density
        return weights


class Remembering:
    """An encoder with a cache, which computes no text twice: an FAQ shares most texts
    with others.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.dimension, self._encoder = encoder.dimension, encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def run() -> None:
    made = parser(__doc__)
    made.add_argument(
        "--data", type=Path, required=True, help="has banking77/, clinc150/, exports/"
    )
    made.add_argument("--faqs", type=int, default=60, help="of each source")
    made.add_argument("--trained", type=int, default=4, help="of these, with a trained encoder")
    made.add_argument("--write", action="store_true", help="to workers/fitting/prior.json")
    arguments = made.parse_args()
    sources = list(_sources(arguments.data))
    learnt: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        base = Remembering(_export(base_model.load(base_model.resolve("")), Path(folder) / "base"))
        for answers, kind in ((True, "answers"), (False, "phrasings")):
            faqs = [
                _cut(source, sources, number, answers)
                for source in sources
                if source.has_answers or not answers
                for number in range(arguments.faqs)
            ]
            seen = [_see(faq, base) for faq in _counting(faqs, f"untrained, {kind}")]
            learnt[f"untrained-{kind}"] = _learn(seen)
            some = [faq for faq in faqs if len(faq.known) >= 50 or (answers and len(faq.cards) > 5)]
            if not arguments.trained:
                continue
            step = max(1, len(some) // (arguments.trained * len({faq.source for faq in some})))
            seen = [
                _see(faq, _train(faq, Path(folder) / f"{kind}-{number}"))
                for number, faq in enumerate(_counting(some[::step], f"trained, {kind}"))
            ]
            learnt[f"trained-{kind}"] = _measure(seen, learnt[f"untrained-{kind}"])
    if arguments.write:
        OUT.write_text(json.dumps(learnt, indent=1) + "\n", encoding="utf-8")
    finish("prior", learnt, arguments.keep)


def _counting(items: Sequence[Faq], what: str) -> Iterator[Faq]:
    for number, item in enumerate(items, 1):
        if number % 20 == 0 or len(items) < 30:
            console.print(f"{what}: {number} of {len(items)}")
        yield item


def _sources(data: Path) -> Iterator[Source]:
    for name in ("banking77", "clinc150"):
        rows = load_dataset(data, name).train
        yield _source(name, [(row.text, row.intent) for row in rows if row.intent])
    rasa = json.loads((data / "exports" / "hwu64" / "rasa_nlu.json").read_text(encoding="utf-8"))
    examples = rasa["rasa_nlu_data"]["common_examples"]
    yield _source("hwu64", [(row["text"], row["intent"]) for row in examples])
    draft = read_path(SHIPPED)
    yield Source(
        "shipped",
        {name: list(intent.utterances) for name, intent in draft.intents.items()},
        {
            name: IntentCard(intent.title, intent.answer or "")
            for name, intent in draft.intents.items()
        },
    )

    for path in sorted(WRITTEN.glob("*_questions.csv")):
        yield _written(path.name.removesuffix("_questions.csv"))


def _written(name: str) -> Source:
    texts: dict[str, list[str]] = defaultdict(list)
    cards: dict[str, IntentCard] = {}
    for row in _rows(WRITTEN / f"{name}.csv"):
        texts[row["intent"]].append(row["text"])
        if row["answer"]:
            cards[row["intent"]] = IntentCard(row["title"], row["answer"])
    questions: dict[str, list[str]] = defaultdict(list)
    for row in _rows(WRITTEN / f"{name}_questions.csv"):
        questions[row["intent"]].append(row["text"])
    return Source(name, dict(texts), cards, questions, near=tuple(questions.pop("")))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _source(name: str, rows: Sequence[tuple[str, str]]) -> Source:
    """Make a data set without answers; the intent's name is its title, as in an import
    without one.
    """
    texts: dict[str, dict[str, str]] = {}
    for text, intent in rows:
        texts.setdefault(intent, {})[normalise(text)] = text
    return Source(
        name,
        {intent: list(own.values()) for intent, own in texts.items()},
        {i: IntentCard(i.replace("_", " ").replace("-", " ").capitalize(), "") for i in texts},
    )


def _cut(source: Source, sources: Sequence[Source], number: int, answers: bool) -> Faq:
    random = np.random.default_rng([sources.index(source), number, answers])
    count = min(int(np.exp(random.uniform(np.log(5), np.log(60)))), int(len(source.texts) * 0.67))
    names = [str(name) for name in random.permutation(sorted(source.texts))[: int(count * 1.5)]]
    utterances = int(random.choice((0, *UTTERANCES) if answers else UTTERANCES))
    known: list[Example] = []
    asked: list[tuple[str, str | None, str]] = []
    for place, name in enumerate(names):
        texts = [source.texts[name][at] for at in random.permutation(len(source.texts[name]))]
        if place >= count:
            asked += [(text, None, "near") for text in source.questions.get(name, texts[:NEAR])]
            continue
        wanted = utterances if utterances < 2 else random.normal(utterances, 0.3 * utterances)
        own = int(np.clip(wanted, min(1, utterances), max(1, len(texts) - 2)))
        known += [Example(text, name) for text in texts[:own]]
        questions = source.questions.get(name, texts[own : own + ASKED])
        asked += [(text, name, "in") for text in questions]
    asked += [(text, None, "near") for text in source.near]
    others = [other for other in sources if other is not source]
    foreign = [
        text for other in others for own in list(other.texts.values())[::5] for text in own[:1]
    ]
    foreign += GENERIC.read_text(encoding="utf-8").splitlines()
    asked += [(foreign[at], None, "far") for at in random.permutation(len(foreign))[:FAR]]
    cards = {
        name: source.cards[name] if answers else IntentCard(source.cards[name].title, "")
        for name in names[:count]
    }
    return Faq(source.name, utterances, known, cards, asked)


def _see(faq: Faq, encoder: Encoder) -> Seen:
    entries = tuple(Entry(example.text, example.intent) for example in faq.known)
    catalogue = Catalogue(1, faq.cards, entries, tuple(key(entry.text) for entry in entries))
    matcher = Matcher.build(0, Bundle.blank(encoder, EMPTY), catalogue, Rule())
    scored = matcher.score([text for text, _, _ in faq.asked])
    number = {kind: sum(k == kind for _, _, k in faq.asked) for kind in MIX}
    votes = [
        Vote(found, intent, MIX[kind] / number[kind])
        for found, (_, intent, kind) in zip(scored, faq.asked, strict=True)
    ]
    return Seen(faq.source, Table.of(votes), size_of(matcher), matcher.density())


def _learn(seen: Sequence[Seen]) -> dict[str, Any]:
    """Weights from all FAQs; covariance and wrong answers from those of other groups."""
    weights = _fit(seen)
    groups = sorted({one.group for one in seen})
    own = {group: [one for one in seen if one.group == group] for group in groups}
    of_group = {}
    for group, some in own.items():
        unseen = _fit([one for one in seen if one.group != group])
        of_group[group] = [_answers(one, unseen) for one in some]
    answers = [one for some in of_group.values() for one in some]
    wrong = [(p, _share([_wrong(one, p) for one in answers])) for p in PROBABILITIES]
    usual = min(wrong, key=lambda row: abs(row[1] - USUAL_WRONG))[0]
    return {
        "faqs": len(seen),
        "groups": groups,
        "weights": weights[:WEIGHTS].round(3).tolist(),
        "by_size": weights[WEIGHTS:-1].round(3).tolist(),
        "density": round(float(weights[-1]), 3),
        "covariance": _covariance(own.values(), weights).round(4).tolist(),
        "wrong_from": [(p, round(share, 4)) for p, share in wrong],
        "worth": round(
            _worth([_share([_wrong(one, usual) for one in some]) for some in of_group.values()]), 1
        ),
        "answered_of_in_scope": {
            str(p): round(float(np.mean([_answered(one, p) for one in answers])), 3)
            for p in PROBABILITIES
        },
    }


def _measure(seen: Sequence[Seen], usual: dict[str, Any]) -> dict[str, Any]:
    """Return what is usual untrained, with how much trained encoders are wrong by it.

    A few trained FAQs are too few to learn weights from, so these are less sure. FAQs differ as
    much as untrained, but the mean of so few groups is not sure either.
    """
    weights = np.array([*usual["weights"], *usual["by_size"], usual["density"]])
    answers = [_answers(one, weights) for one in seen]
    wrong = [(p, _share([_wrong(one, p) for one in answers])) for p in PROBABILITIES]
    groups = len({one.group for one in seen})
    return usual | {
        "faqs": len(seen),
        "covariance": (LESS_SURE**2 * np.array(usual["covariance"])).round(4).tolist(),
        "wrong_from": [(p, round(share, 4)) for p, share in wrong],
        "worth": round(usual["worth"] * groups / (groups + 1), 1),
        "answered_of_in_scope": {
            str(p): round(float(np.mean([_answered(one, p) for one in answers])), 3)
            for p in PROBABILITIES
        },
    }


def _covariance(groups: Iterable[Sequence[Seen]], usual: Array) -> Array:
    """Return how far the weights of groups of FAQs are from what is usual for them, (weights,
    weights).
    """
    away = []
    for some in groups:
        own = _fit(some)
        away.append(np.mean([one.weights(own) - one.weights(usual) for one in some], axis=0))
    differ = np.array(away)
    spread: Array = differ.T @ differ / len(differ) + np.diag(np.square(LEAST_DEVIATION))
    return spread


def _fit(seen: Sequence[Seen]) -> Array:
    """The most probable of what all FAQs have in common, as `Seen.weights` reads it."""

    every = _wide(seen)

    def objective(usual: Array) -> tuple[float, Array]:
        surprise, slope = every.surprise(usual[ORDER])
        penalty = LOOSE * len(seen)
        return surprise + penalty * float(usual @ usual), slope[BACK] + 2 * penalty * usual

    start = np.array([8, 1, 3, 3, -4, 0, 0, 0, 0, 0, -4.0])
    return np.asarray(minimize(objective, start, jac=True, method="L-BFGS-B").x)


def _wide(seen: Sequence[Seen]) -> Table:
    """All FAQs in one table, whose features are also there times size; the bias comes last."""
    parts = []
    for one in seen:
        features = one.table.features
        constant = np.ones((*features.shape[:2], 1))
        parts.append(
            np.concatenate(
                [features, features * one.size, constant * one.size, constant * one.density], -1
            )
        )
    tables = [one.table for one in seen]
    return Table(
        np.concatenate(parts),
        np.concatenate([table.real for table in tables]),
        np.concatenate([table.right for table in tables]),
        np.concatenate([table.weight for table in tables]),
    )


def _answers(one: Seen, weights: Array) -> list[Answer]:
    """Return the answer to each question."""
    own = one.weights(weights)
    logits = np.where(one.table.real, one.table.features @ own[:-1] + own[-1], -np.inf)
    logits = np.column_stack([logits, np.zeros(len(logits))])
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    best = odds[:, :-1].argmax(axis=1)
    probability = odds[np.arange(len(odds)), best] / odds.sum(axis=1)
    right = best == one.table.right
    return list(zip(probability.tolist(), right.tolist(), one.table.weight.tolist(), strict=True))


def _wrong(answers: Sequence[Answer], least: float) -> tuple[float, float, float]:
    """(wrong, answered, effective number of answers) from the probability `least` on."""
    given = [(right, weight) for p, right, weight in answers if p >= least]
    answered = sum(weight for _, weight in given)
    square = sum(weight**2 for _, weight in given)
    wrong = sum(weight for right, weight in given if not right)
    return wrong, answered, answered**2 / square if square else 0.0


def _share(counts: Sequence[tuple[float, float, float]]) -> float:
    return sum(wrong for wrong, _, _ in counts) / max(1e-9, sum(n for _, n, _ in counts))


def _worth(shares: Sequence[float]) -> float:
    """Return as how many answers what is usual counts, by how far groups of FAQs differ: moments of
    the beta distribution.

    The FAQs of a group share their texts, so they differ less than others would.
    """
    mean = float(np.mean(shares))
    return mean * (1 - mean) / max(1e-4, float(np.var(shares, ddof=1))) - 1


def _answered(answers: Sequence[Answer], least: float) -> float:
    """Return how many of the in-scope questions, which are half of all, are answered rightly."""
    return sum(w for p, right, w in answers if p >= least and right) / MIX["in"]


def _train(faq: Faq, folder: Path) -> Encoder:
    """Train an encoder with the product's own settings, on what the FAQ knows."""
    settings = Settings()
    teaching = list(faq.known)
    if say_much(faq.cards.values()):
        for name, card in faq.cards.items():
            teaching += [Example(text, name) for text in (card.title, *texts_of(card).passages)]
    spec = TrainingSpec(
        base_model="",
        start_from=None,
        folds=(),
        epochs=epochs_for(len(teaching), settings),
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        threads=1,
        examples=tuple(teaching),
        validation=(),
        trained_share=trained_share_for(len(teaching)),
    )
    folder.mkdir(parents=True)
    model = training_loop.fit(spec, folder / "torch", lambda *_: None).model
    return _export(model, folder / "onnx", [example.text for example in teaching])


def _export(model: Any, folder: Path, sample: Sequence[str] = ("how do I pay?",)) -> OnnxEncoder:
    export.write(model, folder, sample)
    return OnnxEncoder.open(folder)


if __name__ == "__main__":
    run()
