"""Tables of sites whose pages show the widget, and of visitors who wait for a person."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatbot.storage.database import Moment, Table, now


class Site(Table):
    """A web site that may ask as its visitors do. Its key is public: it stands in every page.

    What protects it are the origins that it works from, and the limits, in requests a minute.
    """

    __tablename__ = "sites"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    origins: Mapped[list[str]] = mapped_column(JSON)
    per_visitor: Mapped[int]
    per_site: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class Handoff(Table):
    """A visitor who left an address, for one conversation, so that a person answers."""

    __tablename__ = "handoffs"
    __table_args__ = (UniqueConstraint("conversation_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    message: Mapped[str] = mapped_column(Text, default="")
    site_key: Mapped[str | None] = mapped_column(ForeignKey("sites.key"))
    requested_at: Mapped[datetime] = mapped_column(Moment, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(Moment, index=True)
    closed_by: Mapped[str | None] = mapped_column(String(100))

    site: Mapped[Site | None] = relationship(lazy="joined")
