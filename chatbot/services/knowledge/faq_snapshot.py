"""Snapshots of parts of the FAQ, so that an act on many intents is undone as one.

A snapshot is plain JSON: intents by name with their utterances, and test questions by normalised
text; None stands for what was not there. An act keeps what it changed as it was before, and
digests of what it left, by which an undo sees whether anybody went on from there.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, delete, insert, select, true, update
from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.errors import Conflict, NotFound
from chatbot.services.access import audit
from chatbot.services.knowledge.edit_faq import phrasings_of_all, raise_revision
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    DONE,
    UNDONE,
    AuditEvent,
    EvaluationQuestion,
    FaqImport,
    Intent,
    Utterance,
)

ACTS = ("faq.import", "faq.undo", "intents.bulk", "demo.remove", "questions.change")
ItemState = dict[str, Any] | None
_CARD = ("title", "topic", "answer", "enabled", "origin")
_LISTS = ("variants", "follow_ups")
"""Left out of a state where they are empty, as they are of what acts of earlier versions kept."""

_MOST_NAMED = 5
_MOST_LOOKED_UP = 5_000
"""Of more texts, all test questions are read: there are few of them."""


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
        found.intents |= _states_of(session, some)
    owners = dict(session.execute(select(Intent.id, Intent.name)).all())
    wanted = {i for i, name in owners.items() if name in found.intents}
    conditions: list[ColumnElement[bool]] = [true()]
    if len(found.questions) <= _MOST_LOOKED_UP:
        conditions = [EvaluationQuestion.intent_id.in_(some) for some in batched(wanted)]
        conditions += [EvaluationQuestion.normalised.in_(some) for some in batched(found.questions)]
    for condition in conditions:
        for row in session.scalars(select(EvaluationQuestion).where(condition)):
            if row.normalised not in found.questions and row.intent_id not in wanted:
                continue
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


def find_standing(session: Session, event_id: int) -> AuditEvent | None:
    """Return the act if it still stands as it left the FAQ, so that it can be undone."""
    act = get_act(session, event_id)
    return None if changed_since(session, act) else act


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
    is_redone = act.action == "faq.undo"
    imported = update(FaqImport).where(FaqImport.act == act.detail.get("event", event_id))
    session.execute(imported.values(state=DONE if is_redone else UNDONE))
    raise_revision(session, before.intents, phrasings)
    return act


def _restore_intents(
    session: Session, wanted: dict[str, ItemState], current: dict[str, ItemState]
) -> set[str]:
    """Restore intents, removing first what has to go, as a phrasing may move; return all phrasings
    touched.
    """
    there = _ids_of(session, wanted)
    phrasings = phrasings_of_all(session, there.values())
    gone = [there[name] for name, state in wanted.items() if state is None and name in there]
    for ids in batched(gone):
        session.execute(delete(Intent).where(Intent.id.in_(ids)))
    surplus = [text for name in wanted for text in _lacking(current[name], wanted[name])]
    for some in batched(surplus):
        session.execute(delete(Utterance).where(Utterance.normalised.in_(some)))
    session.expire_all()
    _restore_cards(session, {name: state for name, state in wanted.items() if state})
    there = _ids_of(session, wanted)
    rows = [
        {"intent_id": there[name], "text": text, "normalised": key, "origin": origin}
        for name, state in wanted.items()
        for key, (text, origin) in _lacking(state, current[name]).items()
    ]
    if rows:
        session.execute(insert(cast("Table", Utterance.__table__)), rows)
    return phrasings | {key for state in wanted.values() for key in _lacking(state, None)}


def _ids_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for some in batched(names):
        columns = select(Intent.name, Intent.id).where(Intent.name.in_(some))
        ids.update((name, intent_id) for name, intent_id in session.execute(columns))
    return ids


def _lacking(state: ItemState, other: ItemState) -> dict[str, tuple[str, str | None]]:
    """Return text and origin of the utterances that `other` lacks, by normalised text."""
    there = {normalise(text) for text, _ in other["utterances"]} if other else set()
    own = state["utterances"] if state else []
    found = {normalise(text): (text, origin) for text, origin in own}
    return {key: each for key, each in found.items() if key not in there}


def _restore_cards(session: Session, wanted: dict[str, dict[str, Any]]) -> None:
    """Restore all of the intents but their utterances."""
    rows: dict[str, Intent] = {}
    for some in batched(wanted):
        rows |= {i.name: i for i in session.scalars(select(Intent).where(Intent.name.in_(some)))}
    for name, state in wanted.items():
        intent = rows.get(name) or Intent(name=name)
        for column in _CARD:
            setattr(intent, column, state[column])
        for column in _LISTS:
            setattr(intent, column, state.get(column, []))
        session.add(intent)
    session.flush()


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


def _states_of(session: Session, names: Sequence[str]) -> dict[str, ItemState]:
    """Return the states of those intents that are there, by name."""
    columns = (getattr(Intent, name) for name in (*_CARD, *_LISTS))
    rows = session.execute(select(Intent.id, Intent.name, *columns).where(Intent.name.in_(names)))
    states: dict[int, dict[str, Any]] = {}
    found: dict[str, ItemState] = {}
    for row in rows.mappings():
        card = {column: row[column] for column in _CARD}
        card |= {column: list(row[column]) for column in _LISTS if row[column]}
        found[row["name"]] = states[row["id"]] = card | {"utterances": []}
    texts = select(Utterance.intent_id, Utterance.text, Utterance.origin)
    for intent_id, text, origin in session.execute(
        texts.where(Utterance.intent_id.in_(list(states))).order_by(Utterance.id)
    ):
        states[intent_id]["utterances"].append([text, origin])
    return found


def _digest(state: ItemState) -> str:
    if state is not None and "utterances" in state:
        state = state | {"utterances": sorted(map(str, state["utterances"]))}
    written = json.dumps(state, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def _keeps_both(event: AuditEvent) -> bool:
    """Acts of earlier versions kept less."""
    return "before" in event.detail and "after" in event.detail
