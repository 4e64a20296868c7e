"""Find what agents were asked by choice: it is harder than what visitors ask (selection bias)."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import is_validation
from chatbot.settings import Settings
from chatbot.storage.database import batched
from chatbot.storage.tables import Query


def list_chosen(session: Session, query_ids: Collection[str], settings: Settings) -> set[str]:
    """Return the texts of those that agents were asked for because of what the model, or a
    visitor, made of them; the others came by chance.
    """
    texts: set[str] = set()
    for some in batched(query_ids):
        asked = select(Query.text, Query.helpful).where(
            Query.id.in_(some), Query.sample_share.is_(None)
        )
        for text, helpful in session.execute(asked):
            if helpful is False or not is_validation(text, settings.validation_share):
                texts.add(text)
    return texts
