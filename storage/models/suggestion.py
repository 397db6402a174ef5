"""Suggestions and who made them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey

_OPEN = text("state = 'received'")
_UNCREDITED = text("credited_at IS NULL AND state = 'approved'")


class Suggestion(Base):
    """A link that members propose; only one open suggestion holds a link (`link_key`)."""

    __tablename__ = "suggestion"
    __table_args__ = (
        Index("uq_suggestion_open", "link_key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_suggestion_state", "state"),
        Index("ix_suggestion_uncredited", "id", sqlite_where=_UNCREDITED, postgresql_where=_UNCREDITED),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="received")
    link: Mapped[str] = mapped_column(Text)
    link_key: Mapped[str] = mapped_column(String(500))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    credited_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")
    card_channel: Mapped[str | None] = mapped_column(String(128))
    card_ref: Mapped[str | None] = mapped_column(String(128))


class SuggestionAuthor(Base):
    """One of those who suggested a link, with their reason; the earliest row earns the points."""

    __tablename__ = "suggestion_author"

    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    why: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
