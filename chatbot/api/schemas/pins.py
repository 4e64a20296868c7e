"""Pinned questions."""

from datetime import datetime
from typing import Self

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, IntentName, Out, UtteranceText
from chatbot.services.knowledge.pins import Checked


class PinIn(Body):
    """A question, and the intent that it must keep being answered with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "can I expense a taxi?", "intent": "reset-password"}]
        }
    )

    text: UtteranceText
    intent: IntentName


class PinOut(Out):
    """A pin, and whether the model that this process serves keeps it."""

    id: int
    text: str
    intent: str
    by: str
    at: datetime
    fault: str | None = Field(description="Why it is broken; null if it is kept.")

    @classmethod
    def of(cls, checked: Checked) -> Self:
        pin = checked.pin
        return cls(
            id=pin.id,
            text=pin.text,
            intent=pin.intent,
            by=pin.pinned_by,
            at=pin.pinned_at,
            fault=checked.fault,
        )


class PinsOut(Out):
    """All pins, oldest first."""

    model_version: int | None = Field(description="Which one was asked; null before the first.")
    items: list[PinOut]
