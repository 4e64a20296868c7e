"""Tables of what visitors asked, what they got, and what agents said of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatbot.storage.database import Moment, Table, now
from chatbot.storage.tables.knowledge import Intent


class Query(Table):
    """A logged question: redacted text, what the matcher made of it, and which matcher it was.

    `first_intent` repeats the name in the first candidate, so that an index alone counts traffic.
    `offered` is how many of the candidates a visitor who was asked back could choose from, and
    `chosen_intent` what the visitor picked when the bot asked back.
    `sample_share` is the probability with which it was drawn into the random sample; None if not.
    """

    __tablename__ = "queries"
    __table_args__ = (
        Index("ix_queries_review", "usefulness", "id"),
        Index("ix_queries_intent", "first_intent", "asked_at", "test"),
        Index("ix_queries_traffic", "asked_at", "test", "decision", "helpful", "model_version"),
        Index(
            "ix_queries_sample",
            "asked_at",
            sqlite_where=text("sample_share IS NOT NULL"),
            postgresql_where=text("sample_share IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(String(100), index=True)
    text: Mapped[str] = mapped_column(Text)
    text_key: Mapped[str] = mapped_column(String(32), index=True)
    asked_at: Mapped[datetime] = mapped_column(Moment, default=now)
    decision: Mapped[str] = mapped_column(String(10))
    exact: Mapped[bool] = mapped_column(default=False)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    offered: Mapped[int] = mapped_column(default=0, server_default="0")
    first_intent: Mapped[str | None] = mapped_column(String(80))
    chosen_intent: Mapped[str | None] = mapped_column(String(80))
    usefulness: Mapped[float] = mapped_column(default=0.0)
    test: Mapped[bool] = mapped_column(default=False)
    sample_share: Mapped[float | None]
    model_version: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    knowledge_revision: Mapped[int]
    calibration: Mapped[str] = mapped_column(String(12))
    helpful: Mapped[bool | None]
    feedback_at: Mapped[datetime | None] = mapped_column(Moment)

    confirmation: Mapped["Confirmation | None"] = relationship(
        back_populates="query", lazy="joined", passive_deletes=True
    )


class Confirmation(Table):
    """An agent's verdict on a query; no intent means "none of these".

    `part` is settled here, once: a training row may teach the next model, a held-out row only
    measures it. `standing` says how far it is in effect (domain.quarantine.Standing); it repeats
    what follows from all rows, so that matchers need not read them all. `seconded_by` is who said
    so too, or the admin whose own word it is; `released_by` the admin who let it out of quarantine.
    """

    __tablename__ = "confirmations"

    query_id: Mapped[str] = mapped_column(
        ForeignKey("queries.id", ondelete="CASCADE"), primary_key=True
    )
    intent_id: Mapped[int | None] = mapped_column(
        ForeignKey("intents.id", ondelete="CASCADE"), index=True
    )
    part: Mapped[str] = mapped_column(String(10))
    confirmed_by: Mapped[str] = mapped_column(String(100))
    confirmed_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
    released_by: Mapped[str | None] = mapped_column(String(100))
    standing: Mapped[str] = mapped_column(String(10), default="votes", server_default="votes")
    seconded_by: Mapped[str | None] = mapped_column(String(100))

    query: Mapped[Query] = relationship(back_populates="confirmation")
    intent: Mapped[Intent | None] = relationship(lazy="joined")


class ReviewTurn(Table):
    """A query that an agent has before them, or has put aside; until then it is offered to nobody.

    So no two agents judge the same question, and what somebody leaves open comes back.
    """

    __tablename__ = "review_turns"

    query_id: Mapped[str] = mapped_column(
        ForeignKey("queries.id", ondelete="CASCADE"), primary_key=True
    )
    agent: Mapped[str] = mapped_column(String(100), index=True)
    until: Mapped[datetime] = mapped_column(Moment)
    skipped: Mapped[bool] = mapped_column(default=False)


class Disagreement(Table):
    """A question that the live version and a candidate without enough evidence treat otherwise.

    Agents see it early and are not told why. It stays when it is judged, because the verdict is
    evidence about these two versions and no others; see decision 0019.
    """

    __tablename__ = "disagreements"

    query_id: Mapped[str] = mapped_column(
        ForeignKey("queries.id", ondelete="CASCADE"), primary_key=True
    )
    version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"), index=True)
    live_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    found_at: Mapped[datetime] = mapped_column(Moment, default=now)


class QueueRanking(Table):
    """The state that the queue was last ranked by, in one row, so that an unchanged one is left
    alone.
    """

    __tablename__ = "queue_ranking"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    state: Mapped[str] = mapped_column(String(64))
    ranked_at: Mapped[datetime] = mapped_column(Moment, default=now)
