"""The ledger of points, append-only, and running sums that can be rebuilt from it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey


class LedgerEntry(Base):
    """Points that one act earned, once (`key`); a reversal is an entry of its own with negative points.

    `visits` is how many unique human visits the entry stands for, also where they earned nothing (any more).
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (Index("ix_ledger_member_day", "member_id", "on_day"), Index("ix_ledger_day", "on_day"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    at: Mapped[datetime]
    on_day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(24))
    points: Mapped[int]
    key: Mapped[str] = mapped_column(String(120), unique=True)
    rule_version: Mapped[int]
    visits: Mapped[int] = mapped_column(default=0)
    share_id: Mapped[int | None] = mapped_column(ForeignKey("share.id"), index=True)
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestion.id"))


class Total(Base):
    """Running sums per member and period ("day", "week", "month", "quarter", "all") in the programme's one time zone.

    "month" is the rolling 30 days; it and "all" have one row per member, with `starts_on` 1970-01-01.
    """

    __tablename__ = "total"
    __table_args__ = (Index("ix_total_period", "period", "starts_on", "points"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(default=0)
    shares: Mapped[int] = mapped_column(default=0)
    visits: Mapped[int] = mapped_column(default=0)
