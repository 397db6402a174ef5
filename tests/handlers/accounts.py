"""Accounts that members have connected, for tests of what uses them."""

from datetime import datetime, timedelta

from sqlalchemy import select

from storage.models import Account, Member
from storage.types import keyed_hash
from tests.fakes import FakeNetwork
from tests.handlers.conftest import NOW, SECRET, World

ACCESS, REFRESH = "access-0-in-clear", "refresh-0-in-clear"


def use_network(world: World, name: str = "linkedin", **changes: object) -> FakeNetwork:
    """Let members connect accounts of a network, which is a fake one."""
    network = world.networks[name] = FakeNetwork(name=name, clock=world.clock, **changes)  # type: ignore[arg-type]
    return network


async def connect_account(
    world: World,
    member: Member,
    network: str = "linkedin",
    *,
    refresh: str = "",
    expires_at: datetime | None = NOW + timedelta(days=60),
    **changes: object,
) -> int:
    """Keep an account as connected, with these tokens, and return its number; `changes` are columns."""
    if network not in world.networks:
        use_network(world, network)
    remote_id = f"remote-{member.id}"
    values: dict[str, object] = {
        "member_id": member.id,
        "identity_id": member.id,
        "network": network,
        "server": "",
        "remote_hash": keyed_hash(SECRET, f"\n{remote_id}"),
        "sealed_remote_id": world.vault.seal(remote_id),
        "sealed_access": world.vault.seal(ACCESS),
        "sealed_refresh": world.vault.seal(refresh) if refresh else None,
        "name": "Ada L.",
        "url": "https://n.example/ada",
        "scopes": ["post"],
        "expires_at": expires_at,
        "ends_at": None if refresh else expires_at,
        "connected_at": NOW,
    }
    async with world.sessions.begin() as session:
        session.add(account := Account(**(values | changes)))
    return account.id


async def account_of(world: World, account_id: int) -> Account | None:
    """Return the row of an account, `None` once it is deleted."""
    async with world.sessions.reading() as session:
        return await session.scalar(select(Account).where(Account.id == account_id))
