"""Accounts: members' own connections to networks, the company's apps at instances, and connections under way."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import BigKey, Digest


class Account(Base):
    """A member's connection to a network: one per member and network, and one per account there.

    What is `sealed` is opened by the vault alone. `remote_hash` is the keyed hash of server and remote id. `state` is
    "connected", "broken" (with `fault`) or "ending" (disconnected; the tokens go with the job that revokes them).
    `refreshing_until` is the lease of whoever renews the tokens. `ends_at` is when the member has to agree anew.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("member_id", "network"),
        UniqueConstraint("network", "remote_hash"),
        Index("ix_account_ends_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    network: Mapped[str] = mapped_column(String(16))
    server: Mapped[str] = mapped_column(String(255), default="")
    remote_hash: Mapped[bytes] = mapped_column(Digest)
    sealed_remote_id: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_access: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_refresh: Mapped[bytes | None] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    limit: Mapped[int | None]
    scopes: Mapped[list[str]] = mapped_column(default=list)
    state: Mapped[str] = mapped_column(String(12), default="connected")
    fault: Mapped[str] = mapped_column(String(16), default="")
    expires_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    refreshing_until: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    connected_at: Mapped[datetime]


class Connecting(Base):
    """A connection under way: the one-time link, then the state that the network gives back; each is used once.

    `browser_hash` is that of a cookie of the browser in which the link was opened: the callback must come from there.
    """

    __tablename__ = "connecting"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    state_hash: Mapped[bytes | None] = mapped_column(Digest, unique=True)
    browser_hash: Mapped[bytes | None] = mapped_column(Digest)
    sealed_verifier: Mapped[bytes | None] = mapped_column(LargeBinary)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    share_id: Mapped[int | None] = mapped_column(BigKey)
    network: Mapped[str] = mapped_column(String(16))
    server: Mapped[str] = mapped_column(String(255), default="")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class InstanceApp(Base):
    """The company's app at one instance of a network that has many."""

    __tablename__ = "instance_app"

    network: Mapped[str] = mapped_column(String(16), primary_key=True)
    server: Mapped[str] = mapped_column(String(255), primary_key=True)
    redirect_uri: Mapped[str] = mapped_column(Text, primary_key=True)
    client_id: Mapped[str] = mapped_column(String(200))
    sealed_client_secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
