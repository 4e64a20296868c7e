"""Intents and utterances."""

from datetime import datetime
from typing import Any, Self

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Answer, Body, IntentName, Out, Title, Topic, UtteranceText
from chatbot.http.paging import NameCursor, Paging
from chatbot.storage import tables


class IntentPaging(Paging):
    """Intents are listed by name."""

    cursor: NameCursor | None = None


class IntentRowOut(Out):
    """An intent in a list."""

    name: str
    title: str
    topic: str
    enabled: bool
    utterances: int = Field(description="How many.")
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.Intent, utterances: int) -> Self:
        return cls(
            name=row.name,
            title=row.title,
            topic=row.topic,
            enabled=row.enabled,
            utterances=utterances,
            updated_at=row.updated_at,
        )


class IntentsOut(Out):
    """A page of intents by name."""

    items: list[IntentRowOut]
    next: str | None


class UtteranceOut(Out):
    """One phrasing."""

    id: int
    text: str


class IntentOut(Out):
    """An intent with its phrasings."""

    name: str
    title: str
    topic: str
    answer: str
    enabled: bool
    created_at: datetime
    updated_at: datetime
    utterances: list[UtteranceOut]


class IntentIn(Body):
    """A new intent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "reset-password",
                    "title": "Reset your password",
                    "answer": "Open https://id.example/reset and follow the link in the e-mail.",
                    "topic": "account",
                    "utterances": ["I forgot my password", "how do I reset my password?"],
                }
            ]
        }
    )

    name: IntentName
    title: Title
    answer: Answer
    topic: Topic = ""
    utterances: list[UtteranceText] = Field(default_factory=list, max_length=1000)
    enabled: bool = Field(True, description="Not enabled, it is a draft, which is never matched.")


class IntentChange(Body):
    """What to change; a field that is left out stays."""

    title: Title = Field(default_factory=str)
    answer: Answer = Field(default_factory=str)
    topic: Topic = Field(default_factory=str)
    enabled: bool = Field(default_factory=bool, description="A disabled intent is never matched.")

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class UtteranceIn(Body):
    """One phrasing."""

    text: UtteranceText
