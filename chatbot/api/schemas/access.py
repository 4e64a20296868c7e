"""Keys and the audit trail."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, Moment, Out, Text
from chatbot.services.access.keys import MAX_NAME_CHARS, Scope


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

    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME_CHARS)]
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
