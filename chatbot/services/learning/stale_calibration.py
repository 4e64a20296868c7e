"""Find out whether the live model's thresholds fit today's FAQ, and ask for what it needs."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from chatbot.services.knowledge.removed_demo import knows_removed_demo
from chatbot.services.releases import jobs
from chatbot.services.releases.jobs import JobKind
from chatbot.services.releases.release import get_version, read_pointer
from chatbot.storage.tables import Intent, Utterance

_STALE_SHARE = 0.2


@dataclass(frozen=True)
class Outgrown:
    """The number of utterances that the thresholds were fitted to, and that there are.

    `was_trained` tells of a live version that was trained, with a demo that is gone since.
    """

    fitted: int
    utterances: int
    was_trained: bool = False


def find_outgrown(session: Session) -> Outgrown | None:
    """Return how far the FAQ has outgrown the live model's thresholds; None if they fit.

    Thresholds of an untrained version fit the FAQ that they were made on, not one much larger.
    Those of any version do not fit if it was made when the demo was still there.
    """
    pointer = read_pointer(session)
    if pointer is None:
        return None
    live = get_version(session, pointer.version_id)
    query = select(func.count(Utterance.id)).join(Intent).where(Intent.enabled)
    utterances = session.scalar(query) or 0
    if knows_removed_demo(session, live):
        return Outgrown(live.training_rows, utterances, live.kind == JobKind.TRAIN)
    change = abs(utterances - live.training_rows) / max(1, live.training_rows)
    if live.kind != JobKind.UNTRAINED or change <= _STALE_SHARE:
        return None
    return Outgrown(live.training_rows, utterances)


def has_model(session: Session) -> bool:
    return read_pointer(session) is not None


def has_intents(session: Session, enabled_only: bool = False) -> bool:
    """Return whether the FAQ holds anything, or with `enabled_only` anything to answer with."""
    which = exists().where(Intent.enabled) if enabled_only else exists(Intent.id)
    return bool(session.scalar(select(which)))


def request_what_is_needed(session: Session, by: str) -> bool:
    """Request a first model, or thresholds that fit today's FAQ, and return whether either is
    needed.

    A first model is trained on the FAQ afterwards; so is one that replaces what the demo taught.
    """
    if not has_intents(session, enabled_only=True):
        return False
    outgrown = find_outgrown(session)
    is_first = not has_model(session)
    if not is_first and outgrown is None:
        return False
    jobs.request(session, JobKind.UNTRAINED, by)
    if is_first or (outgrown is not None and outgrown.was_trained):
        jobs.request(session, JobKind.TRAIN, by)
    return True
