"""Sites, and visitors who wait for a person."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field

from chatbot.api.schemas.base import Body, ConversationId, Out, Plain, Text
from chatbot.domain.email_address import MAX_EMAIL_CHARS, clean_email
from chatbot.domain.matching import Decision
from chatbot.errors import InvalidText
from chatbot.http.paging import ById
from chatbot.services.asking import handoffs, sites
from chatbot.storage import tables


def _email(text: str) -> str:
    try:
        return clean_email(text)
    except InvalidText as error:
        raise ValueError(str(error)) from None


Email = Annotated[Plain, Field(min_length=3, max_length=MAX_EMAIL_CHARS), AfterValidator(_email)]
Limit = Annotated[int, Field(ge=1, le=sites.MOST_PER_MINUTE)]


class SiteIn(Body):
    """A site whose pages may show the widget."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Help centre", "origins": ["https://help.example.com"]}]
        }
    )

    name: Annotated[Text, Field(min_length=1, max_length=sites.MAX_NAME_CHARS)]
    origins: Annotated[
        list[Annotated[Plain, Field(min_length=1, max_length=300)]],
        Field(
            min_length=1,
            max_length=sites.MOST_ORIGINS,
            description="`https://host[:port]`, `localhost` for any port of it, or `self`.",
        ),
    ]
    per_visitor: Limit = Field(sites.PER_VISITOR, description="Requests a minute.")
    per_site: Limit = Field(sites.PER_SITE, description="Requests a minute, all visitors.")


class SiteOut(Out):
    """A site with its key, which is public."""

    key: str
    name: str
    origins: list[str]
    per_visitor: int
    per_site: int
    created_at: datetime
    revoked_at: datetime | None


class SitesOut(Out):
    """All sites, oldest first, revoked ones too."""

    items: list[SiteOut]


class HandoffIn(Body):
    """An address to answer to, and what the visitor adds."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"conversation_id": "c-42", "email": "ann@example.org"}]}
    )

    conversation_id: ConversationId
    email: Email
    message: Annotated[Plain, Field(max_length=handoffs.MAX_MESSAGE_CHARS)] = ""


class HandoffReceipt(Out):
    """What the visitor may know."""

    conversation_id: str
    requested_at: datetime


class HandoffFilters(ById):
    """Which hand-offs to list."""

    open: bool = Field(True, description="Those that wait, or those that are closed.")


class HandoffOut(Out):
    """A visitor who waits, or waited, for a person."""

    id: int
    conversation_id: str
    email: str
    message: str
    site: str | None = Field(description="Name of the site.")
    requested_at: datetime
    closed_at: datetime | None
    closed_by: str | None

    @classmethod
    def of(cls, row: tables.Handoff) -> Self:
        fields = {name: getattr(row, name) for name in HandoffOut.model_fields if name != "site"}
        return cls(**fields, site=row.site.name if row.site else None)


class HandoffsOut(Out):
    """A page of hand-offs, newest first."""

    items: list[HandoffOut]
    next: str | None


class TranscriptLineOut(Out):
    """A question of the conversation, as logged: redacted."""

    id: str
    asked_at: datetime
    text: str
    decision: Decision
    first_intent: str | None
    chosen_intent: str | None
    helpful: bool | None


class HandoffWithTranscriptOut(Out):
    """A hand-off with what was asked in its conversation, oldest first."""

    handoff: HandoffOut
    transcript: list[TranscriptLineOut]


class HandoffChange(Body):
    """Close it, or open it again."""

    open: bool
