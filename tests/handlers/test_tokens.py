"""Tokens that act for a member: as they are, renewed in time and once, kept before their use, and what if not."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.exc import OperationalError

from bot.core.accounts import RENEWAL_LEASE
from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.social import Door, Tokens
from connectors.social.blocking import CONNECT_WITHIN, READ_WITHIN
from handlers import tokens as use_case
from handlers.context import Outside
from handlers.tokens import Access, tokens_for
from storage import engine
from storage.models import Account
from storage.queries import accounts
from storage.vault import Vault
from tests.fakes import FakeNetwork
from tests.handlers.accounts import ACCESS, REFRESH, account_of, connect_account, use_network
from tests.handlers.conftest import NOW, World

SOON = NOW + timedelta(minutes=4)


async def access_of(world: World, account_id: int) -> Access:
    return await tokens_for(world.out, account_id=account_id)


async def test_tokens_that_last_are_used_as_they_are(world: World) -> None:
    ada = await world.add_member()
    number = await connect_account(world, ada)
    access = await access_of(world, number)
    assert (access.tokens.access, access.tokens.refresh) == (ACCESS, "")
    assert access.tokens.expires_at == NOW + timedelta(days=60)
    assert (access.remote_id, access.account.id) == (f"remote-{ada.id}", number)
    assert access.door.redirect_uri == "https://vouch.brightwater.example/connect/callback/linkedin"


async def test_nothing_of_the_tokens_is_in_what_is_printed(world: World) -> None:
    access = await access_of(world, await connect_account(world, await world.add_member(), refresh=REFRESH))
    for secret in (ACCESS, REFRESH, access.door.client_secret, access.remote_id):
        assert secret not in repr(access)


async def test_tokens_that_end_soon_are_renewed_and_kept_before_their_use(world: World) -> None:
    network = use_network(world, "x")
    ada = await world.add_member()
    number = await connect_account(world, ada, "x", refresh=REFRESH, expires_at=SOON)
    access = await access_of(world, number)
    assert network.refreshed == [REFRESH]
    assert (access.tokens.access, access.tokens.refresh) == ("access-1", "refresh-1")
    row = await account_of(world, number)
    assert row is not None
    assert row.sealed_access is not None
    assert row.sealed_refresh is not None
    assert (world.vault.open(row.sealed_access), world.vault.open(row.sealed_refresh)) == ("access-1", "refresh-1")
    assert (row.refreshing_until, row.ends_at, row.expires_at) == (None, None, NOW + timedelta(days=60))
    assert access.account.sealed_access == row.sealed_access


async def test_of_many_at_once_one_renews_and_the_others_get_what_it_got(world: World) -> None:
    network = use_network(world, "x")
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    found = await asyncio.gather(*(access_of(world, number) for _ in range(5)))
    assert network.refreshed == [REFRESH]
    assert {one.tokens.access for one in found} == {"access-1"}


async def test_a_lease_that_ran_out_is_taken_over(world: World) -> None:
    network = use_network(world, "x")
    ada = await world.add_member()
    number = await connect_account(world, ada, "x", refresh=REFRESH, expires_at=SOON, refreshing_until=NOW)
    assert (await access_of(world, number)).tokens.access == "access-1"
    assert network.refreshed == [REFRESH]


async def test_while_another_process_renews_tokens_that_still_last_are_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_case, "WAIT_SECONDS", 0.2)
    network = use_network(world, "x")
    held = {"refresh": REFRESH, "refreshing_until": NOW + timedelta(seconds=50)}
    ada, bob = await world.add_member(), await world.add_member("Bob")
    lasting = await connect_account(world, ada, "x", expires_at=SOON, **held)  # type: ignore[arg-type]
    over = await connect_account(world, bob, "x", expires_at=NOW + timedelta(seconds=9), **held)  # type: ignore[arg-type]
    assert (await access_of(world, lasting)).tokens.access == ACCESS
    with pytest.raises(TryLater):
        await access_of(world, over)
    assert network.refreshed == []


@pytest.mark.parametrize("error", [TryLater(timedelta(minutes=1), "unreachable"), Uncertain("lost"), Refused("odd")])
async def test_what_could_not_be_renewed_is_used_while_it_lasts_and_then_later(
    world: World, error: OutsideError
) -> None:
    network = use_network(world, "x")
    ada = await world.add_member()
    number = await connect_account(world, ada, "x", refresh=REFRESH, expires_at=SOON)
    network.fail_next = [error]
    assert (await access_of(world, number)).tokens.access == ACCESS
    world.clock.advance(timedelta(minutes=5))
    network.fail_next = [error]
    with pytest.raises(TryLater):
        await access_of(world, number)
    assert (await access_of(world, number)).tokens.access == "access-1"


async def test_a_renewal_that_is_refused_for_good_breaks_the_account(world: World) -> None:
    network = use_network(world, "x")
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    network.fail_next = [NotConnected("revoked")]
    for _ in range(2):  # the second time nobody is asked
        with pytest.raises(NotConnected) as raised:
            await access_of(world, number)
        assert raised.value.code == "revoked"
    row = await account_of(world, number)
    assert row is not None
    assert (row.state, row.fault, row.refreshing_until, row.reminded_at) == ("broken", "revoked", None, None)


async def test_tokens_that_are_over_and_cannot_be_renewed_break_the_account(world: World) -> None:
    number = await connect_account(world, await world.add_member(), expires_at=NOW)
    with pytest.raises(NotConnected) as raised:
        await access_of(world, number)
    row = await account_of(world, number)
    assert row is not None
    assert (raised.value.code, row.state, row.fault) == ("expired", "broken", "expired")


async def test_an_account_that_is_gone_or_ending_is_not_used(world: World) -> None:
    number = await connect_account(world, await world.add_member(), state="ending")
    for one in (number, number + 1):
        with pytest.raises(NotConnected) as raised:
            await access_of(world, one)
        assert raised.value.code == "revoked"


async def test_a_network_that_is_not_used_by_its_api_any_more_refuses(world: World) -> None:
    number = await connect_account(world, await world.add_member())
    world.networks.clear()
    with pytest.raises(Refused):
        await access_of(world, number)


async def test_a_key_that_is_missing_breaks_nothing_and_mends_when_it_is_back(world: World) -> None:
    number = await connect_account(world, await world.add_member())
    right, world.vault = world.vault, Vault(Path(), given=[Fernet.generate_key().decode()])
    with pytest.raises(NotConnected):
        await access_of(world, number)
    world.vault = right
    assert (await access_of(world, number)).tokens.access == ACCESS


async def test_renewed_tokens_are_kept_also_if_the_database_is_away_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_PAUSES", (0.001, 0.001, 0.001))
    network = AwayAfterwards(name="x", clock=world.clock)
    world.networks["x"] = network
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    out = world.out
    network.sessions = broken = Broken(out)
    access = await tokens_for(replace(out, sessions=broken), account_id=number)
    assert broken.left == 0
    assert access.tokens.access == "access-1"
    assert (await access_of(world, number)).tokens.refresh == "refresh-1"


class Broken:
    """The database, away for the next `left` writing transactions."""

    def __init__(self, out: Outside) -> None:
        self.sessions = out.sessions
        self.left = 0

    def begin(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        if self.left:
            self.left -= 1
            raise OperationalError(None, None, Exception("away"))
        return self.sessions.begin()

    def reading(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self.sessions.reading()


class AwayAfterwards(FakeNetwork):
    """A network during whose answer the database goes away."""

    sessions: Broken

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        self.sessions.left = 2
        return await super().refresh(door, tokens)


async def test_tokens_that_are_sealed_anew_while_they_are_renewed_are_renewed_all_the_same(world: World) -> None:
    network = ResealedMeanwhile(name="x", clock=world.clock)
    network.world = world
    world.networks["x"] = network
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    assert (await access_of(world, number)).tokens.access == "access-1"
    row = await account_of(world, number)
    assert row is not None
    assert world.vault.open(row.sealed_refresh or b"") == "refresh-1"
    assert row.refreshing_until is None


class ResealedMeanwhile(FakeNetwork):
    """A network during whose answer the operator changes the keys."""

    world: World

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        async with self.world.sessions.begin() as session:
            row = (await session.scalars(select(Account))).one()
            row.sealed_access = self.world.vault.reseal(row.sealed_access or b"")
        return await super().refresh(door, tokens)


@pytest.mark.parametrize("values", [{"state": "ending"}, {"state": "broken"}, None])
async def test_tokens_that_come_for_an_account_that_has_ended_meanwhile_are_revoked(
    world: World, values: dict[str, str] | None
) -> None:
    network = world.networks["x"] = ChangedMeanwhile(name="x", clock=world.clock)
    network.world, network.change = world, update(Account).values(values) if values else delete(Account)
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    with pytest.raises(NotConnected):
        await access_of(world, number)
    assert network.revoked == ["access-1"]


async def test_whoever_lost_the_lease_uses_what_another_has_renewed_and_revokes_nothing(world: World) -> None:
    network = world.networks["x"] = ChangedMeanwhile(name="x", clock=world.clock)
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    theirs = {"sealed_access": world.vault.seal("theirs"), "sealed_refresh": world.vault.seal("theirs too")}
    network.world = world
    network.change = update(Account).values(refreshing_until=None, expires_at=NOW + timedelta(hours=2), **theirs)
    assert (await access_of(world, number)).tokens.access == "theirs"
    row = await account_of(world, number)
    assert row is not None
    assert (world.vault.open(row.sealed_refresh or b""), network.revoked) == ("theirs too", [])


class ChangedMeanwhile(FakeNetwork):
    """A network during whose answer the account changes."""

    world: World
    change: Update | Delete

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        async with self.world.sessions.begin() as session:
            await session.execute(self.change)
        return await super().refresh(door, tokens)


async def test_the_lease_begins_once_the_database_is_ours_and_outlasts_every_call(world: World) -> None:
    network = world.networks["x"] = Leased(name="x", clock=world.clock)
    network.world = world
    number = await connect_account(world, await world.add_member(), "x", refresh=REFRESH, expires_at=SOON)
    await tokens_for(replace(world.out, sessions=Busy(world)), account_id=number)
    longest_call = timedelta(seconds=3 * (CONNECT_WITHIN + READ_WITHIN))  # a third of it to wait for a thread
    assert network.left == [RENEWAL_LEASE]
    assert longest_call + timedelta(seconds=30) < RENEWAL_LEASE


class Busy(Broken):
    """The database, for which whoever writes waits for a minute."""

    def __init__(self, world: World) -> None:
        super().__init__(world.out)
        self.clock = world.clock

    @asynccontextmanager
    async def begin(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        self.clock.advance(timedelta(minutes=1))
        async with self.sessions.begin() as session:
            yield session


@dataclass
class Leased(FakeNetwork):
    """A network that looks how long the lease lasts when it is asked."""

    world: World | None = None
    left: list[timedelta] = field(default_factory=list)

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        assert self.world is not None
        async with self.world.sessions.reading() as session:
            until = (await session.scalars(select(Account.refreshing_until))).one()
        assert until is not None
        self.left.append(until - self.world.clock.now())
        return await super().refresh(door, tokens)


async def test_what_was_connected_anew_meanwhile_is_not_broken_by_older_news(world: World) -> None:
    number = await connect_account(world, await world.add_member())
    async with world.sessions.begin() as session:
        read = await accounts.find_account_by_id(session, account_id=number)
        assert read is not None
        fresh = world.vault.seal("newer")
        await session.execute(update(Account).where(Account.id == number).values(sealed_access=fresh))
        await accounts.mark_broken(session, read, "expired", told_at=None)
    row = await account_of(world, number)
    assert row is not None
    assert row.state == "connected"


async def test_whoever_was_told_of_a_broken_account_stays_told(world: World) -> None:
    number = await connect_account(world, await world.add_member(), reminded_at=NOW - timedelta(days=1))
    told: list[datetime | None] = []
    for told_at in (None, NOW, None):
        async with world.sessions.begin() as session:
            read = await accounts.find_account_by_id(session, account_id=number)
            assert read is not None
            await accounts.mark_broken(session, read, "expired", told_at=told_at)
        row = await account_of(world, number)
        assert row is not None
        told.append(row.reminded_at)
    assert told == [None, NOW, NOW]  # a reminder from before it broke is none
