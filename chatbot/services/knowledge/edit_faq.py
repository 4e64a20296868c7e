"""Change what the helpdesk knows. Each change raises the knowledge revision in its transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from chatbot.domain.text import clean, normalise
from chatbot.errors import Conflict, NotFound, Outdated, UtteranceTaken
from chatbot.formats.limits import MAX_NAME_CHARS, MAX_UTTERANCE_CHARS
from chatbot.services.access import audit
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    Confirmation,
    EvaluationQuestion,
    Intent,
    Knowledge,
    KnowledgeChange,
    Query,
    Utterance,
)

MOST_CHANGES = 10_000
_CHARS_OF_A_NUMBER = 7


def raise_revision(
    session: Session, intents: Iterable[str] = (), phrasings: Iterable[str] = ()
) -> int:
    """Tell every web process, within its polling time, to take up a change.

    `intents` are the names whose cards changed; `phrasings` the normalised texts that came, went
    or moved. A change of more than MOST_CHANGES is not logged: everybody reads all of the FAQ.
    """
    session.execute(update(Knowledge).values(revision=Knowledge.revision + 1))
    revision = current_revision(session)
    changes: list[tuple[str | None, str | None]] = [(name, None) for name in intents]
    changes += [(None, text) for text in phrasings]
    if len(changes) <= MOST_CHANGES:
        rows = [
            {"revision": revision, "intent": intent, "phrasing": phrasing}
            for intent, phrasing in changes or [(None, None)]
        ]
        session.execute(insert(KnowledgeChange), rows)
    return revision


def current_revision(session: Session) -> int:
    return session.scalars(select(Knowledge.revision)).one()


def get_intent(session: Session, name: str) -> Intent:
    """Return the intent called `name`. Raises NotFound."""
    intent = session.scalar(select(Intent).where(Intent.name == name))
    if intent is None:
        raise NotFound(f"There is no intent “{name}”.")
    return intent


def list_intents(
    session: Session, after: str | None, limit: int
) -> tuple[Sequence[tuple[Intent, int]], str | None]:
    """Return one page of (intent, number of utterances) by name, and the name to go on after."""
    query = (
        select(Intent, func.count(Utterance.id))
        .outerjoin(Utterance)
        .group_by(Intent.id)
        .order_by(Intent.name)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(Intent.name > after)
    rows = [(intent, count) for intent, count in session.execute(query)]
    return rows[:limit], rows[limit - 1][0].name if len(rows) > limit else None


def titles(session: Session, names: Sequence[str]) -> dict[str, str]:
    """Return the titles of those intents that are still there, by name."""
    rows = session.execute(select(Intent.name, Intent.title).where(Intent.name.in_(names)))
    return dict(rows.all())


def free_name(session: Session, wanted: str) -> str:
    """Return `wanted`, or with the first number behind it that no intent has; 80 characters."""
    wanted = wanted[: MAX_NAME_CHARS - _CHARS_OF_A_NUMBER]
    taken = set(session.scalars(select(Intent.name).where(Intent.name.startswith(wanted))))
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def create_intent(
    session: Session,
    by: str,
    name: str,
    title: str,
    answer: str,
    topic: str,
    utterances: Sequence[str],
    enabled: bool = True,
) -> Intent:
    """Create an intent; if not `enabled`, it is a draft. Raises Conflict for a taken name,
    UtteranceTaken.
    """
    if session.scalar(select(Intent.id).where(Intent.name == name)) is not None:
        raise Conflict(f"Intent “{name}” exists already. Change it, or choose another name.")
    intent = Intent(name=name, title=title, answer=answer, topic=topic, enabled=enabled)
    session.add(intent)
    session.flush()
    added = _add_utterances(session, intent, utterances)
    texts = [utterance.text for utterance in added]
    measured = stop_measuring(session, [utterance.normalised for utterance in added])
    detail = {"title": title, "enabled": enabled, "utterances": texts} | measured
    audit.record(session, by, "intent.create", name, **detail)
    raise_revision(session, [name], [u.normalised for u in added])
    return intent


def change_intent(
    session: Session, by: str, name: str, changes: dict[str, Any], seen: datetime | None = None
) -> Intent:
    """Set any of title, answer, topic, enabled; what stays the same is no change.

    Raises Outdated if the intent is not as it was at `seen`, its `updated_at` then.
    """
    intent = _get_to_change(session, name, seen)
    changes = {f: value for f, value in changes.items() if getattr(intent, f) != value}
    before = {field: getattr(intent, field) for field in changes}
    if changes:
        for field, value in changes.items():
            setattr(intent, field, value)
        make_own(intent, changes)
        audit.record(session, by, "intent.change", name, before=before, after=changes)
        appears = before.get("enabled") != changes.get("enabled")
        raise_revision(session, [name], phrasings_of(session, intent) if appears else ())
    return intent


def delete_intent(session: Session, by: str, name: str, seen: datetime | None = None) -> None:
    """Remove it with its utterances; questions confirmed for it return to the review queue.

    Raises Outdated if the intent is not as it was at `seen`, its `updated_at` then.
    """
    intent = _get_to_change(session, name, seen)
    record_deletion(session, by, intent)
    phrasings = phrasings_of(session, intent)
    session.execute(delete(Intent).where(Intent.id == intent.id))
    raise_revision(session, [name], phrasings)


def record_deletion(session: Session, by: str, intent: Intent) -> None:
    """Keep all of it in the audit trail, so that it can be brought back."""
    measures = EvaluationQuestion.intent_id == intent.id
    kept = {
        "title": intent.title,
        "topic": intent.topic,
        "answer": intent.answer,
        "enabled": intent.enabled,
        "utterances": [utterance.text for utterance in intent.utterances],
        "held_out": list(session.scalars(select(EvaluationQuestion.text).where(measures))),
        "origin": intent.origin,
    }
    audit.record(session, by, "intent.delete", intent.name, **kept)


def make_own(intent: Intent, changed: Iterable[str]) -> None:
    """Mark an intent as no longer the demo's if somebody rewrote its title or answer."""
    if {"title", "answer"} & set(changed):
        intent.origin = None


