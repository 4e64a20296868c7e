"""Look for what makes an FAQ answer badly, before visitors find it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.answer_links import NOWHERE, Surroundings, find_unshown
from chatbot.domain.readiness import GOOD_UTTERANCES, LEAST_UTTERANCES
from chatbot.domain.text import key_of_normalised
from chatbot.formats.draft import PLACEHOLDER
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge.intent_health import PERIOD, traffic
from chatbot.services.knowledge.lint_pairs import Pair, Pairs, Phrase, find_pairs
from chatbot.services.knowledge.near_duplicates import NEARLY_SAME
from chatbot.services.knowledge.pins import Checked, list_broken
from chatbot.storage.database import batched, now
from chatbot.storage.tables import Intent, Query, Utterance

LOPSIDED = 10
MOST_PLAIN_CHARS = 200
LEAST_ANSWER_CHARS = 20
ENOUGH_UTTERANCES = f"At least {LEAST_UTTERANCES}, better {GOOD_UTTERANCES}"


class FlawKind(StrEnum):
    FEW = "few"
    LOPSIDED = "lopsided"
    LONG = "long"
    ANSWER = "answer"
    ASKED = "asked"
    LINK = "link"
    PICTURE = "picture"


@dataclass(frozen=True)
class Flaw:
    """A fault of one intent: a count of utterances, characters, questions or addresses, by kind."""

    kind: FlawKind
    intent: str
    count: int
    text: str = ""


@dataclass(frozen=True)
class Findings:
    """The faults of an FAQ; `pairs` is None where no model is loaded to compare with.

    `median` is of utterances. `pins` are those that the FAQ, or its live model, breaks.
    """

    pairs: Pairs | None
    flaws: list[Flaw]
    pins: list[Checked]
    intents: int
    utterances: int
    median: float

    @property
    def contradictions(self) -> list[Pair]:
        found = self.pairs.found if self.pairs else []
        return [pair for pair in found if pair.similarity >= NEARLY_SAME]

    @property
    def alike(self) -> list[Pair]:
        found = self.pairs.found if self.pairs else []
        return [pair for pair in found if pair.similarity < NEARLY_SAME]

    def of(self, kind: str) -> list[Flaw]:
        return [flaw for flaw in self.flaws if flaw.kind == kind]


@dataclass(frozen=True)
class _Card:
    name: str
    enabled: bool
    answer: str
    utterances: int


def lint(
    session: Session, matcher: Matcher | None, surroundings: Surroundings = NOWHERE
) -> Findings:
    """Check all of the FAQ, drafts too; `surroundings` are those that visitors see answers in."""
    cards, phrases = _read_cards(session), _read_phrases(session)
    drafts = {card.name for card in cards if not card.enabled}
    typical = median([card.utterances for card in cards if card.enabled] or [0])
    flaws = [
        *_count_utterances(cards, typical),
        *(_long(phrase) for phrase in phrases if len(phrase.text) > MOST_PLAIN_CHARS),
        *(_bare(card) for card in cards if _says_little(card.answer)),
        *(flaw for card in cards for flaw in _unshown(card, surroundings)),
        *_asked(session, [phrase for phrase in phrases if phrase.intent in drafts]),
    ]
    pairs = find_pairs(matcher, phrases) if matcher else None
    pins = list_broken(session, matcher)
    return Findings(pairs, flaws, pins, len(cards), len(phrases), typical)


def _count_utterances(cards: Sequence[_Card], typical: float) -> Iterator[Flaw]:
    for card in cards:
        if card.enabled and card.utterances < LEAST_UTTERANCES:
            yield Flaw(FlawKind.FEW, card.name, card.utterances)
        if card.enabled and card.utterances > LOPSIDED * max(typical, 1):
            yield Flaw(FlawKind.LOPSIDED, card.name, card.utterances)


def _long(phrase: Phrase) -> Flaw:
    return Flaw(FlawKind.LONG, phrase.intent, len(phrase.text), phrase.text)


def _bare(card: _Card) -> Flaw:
    return Flaw(FlawKind.ANSWER, card.name, len(card.answer), card.answer)


def _unshown(card: _Card, surroundings: Surroundings) -> Iterator[Flaw]:
    """Links of an answer that lead nowhere, and pictures that are shown as links."""
    found = find_unshown(card.answer, surroundings)
    for kind, addresses in ((FlawKind.LINK, found.links), (FlawKind.PICTURE, found.pictures)):
        if addresses:
            yield Flaw(kind, card.name, len(addresses), addresses[0])


def _says_little(answer: str) -> bool:
    return answer == PLACEHOLDER or len(answer.strip()) < LEAST_ANSWER_CHARS


def _asked(session: Session, drafted: Sequence[Phrase]) -> Iterator[Flaw]:
    """Drafts that were the first candidate while they were live, or whose very words are asked."""
    seen = traffic()
    was_first = (
        select(seen.c.intent, seen.c.asked)
        .join(Intent, Intent.name == seen.c.intent)
        .where(~Intent.enabled, seen.c.asked > 0)
    )
    asked = dict(session.execute(was_first).all())
    intent_of = {key_of_normalised(phrase.normalised): phrase.intent for phrase in drafted}
    for some in batched(intent_of):
        rows = session.execute(
            select(Query.text_key, Query.first_intent, func.count())
            .where(Query.text_key.in_(some), Query.asked_at >= now() - PERIOD, ~Query.test)
            .group_by(Query.text_key, Query.first_intent)
        )
        for text_key, first, times in rows:
            if first != (intent := intent_of[text_key]):
                asked[intent] = asked.get(intent, 0) + times
    for intent, times in sorted(asked.items(), key=lambda item: -item[1]):
        yield Flaw(FlawKind.ASKED, intent, times)


def _read_cards(session: Session) -> list[_Card]:
    rows = session.execute(
        select(Intent.name, Intent.enabled, Intent.answer, func.count(Utterance.id))
        .outerjoin(Utterance)
        .group_by(Intent.id)
        .order_by(Intent.name)
    )
    return [_Card(*row) for row in rows]


def _read_phrases(session: Session) -> list[Phrase]:
    rows = session.execute(
        select(Utterance.text, Utterance.normalised, Intent.name)
        .join(Intent)
        .order_by(Utterance.id)
    )
    return [Phrase(*row) for row in rows]
