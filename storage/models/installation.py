"""What is known of the installation as a whole, and which of its processes leads."""

from datetime import datetime

from sqlalchemy import String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import Digest


class Installation(Base):
    """The one row (`id` 1) about this database: who may read it, which database it is, and whether it is held.

    `reads_from` is the oldest schema whose code may still run on this one. `fingerprint` tells this database from a
    copy of it: a restored one finds another there than its own, and is held (`held_at`) until an admin releases it.
    `secret_check` and `sealed_probe` tell a process whose secret or keys for tokens are not those of the others.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reads_from: Mapped[str] = mapped_column(String(32))
    fingerprint: Mapped[str] = mapped_column(Text, server_default=text("''"))
    held_at: Mapped[datetime | None]
    secret_check: Mapped[bytes | None] = mapped_column(Digest)
    sealed_probe: Mapped[bytes | None]


class Leader(Base):
    """Which process has a task that only one may have (`name`), and until when if it is not heard of again."""

    __tablename__ = "leader"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime]
