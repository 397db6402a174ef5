"""The outbox and its lanes, the inbox, ticks, and pictures."""

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey

_LIVE = text("state IN ('queued', 'running')")
_QUEUED = text("state = 'queued'")


class JobRow(Base):
    """A job of the outbox. `key` keeps doubles out for good; `lane` and `pool` name the limits that it falls under.

    `held_since` is when it was told for the first time to wait, and since then nothing else.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_live", "run_at", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_job_state", "state"),
        Index(
            "ix_job_queue",
            "pool",
            "priority",
            "run_at",
            "id",
            sqlite_where=_QUEUED,
            postgresql_where=_QUEUED,
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    held: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(String(160), unique=True)
    pool: Mapped[str] = mapped_column(String(16))
    lane: Mapped[str] = mapped_column(String(160), default="")
    priority: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(12), default="queued")
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(String(40))
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    held_since: Mapped[datetime | None]


class Lane(Base):
    """When the next job of a lane or pool may start; who claims jobs of a pool holds the pool's row."""

    __tablename__ = "lane"

    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(index=True)


class InboxRow(Base):
    """An interaction that was already handled."""

    __tablename__ = "inbox"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class Tick(Base):
    """A period of a timer that was already done, by whichever replica was first."""

    __tablename__ = "tick"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    period: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class Picture(Base):
    """A drawn picture behind an address that cannot be guessed; deleted after some days."""

    __tablename__ = "picture"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(index=True)
