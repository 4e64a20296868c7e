"""Snapshots of parts of the FAQ, so that an act on many intents is undone as one.

A snapshot is plain JSON: intents by name with their utterances, and test questions by normalised
text; None stands for what was not there. An act keeps what it changed as it was before, and
digests of what it left, by which an undo sees whether anybody went on from there.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session, selectinload

from chatbot.domain.text import normalise
from chatbot.errors import Conflict, NotFound
from chatbot.services.access import audit
from chatbot.services.knowledge.edit_faq import phrasings_of, raise_revision
from chatbot.storage.database import batched
from chatbot.storage.tables import AuditEvent, EvaluationQuestion, Intent, Utterance

ACTS = ("faq.import", "faq.undo", "intents.bulk", "demo.remove", "questions.change")
ItemState = dict[str, Any] | None
_CARD = ("title", "topic", "answer", "enabled", "origin")
_LISTS = ("variants", "follow_ups")
"""Left out of a state where they are empty, as they are of what acts of earlier versions kept."""

_MOST_NAMED = 5


@dataclass
class Snapshot:
    """The states of intents by name, and of test questions by normalised text."""

    intents: dict[str, ItemState] = field(default_factory=dict)
    questions: dict[str, ItemState] = field(default_factory=dict)

    def digests(self) -> dict[str, dict[str, str]]:
        return {
            "intents": {name: _digest(state) for name, state in self.intents.items()},
            "questions": {text: _digest(state) for text, state in self.questions.items()},
        }


def take(session: Session, names: Iterable[str] = (), texts: Iterable[str] = ()) -> Snapshot:
    """Take a snapshot of the intents called `names` with their test questions, and of the test
    questions with normalised `texts`.
    """
    session.flush()
    found = Snapshot(dict.fromkeys(names), dict.fromkeys(texts))
    for some in batched(list(found.intents)):
        query = select(Intent).where(Intent.name.in_(some)).options(selectinload(Intent.utterances))
        for intent in session.scalars(query.execution_options(populate_existing=True)):
            found.intents[intent.name] = _state_of(intent)
    owners = dict(session.execute(select(Intent.id, Intent.name)).all())
    wanted = {i for i, name in owners.items() if name in found.intents}
    conditions = [EvaluationQuestion.intent_id.in_(some) for some in batched(wanted)]
    conditions += [EvaluationQuestion.normalised.in_(some) for some in batched(found.questions)]
    for condition in conditions:
        for row in session.scalars(select(EvaluationQuestion).where(or_(condition))):
            found.questions[row.normalised] = {
                "text": row.text,
                "intent": owners.get(row.intent_id) if row.intent_id else None,
                "calibration": row.calibration,
                "origin": row.origin,
                "added_by": row.added_by,
            }
    return found


def record(
    session: Session, by: str, action: str, subject: str, before: Snapshot, **detail: Any
) -> int | None:
    """Write down an act on what `before` holds, with all that undoing it takes.

    Return the id of the audit event, or None if nothing is otherwise than before.
    """
    after = take(session, before.intents, before.questions)
    after.questions |= dict.fromkeys(before.questions.keys() - after.questions.keys())
    changed = Snapshot(
        {n: s for n, s in before.intents.items() if after.intents[n] != s},
        {
            t: before.questions.get(t)
            for t, s in after.questions.items()
            if before.questions.get(t) != s
        },
    )
    if not changed.intents and not changed.questions:
        return None
    left = Snapshot(
        {name: after.intents[name] for name in changed.intents},
        {text: after.questions[text] for text in changed.questions},
    )
    kept = {"intents": changed.intents, "questions": changed.questions}
    act = audit.record(session, by, action, subject, **detail, before=kept, after=left.digests())
    session.flush()
    return act.id


def get_act(session: Session, event_id: int) -> AuditEvent:
    """Return an act by its id. Raises NotFound for anything but an act that keeps what was before
    it.
    """
    event = session.get(AuditEvent, event_id)
    if event is None or event.action not in ACTS or not _keeps_both(event):
        raise NotFound(f"There is no act {event_id} that could be undone.")
    return event


def last_act(session: Session, *actions: str) -> AuditEvent | None:
    """Return the newest of `actions`, by default of all, if it still stands as it left the FAQ."""
    query = select(AuditEvent).where(AuditEvent.action.in_(actions or ACTS))
    newest = session.scalar(query.order_by(AuditEvent.id.desc()).limit(1))
    if newest is None or not _keeps_both(newest) or changed_since(session, newest):
        return None
    return newest


def changed_since(session: Session, act: AuditEvent) -> list[str]:
    """Return the names of intents and texts of test questions that are not as `act` left them."""
    after = act.detail["after"]
    now = take(session, after["intents"], after["questions"]).digests()
    return [
        key
        for kind in ("intents", "questions")
        for key, digest in after[kind].items()
        if now[kind][key] != digest
    ]


def undo(session: Session, by: str, event_id: int) -> AuditEvent:
    """Put everything back as it was before the act; the undo is an act itself.

    Raises NotFound, and Conflict if something that it touched was changed since.
    """
    act = get_act(session, event_id)
    if changed := changed_since(session, act):
        named = ", ".join(f"“{key}”" for key in changed[:_MOST_NAMED])
        raise Conflict(
            f"This cannot be undone as a whole: {named} "
            f"{'and more were' if len(changed) > _MOST_NAMED else 'changed or was'} "
            "edited since. Undo the later edit first."
        )
    before = Snapshot(act.detail["before"]["intents"], act.detail["before"]["questions"])
    current = take(session, before.intents, before.questions)
    phrasings = _restore_intents(session, before.intents, current.intents)
    _restore_questions(session, before.questions)
    for name in before.intents:
        audit.record(session, by, "intent.restore", name, act=act.action)
    record(session, by, "faq.undo", act.subject, current, event=event_id, undone=act.action)
    raise_revision(session, before.intents, phrasings)
    return act


def _restore_intents(
    session: Session, wanted: dict[str, ItemState], current: dict[str, ItemState]
) -> set[str]:
    """Restore intents, removing first what has to go, as a phrasing may move; return all phrasings
    touched.
    """
    rows: dict[str, Intent] = {}
    for some in batched(list(wanted)):
        rows |= {i.name: i for i in session.scalars(select(Intent).where(Intent.name.in_(some)))}
    phrasings = {text for intent in rows.values() for text in phrasings_of(session, intent)}
    for name, intent in rows.items():
        _remove_surplus(session, intent, wanted[name])
    session.flush()
    for name, state in wanted.items():
        if state is not None:
            phrasings |= _put_back(session, name, rows.get(name), state, current[name])
    session.flush()
    return phrasings


def _remove_surplus(session: Session, intent: Intent, wanted: ItemState) -> None:
    if wanted is None:
        session.execute(delete(Intent).where(Intent.id == intent.id))
        return
    kept = {normalise(text) for text, _ in wanted["utterances"]}
    for utterance in list(intent.utterances):
        if utterance.normalised not in kept:
            session.delete(utterance)


def _put_back(
    session: Session, name: str, intent: Intent | None, wanted: dict[str, Any], current: ItemState
) -> set[str]:
    """Return the phrasings that the intent has then."""
    if intent is None:
        intent = Intent(name=name, **{column: wanted[column] for column in _CARD})
        session.add(intent)
        session.flush()
    for column in _CARD:
        setattr(intent, column, wanted[column])
    for column in _LISTS:
        setattr(intent, column, wanted.get(column, []))
    there = {normalise(text) for text, _ in current["utterances"]} if current else set()
    for text, origin in wanted["utterances"]:
        if normalise(text) not in there:
            row = Utterance(intent_id=intent.id, text=text, normalised=normalise(text))
            row.origin = origin
            session.add(row)
    return {normalise(text) for text, _ in wanted["utterances"]}


def _restore_questions(session: Session, wanted: dict[str, ItemState]) -> None:
    for some in batched(list(wanted)):
        there = EvaluationQuestion.normalised.in_(some)
        session.execute(delete(EvaluationQuestion).where(there))
    owners = dict(session.execute(select(Intent.name, Intent.id)).all())
    for normalised, state in wanted.items():
        if state is not None and (state["intent"] is None or state["intent"] in owners):
            session.add(
                EvaluationQuestion(
                    text=state["text"],
                    normalised=normalised,
                    intent_id=owners.get(state["intent"]),
                    calibration=state["calibration"],
                    origin=state["origin"],
                    added_by=state["added_by"],
                )
            )
    session.flush()


def _state_of(intent: Intent) -> dict[str, Any]:
    card = {column: getattr(intent, column) for column in _CARD}
    card |= {column: list(getattr(intent, column)) for column in _LISTS if getattr(intent, column)}
    return card | {"utterances": [[u.text, u.origin] for u in intent.utterances]}


def _digest(state: ItemState) -> str:
    if state is not None and "utterances" in state:
        state = state | {"utterances": sorted(map(str, state["utterances"]))}
    written = json.dumps(state, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def _keeps_both(event: AuditEvent) -> bool:
    """Acts of earlier versions kept less."""
    return "before" in event.detail and "after" in event.detail
