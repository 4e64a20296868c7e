"""Webhooks, mailboxes, Chatwoot bots, and what is on its way to them."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field

from chatbot.api.schemas.base import Body, Out, Plain, Text
from chatbot.http.paging import ById
from chatbot.http.requests import LARGEST_ID
from chatbot.outbound import MAX_URL_CHARS
from chatbot.services.delivery import chatwoot
from chatbot.services.delivery.deliveries import DeliveryState
from chatbot.services.delivery.events import KINDS, EventKind, Style
from chatbot.storage import tables

Url = Annotated[Text, Field(min_length=1, max_length=MAX_URL_CHARS)]
Kinds = Annotated[
    list[Annotated[EventKind, Field(strict=False)]], Field(min_length=1, max_length=len(KINDS))
]
RowNumber = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class WebhookIn(Body):
    """A new webhook."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"url": "https://example.org/hook", "kinds": ["model.promoted"]},
                {"url": "mailto:help@example.org", "kinds": ["handoff.requested"]},
            ]
        }
    )

    url: Url = Field(description="`https://…`, or `mailto:` and one e-mail address.")
    kinds: Kinds
    style: Annotated[Style, Field(strict=False)] | None = Field(
        None,
        description="`standard`: signed JSON events. `slack`: `{“text”: …}`. `email`: for people; "
        "the default for `mailto:`. Else the default is `standard`.",
    )


class WebhookChangeIn(Body):
    """What to change; the rest stays."""

    kinds: Kinds | None = None
    enabled: bool | None = None


class WebhookOut(Out):
    """A webhook without its secret; `remark` says why it is disabled."""

    id: int
    url: str
    kinds: list[EventKind]
    style: Style
    enabled: bool
    remark: str
    previous_until: datetime | None = Field(
        description="Until when deliveries are also signed with the secret before this one."
    )
    created_at: datetime


class WebhookSecretOut(WebhookOut):
    """The only response that ever holds the secret; null for an e-mail address."""

    secret: Annotated[str | None, BeforeValidator(lambda secret: secret or None)]


class WebhooksOut(Out):
    """All webhooks, oldest first."""

    items: list[WebhookOut]


class DeliveriesQuery(ById):
    """Which deliveries to list."""

    webhook: RowNumber | None = None
    bot: RowNumber | None = None
    state: DeliveryState | None = None


class DeliveryOut(Out):
    """One message to one server: how it went at the last attempt, and when it is tried again."""

    id: int
    webhook: int | None = Field(validation_alias="webhook_id")
    bot: int | None = Field(validation_alias="bot_id")
    message_id: str
    kind: str
    state: DeliveryState
    attempt: int
    status: int | None = Field(
        description="The last answer: an HTTP status, or the code of an SMTP reply."
    )
    error: str
    due_at: datetime | None = Field(description="When it is tried next; null: at once.")
    created_at: datetime
    finished_at: datetime | None


class DeliveriesOut(Out):
    """A page of deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None


class ChatwootBotIn(Body):
    """An agent bot that was made in Chatwoot."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "website",
                    "url": "https://app.chatwoot.com",
                    "account_id": 1,
                    "token": "the bot's access token",
                }
            ]
        }
    )

    name: Annotated[Text, Field(min_length=1, max_length=80)]
    url: Url = Field(description="Of the Chatwoot installation.")
    account_id: RowNumber
    token: Annotated[Text, Field(min_length=1, max_length=200)]
    signing_secret: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Of the bot in Chatwoot 4.13 or newer: unsigned messages are refused."
    )
    clarify_text: Annotated[Text, Field(min_length=1, max_length=500)] = (
        chatwoot.DEFAULT_TEXTS.clarify
    )
    person_text: Annotated[Text, Field(min_length=1, max_length=200)] = (
        chatwoot.DEFAULT_TEXTS.person
    )
    handoff_text: Annotated[Text, Field(min_length=1, max_length=500)] = (
        chatwoot.DEFAULT_TEXTS.handoff
    )

    @property
    def texts(self) -> chatwoot.Texts:
        return chatwoot.Texts(self.clarify_text, self.person_text, self.handoff_text)


class ChatwootBotOut(Out):
    """A bot without its token and secrets."""

    id: int
    name: str
    url: str
    account_id: int
    signed: bool
    clarify_text: str
    person_text: str
    handoff_text: str
    created_at: datetime

    @classmethod
    def of(cls, bot: tables.ChatwootBot) -> Self:
        stored: dict[str, Any] = {
            name: getattr(bot, name) for name in cls.model_fields if name != "signed"
        }
        return cls(signed=bot.signing_secret is not None, **stored)


class NewChatwootBotOut(Out):
    """The only response that ever holds the path which Chatwoot is to call."""

    bot: ChatwootBotOut
    path: Plain


class ChatwootBotsOut(Out):
    """All Chatwoot bots, oldest first."""

    items: list[ChatwootBotOut]
