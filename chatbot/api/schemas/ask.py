"""The bodies that `/v1/ask` and feedback take and give."""

from collections.abc import Callable
from typing import Literal, Self

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, ConversationId, IntentName, Out, Probability
from chatbot.domain.matching import Decision
from chatbot.services.asking.ask import Answered

Format = Literal["markdown", "html"]
_FORMAT = "How the answer's `body` is written; HTML is safe to insert into a page."


class AskIn(Body):
    """A visitor's question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "I forgot my password", "conversation_id": "c-42"}]
        }
    )

    text: str = Field(
        min_length=1, description="In the visitor's words; the setting max_text_chars caps it."
    )
    conversation_id: ConversationId | None = Field(
        None, description="Groups questions of one visit."
    )
    test: bool = Field(False, description="Logged, but never reviewed and never learnt.")
    format: Format = Field("markdown", description=_FORMAT)


class AnswerOut(Out):
    """What the FAQ says."""

    intent: str
    title: str
    body: str


class CandidateOut(Out):
    """An intent that the question may have meant."""

    intent: str
    title: str
    probability: Probability


class AskOut(Out):
    """The decision, and the ids of everything that produced it."""

    query_id: str
    decision: Decision = Field(
        description="`answer`: show it. `clarify`: offer `candidates`. `handoff`: call a person."
    )
    answer: AnswerOut | None
    candidates: list[CandidateOut]
    model_version: int
    knowledge_revision: int

    @classmethod
    def of(cls, answered: Answered, write: Callable[[str], str] = str) -> Self:
        """Return the body of an answer; `write` turns its Markdown into what was asked for."""
        card = answered.answer
        return cls(
            query_id=answered.query_id,
            decision=answered.decision,
            answer=card
            and AnswerOut(
                intent=answered.candidates[0].intent, title=card.title, body=write(card.answer)
            ),
            candidates=[
                CandidateOut(
                    intent=candidate.intent,
                    title=answered.intents[candidate.intent].title,
                    probability=candidate.probability,
                )
                for candidate in answered.candidates
            ],
            model_version=answered.model_version,
            knowledge_revision=answered.knowledge_revision,
        )


class FeedbackIn(Body):
    """The visitor's thumb."""

    helpful: bool


class FeedbackOut(Out):
    """The thumb as stored."""

    query_id: str
    helpful: bool


class ChoiceIn(Body):
    """The candidate that was meant."""

    intent: IntentName
    format: Format = Field("markdown", description=_FORMAT)


class PopularQuestionOut(Out):
    """Show `title`; ask `question`, which is sure to be understood."""

    title: str
    question: str


class PopularOut(Out):
    """What is asked most, the most frequent first."""

    items: list[PopularQuestionOut]
