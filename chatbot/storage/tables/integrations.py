"""Tables of other programs: who is told of events, which Chatwoot bots answer, and what is on its
way out.
"""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatbot.storage.database import Moment, Table, now


class Webhook(Table):
    """A URL that is told of events. Its secrets are kept readable: every delivery is signed.

    The URL of a mailbox is `mailto:` and the address; its secret is empty, as nothing is signed.
    `remark` says why it is disabled. The previous secret signs too until `previous_until`.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(JSON)
    style: Mapped[str] = mapped_column(String(10))
    enabled: Mapped[bool] = mapped_column(default=True)
    remark: Mapped[str] = mapped_column(Text, default="")
    secret: Mapped[str] = mapped_column(String(80))
    previous_secret: Mapped[str | None] = mapped_column(String(80))
    previous_until: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class ChatwootBot(Table):
    """An agent bot of a Chatwoot account, which this instance is the brain of.

    The secret in the path that Chatwoot calls is stored hashed. The token must be kept readable,
    and so must the secret that Chatwoot signs with, if it does.
    """

    __tablename__ = "chatwoot_bots"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int]
    token: Mapped[str] = mapped_column(String(200))
    path_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    signing_secret: Mapped[str | None] = mapped_column(String(200))
    clarify_text: Mapped[str] = mapped_column(String(500))
    person_text: Mapped[str] = mapped_column(String(200))
    handoff_text: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Delivery(Table):
    """A request to one foreign server. The row is the queue; `due_at`, None for at once, its lease.

    `message_id` tells repeats apart, for the receiver and, of Chatwoot's messages, for us. What
    goes to one conversation goes in order.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("(webhook_id IS NULL) <> (bot_id IS NULL)", name="one_recipient"),
        UniqueConstraint("webhook_id", "message_id"),
        UniqueConstraint("bot_id", "message_id"),
        Index("ix_deliveries_due", "state", "due_at"),
        Index("ix_deliveries_order", "bot_id", "conversation", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int | None] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    bot_id: Mapped[int | None] = mapped_column(ForeignKey("chatwoot_bots.id", ondelete="CASCADE"))
    conversation: Mapped[int | None]
    message_id: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    status: Mapped[int | None]
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)

    webhook: Mapped[Webhook | None] = relationship(lazy="joined")
    bot: Mapped[ChatwootBot | None] = relationship(lazy="joined")
