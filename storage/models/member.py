"""Members, their crews and addresses, and posts that they do not want to hear of again."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey

_IS_NAMED = "is_named IS TRUE AND left_at IS NULL AND erased_at IS NULL AND name <> ''"
MISPLACED = text(f"counted_crew_id <> coalesce(crew_id, 0) OR is_counted_named <> ({_IS_NAMED})")
"""Who is counted in another crew than theirs, or as named and is not: few, in an index that is found by these words."""

COUNTED_NAMED = text("is_counted_named")
"""Who is counted as named; in an index that is found by these words."""


class Crew(Base):
    """A group of colleagues, shown to people as "team"."""

    __tablename__ = "crew"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)


class Member(Base):
    """A person in the company. After erasure `person_ref` is a random id and everything that names them is empty.

    Who is here on two platforms has a row for each; `same_as_id` of the one paired later names the row that counts:
    shares, points and settings are that one's alone. `counted_crew_id` (0 for none) and `is_counted_named` are where
    the sums of crews count them: as they were when these were last brought up to date.
    """

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("platform", "person_ref"),
        Index("ix_member_role", "role"),
        Index("ix_member_misplaced", "id", sqlite_where=MISPLACED, postgresql_where=MISPLACED),
        Index("ix_member_named", "id", sqlite_where=COUNTED_NAMED, postgresql_where=COUNTED_NAMED),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    tenant_ref: Mapped[str] = mapped_column(String(64))
    person_ref: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str | None] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(16), default="en")
    chosen_locale: Mapped[str | None] = mapped_column(String(16))
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    role: Mapped[str] = mapped_column(String(16), default="member")
    role_at: Mapped[datetime | None]
    role_is_fixed: Mapped[bool] = mapped_column(default=False)
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    default_network: Mapped[str | None] = mapped_column(String(16))
    disclosure: Mapped[str | None] = mapped_column(String(200))
    is_named: Mapped[bool | None]
    muted_topics: Mapped[list[str]] = mapped_column(default=list)
    looked_up_at: Mapped[datetime | None] = mapped_column(index=True)
    joined_at: Mapped[datetime]
    welcomed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    same_as_id: Mapped[int | None] = mapped_column(BigKey, index=True)
    counted_crew_id: Mapped[int] = mapped_column(BigKey, server_default=text("0"))
    is_counted_named: Mapped[bool] = mapped_column(server_default=false())


class Dismissal(Base):
    """A member's private "not for me" on one post; counted nowhere."""

    __tablename__ = "dismissal"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    at: Mapped[datetime]


class Pairing(Base):
    """A member's question to themselves on another platform, whether both are one person; answered there or over."""

    __tablename__ = "pairing"

    asker_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    asked_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    asked_at: Mapped[datetime]


class Address(Base):
    """Where a platform reaches a person or a place; `held` is its connector's own. A person's goes when they do."""

    __tablename__ = "address"

    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    ref: Mapped[str] = mapped_column(String(200), primary_key=True)
    held: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime]


class AdminCode(Base):
    """A one-time code that makes its first user an admin, kept as a hash."""

    __tablename__ = "admin_code"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
