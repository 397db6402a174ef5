"""Posts, their wordings and announcements, and the decisions about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from bot.core.links import UnfitLink, same_link_key
from storage.models.base import Base
from storage.types import BigKey


def key_of_link(link: str) -> str:
    """Return the form under which the same link is found again; "" for what is no link (yet)."""
    try:
        return same_link_key(link)
    except UnfitLink:
        return ""


def _key_of_link(context: DefaultExecutionContext) -> str:
    link = context.get_current_parameters().get("link")  # type: ignore[no-untyped-call]  # SQLAlchemy has none
    return key_of_link(str(link or ""))


class Post(Base):
    """What may be shared. `typed` is the form as the curator left it; `link_key` finds the same link again."""

    __tablename__ = "post"
    __table_args__ = (Index("ix_post_state_publish_at", "state", "publish_at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="draft")
    title: Mapped[str] = mapped_column(String(300), default="")
    summary: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(Text, default="")
    link_key: Mapped[str] = mapped_column(String(500), default=_key_of_link, index=True)
    source: Mapped[str] = mapped_column(String(200), default="")
    picture: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(16), default="en")
    channels: Mapped[list[str]] = mapped_column(default=list)
    topics: Mapped[list[str]] = mapped_column(default=list)
    networks: Mapped[list[str]] = mapped_column(default=list)
    disclosure: Mapped[str] = mapped_column(String(200), default="")
    typed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    suggestion_id: Mapped[int | None]
    publish_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    card_channel: Mapped[str | None] = mapped_column(String(128))
    card_ref: Mapped[str | None] = mapped_column(String(128))


class Wording(Base):
    """A suggested text for a post, in one language, for one network or (`None`) for any."""

    __tablename__ = "wording"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    language: Mapped[str] = mapped_column(String(16))
    network: Mapped[str | None] = mapped_column(String(16))
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class Announcement(Base):
    """A post in one channel: the message to keep up to date.

    `drawn_at` is the `updated_at` of the post that it shows, `shown` the number of sharers; `refresh_at` is when it is
    to be redrawn, if a redraw waits.
    """

    __tablename__ = "announcement"
    __table_args__ = (UniqueConstraint("post_id", "channel_ref"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    channel_ref: Mapped[str] = mapped_column(String(128))
    message_ref: Mapped[str | None] = mapped_column(String(128))
    posted_at: Mapped[datetime | None]
    drawn_at: Mapped[datetime | None]
    refresh_at: Mapped[datetime | None] = mapped_column(index=True)
    shown: Mapped[int] = mapped_column(default=0)


class Decision(Base):
    """Who approved, declined, edited, scheduled, withdrew or repointed what, when and why; never changed.

    `subject` is "post" or "suggestion".
    """

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    subject: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    what: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
