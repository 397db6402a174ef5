"""Shares, their tracked links, and visits."""

from datetime import UTC, date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey, Digest

_LIVE = text("state <> 'undone'")
_NEW = text("credited_at IS NULL AND kind = 'human'")
_SEEN = text("credited_at IS NOT NULL OR kind <> 'human'")
_PROVEN = text("credited_at IS NULL AND state IN ('confirmed', 'evidenced')")
_EMPTY = text("''")
_UNDER_WAY = text("state IN ('queued', 'sending')")
_CHANGED = text("changed_at IS NOT NULL")
_TIMES = ("opened_at", "said_at", "confirmed_at", "evidenced_at")


def _by_time(name: str) -> Index:
    """Return the index of the shares to which something happened, by when."""
    there = text(f"{name} IS NOT NULL")
    return Index(f"ix_share_{name}", name, sqlite_where=there, postgresql_where=there)


class Share(Base):
    """A member's publication of a post on a network, with the exact text.

    One live share per member, post and network. `go_hash` finds the share by the one-time token of its window.
    `permalink_key` is unique, so that one post on a network confirms one share. `credited_at` is when its own points
    were decided, also if that were none. `sent_text` is all that was handed to the network, by its API or to its
    composer, and `sent_at` when: the proof of what the disclosure was. `remote_id` is the network's own id of a post
    that was published by its API, `account_id` the account that did; `fault` why that did not work. `later_at` is when
    the member wants to be asked, `measure_at` when the network is next asked for its counts.
    """

    __tablename__ = "share"
    __table_args__ = (
        Index(
            "uq_share_live",
            "member_id",
            "post_id",
            "network",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index("ix_share_post_state", "post_id", "state"),
        Index("ix_share_wording", "wording_id"),
        Index("ix_share_measure_at", "measure_at"),
        Index("ix_share_under_way", "id", sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
        Index("ix_share_uncredited", "id", sqlite_where=_PROVEN, postgresql_where=_PROVEN),
        *(_by_time(name) for name in _TIMES),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    network: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="draft")
    text: Mapped[str] = mapped_column(Text, default="")
    disclosure: Mapped[str] = mapped_column(String(200), default="")
    wording_id: Mapped[int | None]
    is_own_words: Mapped[bool] = mapped_column(default=False)
    go_hash: Mapped[bytes | None] = mapped_column(Digest, unique=True)
    go_expires_at: Mapped[datetime | None]
    go_used_at: Mapped[datetime | None]
    typed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    said_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    evidenced_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    credited_at: Mapped[datetime | None]
    sent_text: Mapped[str] = mapped_column(Text, server_default=_EMPTY)
    sent_at: Mapped[datetime | None]
    account_id: Mapped[int | None] = mapped_column(BigKey)
    remote_id: Mapped[str | None] = mapped_column(String(200))
    fault: Mapped[str] = mapped_column(String(16), server_default=_EMPTY)
    later_at: Mapped[datetime | None]
    measure_at: Mapped[datetime | None]
    permalink: Mapped[str | None] = mapped_column(Text)
    permalink_key: Mapped[str | None] = mapped_column(String(500), unique=True)


def _present() -> datetime:
    return datetime.now(UTC)


class TrackedLink(Base):
    """A tracked address `/l/{slug}` that leads to `target`: one per share.

    Every update sets `changed_at` by the machine's clock: what processes that hold links in memory look for.
    """

    __tablename__ = "link"
    __table_args__ = (Index("ix_link_changed_at", "changed_at", sqlite_where=_CHANGED, postgresql_where=_CHANGED),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    share_id: Mapped[int] = mapped_column(ForeignKey("share.id"), unique=True)
    slug: Mapped[str] = mapped_column(String(16), unique=True)
    target: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None] = mapped_column(onupdate=_present)


class Visit(Base):
    """One follow of a link: its class (`kind`) and two daily-salted hashes; never an address.

    A person's visit is among those of its link once it was looked at for points: keeping it touches no second place.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_seen", "link_id", "on_day", sqlite_where=_SEEN, postgresql_where=_SEEN),
        Index("ix_visit_uncredited", "id", sqlite_where=_NEW, postgresql_where=_NEW),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"))
    at: Mapped[datetime]
    on_day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(12))
    visitor: Mapped[bytes] = mapped_column(Digest)
    prefix: Mapped[bytes] = mapped_column(Digest)
    credited_at: Mapped[datetime | None]


class GoVisitor(Base):
    """The day hash of a member's own `/go` request, by which their own visits are known as "self" on that day."""

    __tablename__ = "go_visitor"

    share_id: Mapped[int] = mapped_column(ForeignKey("share.id"), primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)
    visitor: Mapped[bytes] = mapped_column(Digest, primary_key=True)


class Salt(Base):
    """The day's salt, shared by all replicas and deleted the day after."""

    __tablename__ = "salt"

    on_day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[bytes]
