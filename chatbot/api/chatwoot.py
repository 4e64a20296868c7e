"""Chatwoot: admins connect its agent bots; Chatwoot sends what visitors write."""

from typing import Any

from apiflask import APIBlueprint
from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest

from chatbot.api.schemas.base import Plain
from chatbot.api.schemas.integrations import (
    ChatwootBotIn,
    ChatwootBotOut,
    ChatwootBotsOut,
    NewChatwootBotOut,
)
from chatbot.http.admission import CHATWOOT
from chatbot.http.auth import caller, public, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.asking.reply_in_chatwoot import Incoming, reply
from chatbot.services.delivery import chatwoot

blueprint = APIBlueprint("chatwoot", __name__, tag="Integrations")


@blueprint.get("/v1/admin/chatwoot")
@requires(Scope.ADMIN)
@blueprint.output(ChatwootBotsOut)
def list_bots() -> ChatwootBotsOut:
    """List the Chatwoot bots that this instance answers for."""
    with parts().database.read() as session:
        return ChatwootBotsOut(
            items=[ChatwootBotOut.of(bot) for bot in chatwoot.list_bots(session)]
        )


@blueprint.post("/v1/admin/chatwoot")
@requires(Scope.ADMIN)
@blueprint.input(ChatwootBotIn, arg_name="body")
@blueprint.output(NewChatwootBotOut, status_code=201)
@blueprint.doc(responses=[409])
def create_bot(body: ChatwootBotIn) -> NewChatwootBotOut:
    """Connect an agent bot. This response is the only one with the path that it is to call."""
    with parts().database.write() as session:
        bot, path_secret = chatwoot.create_bot(
            session,
            caller().name,
            body.name,
            body.url,
            body.account_id,
            body.token,
            body.signing_secret,
            body.texts,
            parts().settings.private_networks,
        )
    return NewChatwootBotOut(bot=ChatwootBotOut.of(bot), path=CHATWOOT + path_secret)


@blueprint.delete("/v1/admin/chatwoot/<int:bot_id>")
@requires(Scope.ADMIN)
@blueprint.output({}, status_code=204)
def delete_bot(bot_id: int) -> tuple[str, int]:
    """Disconnect a bot: its path is not found any more."""
    with parts().database.write() as session:
        chatwoot.delete_bot(session, caller().name, bot_id)
    return "", 204


@blueprint.post(CHATWOOT + "<word:path_secret>")
@public  # the secret in its path stands for a key
@blueprint.doc(hide=True)
def receive(path_secret: str) -> dict[str, bool]:
    """Take an event of a Chatwoot agent bot. Anything but success makes Chatwoot call a person."""
    found = parts()
    with found.database.read() as session:
        bot = chatwoot.find_bot(session, path_secret)
    chatwoot.check_signature(
        bot,
        request.headers.get("X-Chatwoot-Timestamp", ""),
        request.headers.get("X-Chatwoot-Signature", ""),
        request.get_data(),
    )
    incoming = _read(request.get_json())
    return {
        "replied": incoming is not None
        and reply(found.database, found.live, found.answerer, bot, incoming)
    }


class _Part(BaseModel):
    """A part of what Chatwoot sends: little of it is needed, and the rest may change."""

    model_config = ConfigDict(extra="ignore")


class _Account(_Part):
    id: int = Field(ge=1)


class _Conversation(_Part):
    id: int = Field(ge=1, lt=2**31)


class _Message(_Part):
    id: int = Field(ge=1, lt=2**63)
    account: _Account
    conversation: _Conversation
    content: Plain | None = None
    reply: Plain | None = None

    @property
    def text(self) -> str:
        """The text written now: of a mail, its reply without what it quotes."""
        return self.reply or self.content or ""


def _read(event: Any) -> Incoming | None:
    """Return what a visitor wrote or chose while the bot, and no person, has the conversation."""
    if not isinstance(event, dict):
        raise BadRequest("An event of Chatwoot is a JSON object.")
    written = event.get("event") == "message_created" and event.get("message_type") == "incoming"
    chosen = _read_choice(event)
    is_bots = _within(event, "conversation", "status") == "pending"
    if not (written or chosen) or not is_bots or event.get("private"):
        return None
    try:
        message = _Message.model_validate(event | {"reply": _read_reply(event)})
    except ValidationError as error:
        raise BadRequest(f"That is no message as Chatwoot sends them: {error}.") from None
    return Incoming(
        id=f"{message.id}:choice" if chosen else str(message.id),
        account_id=message.account.id,
        conversation_id=message.conversation.id,
        text=message.text,
        chosen=chosen,
    )


def _read_choice(event: dict[str, Any]) -> str | None:
    """The option that a visitor clicked: the message that offered it is updated."""
    if event.get("event") != "message_updated" or event.get("content_type") != "input_select":
        return None
    choices = _within(event, "content_attributes", "submitted_values")
    first = choices[0] if isinstance(choices, list) and choices else None
    value = first.get("value") if isinstance(first, dict) else None
    return value if isinstance(value, str) else None


def _read_reply(event: dict[str, Any]) -> str | None:
    """Chatwoot takes mails apart itself; what has no such part is no mail."""
    mail = _within(event, "content_attributes", "email")
    for form in ("text_content", "html_content"):
        reply = _within(mail, form, "reply") if isinstance(mail, dict) else None
        if isinstance(reply, str) and reply.strip():
            return reply
    return None


def _within(event: dict[str, Any], part: str, name: str) -> Any:
    found = event.get(part)
    return found.get(name) if isinstance(found, dict) else None
