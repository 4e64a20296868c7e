"""Gather what a model may learn from and what it is measured by, and keep the two apart."""

import hashlib
import json
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.example import Example, PairExample
from chatbot.domain.holdout import Purpose, is_validation
from chatbot.domain.quarantine import Selection
from chatbot.domain.text import normalise
from chatbot.matching.catalogue import Catalogue
from chatbot.matching.passages import say_much, texts_of
from chatbot.services.knowledge.catalogue import read_catalogue_to_train
from chatbot.services.knowledge.pins import list_pins
from chatbot.services.knowledge.standing import in_order_of_verdicts
from chatbot.services.learning.pairs_to_train import PairsToTrain, read_pairs_to_train
from chatbot.services.learning.quarantine import select_admitted
from chatbot.services.learning.unlabelled import list_unlabelled
from chatbot.settings import Settings
from chatbot.storage.tables import Confirmation, EvaluationQuestion, Intent, Query, Utterance

MOST_CROSS_FITTED = 4000
FEW_UNLABELLED = 250
MOST_ROWS_TO_GUESS_FROM = 10_000
RECIPE = 12  # raise it when training changes so that the same rows give another model


@dataclass(frozen=True)
class Labelled:
    """A question and its intent; None means out of scope. `source` is who confirmed it."""

    text: str
    intent: str | None
    source: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Frozen:
    """The rows of one training run, read in one transaction.

    `training` teaches; `validation` chooses the epoch and fits the calibration, together with
    `out_of_scope`; `held_out` decides on promotion. No text is in two of them. Without `validation`
    the training rows are cross-fitted. `pins` must keep their answers and never train either.
    `passages` are what titles and answers say of each intent: they teach, and measure nothing.
    `unlabelled` are questions that nobody judged, whose intents are guessed. `teachers` says of
    confirmed texts, normalised, who confirmed them; `apart` counts confirmations, and pairs with a
    score, that neither teach nor measure yet, by why. `pairs` teach beside the texts, and those
    that are left out only measure.
    """

    training: list[Example]
    validation: list[Example]
    out_of_scope: list[str]
    held_out: list[Labelled]
    catalogue: Catalogue
    passages: list[Example] = field(default_factory=list)
    pins: list[Labelled] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    learnt_queries: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    teachers: dict[str, str] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)
    pairs: list[PairExample] = field(default_factory=list)
    left_out_pairs: list[PairExample] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The digest of the training data, which changes when a better model may come out: rows,
        pairs, recipe or settings differ.
        """
        rows = sorted((e.intent, e.text, e.rejected or "") for e in self.training + self.validation)
        pairs = sorted((*sorted((p.text_a, p.text_b)), p.score) for p in self.pairs)
        rows += sorted((e.intent, e.text, "") for e in self.passages)
        return _digest([self.recipe, rows, sorted(self.out_of_scope), pairs])

    @property
    def recipe(self) -> str:
        """The digest of the recipe, which changes when the same rows would give another model.

        Every day brings questions without a verdict. They alone are no reason to train again until
        there are twice as many.
        """
        doublings = (len(self.unlabelled) // FEW_UNLABELLED).bit_length()
        return _digest([RECIPE, self.settings, doublings])

    @property
    def evidence(self) -> str:
        """The digest of the evidence, which changes when a verdict could: other held-out questions,
        or other pins.
        """
        rows, pins = (
            sorted((row.text, row.intent or "") for row in part)
            for part in (self.held_out, self.pins)
        )
        return _digest([rows, pins])


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def freeze(session: Session, settings: Settings, trains: bool = True) -> Frozen:
    """Read all rows of enabled intents at one moment; an untrained version learns no queries."""
    selection = select_admitted(session, settings)
    held_out = _held_out(session, selection)
    pins = [Labelled(pin.text, pin.intent) for pin in list_pins(session)]
    pinned = {normalise(pin.text) for pin in pins}
    measured = pinned | {normalise(row.text) for row in held_out}
    examples: dict[str, Example] = {}
    for text, intent in _utterances(session):
        examples.setdefault(normalise(text), Example(text, intent))
    learnt: dict[str, tuple[str, str]] = {}
    out_of_scope = {normalise(text): text for text in _calibration_questions(session)}
    teachers: dict[str, str] = {}
    for query, intent_name, source in _confirmed(session, Purpose.TRAINING, selection):
        if normalise(query.text) in measured:
            continue
        teachers.setdefault(normalise(query.text), source)
        if intent_name is None:
            out_of_scope.setdefault(normalise(query.text), query.text)
            continue
        learnt[query.id] = query.text, intent_name
        examples.setdefault(
            normalise(query.text), Example(query.text, intent_name, _rejected(query, intent_name))
        )
    known = examples.keys() | out_of_scope.keys() | measured
    rows = [example for k, example in examples.items() if k not in measured]
    validation = _validation_rows(rows, settings.validation_share)
    kept = {id(example) for example in validation}
    never_taught = {*measured, *out_of_scope, *(normalise(row.text) for row in validation)}
    pairs = (
        read_pairs_to_train(session, settings, examples, never_taught) if trains else PairsToTrain()
    )
    catalogue = read_catalogue_to_train(session, learnt.values() if trains else ())
    return Frozen(
        training=[example for example in rows if id(example) not in kept],
        validation=validation,
        # An editor may have added to the FAQ what was out of scope when an agent said so.
        out_of_scope=[t for k, t in out_of_scope.items() if k not in examples and k not in pinned],
        held_out=held_out,
        pins=pins,
        unlabelled=_unlabelled(session, settings, known, len(rows)) if trains else [],
        catalogue=catalogue,
        passages=_passages(catalogue, examples.keys() | measured) if trains else [],
        learnt_queries=list(learnt) if trains else [],
        settings=settings.model_dump(include=_TRAINING_SETTINGS, mode="json"),
        teachers=teachers,
        apart={
            "waiting": len(selection.waiting),
            "quarantined": sum(map(len, selection.quarantined.values())),
            "pairs": pairs.apart,
        },
        pairs=pairs.training,
        left_out_pairs=pairs.left_out,
    )


def _passages(catalogue: Catalogue, known: Container[str]) -> list[Example]:
    """Titles, and sentences of answers behind them; none where answers say little of an intent."""
    if not say_much(catalogue.intents.values()):
        return []
    found: dict[str, Example] = {}
    for name, card in sorted(catalogue.intents.items()):
        for text in (card.title, *texts_of(card).passages):
            found.setdefault(normalise(text), Example(text, name))
    return [example for text, example in found.items() if text not in known]


def _unlabelled(
    session: Session, settings: Settings, known: Container[str], rows: int
) -> list[str]:
    """Return unlabelled questions; none where there are few, or so many `rows` that guesses add
    nothing to them.
    """
    if rows > MOST_ROWS_TO_GUESS_FROM:
        return []
    questions = list_unlabelled(session, settings, known)
    return questions if len(questions) >= FEW_UNLABELLED else []


_TRAINING_SETTINGS = {
    "base_model",
    "start_from",
    "epochs",
    "batch_size",
    "learning_rate",
    "seed",
    "neighbours",
    "vote_temperature",
    "promise",
    "promise_confidence",
    "clarify_probability",
    "cost_wrong_answer",
    "cost_handoff",
    "cost_click",
    "validation_share",
    "unlabelled_cap",
}


def _validation_rows(rows: list[Example], share: float) -> list[Example]:
    """The stable share, except that an intent never loses its last two training rows.

    A small FAQ cannot spare any: it is trained several times instead, without a part each time.
    """
    if len(rows) < MOST_CROSS_FITTED:
        return []
    left: dict[str, int] = {}
    for example in rows:
        left[example.intent] = left.get(example.intent, 0) + 1
    chosen = []
    for example in rows:
        if is_validation(example.text, share) and left[example.intent] > 2:
            left[example.intent] -= 1
            chosen.append(example)
    return chosen


def _utterances(session: Session) -> list[tuple[str, str]]:
    query = (
        select(Utterance.text, Intent.name)
        .join(Intent)
        .where(Intent.enabled)
        .order_by(Utterance.id)
    )
    return [(text, intent) for text, intent in session.execute(query)]


def _confirmed(
    session: Session, part: Purpose, selection: Selection
) -> list[tuple[Query, str | None, str]]:
    """(query, intent, who said so) of those that are admitted, as the newest of the same words say.

    Older ones that say otherwise are overruled, also by what was said of a disabled intent.
    """
    query = in_order_of_verdicts(
        select(Query, Intent.name, func.coalesce(Intent.enabled, True), Confirmation.confirmed_by)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(Intent, Intent.id == Confirmation.intent_id)
        .where(Confirmation.part == part)
    )
    admitted = [row for row in session.execute(query).unique() if row[0].id in selection.admitted]
    newest = {query.text_key: intent for query, intent, _, _ in admitted}
    rows = [
        (query, intent, by)
        for query, intent, enabled, by in admitted
        if enabled and newest[query.text_key] == intent
    ]
    return sorted(rows, key=lambda row: (row[0].asked_at, row[0].id))


def _held_out(session: Session, selection: Selection) -> list[Labelled]:
    authored = (
        select(EvaluationQuestion.text, Intent.name)
        .outerjoin(Intent, Intent.id == EvaluationQuestion.intent_id)
        .where(
            EvaluationQuestion.calibration.is_(False),
            EvaluationQuestion.intent_id.is_(None) | Intent.enabled,
        )
        .order_by(EvaluationQuestion.id)
    )
    rows = {normalise(text): Labelled(text, intent) for text, intent in session.execute(authored)}
    for query, intent, source in _confirmed(session, Purpose.HELD_OUT, selection):
        rows.setdefault(normalise(query.text), Labelled(query.text, intent, source))
    return list(rows.values())


def _calibration_questions(session: Session) -> list[str]:
    query = (
        select(EvaluationQuestion.text)
        .where(EvaluationQuestion.calibration, EvaluationQuestion.intent_id.is_(None))
        .order_by(EvaluationQuestion.id)
    )
    return list(session.scalars(query))


def _rejected(query: Query, intent: str) -> str | None:
    """The intent that the live model preferred and the agent overruled: a hard negative."""
    best = query.candidates[0]["intent"] if query.candidates else None
    return best if best != intent else None
