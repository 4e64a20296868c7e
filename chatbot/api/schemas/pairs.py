"""Pairs with a score."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, Out, UtteranceText
from chatbot.services.knowledge.pairs import Source

Score = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="How alike they are: 0 different, 0.5 related, 1 the same.",
        examples=[0.5],
    ),
]


class PairIn(Body):
    """Two texts, in whichever order, and how alike they are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text_a": "my card was declined",
                    "text_b": "my transfer was declined",
                    "score": 0.5,
                }
            ]
        }
    )

    text_a: UtteranceText
    text_b: UtteranceText
    score: Score


class PairOut(Out):
    """A pair as it is kept: redacted, with who scored it last."""

    id: int
    text_a: str
    text_b: str
    score: float
    by: str
    at: datetime
    source: Source


class PairsOut(Out):
    """A page of pairs, newest first."""

    items: list[PairOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")
