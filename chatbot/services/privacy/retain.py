"""Forget what was kept long enough: one pass over the inventory."""

from sqlalchemy import delete
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from chatbot.services.privacy.inventory import TABLES, KeptForATime
from chatbot.storage.database import now


def forget_what_is_old(session: Session) -> dict[str, int]:
    """Delete the rows that the inventory keeps for a time only; return how many of each table."""
    moment = now()
    forgotten = {}
    for kept in TABLES:
        if isinstance(kept, KeptForATime):
            result = session.execute(delete(kept.table).where(kept.are_old(moment)))
            assert isinstance(result, CursorResult)
            forgotten[kept.name] = result.rowcount
    return forgotten
