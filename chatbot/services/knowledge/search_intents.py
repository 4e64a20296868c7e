"""Find an intent by a few letters of its title or name."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from chatbot.storage.tables import Intent


def search(session: Session, wanted: str, limit: int) -> Sequence[Intent]:
    """Return enabled intents that have every word of `wanted` in title, name or topic, by title."""
    query = select(Intent).where(Intent.enabled).order_by(Intent.title).limit(limit)
    for word in wanted.replace("\x00", "").split()[:10]:
        columns = (Intent.title, Intent.name, Intent.topic)
        query = query.where(or_(*(c.icontains(word, autoescape=True) for c in columns)))
    return session.scalars(query).all()
