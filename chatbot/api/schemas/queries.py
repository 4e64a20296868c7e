"""The review queue and verdicts on it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from chatbot.api.schemas.base import Body, ConversationId, IntentName, Out, Plain, Probability
from chatbot.domain.matching import Decision
from chatbot.domain.quarantine import Standing
from chatbot.http.paging import Paging, ReviewCursor
from chatbot.services.review.verdict_status import Effect, Receipt, list_receipts, say
from chatbot.storage import tables


class QueryFilters(Paging):
    """Which queries to list; a filter that is left out filters nothing."""

    reviewed: bool | None = None
    decision: Decision | None = None
    helpful: bool | None = None
    intent: IntentName | None = Field(None, description="The confirmed intent.")
    conversation_id: ConversationId | None = None
    q: Annotated[Plain, Field(max_length=200)] | None = Field(None, description="Part of the text.")
    test: bool | None = None
    standing: Standing | None = Field(
        None, description="How far the verdict is in effect; `second` waits for another person."
    )
    contradicted: bool | None = Field(
        None, description="Whether somebody else said otherwise of the same words."
    )
    cursor: ReviewCursor | None = None


class LoggedCandidateOut(Out):
    """A candidate as logged; its intent may be gone since."""

    intent: str
    probability: Probability


class ContradictionOut(Out):
    """The newest verdict of somebody else on the same words; `intent` null means none of these."""

    query_id: str
    intent: str | None
    by: str
    at: datetime


class ConfirmationOut(Out):
    """An agent's verdict; `intent` null means none of these."""

    intent: str | None
    part: str = Field(description="`training` may teach, `held_out` measures and never teaches.")
    by: str
    at: datetime
    seconded_by: str | None = Field(description="Who said so too, where that is needed.")
    effect: Effect = Field(
        description="What it does now: `counts` for similar questions, too; `second` and `turn` "
        "for the same words alone, until somebody else says it, or its night comes; nothing where "
        "a newer verdict has it `overruled`, the words are the `faq`'s, the intent is `disabled`, "
        "or the verdict is kept `apart`, in quarantine."
    )
    note: str = Field(description="The same in words.")
    contradicts: ContradictionOut | None

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        row, other = receipt.verdict, receipt.contradicts
        return cls(
            intent=row.intent.name if row.intent else None,
            part=row.part,
            by=row.confirmed_by,
            at=row.confirmed_at,
            seconded_by=row.seconded_by,
            effect=receipt.effect,
            note=say(receipt),
            contradicts=ContradictionOut(**asdict(other)) if other else None,
        )


class QueryOut(Out):
    """One logged question."""

    id: str
    text: str
    asked_at: datetime
    decision: Decision
    exact: bool
    test: bool
    candidates: list[LoggedCandidateOut]
    chosen_intent: str | None = Field(description="What the visitor picked among them.")
    usefulness: float = Field(
        description="How soon it should be judged, 0 to 1; ranked anew now and then."
    )
    helpful: bool | None
    conversation_id: str | None
    model_version: int
    knowledge_revision: int
    calibration: str
    confirmation: ConfirmationOut | None

    @classmethod
    def of(cls, row: tables.Query, receipt: Receipt | None) -> Self:
        """Return the body of a query; `receipt` is of its verdict, if it has one."""
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "confirmation"}
        return cls(**fields, confirmation=ConfirmationOut.of(receipt) if receipt else None)

    @classmethod
    def of_all(cls, session: Session, rows: Sequence[tables.Query]) -> list[Self]:
        receipts = {receipt.query.id: receipt for receipt in list_receipts(session, rows)}
        return [cls.of(row, receipts.get(row.id)) for row in rows]


class QueriesOut(Out):
    """A page of queries, most useful first."""

    items: list[QueryOut]
    next: str | None


class ConfirmationIn(Body):
    """The intent that the question asked for, or null for none of these."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"intent": "reset-password"}]})

    intent: IntentName | None
