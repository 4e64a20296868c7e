"""Settle from all rows how far each verdict is in effect."""

from chatbot.bootstrap import Parts
from chatbot.services.standing import settle_all


def settle_verdicts(parts: Parts) -> None:
    """Raises ServiceUnavailable. Web processes take up what changed."""
    with parts.database.write() as session:
        changed = settle_all(session, parts.settings)
    if changed:
        parts.nudge.send()
