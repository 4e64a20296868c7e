"""Read from SQL what a matcher needs: the FAQ of today, and what agents said of questions."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose
from chatbot.domain.quarantine import Standing
from chatbot.domain.text import key_of_normalised, normalise
from chatbot.matching.catalogue import Catalogue, Edit, Entry, IntentCard
from chatbot.matching.live import Target
from chatbot.services.knowledge.edit_faq import current_revision
from chatbot.services.knowledge.standing import in_order_of_verdicts
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    Confirmation,
    EvaluationQuestion,
    Intent,
    KnowledgeChange,
    ModelPointer,
    ModelVersion,
    Pin,
    Query,
    Utterance,
)

_FETCHED_ROWS = 10_000


def read_target(session: Session) -> Target | None:
    """Return what every web process should be running now; None before the first model."""
    row = session.execute(
        select(ModelPointer.generation, ModelVersion.id, ModelVersion.digest).join(
            ModelVersion, ModelVersion.id == ModelPointer.version_id
        )
    ).one_or_none()
    return Target(row[0], row[1], row[2], current_revision(session)) if row else None


def read_catalogue(session: Session) -> Catalogue:
    """Return today's FAQ, and all that agents confirmed and that is in effect, for any model
    version.

    It is today's also for an old version: rolling a model back never rolls the FAQ back.
    """
    words = _Words()
    words.add_authored(session, _UTTERANCES)
    words.add_said(session, _SAID)
    return _catalogue(session, words.entries, words.obeyed)


def read_catalogue_to_judge(session: Session) -> Catalogue:
    """Return the catalogue of `read_catalogue` without what versions are judged by.

    It must not answer for itself.
    """
    words = _Words()
    words.add_authored(session, _UTTERANCES)
    words.add_said(session, _SAID.where(Confirmation.part == Purpose.TRAINING))
    measured = {t for c in _MEASURED for t in session.scalars(select(c))} - words.authored
    return _catalogue(session, {t: e for t, e in words.entries.items() if t not in measured}, {})


def read_catalogue_to_train(session: Session, learnt: Iterable[tuple[str, str]]) -> Catalogue:
    """Return the FAQ, and the confirmed questions, with their intents, that the next version
    learns.
    """
    entries = dict(_authored(session, _UTTERANCES))
    for text, intent in learnt:
        entries.setdefault(normalise(text), Entry(text, intent, confirmed=True))
    return _catalogue(session, entries, {})


def read_edit(session: Session, since: int) -> Edit | None:
    """Return how `read_catalogue` differs from revision `since`; the cost is that of the change.

    None if the log does not hold every revision since then; read the catalogue again.
    """
    revision = current_revision(session)
    newer = KnowledgeChange.revision > since
    logged = session.scalar(select(func.count(KnowledgeChange.revision.distinct())).where(newer))
    if logged != revision - since:
        return None
    changes = select(KnowledgeChange.intent, KnowledgeChange.phrasing).where(newer).distinct()
    rows = session.execute(changes).all()
    phrasings = {text for _, text in rows if text is not None}
    words = _read_words(session, phrasings)
    keys = {text: key_of_normalised(text) for text in phrasings}
    return Edit(
        revision,
        _read_cards(session, {intent for intent, _ in rows if intent is not None}),
        {keys[text]: words.entries.get(text) for text in phrasings},
        {keys[text]: words.obeyed.get(text) for text in phrasings},
    )


_UTTERANCES = (
    select(Utterance.normalised, Utterance.text, Intent.name)
    .join(Intent)
    .where(Intent.enabled)
    .order_by(Utterance.id)
)
_SAID = in_order_of_verdicts(
    select(
        Query.text,
        Intent.name,
        func.coalesce(Intent.enabled, True),
        Confirmation.standing == Standing.VOTES,
    )
    .join(Confirmation, Confirmation.query_id == Query.id)
    .outerjoin(Intent, Intent.id == Confirmation.intent_id)
    .where(Confirmation.standing != Standing.APART)
)
_MEASURED = EvaluationQuestion.normalised, Pin.normalised
_CARDS = select(Intent.name, Intent.title, Intent.answer).where(Intent.enabled)

Rows = Iterator[tuple[str, Entry]]


class _Words:
    """The meanings of texts, by their normalised form.

    A phrasing that the FAQ has is the FAQ's, whatever was confirmed for it. Of verdicts on the same
    words the newest decides, and the newest of those that vote is a neighbour. What was said of an
    intent that is disabled is nothing now, and no older verdict takes its place.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.obeyed: dict[str, Entry] = {}
        self.authored: frozenset[str] = frozenset()

    def add_authored(self, session: Session, query: Select[str, str, str]) -> None:
        self.entries |= dict(_authored(session, query))
        self.authored = frozenset(self.entries)

    def add_said(self, session: Session, query: Select[str, str | None, bool, bool]) -> None:
        """Rows in the order of their verdicts."""
        rows = session.execute(query, execution_options={"yield_per": _FETCHED_ROWS})
        for text, intent, enabled, votes in rows:
            normalised = normalise(text)
            if normalised not in self.authored:
                self._hear(normalised, Entry(text, intent, confirmed=True), enabled, votes)

    def _hear(self, normalised: str, entry: Entry, enabled: bool, votes: bool) -> None:
        self.obeyed.pop(normalised, None)
        if not enabled:
            self.entries.pop(normalised, None)
        elif votes:
            self.entries[normalised] = entry
        else:
            self.obeyed[normalised] = entry


def _read_words(session: Session, phrasings: Collection[str]) -> _Words:
    words = _Words()
    for some in batched(phrasings):
        words.add_authored(session, _UTTERANCES.where(Utterance.normalised.in_(some)))
    for some in batched(phrasings):
        keys = [key_of_normalised(text) for text in some]
        words.add_said(session, _SAID.where(Query.text_key.in_(keys)))
    return words


def _catalogue(
    session: Session, entries: Mapping[str, Entry], obeyed: Mapping[str, Entry]
) -> Catalogue:
    return Catalogue(
        revision=current_revision(session),
        intents={name: IntentCard(t, a) for name, t, a in session.execute(_CARDS)},
        entries=tuple(entries.values()),
        keys=tuple(map(key_of_normalised, entries)),
        obeyed={key_of_normalised(text): entry for text, entry in obeyed.items()},
    )


def _read_cards(session: Session, intents: Collection[str]) -> dict[str, IntentCard | None]:
    cards: dict[str, IntentCard | None] = dict.fromkeys(intents)
    for some in batched(intents):
        found = session.execute(_CARDS.where(Intent.name.in_(some)))
        cards.update((name, IntentCard(title, answer)) for name, title, answer in found)
    return cards


def _authored(session: Session, query: Select[str, str, str]) -> Rows:
    rows = session.execute(query, execution_options={"yield_per": _FETCHED_ROWS})
    return ((normalised, Entry(text, intent)) for normalised, text, intent in rows)
