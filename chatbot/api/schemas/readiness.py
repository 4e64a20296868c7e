"""The bodies of what the bot would do with a hundred questions."""

from typing import Literal

from pydantic import Field

from chatbot.api.schemas.base import Out


class OfHundredOut(Out):
    """Of a hundred questions; the four sum to 100."""

    right: int = Field(description="Answered rightly.")
    wrong: int = Field(description="Answered wrongly.")
    asked_back: int
    handed_over: int


class IntentReadinessOut(Out):
    """What became of an intent's phrasings."""

    intent: str
    title: str
    tried: int
    missed: int = Field(description="Phrasings neither answered rightly nor rightly offered.")
    fates: OfHundredOut


class StepOut(Out):
    """Something to mend."""

    kind: Literal["phrasings", "alike", "answers", "untried", "review"]
    text: str
    intents: list[str]
    gain: float = Field(
        description="About how many of 100 questions that the FAQ covers it touches."
    )


class ReadinessOut(Out):
    """Figures are null while the FAQ has no phrasings to try."""

    version: int
    mute: bool = Field(validation_alias="is_mute", description="It answers hardly anything.")
    reason: str = Field(description="Why it is mute; empty if it is not.")
    remedy: str
    assumption: str = Field(description="What the figures rest on.")
    tried: int
    known: int
    all: OfHundredOut | None
    covered: OfHundredOut | None = Field(description="Of 100 questions that the FAQ covers.")
    uncovered: OfHundredOut | None = Field(description="Of 100 that it does not cover.")
    untried: int = Field(description="Intents without phrasings.")
    intents: list[IntentReadinessOut] = Field(description="Those that miss most first.")
    steps: list[StepOut] = Field(description="What helps most first.")
