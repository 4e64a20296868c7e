"""What comes in and what goes out, as pydantic models; OpenAPI is made from them.

Bodies are strict: no field that is not here, no number for a text. Rows become models only here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chatbot.api.paging import NameCursor, Paging, ReviewCursor
from chatbot.api.requests import LARGEST_ID
from chatbot.domain.matching import Decision
from chatbot.domain.text import clean
from chatbot.errors import InvalidText
from chatbot.services.ask import Answered
from chatbot.services.catalogue_files import MAX_ANSWER_CHARS, NAME
from chatbot.services.jobs import State
from chatbot.services.keys import Scope
from chatbot.services.publish import MAX_UTTERANCE_CHARS
from chatbot.storage import tables


def _plain(text: str) -> str:
    """No NUL, no half of a surrogate pair: PostgreSQL refuses the one, every encoder the other."""
    if any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("contains a NUL character or half of a surrogate pair")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text.strip()


def _utterance(text: str) -> str:
    try:
        return clean(text, MAX_UTTERANCE_CHARS)
    except InvalidText as error:
        raise ValueError(str(error)) from None


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("needs a time zone, such as a Z at the end")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar") from None


Plain = Annotated[str, AfterValidator(_plain)]
Text = Annotated[Plain, AfterValidator(_not_blank)]
IntentName = Annotated[
    str, Field(pattern=f"^{NAME.pattern}$", max_length=80, examples=["reset-password"])
]
Title = Annotated[Text, Field(min_length=1, max_length=200)]
Answer = Annotated[Text, Field(min_length=1, max_length=MAX_ANSWER_CHARS)]
Topic = Annotated[Plain, Field(max_length=80)]
UtteranceText = Annotated[
    str, Field(min_length=1, max_length=MAX_UTTERANCE_CHARS), AfterValidator(_utterance)
]
Reason = Annotated[Text, Field(min_length=3, max_length=500, description="For the audit trail.")]
VersionId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
ConversationId = Annotated[Plain, Field(min_length=1, max_length=100)]
Moment = Annotated[datetime, Field(strict=False), AfterValidator(_zoned)]


class Body(BaseModel):
    """A JSON body."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """A response, read from the attributes of a row where the names agree."""

    model_config = ConfigDict(from_attributes=True)


class MistakeOut(Out):
    """One thing wrong: `pointer` into the body (RFC 6901), or the query `parameter`."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class Problem(Out):
    """An error, RFC 9457."""

    type: str = Field(examples=["urn:chatbot:problem:utterance-taken"])
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[MistakeOut] = Field(
        default_factory=list, description="Left out when there are none."
    )


# Asking


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


class AnswerOut(Out):
    """What the FAQ says."""

    intent: str
    title: str
    body: str


class CandidateOut(Out):
    """An intent that the question may have meant."""

    intent: str
    title: str
    probability: float


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
    def of(cls, answered: Answered) -> Self:
        card = answered.answer
        return cls(
            query_id=answered.query_id,
            decision=answered.decision,
            answer=card
            and AnswerOut(intent=answered.candidates[0].intent, title=card.title, body=card.answer),
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


# Reviewing


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
    probability: float


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
    usefulness: float
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


# Knowledge


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


# Models and releases


class LiveOut(Out):
    """What the pointer says is live."""

    version: int
    generation: int


class ProcessOut(Out):
    """A web process and what it serves."""

    host: str
    pid: int
    version: int | None = Field(validation_alias="version_id")
    generation: int | None
    knowledge_revision: int | None
    error: str | None
    heartbeat_at: datetime


class ModelOut(Out):
    """One trained version."""

    id: int
    kind: str
    created_at: datetime
    verdict: str | None
    withdrawn: bool
    live: bool
    training_rows: int
    parent: int | None
    knowledge_revision: int
    calibration: str
    digest: str

    @classmethod
    def of(cls, row: tables.ModelVersion, live: LiveOut | None) -> Self:
        computed = {"live": live is not None and live.version == row.id, "parent": row.parent_id}
        stored = {name: getattr(row, name) for name in cls.model_fields if name not in computed}
        return cls(**stored, **computed)


class ModelsOut(Out):
    """Versions, newest first, and who serves what."""

    live: LiveOut | None
    processes: list[ProcessOut]
    items: list[ModelOut]
    next: str | None

    @classmethod
    def of(
        cls,
        pointer: tables.ModelPointer | None,
        processes: Sequence[tables.WorkingProcess],
        versions: Sequence[tables.ModelVersion],
        following: str | None,
    ) -> Self:
        live = (
            LiveOut(version=pointer.version_id, generation=pointer.generation) if pointer else None
        )
        return cls(
            live=live,
            processes=[ProcessOut.model_validate(process) for process in processes],
            items=[ModelOut.of(version, live) for version in versions],
            next=following,
        )


class ReleaseOut(Out):
    """One move of the live pointer."""

    generation: int
    from_version: int | None
    to_version: int
    kind: str
    reason: str
    by: str = Field(validation_alias="released_by")
    at: datetime = Field(validation_alias="released_at")


class ReleasesOut(Out):
    """The latest releases, newest first."""

    items: list[ReleaseOut]


class ReleasesQuery(Paging):
    """How many releases to list."""


class RollbackIn(Body):
    """Where to return to; without `version`, to the one that was live before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "answers VPN questions wrongly"}]}
    )

    version: VersionId | None = None
    reason: Reason


class PromoteIn(Body):
    """The version to make live."""

    version: VersionId
    reason: Reason


# Training


class RetrainIn(Body):
    """`force` trains even when no row changed since the last time."""

    force: bool = False


class JobOut(Out):
    """A training job."""

    id: int
    kind: str
    force: bool
    state: State
    step: str
    progress: float
    message: str
    attempt: int
    version: int | None = Field(validation_alias="version_id")
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobsOut(Out):
    """A page of jobs, newest first."""

    items: list[JobOut]
    next: str | None


# Administration


class AuditEventOut(Out):
    """Who did what to what."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditOut(Out):
    """A page of the audit trail, newest first."""

    items: list[AuditEventOut]
    next: str | None


class KeyIn(Body):
    """A new API key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "widget", "scope": "ask"}]})

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    scope: Annotated[Scope, Field(strict=False)]
    expires_at: Moment | None = None


class KeyOut(Out):
    """A key without the key itself."""

    id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """The only response that ever holds the key."""

    key: str


class KeysOut(Out):
    """All keys, oldest first."""

    items: list[KeyOut]


# Health


class HealthOut(Out):
    """The process is up."""

    status: Literal["ok"] = "ok"


class ReadyOut(Out):
    """Whether questions are answered now, and by what."""

    status: Literal["ready", "degraded", "not_ready"]
    model_version: int | None
    knowledge_revision: int | None
    error: str | None
