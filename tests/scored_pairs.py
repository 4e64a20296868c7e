"""Two texts and the rows that say how alike they are."""

from sqlalchemy import select

from chatbot.services.knowledge import pairs
from chatbot.services.knowledge.pairs import Source
from chatbot.storage.database import Database
from chatbot.storage.tables import ScoredPair

CARD, TRANSFER = "my card was declined", "my transfer was declined"


def add_scored(
    database: Database,
    score: float,
    by: str = "ann",
    texts: tuple[str, str] = (CARD, TRANSFER),
    source: Source = Source.DESK,
) -> int:
    """Store the score of `texts` and return the row's id."""
    with database.write() as session:
        return pairs.add_pair(session, by, *texts, score, source).id


def list_scored(database: Database) -> list[tuple[str, str, float, str]]:
    """List both texts, score and author of each row, the oldest first."""
    with database.read() as session:
        rows = session.scalars(select(ScoredPair).order_by(ScoredPair.id))
        return [(row.text_a, row.text_b, row.score, row.by) for row in rows]
