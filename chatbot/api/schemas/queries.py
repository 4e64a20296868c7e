"""The review queue and verdicts on it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from chatbot.api.paging import Paging, ReviewCursor
from chatbot.api.schemas.base import Body, ConversationId, IntentName, Out, Plain, Probability
from chatbot.domain.matching import Decision
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
    cursor: ReviewCursor | None = None


class LoggedCandidateOut(Out):
    """A candidate as logged; its intent may be gone since."""

    intent: str
    probability: Probability


class ConfirmationOut(Out):
    """An agent's verdict; `intent` null means none of these."""

    intent: str | None
    part: str = Field(description="`training` may teach, `held_out` only measures.")
    by: str
    at: datetime

    @classmethod
    def of(cls, row: tables.Confirmation) -> Self:
        name = row.intent.name if row.intent else None
        return cls(intent=name, part=row.part, by=row.confirmed_by, at=row.confirmed_at)


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
    def of(cls, row: tables.Query) -> Self:
        confirmation = ConfirmationOut.of(row.confirmation) if row.confirmation else None
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "confirmation"}
        return cls(**fields, confirmation=confirmation)


class QueriesOut(Out):
    """A page of queries, most useful first."""

    items: list[QueryOut]
    next: str | None


class ConfirmationIn(Body):
    """The intent that the question asked for, or null for none of these."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"intent": "reset-password"}]})

    intent: IntentName | None