def _get_to_change(session: Session, name: str, seen: datetime | None) -> Intent:
    """Nobody else changes it until this transaction ends. Raises NotFound, Outdated."""
    intent = session.scalar(
        select(Intent)
        .where(Intent.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if intent is None:
        raise NotFound(f"There is no intent “{name}”.")
    if seen is not None and intent.updated_at != seen:
        raise Outdated(f"Somebody changed “{intent.title}” after you opened it.")
    return intent


def phrasings_of(session: Session, intent: Intent) -> set[str]:
    """Return all texts that a matcher may know the intent by: utterances, and
    confirmed questions.
    """
    return phrasings_of_all(session, [intent.id])


def phrasings_of_all(session: Session, ids: Iterable[int]) -> set[str]:
    """Return all texts that a matcher may know any of the intents by."""
    confirmed = select(Query.text).join(Confirmation, Confirmation.query_id == Query.id)
    found: set[str] = set()
    for some in batched(ids):
        own = select(Utterance.normalised).where(Utterance.intent_id.in_(some))
        judged = session.scalars(confirmed.where(Confirmation.intent_id.in_(some)))
        found.update(session.scalars(own), map(normalise, judged))
    return found


def add_utterance(session: Session, by: str, name: str, text: str) -> Utterance:
    """Add a phrasing; adding it again to the same intent changes nothing.

    Raises UtteranceTaken if another intent has it, InvalidText if it cannot be used.
    """
    intent = get_intent(session, name)
    added = _add_utterances(session, intent, [text])
    if not added:
        return session.scalars(_having(normalise(clean(text, MAX_UTTERANCE_CHARS)))).one()
    measured = stop_measuring(session, [added[0].normalised])
    audit.record(session, by, "utterance.add", name, text=added[0].text, **measured)
    raise_revision(session, phrasings=[added[0].normalised])
    return added[0]


def move_utterance(session: Session, by: str, name: str, text: str) -> Utterance:
    """Give the intent a phrasing that another one has, or nobody. Raises NotFound, InvalidText."""
    intent = get_intent(session, name)
    there = session.scalar(_having(normalise(clean(text, MAX_UTTERANCE_CHARS))).with_for_update())
    if there is None or there.intent_id == intent.id:
        return add_utterance(session, by, name, text)
    audit.record(session, by, "utterance.delete", there.intent.name, text=there.text)
    audit.record(session, by, "utterance.add", name, text=there.text)
    there.intent_id, there.origin = intent.id, None
    session.flush()
    session.expire(there, ["intent"])
    raise_revision(session, phrasings=[there.normalised])
    return there


def _add_utterances(session: Session, intent: Intent, texts: Sequence[str]) -> list[Utterance]:
    """Add the utterances that the intent does not have yet. Raises UtteranceTaken, InvalidText."""
    wanted = {normalise(t): t for t in (clean(text, MAX_UTTERANCE_CHARS) for text in texts)}
    for taken in session.scalars(_having(*wanted)):
        if taken.intent_id != intent.id:
            raise UtteranceTaken(wanted[taken.normalised], taken.intent.name, intent.name)
        del wanted[taken.normalised]
    added = [Utterance(intent_id=intent.id, text=text, normalised=n) for n, text in wanted.items()]
    session.add_all(added)
    session.flush()
    return added


def stop_measuring(session: Session, phrasings: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Take normalised `phrasings` out of the test questions: what the FAQ says measures nothing.

    Return {"measured": what they were}, for the record, so that an undo puts them back; {} if none.
    """
    found: list[dict[str, Any]] = []
    for some in batched(phrasings):
        there = EvaluationQuestion.normalised.in_(some)
        for row in session.scalars(select(EvaluationQuestion).where(there)):
            described = {"text": row.text, "intent": row.intent.name if row.intent else None}
            kept = {name: getattr(row, name) for name in ("calibration", "origin", "added_by")}
            found.append(described | kept)
        session.execute(delete(EvaluationQuestion).where(there))
    return {"measured": found} if found else {}


def measure_again(session: Session, measured: Sequence[dict[str, Any]]) -> None:
    """Put back what `stop_measuring` took out, as far as its intent is still there."""
    for row in measured:
        owner = row["intent"]
        intent = session.scalar(select(Intent).where(Intent.name == owner)) if owner else None
        if owner is None or intent is not None:
            kept = {name: row[name] for name in ("text", "calibration", "origin", "added_by")}
            normalised, intent_id = normalise(row["text"]), intent.id if intent else None
            session.add(EvaluationQuestion(normalised=normalised, intent_id=intent_id, **kept))


def _having(*normalised: str) -> Select[Utterance]:
    return select(Utterance).where(Utterance.normalised.in_(normalised))


def change_utterance(
    session: Session, by: str, name: str, utterance_id: int, text: str, seen: str | None = None
) -> Utterance:
    """Reword a phrasing. Raises NotFound, UtteranceTaken, InvalidText; Conflict for a doublet.

    Raises Outdated if it does not read `seen` any more.
    """
    utterance = _get_utterance(session, name, utterance_id, seen)
    text = clean(text, MAX_UTTERANCE_CHARS)
    taken = session.scalar(
        select(Utterance).where(
            Utterance.normalised == normalise(text), Utterance.id != utterance_id
        )
    )
    if taken is not None and taken.intent_id == utterance.intent_id:
        raise Conflict(f"“{text}” is another utterance of “{name}” already.")
    if taken is not None:
        raise UtteranceTaken(text, taken.intent.name, name)
    if utterance.text != text:
        measured = stop_measuring(session, [normalise(text)])
        detail = {"before": utterance.text, "after": text} | measured
        audit.record(session, by, "utterance.change", name, **detail)
        utterance.origin = None
        before, utterance.text, utterance.normalised = utterance.normalised, text, normalise(text)
        raise_revision(session, phrasings={before, utterance.normalised})
    return utterance


def delete_utterance(
    session: Session, by: str, name: str, utterance_id: int, seen: str | None = None
) -> None:
    """Delete an utterance. Raises NotFound, Outdated if it does not read `seen` any more."""
    utterance = _get_utterance(session, name, utterance_id, seen)
    audit.record(session, by, "utterance.delete", name, text=utterance.text)
    session.delete(utterance)
    raise_revision(session, phrasings=[utterance.normalised])


def _get_utterance(session: Session, name: str, utterance_id: int, seen: str | None) -> Utterance:
    utterance = session.get(Utterance, utterance_id, with_for_update=True, populate_existing=True)
    if utterance is None or utterance.intent_id != get_intent(session, name).id:
        raise NotFound(f"Intent “{name}” has no utterance {utterance_id}.")
    if seen is not None and utterance.text != seen:
        raise Outdated(f"Somebody reworded “{seen}” after you opened it: “{utterance.text}”.")
    return utterance
