"""What networks count for shares, and what asking and publishing there costs."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey


class Figure(Base):
    """The newest count of one thing ("likes", "reshares", ...) that a network gave for a share, and when."""

    __tablename__ = "figure"

    share_id: Mapped[int] = mapped_column(ForeignKey("share.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]


class Spend(Base):
    """What a network bills for one call, "post" or "read": `amount` is in millionths of the currency of the figures."""

    __tablename__ = "spend"
    __table_args__ = (Index("ix_spend_at", "at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    network: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(8))
    share_id: Mapped[int | None] = mapped_column(BigKey)
    amount: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
