"""Import FAQ files: upsert intents, utterances and evaluation questions in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.split import is_held_out
from chatbot.domain.text import normalise
from chatbot.errors import InvalidCatalogue, Mistake, UtteranceTaken
from chatbot.services import audit
from chatbot.services.catalogue_draft import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.services.publish import phrasings_of, raise_revision
from chatbot.storage.database import batched
from chatbot.storage.tables import EvaluationQuestion, Intent, Utterance

_CALIBRATION_SHARE = 0.5


@dataclass
class Imported:
    """What an import changed."""

    intents_added: int = 0
    intents_changed: int = 0
    utterances_added: int = 0
    evaluation_added: int = 0
    warnings: list[str] = field(default_factory=list)
    changed_intents: list[str] = field(default_factory=list)
    new_phrasings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(
            (self.intents_added, self.intents_changed, self.utterances_added, self.evaluation_added)
        )


def import_faq(
    session: Session,
    draft: CatalogueDraft,
    by: str,
    progress: Callable[[int], None] = lambda texts: None,
) -> Imported:
    """Add what is new and change what differs; nothing is removed. All or nothing.

    Raises InvalidCatalogue with every phrasing that belongs to another intent already.
    `progress` hears how many more texts are done.
    """
    _refuse_taken(session, draft)
    done = Imported()
    intents = {intent.name: intent for intent in session.scalars(select(Intent))}
    present = set(_owners(session, draft))
    known = set(session.scalars(select(EvaluationQuestion.normalised)))
    for item in draft.intents.values():
        intent = _import_intent(session, by, intents.get(item.name), item, present, done)
        _add_evaluation(session, intent, item.held_out, known, done)
        progress(len(item.utterances) + len(item.held_out))
    _add_evaluation(session, None, draft.out_of_scope, known, done)
    progress(len(draft.out_of_scope))
    if done.changed:
        audit.record(
            session,
            by,
            "faq.import",
            f"{len(draft.intents)} intents",
            intents_added=done.intents_added,
            intents_changed=done.intents_changed,
            utterances_added=done.utterances_added,
        )
        raise_revision(session, done.changed_intents, done.new_phrasings)
    return done


def _refuse_taken(session: Session, draft: CatalogueDraft) -> None:
    owners = _owners(session, draft)
    mistakes = []
    for item in draft.intents.values():
        for text in item.utterances:
            owner = owners.get(normalise(text), item.name)
            if owner != item.name:
                file, line = draft.places.get(normalise(text), (item.name, 0))
                mistakes.append(Mistake(file, line, str(UtteranceTaken(text, owner, item.name))))
    if mistakes:
        raise InvalidCatalogue(mistakes)


def _owners(session: Session, draft: CatalogueDraft) -> dict[str, str]:
    """By normalised text, the intents of those utterances that the FAQ has already."""
    owners: dict[str, str] = {}
    texts = {normalise(text) for item in draft.intents.values() for text in item.utterances}
    for some in batched(texts):
        taken = select(Utterance.normalised, Intent.name).join(Intent)
        rows = session.execute(taken.where(Utterance.normalised.in_(some)))
        owners.update((text, name) for text, name in rows)
    return owners


def _import_intent(
    session: Session,
    by: str,
    intent: Intent | None,
    item: IntentDraft,
    present: set[str],
    done: Imported,
) -> Intent:
    created, before, after = intent is None, {}, {}
    if intent is None:
        intent = _create(session, item, done)
    else:
        after = _changes(intent, item)
        before = {name: getattr(intent, name) for name in after}
        _change(session, intent, after, done)
    added = [text for text in item.utterances if normalise(text) not in present]
    for text in added:
        present.add(normalise(text))
        session.add(Utterance(intent_id=intent.id, text=text, normalised=normalise(text)))
        done.new_phrasings.append(normalise(text))
    done.utterances_added += len(added)
    if created or after or added:
        audit.record(
            session,
            by,
            "intent.import",
            item.name,
            created=created,
            before=before,
            after=after,
            utterances=added,
        )
    return intent


def _create(session: Session, item: IntentDraft, done: Imported) -> Intent:
    if item.answer is None:
        done.warnings.append(f"“{item.name}” has no answer yet; visitors get a placeholder.")
    intent = Intent(
        name=item.name,
        title=item.title,
        topic=item.topic,
        answer=item.answer or PLACEHOLDER,
        enabled=item.enabled is not False,
    )
    session.add(intent)
    session.flush()
    done.intents_added += 1
    done.changed_intents.append(item.name)
    return intent


def _changes(intent: Intent, item: IntentDraft) -> dict[str, Any]:
    """What the file says of an intent otherwise than it is."""
    said: dict[str, Any] = {}
    if item.answer is not None:
        said["title"] = item.title if item.has_own_title else intent.title
        said["topic"] = item.topic or intent.topic
        said["answer"] = item.answer
    if item.enabled is not None:
        said["enabled"] = item.enabled
    return {name: value for name, value in said.items() if getattr(intent, name) != value}


def _change(session: Session, intent: Intent, after: dict[str, Any], done: Imported) -> None:
    for name, value in after.items():
        setattr(intent, name, value)
    if "enabled" in after:
        done.new_phrasings += phrasings_of(session, intent)
    if after:
        done.intents_changed += 1
        done.changed_intents.append(intent.name)


def _add_evaluation(
    session: Session, intent: Intent | None, texts: list[str], known: set[str], done: Imported
) -> None:
    """Out-of-scope questions are split by a stable hash: half calibrate, half measure."""
    for text in texts:
        if normalise(text) in known:
            continue
        known.add(normalise(text))
        session.add(
            EvaluationQuestion(
                intent_id=intent.id if intent else None,
                text=text,
                normalised=normalise(text),
                calibration=intent is None and is_held_out(text, _CALIBRATION_SHARE),
            )
        )
        done.evaluation_added += 1
