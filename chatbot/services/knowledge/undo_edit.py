"""The history of an intent, and taking an edit back by an edit that does the opposite."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.errors import Conflict, NotFound
from chatbot.services.knowledge import edit_faq
from chatbot.storage.database import batched
from chatbot.storage.tables import AuditEvent, EvaluationQuestion, Intent

EDITS = (
    "intent.create",
    "intent.change",
    "intent.import",
    "intent.delete",
    "intent.restore",
    "utterance.add",
    "utterance.change",
    "utterance.delete",
)


def list_history(session: Session, name: str, limit: int) -> Sequence[AuditEvent]:
    """List edits of the intent, newest first; also of one that is gone."""
    edits = select(AuditEvent).where(AuditEvent.subject == name, AuditEvent.action.in_(EDITS))
    return session.scalars(edits.order_by(AuditEvent.id.desc()).limit(limit)).all()


def list_deleted(session: Session, limit: int) -> list[AuditEvent]:
    """List the last deletion of each intent that is still gone, newest first."""
    gone = AuditEvent.subject.not_in(select(Intent.name))
    deletions = select(AuditEvent).where(AuditEvent.action == "intent.delete", gone)
    newest: dict[str, AuditEvent] = {}
    for event in session.scalars(deletions.order_by(AuditEvent.id.desc()).limit(limit)):
        newest.setdefault(event.subject, event)
    return list(newest.values())


def can_undo(intent: Intent | None, event: AuditEvent) -> bool:
    """Return whether all that `event` did still stands, so that no later edit is lost."""
    if intent is None:
        return event.action == "intent.delete"
    detail = event.detail
    texts = {utterance.text for utterance in intent.utterances}
    stands = {
        "intent.change": lambda: _has(intent, detail["after"]),
        "intent.import": lambda: (
            not detail["created"]
            and _has(intent, detail["after"])
            and texts.issuperset(detail["utterances"])
        ),
        "utterance.add": lambda: detail["text"] in texts,
        "utterance.change": lambda: detail["after"] in texts,
        "utterance.delete": lambda: detail["text"] not in texts,
    }
    return event.action in stands and stands[event.action]()


def undo(session: Session, by: str, name: str, event_id: int) -> None:
    """Undo an edit. Raises NotFound; Conflict if a later edit stands in the way, UtteranceTaken."""
    event = session.get(AuditEvent, event_id)
    if event is None or event.subject != name or event.action not in EDITS:
        raise NotFound(f"Intent “{name}” has no edit {event_id}.")
    intent = session.scalar(select(Intent).where(Intent.name == name).with_for_update())
    if not can_undo(intent, event):
        raise Conflict(
            "This cannot be undone: it was changed again since. Undo the later edit first."
        )
    if intent is None:
        _bring_back(session, by, name, event.detail)
    else:
        _revert(session, by, intent, event)


def _has(intent: Intent, fields: dict[str, Any]) -> bool:
    return all(getattr(intent, field) == value for field, value in fields.items())


def _revert(session: Session, by: str, intent: Intent, event: AuditEvent) -> None:
    detail, name = event.detail, intent.name
    ids = {utterance.text: utterance.id for utterance in intent.utterances}
    match event.action:
        case "intent.change":
            edit_faq.change_intent(session, by, name, detail["before"])
        case "intent.import":
            edit_faq.change_intent(session, by, name, detail["before"])
            for text in detail["utterances"]:
                edit_faq.delete_utterance(session, by, name, ids[text])
        case "utterance.add":
            edit_faq.delete_utterance(session, by, name, ids[detail["text"]])
            edit_faq.measure_again(session, detail.get("measured", ()))
        case "utterance.change":
            edit_faq.change_utterance(session, by, name, ids[detail["after"]], detail["before"])
            edit_faq.measure_again(session, detail.get("measured", ()))
        case "utterance.delete":
            edit_faq.add_utterance(session, by, name, detail["text"])


def _bring_back(session: Session, by: str, name: str, detail: dict[str, Any]) -> None:
    """Bring an intent back with its utterances and the questions that measure it; the verdicts of
    agents are gone.
    """
    intent = edit_faq.create_intent(
        session,
        by,
        name,
        detail["title"],
        detail["answer"],
        detail["topic"],
        detail["utterances"],
        enabled=detail.get("enabled", True),
    )
    intent.origin = detail.get("origin")
    questions = {normalise(text): text for text in detail.get("held_out", ())}
    for some in batched(list(questions)):
        taken = EvaluationQuestion.normalised.in_(some)
        for normalised in session.scalars(select(EvaluationQuestion.normalised).where(taken)):
            del questions[normalised]
    session.add_all(
        EvaluationQuestion(intent_id=intent.id, text=text, normalised=normalised)
        for normalised, text in questions.items()
    )
