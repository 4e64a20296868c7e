"""Confirmations that are kept apart."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field

from chatbot.api.schemas.base import Body, Out, Reason, Text
from chatbot.services.learning.quarantine import Quarantined


class QuarantinedOut(Out):
    """What one source said of one intent on one day, and nobody may learn yet."""

    source: str
    says: str = Field(description="The intent, or that it is none, instead of what the bot said.")
    day: date
    count: int
    alone: bool = Field(
        description="Whether it overrules the bot's answer as hardly anybody else does; otherwise "
        "it came in a flood."
    )
    examples: list[str]

    @classmethod
    def of(cls, found: Quarantined) -> Self:
        source, says, day = found.group
        return cls(
            source=source,
            says=says,
            day=day,
            count=found.count,
            alone=found.alone,
            examples=list(found.examples),
        )


class QuarantineOut(Out):
    """All groups in quarantine, the newest first."""

    items: list[QuarantinedOut]


class ReleaseFromQuarantineIn(Body):
    """A group as it was listed, and why it may teach."""

    source: Annotated[Text, Field(max_length=100)]
    says: Annotated[Text, Field(max_length=200)]
    day: Annotated[date, Field(strict=False)]
    reason: Reason


class ReleasedOut(Out):
    """How many confirmations may teach from now on."""

    released: int
