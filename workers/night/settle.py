"""Settle from all rows how far each verdict is in effect."""

from chatbot.bootstrap import Parts
from chatbot.services.knowledge.standing import find_unsettled, settle_found


def settle_verdicts(parts: Parts) -> int:
    """Settle all verdicts and return how many changed; web processes take them up. Raises
    ServiceUnavailable.
    """
    with parts.database.read() as session:
        changes = find_unsettled(session, parts.settings)
    if changes:
        with parts.database.write() as session:
            settle_found(session, changes)
        parts.nudge.send()
    return len(changes)
