"""Whether the FAQ has outgrown the thresholds of an untrained model that is live."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.services.jobs import Kind
from chatbot.services.release import get_version, read_pointer
from chatbot.storage.tables import Intent, Utterance

_STALE_SHARE = 0.2


@dataclass(frozen=True)
class Outgrown:
    """How many utterances the thresholds were fitted to, and how many there are."""

    fitted: int
    utterances: int


def find_outgrown(session: Session) -> Outgrown | None:
    """An untrained version's thresholds fit the FAQ that they were made on, not one much larger."""
    pointer = read_pointer(session)
    if pointer is None:
        return None
    live = get_version(session, pointer.version_id)
    query = select(func.count(Utterance.id)).join(Intent).where(Intent.enabled)
    utterances = session.scalar(query) or 0
    change = abs(utterances - live.training_rows) / max(1, live.training_rows)
    if live.kind != Kind.UNTRAINED or change <= _STALE_SHARE:
        return None
    return Outgrown(live.training_rows, utterances)
