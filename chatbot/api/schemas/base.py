"""The base of all areas: checked kinds of text, the two bases, and the error body."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chatbot.domain.text import clean
from chatbot.errors import InvalidText
from chatbot.formats.limits import MAX_ANSWER_CHARS, MAX_UTTERANCE_CHARS
from chatbot.formats.names import NAME, is_name
from chatbot.http.requests import LARGEST_ID


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


def _intent_name(name: str) -> str:
    if not is_name(name):
        raise ValueError("is not as names are written: in lower case, composed (NFC)")
    return name


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
    str,
    Field(pattern=f"^{NAME.pattern}$", max_length=80, examples=["reset-password"]),
    AfterValidator(_intent_name),
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
Probability = Annotated[float, AfterValidator(lambda value: round(value, 4))]
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
