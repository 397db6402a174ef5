"""The ledger of points, append-only, and running sums that can be rebuilt from it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
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
    __table_args__ = (Index("ix_total_standing", "period", "starts_on", "points", "member_id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(default=0)
    shares: Mapped[int] = mapped_column(default=0)
    visits: Mapped[int] = mapped_column(default=0)


class CrewTotal(Base):
    """What the members of a crew, or of none (`crew_id` 0), have together in a period; those who are named apart.

    `members` and `points` are of those who have points; `shares` and `visits` are everyone's. There is none of a "day".
    """

    __tablename__ = "crew_total"

    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    crew_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    is_named: Mapped[bool] = mapped_column(primary_key=True)
    members: Mapped[int]
    points: Mapped[int] = mapped_column(BigInteger)
    shares: Mapped[int] = mapped_column(BigInteger)
    visits: Mapped[int] = mapped_column(BigInteger)


class PointsCount(Base):
    """How many members have exactly so many points in a period: a place is found without looking at everyone."""

    __tablename__ = "points_count"

    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    members: Mapped[int]


class PostDay(Base):
    """How many different people followed each link of a post on a day, of the visits that were looked at for points."""

    __tablename__ = "post_day"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)
    visitors: Mapped[int]
