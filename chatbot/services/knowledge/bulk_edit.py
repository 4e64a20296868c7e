"""Act on many intents at once: enable, disable, delete, or move to a topic, with one undo."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chatbot.errors import NotFound
from chatbot.services.access import audit
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.edit_faq import phrasings_of, raise_revision, record_deletion
from chatbot.storage.database import batched
from chatbot.storage.tables import Confirmation, EvaluationQuestion, Intent, Pin, Utterance


class Action(StrEnum):
    ENABLE = "enable"
    DISABLE = "disable"
    DELETE = "delete"
    MOVE = "move"  # to a topic


_DONE = {
    Action.ENABLE: "enabled",
    Action.DISABLE: "disabled",
    Action.DELETE: "deleted",
    Action.MOVE: "moved",
}


@dataclass(frozen=True)
class Consequences:
    """The effects of an act, and what hangs on the intents that a deletion takes along."""

    intents: dict[str, str]  # titles by name, of those that would change
    unchanged: int
    utterances: int
    questions: int
    verdicts: int
    pins: int


def foresee(
    session: Session, names: Iterable[str], action: Action, topic: str = ""
) -> Consequences:
    """Return what `act` would do now."""
    chosen = _get(session, names)
    changing = [intent for intent in chosen if _changes(intent, action, topic)]
    ids = [intent.id for intent in changing]
    return Consequences(
        {intent.name: intent.title for intent in changing},
        unchanged=len(chosen) - len(changing),
        utterances=_count(session, Utterance, ids),
        questions=_count(session, EvaluationQuestion, ids),
        verdicts=_count(session, Confirmation, ids),
        pins=sum(
            session.scalar(select(func.count(Pin.id)).where(Pin.intent.in_(some))) or 0
            for some in batched(intent.name for intent in changing)
        ),
    )


def act(
    session: Session, by: str, names: Iterable[str], action: Action, topic: str = ""
) -> int | None:
    """Do it to all of them or none. Return the act that an undo takes, None if nothing changed.

    Deleting takes the verdicts on the intents along: their questions return to the review desk,
    and an undo does not bring the verdicts back. Raises NotFound if one of `names` is gone.
    """
    chosen = [i for i in _get(session, names) if _changes(i, action, topic)]
    if not chosen:
        return None
    before = faq_snapshot.take(session, [intent.name for intent in chosen])
    appears = action is not Action.MOVE
    phrasings = {p for i in chosen for p in phrasings_of(session, i)} if appears else set()
    for intent in chosen:
        _change(session, by, intent, action, topic)
    if action is Action.DELETE:
        for some in batched(intent.id for intent in chosen):
            session.execute(delete(Intent).where(Intent.id.in_(some)))
    raise_revision(session, before.intents, phrasings)
    subject = f"{len(chosen)} intents {_DONE[action]}" + (f" to “{topic}”" if topic else "")
    return faq_snapshot.record(session, by, "intents.bulk", subject, before, act=action.value)


def _change(session: Session, by: str, intent: Intent, action: Action, topic: str) -> None:
    if action is Action.DELETE:
        record_deletion(session, by, intent)
        return
    field = "topic" if action is Action.MOVE else "enabled"
    value: object = topic if action is Action.MOVE else action is Action.ENABLE
    change = {"before": {field: getattr(intent, field)}, "after": {field: value}}
    setattr(intent, field, value)
    audit.record(session, by, "intent.change", intent.name, **change)


def _changes(intent: Intent, action: Action, topic: str) -> bool:
    if action is Action.MOVE:
        return intent.topic != topic
    return action is Action.DELETE or intent.enabled != (action is Action.ENABLE)


def _get(session: Session, names: Iterable[str]) -> list[Intent]:
    """Return intents by title, locked until the transaction ends."""
    wanted = set(names)
    found: list[Intent] = []
    for some in batched(wanted):
        query = select(Intent).where(Intent.name.in_(some)).with_for_update()
        found += session.scalars(query.execution_options(populate_existing=True))
    if gone := sorted(wanted - {intent.name for intent in found}):
        raise NotFound(f"There is no intent “{gone[0]}” any more. Choose again.")
    return sorted(found, key=lambda intent: intent.title.casefold())


def _count(
    session: Session,
    table: type[Utterance] | type[EvaluationQuestion] | type[Confirmation],
    ids: Sequence[int],
) -> int:
    return sum(
        session.scalar(select(func.count()).select_from(table).where(table.intent_id.in_(some)))
        or 0
        for some in batched(ids)
    )
