"""Visitors who wait for a person: their address, what they add, and what they had asked."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatbot.errors import NotFound
from chatbot.services.access import audit
from chatbot.services.delivery import events
from chatbot.storage.database import now
from chatbot.storage.tables import Handoff, Query

MAX_MESSAGE_CHARS = 2000
_MOST_STORED_CHARS = 5 * MAX_MESSAGE_CHARS
_MOST_IN_TRANSCRIPT = 200


def request_handoff(
    session: Session, conversation_id: str, email: str, message: str, site_key: str | None
) -> Handoff:
    """Let a person answer by e-mail. Repeating it changes nothing; another message is added.

    An address cannot be replaced, only added as a second hand-off: who guesses a conversation's id
    must not get the reply that is meant for somebody else. A closed one opens again.
    """
    handoff, is_new = _find_or_add(session, conversation_id, email, site_key)
    if not is_new and handoff.closed_at is None and _says(handoff, message):
        return handoff
    if not _says(handoff, message):
        both = f"{handoff.message}\n\n{message}" if handoff.message else message
        handoff.message = both[-_MOST_STORED_CHARS:]
    handoff.requested_at, handoff.closed_at, handoff.closed_by = now(), None, None
    _announce(session, handoff)
    return handoff


def list_handoffs(
    session: Session, is_open: bool, before: int | None, limit: int
) -> Sequence[Handoff]:
    """List open or closed hand-offs, newest first; `before` is the id to go on from."""
    state = Handoff.closed_at.is_(None) if is_open else Handoff.closed_at.is_not(None)
    wanted = select(Handoff).where(state).order_by(Handoff.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Handoff.id < before)
    return session.scalars(wanted).all()


def get_handoff(session: Session, handoff_id: int) -> Handoff:
    """Return a hand-off by its id. Raises NotFound."""
    handoff = session.get(Handoff, handoff_id)
    if handoff is None:
        raise NotFound(f"There is no hand-off {handoff_id}.")
    return handoff


def read_transcript(session: Session, conversation_id: str) -> Sequence[Query]:
    """Return the latest questions of the conversation, oldest first."""
    wanted = (
        select(Query)
        .where(Query.conversation_id == conversation_id)
        .order_by(Query.asked_at.desc(), Query.id)
        .limit(_MOST_IN_TRANSCRIPT)
    )
    return session.scalars(wanted).all()[::-1]


def close_handoff(session: Session, by: str, handoff_id: int) -> Handoff:
    """Close a hand-off that a person has answered. Raises NotFound; closing again
    changes nothing.
    """
    handoff = get_handoff(session, handoff_id)
    if handoff.closed_at is None:
        handoff.closed_at, handoff.closed_by = now(), by
        audit.record(session, by, "handoff.close", handoff_id)
    return handoff


def reopen_handoff(session: Session, by: str, handoff_id: int) -> Handoff:
    """Open a closed hand-off again. Raises NotFound."""
    handoff = get_handoff(session, handoff_id)
    if handoff.closed_at is not None:
        handoff.closed_at, handoff.closed_by = None, None
        audit.record(session, by, "handoff.reopen", handoff_id)
    return handoff


def delete_handoff(session: Session, by: str, handoff_id: int) -> None:
    """Erase the address and the message; the questions stay, redacted. Raises NotFound."""
    session.delete(get_handoff(session, handoff_id))
    audit.record(session, by, "handoff.delete", handoff_id)


def _find_or_add(
    session: Session, conversation_id: str, email: str, site_key: str | None
) -> tuple[Handoff, bool]:
    """The row, and whether it is new; of two that come at once, one finds the other's."""
    wanted = select(Handoff).where(
        Handoff.conversation_id == conversation_id, Handoff.email == email
    )
    found = session.scalar(wanted)
    if found is not None:
        return found, False
    added = Handoff(conversation_id=conversation_id, email=email, message="", site_key=site_key)
    try:
        with session.begin_nested():
            session.add(added)
    except IntegrityError:
        return session.scalars(wanted).one(), False
    return added, True


def _says(handoff: Handoff, message: str) -> bool:
    return not message or f"\n\n{message}\n\n" in f"\n\n{handoff.message}\n\n"


def _announce(session: Session, handoff: Handoff) -> None:
    """Announce a hand-off to the audit trail, which is kept for ever and so gets no address, and to
    webhooks.
    """
    by = f"visitor of {handoff.site_key or 'an API key'}"
    audit.record(session, by, "handoff.request", handoff.id)
    events.record(
        session,
        events.EventKind.HANDOFF_REQUESTED,
        {
            "channel": "web",
            "conversation_id": handoff.conversation_id,
            "email": handoff.email,
            "message": handoff.message,
            "transcript": [
                {"text": query.text, "decision": query.decision, "intent": query.first_intent}
                for query in read_transcript(session, handoff.conversation_id)
            ],
        },
    )
