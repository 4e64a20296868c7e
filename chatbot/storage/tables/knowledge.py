"""Tables of what the helpdesk knows: intents, their utterances, and questions that only measure."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatbot.storage.database import Moment, Table, now

DEMO = "demo"  # the origin of what came with the shipped FAQ
FILE = "file"
DONE, UNDONE = "done", "undone"  # of imports


class Knowledge(Table):
    """The revision of the FAQ in one row: a counter that every edit raises; web processes follow
    it.
    """

    __tablename__ = "knowledge"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    revision: Mapped[int] = mapped_column(default=0)


class KnowledgeChange(Table):
    """A thing that an edit touched: an intent's card, by name, or a phrasing, by its normalised
    text.

    It says where to look, not what is there now. Each edit that is kept has a row, an empty one if
    it changed nothing that matchers hold; so a revision without any row says: read everything.
    """

    __tablename__ = "knowledge_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(index=True)
    intent: Mapped[str | None] = mapped_column(String(80))
    phrasing: Mapped[str | None] = mapped_column(Text)


class Intent(Table):
    """A wish that a visitor can have, with its answer. A disabled one is never matched.

    `origin` is DEMO as long as title and answer are as the shipped FAQ has them. `variants` are
    further wordings of the answer, and `follow_ups` names of intents that it leads to; both are as
    an import brought them.
    """

    __tablename__ = "intents"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    topic: Mapped[str] = mapped_column(String(80), default="")
    answer: Mapped[str] = mapped_column(Text)
    variants: Mapped[list[str]] = mapped_column(JSON, default=list)
    follow_ups: Mapped[list[str]] = mapped_column(JSON, default=list)
    enabled: Mapped[bool] = mapped_column(default=True)
    origin: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)

    utterances: Mapped[list["Utterance"]] = relationship(
        back_populates="intent", order_by="Utterance.id", passive_deletes=True
    )


class Utterance(Table):
    """A phrasing of an intent. Its normalised text is unique across intents."""

    __tablename__ = "utterances"

    id: Mapped[int] = mapped_column(primary_key=True)
    intent_id: Mapped[int] = mapped_column(ForeignKey("intents.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    normalised: Mapped[str] = mapped_column(Text, unique=True)
    origin: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    intent: Mapped[Intent] = relationship(back_populates="utterances")


class EvaluationQuestion(Table):
    """A labelled question from the FAQ's authors that never trains.

    No intent means out of scope. Those are used in two ways that must not mix: `calibration` rows
    teach a version where to stop answering, the others measure whether it does. `origin` is DEMO,
    FILE, or None for what a person wrote; `added_by` is who brought it in.
    """

    __tablename__ = "evaluation_questions"

    id: Mapped[int] = mapped_column(primary_key=True)
    intent_id: Mapped[int | None] = mapped_column(
        ForeignKey("intents.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[str] = mapped_column(Text)
    normalised: Mapped[str] = mapped_column(Text, unique=True)
    calibration: Mapped[bool] = mapped_column(default=False)
    origin: Mapped[str | None] = mapped_column(String(20))
    added_by: Mapped[str | None] = mapped_column(String(100))
    added_at: Mapped[datetime | None] = mapped_column(Moment, default=now)

    intent: Mapped[Intent | None] = relationship()


class Pin(Table):
    """A question that must keep its answer. It names its intent, so it outlives it: broken."""

    __tablename__ = "pins"

    id: Mapped[int] = mapped_column(primary_key=True)
    intent: Mapped[str] = mapped_column(String(80), index=True)
    text: Mapped[str] = mapped_column(Text)
    normalised: Mapped[str] = mapped_column(Text, unique=True)
    pinned_by: Mapped[str] = mapped_column(String(100))
    pinned_at: Mapped[datetime] = mapped_column(Moment, default=now)


class ScoredPair(Table):
    """A pair of texts, redacted, and how alike somebody says they are: 0 to 1, see `domain.pair`.

    There is one for two texts, in whichever order; a newer score replaces the one before. It names
    no intent and no query, so it outlives what its texts came from.
    """

    __tablename__ = "scored_pairs"
    __table_args__ = (
        CheckConstraint("score >= 0 AND score <= 1", name="score_is_a_share"),
        Index("ix_scored_pairs_by", "by", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    text_a: Mapped[str] = mapped_column(Text)
    text_b: Mapped[str] = mapped_column(Text)
    pair_key: Mapped[str] = mapped_column(String(32), unique=True)
    score: Mapped[float]
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    source: Mapped[str] = mapped_column(String(10))


class FaqImport(Table):
    """A file on its way into the FAQ: first read and shown, then, if somebody says so, written.

    `token` rises each time that it is asked for, so that what an earlier process found or wrote is
    refused; `alive_until` is when a process that works on it has to have given a sign of life.
    One that `is_large` is read by a process of its own.
    `found` is what the pages show of the file, or what is wrong with it. `revision` is the FAQ's
    that the preview holds for, and later the one that the import made; `act` takes it back.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    is_large: Mapped[bool]
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
    state: Mapped[str] = mapped_column(String(10))
    mode: Mapped[str] = mapped_column(String(10))
    clashes: Mapped[str] = mapped_column(String(10))
    decided: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    given: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    language: Mapped[str | None] = mapped_column(String(35))
    token: Mapped[int] = mapped_column(default=0)
    alive_until: Mapped[datetime | None] = mapped_column(Moment)
    step: Mapped[str] = mapped_column(String(30), default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    found: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    left_out: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    revision: Mapped[int | None]
    act: Mapped[int | None]
    message: Mapped[str] = mapped_column(Text, default="")
