"""Accounts in either database: one of each, renewed by one, states used once, and what becomes of two people's."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.core.accounts import AccountState
from bot.core.jobs import EndAccount
from storage.models import Account, Connecting, Member
from storage.queries import accounts, connecting
from storage.queries.accounts import AccountRow, NewAccount
from storage.queries.connecting import LinkState
from storage.queries.erasure import Erased, erase_member
from tests.handlers.accounts import connect_account
from tests.handlers.conftest import NOW, World, programme, world
from tests.storage.pairs import join, two

__all__ = ["programme", "world"]

LATER = NOW + timedelta(seconds=60)


def new(member: Member, remote: str = "r1", **changes: object) -> NewAccount:
    values: dict[str, Any] = {
        "member_id": member.id,
        "identity_id": member.id,
        "network": "x",
        "server": "",
        "remote_hash": remote.encode().ljust(16),
        "sealed_remote_id": b"remote",
        "sealed_access": b"access",
        "sealed_refresh": None,
        "name": "Ada L.",
        "url": "",
        "limit": None,
        "scopes": ("post",),
        "expires_at": None,
        "ends_at": None,
    }
    return NewAccount(**(values | changes))


async def keep(world: World, account: NewAccount) -> int | None:
    async with world.sessions.begin() as session:
        kept = await accounts.keep_account(session, account, now=NOW)
        return kept.id if kept else None


async def row(world: World, number: int) -> AccountRow:
    async with world.sessions.reading() as session:
        found = await accounts.find_account_by_id(session, account_id=number)
    assert found is not None
    return found


async def held(world: World) -> list[tuple[int, str, str]]:
    async with world.sessions.reading() as session:
        rows = await session.scalars(select(Account).order_by(Account.network, Account.member_id))
        return [(one.member_id, one.network, one.state) for one in rows]


async def test_of_two_members_who_connect_the_same_account_at_once_one_gets_it(world: World) -> None:
    ada, bob = await world.add_member(), await world.add_member("Bob")
    found = await asyncio.gather(keep(world, new(ada)), keep(world, new(bob)))
    assert found.count(None) == 1
    assert len(await held(world)) == 1


async def test_of_two_accounts_that_a_member_connects_at_once_one_stays(world: World) -> None:
    ada = await world.add_member()
    found = await asyncio.gather(*(keep(world, new(ada, remote)) for remote in ("r1", "r2", "r1")))
    assert None not in found
    assert await held(world) == [(ada.id, "x", "connected")]


async def test_what_was_there_before_is_handed_back_and_the_same_account_again_is_nothing_else(world: World) -> None:
    ada = await world.add_member()

    async def replaced(remote: str) -> list[bytes | None]:
        async with world.sessions.begin() as session:
            kept = await accounts.keep_account(session, new(ada, remote, sealed_access=remote.encode()), now=NOW)
        assert kept is not None
        return [one.sealed_access for one in kept.replaced]

    assert [await replaced(remote) for remote in ("r1", "r1", "r2")] == [[], [], [b"r1"]]


async def test_of_an_account_that_is_taken_at_this_very_moment_nothing_changes(world: World) -> None:
    ada, bob, is_held = await world.add_member(), await world.add_member("Bob"), asyncio.Event()
    await keep(world, new(ada, "hers"))

    async def take() -> None:
        async with world.sessions.begin() as session:
            assert await accounts.keep_account(session, new(bob, "one"), now=NOW) is not None
            is_held.set()
            for _ in range(100):  # time for her to try as well
                await session.execute(select(Member.id))

    async def come_too_late() -> int | None:
        await is_held.wait()
        return await keep(world, new(ada, "one"))

    assert (await asyncio.gather(take(), come_too_late()))[1] is None
    assert await held(world) == [(ada.id, "x", "connected"), (bob.id, "x", "connected")]


async def test_nothing_stays_connected_of_who_is_erased_while_they_connect(world: World) -> None:
    ada, is_held = await world.add_member(), asyncio.Event()

    async def connect() -> None:
        async with world.sessions.begin() as session:
            assert await accounts.hold_owner(session, member_id=ada.id) == ada.id
            is_held.set()
            for _ in range(100):  # time to erase as much as the held row allows
                await session.execute(select(Member.id))
            await accounts.keep_account(session, new(ada), now=NOW)

    async def erase() -> None:
        await is_held.wait()
        erased = Erased(member_id=ada.id, person_ref=ada.person_ref, random_ref="gone")
        async with world.sessions.begin() as session:
            await erase_member(session, erased, now=LATER)

    await asyncio.gather(connect(), erase())
    assert await held(world) == [(ada.id, "x", "ending")]
    async with world.sessions.begin() as session:
        assert await accounts.hold_owner(session, member_id=ada.id) is None


async def test_of_many_one_gets_the_lease_and_none_once_it_has_renewed(world: World) -> None:
    number = await keep(world, new(await world.add_member(), sealed_refresh=b"refresh"))
    read = await row(world, number or 0)

    async def lease() -> bool:
        async with world.sessions.begin() as session:
            return await accounts.lease_renewal(session, read, now=NOW, until=LATER)

    assert sorted(await asyncio.gather(*(lease() for _ in range(4)))) == [False, False, False, True]
    fresh = accounts.NewTokens(sealed_access=b"newer", sealed_refresh=b"newer", expires_at=None, ends_at=None)
    async with world.sessions.begin() as session:
        assert await accounts.keep_tokens(session, read, fresh, until=LATER)
        assert not await accounts.keep_tokens(session, read, fresh, until=LATER)
    assert not await lease()


async def test_a_state_is_used_once_by_the_browser_that_has_it(world: World) -> None:
    ada = await world.add_member()
    token, state, mine, other = (name.encode().ljust(16) for name in ("token", "state", "mine", "other"))
    link = connecting.Link(token_hash=token, member_id=ada.id, identity_id=ada.id, network="x", share_id=7)
    begun = connecting.Begun(state_hash=state, browser_hash=mine, sealed_verifier=b"v")
    async with world.sessions.begin() as session:
        await connecting.add_link(session, link, now=NOW)
        assert await connecting.begin(session, begun, token_hash=token, browser_hash=None, now=NOW)
        assert not await connecting.begin(session, begun, token_hash=token, browser_hash=other, now=NOW)

    async def use(browser: bytes | None) -> LinkState:
        async with world.sessions.begin() as session:
            found = await connecting.use_state(
                session, state_hash=state, browser_hash=browser, network="x", now=NOW + timedelta(minutes=1)
            )
        assert found.share_id == 7
        return found.state

    assert [await use(other), await use(None)] == [LinkState.ELSEWHERE, LinkState.ELSEWHERE]
    assert sorted(await asyncio.gather(*(use(mine) for _ in range(3)))) == ["open", "used", "used"]
    async with world.sessions.begin() as session:
        await connecting.forget_over(session, before=NOW + timedelta(minutes=11))
        assert (await session.scalars(select(Connecting))).all() == []


@pytest.mark.parametrize(
    ("mine", "theirs", "stays_with"),
    [
        ("connected", "connected", "counting"),
        ("connected", "broken", "counting"),
        ("broken", "connected", "other"),
        ("ending", "connected", "other"),
    ],
)
async def test_accounts_follow_the_row_that_counts_and_of_two_the_better_stays(
    world: World, mine: str, theirs: str, stays_with: str
) -> None:
    ada, there = await two(world)
    first = await connect_account(world, ada, "x", state=mine)
    second = await connect_account(world, there, "x", state=theirs)
    alone = await connect_account(world, there, "linkedin")
    await join(world, ada, there)
    kept = first if stays_with == "counting" else second
    assert (await row(world, kept)).member_id == (await row(world, alone)).member_id == ada.id
    async with world.sessions.reading() as session:
        found = await accounts.find_account(session, member_id=ada.id, network="x")
        assert found is not None
        assert (found.id, found.state) == (kept, AccountState.CONNECTED)
    if kept == first:
        assert EndAccount(account_id=second) in await world.jobs()
        assert (await row(world, second)).state is AccountState.ENDING
    else:
        assert len(await held(world)) == 2


async def test_states_are_counted_by_network(world: World) -> None:
    for place, (network, state) in enumerate((("x", "connected"), ("x", "connected"), ("linkedin", "broken"))):
        await connect_account(world, await world.add_member(str(place)), network, state=state)
    async with world.sessions.reading() as session:
        assert await accounts.count_states(session) == {("x", "connected"): 2, ("linkedin", "broken"): 1}
