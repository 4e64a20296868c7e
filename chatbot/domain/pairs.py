"""Which texts the trainer compares: triplets for the contrastive loss, pairs for the other.

Everything is drawn from one seeded generator, so the same examples and seed give the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random


@dataclass(frozen=True)
class Example:
    """A text that may train; `rejected` is the intent a live model wrongly preferred for it."""

    text: str
    intent: str
    rejected: str | None = None


@dataclass(frozen=True)
class Triplet:
    anchor: str
    positive: str
    negative: str
    intent: str
    negative_intent: str


@dataclass(frozen=True)
class ScoredPair:
    first: str
    second: str
    score: float


def contrastive_triplets(
    examples: Sequence[Example],
    seed: int,
    per_example: float = 1,
    confusable: Mapping[str, Sequence[str]] | None = None,
) -> list[Triplet]:
    """Draw `per_example` different triplets for each example; none where there is one intent.

    The positive is the next text of the intent in a shuffled ring, or the anchor itself where the
    intent has no other. With `per_example` 0.5 every second text of the ring is an anchor, so that
    each text is used about once; a text with a rejected intent always is one.

    The negative comes from the rejected intent if there is one, else by turns from an intent that
    `confusable` lists for the anchor's intent and from any other intent: hard negatives alone
    would leave the far intents unseen.
    """
    random = Random(seed)
    pool = _Pool(examples, random)
    triplets: dict[Triplet, None] = {}
    for number, example in enumerate(dict.fromkeys(examples)):
        place = pool.place(example)
        turns = ceil((place + 1) * per_example) - ceil(place * per_example)
        for turn in range(max(turns, 1 if example.rejected else 0)):
            negative = _negative(pool, random, example, number + turn, confusable or {})
            if negative is None:
                break
            positive = pool.text(example.intent, place + turn + 1)
            triplet = Triplet(
                example.text, positive, negative.text, example.intent, negative.intent
            )
            triplets[triplet] = None
    return list(triplets)


def scored_pairs(
    examples: Sequence[Example],
    seed: int,
    negatives_per_positive: int = 1,
    confusable: Mapping[str, Sequence[str]] | None = None,
) -> list[ScoredPair]:
    """Pair each example with the next text of its intent (1.0) and with texts of others (0.0).

    A rejected intent always gives a 0.0 pair, whatever `negatives_per_positive` says. A pair and
    its mirror image count as one.
    """
    random = Random(seed)
    pool = _Pool(examples, random)
    pairs: dict[frozenset[str], ScoredPair] = {}
    for number, example in enumerate(dict.fromkeys(examples)):
        partners = [(pool.text(example.intent, pool.place(example) + 1), 1.0)]
        for turn in range(max(negatives_per_positive, 1 if example.rejected else 0)):
            negative = _negative(pool, random, example, number + turn, confusable or {})
            if negative is not None:
                partners.append((negative.text, 0.0))
        for text, score in partners:
            if text != example.text:
                pair = ScoredPair(example.text, text, score)
                pairs.setdefault(frozenset((example.text, text)), pair)
    return list(pairs.values())


class _Pool:
    """The examples by intent, for draws that take the same time however many there are."""

    def __init__(self, examples: Iterable[Example], random: Random) -> None:
        self._texts: dict[str, list[str]] = {}
        for intent, text in dict.fromkeys((example.intent, example.text) for example in examples):
            self._texts.setdefault(intent, []).append(text)
        for texts in self._texts.values():
            random.shuffle(texts)
        self._places = {
            (intent, text): place
            for intent, texts in self._texts.items()
            for place, text in enumerate(texts)
        }
        self._intents = list(self._texts)
        self._ranks = {intent: rank for rank, intent in enumerate(self._intents)}

    def __contains__(self, intent: str) -> bool:
        return intent in self._texts

    def place(self, example: Example) -> int:
        """Return where the text stands in its intent's ring."""
        return self._places[example.intent, example.text]

    def text(self, intent: str, place: int) -> str:
        texts = self._texts[intent]
        return texts[place % len(texts)]

    def draw(self, random: Random, intent: str) -> Example:
        return Example(random.choice(self._texts[intent]), intent)

    def other_intent(self, random: Random, intent: str) -> str:
        """Draw another intent; the same where there is no other."""
        count = len(self._intents)
        step = random.randrange(1, count) if count > 1 else 0
        return self._intents[(self._ranks[intent] + step) % count]


def _negative(
    pool: _Pool,
    random: Random,
    example: Example,
    turn: int,
    confusable: Mapping[str, Sequence[str]],
) -> Example | None:
    if example.rejected and example.rejected != example.intent and example.rejected in pool:
        return pool.draw(random, example.rejected)
    near = [
        intent
        for intent in confusable.get(example.intent, ())
        if intent in pool and intent != example.intent
    ]
    if near and turn % 2 == 0:
        intent = random.choice(near)
    else:
        intent = pool.other_intent(random, example.intent)
    return None if intent == example.intent else pool.draw(random, intent)
