"""Import FAQ files: upsert intents, utterances and evaluation questions in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.split import is_held_out
from chatbot.domain.text import normalise
from chatbot.errors import UtteranceTaken
from chatbot.services import audit
from chatbot.services.catalogue_files import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.services.publish import raise_revision
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

    Raises UtteranceTaken when a phrasing belongs to another intent already.
    `progress` hears how many more texts are done.
    """
    done = Imported()
    intents = {intent.name: intent for intent in session.scalars(select(Intent))}
    owners = _owners(session, {normalise(t) for i in draft.intents.values() for t in i.utterances})
    known = set(session.scalars(select(EvaluationQuestion.normalised)))
    for item in draft.intents.values():
        intent = _upsert_intent(session, intents.get(item.name), item, done)
        _add_utterances(session, intent, item, owners, done)
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


def _owners(session: Session, normalised: set[str]) -> dict[str, str]:
    """The intents of those texts that the FAQ has already."""
    owners: dict[str, str] = {}
    for some in batched(normalised):
        taken = select(Utterance.normalised, Intent.name).join(Intent)
        rows = session.execute(taken.where(Utterance.normalised.in_(some)))
        owners.update((text, name) for text, name in rows)
    return owners


def _upsert_intent(
    session: Session, intent: Intent | None, item: IntentDraft, done: Imported
) -> Intent:
    if intent is None:
        if item.answer is None:
            done.warnings.append(f"“{item.name}” has no answer yet; visitors get a placeholder.")
        intent = Intent(
            name=item.name,
            title=item.title,
            topic=item.topic,
            answer=item.answer or PLACEHOLDER,
        )
        session.add(intent)
        session.flush()
        done.intents_added += 1
        done.changed_intents.append(item.name)
        return intent
    if item.answer is not None:
        title = item.title if item.has_own_title else intent.title
        wanted = (title, item.topic or intent.topic, item.answer)
        if (intent.title, intent.topic, intent.answer) != wanted:
            intent.title, intent.topic, intent.answer = wanted
            done.intents_changed += 1
            done.changed_intents.append(item.name)
    return intent


def _add_utterances(
    session: Session, intent: Intent, item: IntentDraft, owners: dict[str, str], done: Imported
) -> None:
    for text in item.utterances:
        owner = owners.setdefault(normalise(text), "")
        if owner not in ("", intent.name):
            raise UtteranceTaken(text, owner, intent.name)
        if owner == "":
            owners[normalise(text)] = intent.name
            session.add(Utterance(intent_id=intent.id, text=text, normalised=normalise(text)))
            done.utterances_added += 1
            done.new_phrasings.append(normalise(text))


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
