"""Read from SQL what a matcher needs: the FAQ of today, plus what its model version learnt."""

from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from chatbot.domain.split import Part
from chatbot.domain.text import key_of_normalised, normalise
from chatbot.matching.catalogue import Catalogue, Edit, Entry, IntentCard
from chatbot.matching.live import Target
from chatbot.services.publish import current_revision
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    Confirmation,
    Intent,
    KnowledgeChange,
    ModelPointer,
    ModelVersion,
    Query,
    Utterance,
    VersionExample,
)

_FETCHED_ROWS = 10_000


def read_target(session: Session) -> Target | None:
    """What every web process should be running now."""
    row = session.execute(
        select(ModelPointer.generation, ModelVersion.id, ModelVersion.digest).join(
            ModelVersion, ModelVersion.id == ModelPointer.version_id
        )
    ).one_or_none()
    return Target(row[0], row[1], row[2], current_revision(session)) if row else None


def read_catalogue(session: Session, version_id: int | None) -> Catalogue:
    """The FAQ, and the confirmed questions that version `version_id` learnt (None: none).

    Knowledge is of today also for an old version: rolling a model back never rolls the FAQ back.
    """
    learnt = _learnt(session, _learnt_by(version_id)) if version_id is not None else ()
    return _read(session, learnt)


def read_catalogue_to_train(session: Session, learnt: Iterable[tuple[str, str]]) -> Catalogue:
    """The FAQ, and the confirmed questions, with their intents, that the next version learns."""
    return _read(session, ((normalise(text), Entry(text, intent)) for text, intent in learnt))


def read_edit(session: Session, version_id: int, since: int) -> Edit | None:
    """What `read_catalogue` says otherwise than at revision `since`, at the price of the change.

    None if the log does not hold every revision since then; read the catalogue again.
    """
    revision = current_revision(session)
    newer = KnowledgeChange.revision > since
    logged = session.scalar(select(func.count(KnowledgeChange.revision.distinct())).where(newer))
    if logged != revision - since:
        return None
    changes = select(KnowledgeChange.intent, KnowledgeChange.phrasing).where(newer).distinct()
    rows = session.execute(changes).all()
    return Edit(
        revision,
        _read_cards(session, {intent for intent, _ in rows if intent is not None}),
        _read_entries(session, version_id, {text for _, text in rows if text is not None}),
    )


_UTTERANCES = (
    select(Utterance.normalised, Utterance.text, Intent.name)
    .join(Intent)
    .where(Intent.enabled)
    .order_by(Utterance.id)
)
_LEARNABLE = (
    select(Query.text, Intent.name)
    .join(Confirmation, Confirmation.query_id == Query.id)
    .join(Intent, Intent.id == Confirmation.intent_id)
    .where(Confirmation.part == Part.TRAINING, Intent.enabled)
    .order_by(Query.asked_at, Query.id)
)
_CARDS = select(Intent.name, Intent.title, Intent.answer).where(Intent.enabled)

Rows = Iterator[tuple[str, Entry]]


def _learnt_by(version_id: int) -> Select[str, str]:
    return _LEARNABLE.join(VersionExample, VersionExample.query_id == Query.id).where(
        VersionExample.version_id == version_id
    )


def _read(session: Session, learnt: Iterable[tuple[str, Entry]]) -> Catalogue:
    """A phrasing that the FAQ has is the FAQ's, whatever was confirmed for it earlier."""
    entries = dict(_authored(session, _UTTERANCES))
    for normalised, entry in learnt:
        entries.setdefault(normalised, entry)
    return Catalogue(
        revision=current_revision(session),
        intents={name: IntentCard(t, a) for name, t, a in session.execute(_CARDS)},
        entries=tuple(entries.values()),
        keys=tuple(map(key_of_normalised, entries)),
    )


def _read_cards(session: Session, intents: Collection[str]) -> dict[str, IntentCard | None]:
    cards: dict[str, IntentCard | None] = dict.fromkeys(intents)
    for some in batched(intents):
        found = session.execute(_CARDS.where(Intent.name.in_(some)))
        cards.update((name, IntentCard(title, answer)) for name, title, answer in found)
    return cards


def _read_entries(
    session: Session, version_id: int, phrasings: Collection[str]
) -> dict[str, Entry | None]:
    """What each of these normalised texts means now, by key."""
    entries: dict[str, Entry] = {}
    for some in batched(phrasings):
        keys = [key_of_normalised(text) for text in some]
        authored = _authored(session, _UTTERANCES.where(Utterance.normalised.in_(some)))
        learnt = _learnt(session, _learnt_by(version_id).where(Query.text_key.in_(keys)))
        entries.update(authored)
        for normalised, entry in learnt:
            entries.setdefault(normalised, entry)
    return {key_of_normalised(text): entries.get(text) for text in phrasings}


def _authored(session: Session, query: Select[str, str, str]) -> Rows:
    rows = session.execute(query, execution_options={"yield_per": _FETCHED_ROWS})
    return ((normalised, Entry(text, intent)) for normalised, text, intent in rows)


def _learnt(session: Session, query: Select[str, str]) -> Rows:
    rows = session.execute(query, execution_options={"yield_per": _FETCHED_ROWS})
    return ((normalise(text), Entry(text, intent)) for text, intent in rows)
