"""Read from SQL what a matcher needs: the FAQ of today, plus what its model version learnt."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from chatbot.domain.split import Part
from chatbot.domain.text import normalise
from chatbot.matching.live import Target
from chatbot.matching.matcher import Catalogue, Entry, IntentCard
from chatbot.services.publish import current_revision
from chatbot.storage.tables import (
    Confirmation,
    Intent,
    ModelPointer,
    ModelVersion,
    Query,
    Utterance,
    VersionExample,
)


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
    learnt = _LEARNABLE.join(VersionExample, VersionExample.query_id == Query.id).where(
        VersionExample.version_id == version_id
    )
    return _read(session, learnt if version_id is not None else None)


def read_catalogue_to_train(session: Session) -> Catalogue:
    """The FAQ, and all confirmed questions that the next version may learn."""
    return _read(session, _LEARNABLE)


_LEARNABLE = (
    select(Query.text, Intent.name)
    .join(Confirmation, Confirmation.query_id == Query.id)
    .join(Intent, Intent.id == Confirmation.intent_id)
    .where(Confirmation.part == Part.TRAINING, Intent.enabled)
    .order_by(Query.asked_at, Query.id)
)


def _read(session: Session, learnt: Select[str, str] | None) -> Catalogue:
    """A phrasing that the FAQ has is the FAQ's, whatever was confirmed for it earlier."""
    intents = {
        name: IntentCard(title, answer)
        for name, title, answer in session.execute(
            select(Intent.name, Intent.title, Intent.answer).where(Intent.enabled)
        )
    }
    utterances = (
        select(Utterance.text, Intent.name)
        .join(Intent)
        .where(Intent.enabled)
        .order_by(Utterance.id)
    )
    entries: dict[str, Entry] = {}
    for query in (utterances, learnt):
        for text, intent in session.execute(query) if query is not None else ():
            entries.setdefault(normalise(text), Entry(text, intent))
    return Catalogue(current_revision(session), intents, tuple(entries.values()))
