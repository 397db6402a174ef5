"""Deliveries as the worker does them, and with a database that comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import NotConnected, Refused
from bot.core.jobs import CreditVisits, DeliverShare, TellDelivered
from bot.core.programme import NetworkSettings
from bot.core.social import Door, Draft, Published, Tokens
from bot.worker import Worker
from handlers import deliver, delivered
from handlers.credit import credit_visits
from storage.engine import Sessions
from storage.models import JobRow, Spend
from tests.fakes import FakeClock, FakeNetwork
from tests.handlers.conftest import World
from tests.handlers.delivering import by_api, connected, shared_now, work
from tests.handlers.sharing import share_of


async def test_the_worker_delivers_and_tells_and_failures_of_operators_are_seen(world: World) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada, ben = await connected(world), await connected(world, "Ben")
    network.fail_next.append(Refused("no_credits"))
    await shared_now(world, ada, post)
    await shared_now(world, ben, post, text="Quite other words, on what a winter does to a river and to us.")
    world.clock.advance(timedelta(seconds=1))
    handlers = {DeliverShare: deliver.deliver_share, TellDelivered: delivered.tell_delivered}
    worker = Worker(out=world.out, handlers={**handlers, CreditVisits: credit_visits}, is_alone=True)
    world.sessions.on_jobs.append(worker.wake)
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        while len(world.surface.told) < 2:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0.01)
    worker.stop()
    await task
    assert {(await share_of(world, one)).state for one in (1, 2)} == {"failed", "confirmed"}
    async with world.sessions.reading() as session:
        rows = (await session.scalars(select(JobRow).where(JobRow.kind == "deliver_share"))).all()
    assert {(one.state, one.error) for one in rows} == {("failed", "no_credits"), ("done", "")}


class Away(Sessions):
    """A database that takes nothing for a while, once it was told to be away."""

    clock: FakeClock
    until: datetime | None = None

    @asynccontextmanager
    async def begin(self, *, is_next: bool = False) -> AsyncIterator[AsyncSession]:
        async with super().begin(is_next=is_next) as session:
            yield session
            if self.until is not None and self.clock.now() < self.until:
                raise OperationalError("", None, Exception("away"))


async def test_an_answer_is_kept_though_the_database_is_away_when_it_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    away = world.sessions = Away(world.sessions.url)
    away.clock, rest = world.clock, asyncio.sleep

    async def pass_time(seconds: float) -> None:
        world.clock.advance(timedelta(seconds=seconds))
        await rest(0)

    monkeypatch.setattr(asyncio, "sleep", pass_time)

    class Leaving(FakeNetwork):
        async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
            away.until = world.clock.now() + timedelta(seconds=115)
            return await network.publish(door, tokens, draft, key=key)

    world.networks["linkedin"] = Leaving()
    await shared_now(world, ada, post)
    await work(world)
    assert len(network.published) == 1
    assert (await share_of(world)).state == "confirmed"
    await away.close()


class Mute(Sessions):
    """A database that keeps what it is given, and whose answer to that is lost for the commits of these numbers."""

    lost: frozenset[int] = frozenset()
    commits: int = 0

    @asynccontextmanager
    async def begin(self, *, is_next: bool = False) -> AsyncIterator[AsyncSession]:
        async with super().begin(is_next=is_next) as session:
            yield session
        self.commits += 1
        if self.commits in self.lost:
            raise OperationalError("", None, Exception("the answer to COMMIT was lost"))


@pytest.mark.parametrize("lost", [1, 2], ids=["claimed", "recorded"])
async def test_a_commit_whose_answer_was_lost_makes_nothing_uncertain_and_is_not_done_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    billed = NetworkSettings(name="linkedin", cost_per_post=Decimal("0.2"))
    network, post = by_api(world, settings=billed), await world.add_post("Words.")
    ada = await connected(world)
    await shared_now(world, ada, post)
    mute = world.sessions = Mute(world.sessions.url)
    rest = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: rest(0))
    mute.lost = frozenset({lost})
    await deliver.deliver_share(world.out, DeliverShare(share_id=1, member_id=ada.id))
    assert mute.commits > lost
    assert len(network.published) == 1
    assert (await share_of(world)).state == "confirmed"
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Spend.amount))).all() == [200_000]
        told = await session.scalars(select(JobRow).where(JobRow.kind == "tell_delivered"))
        assert len(told.all()) == 1
    await mute.close()


async def test_a_share_that_was_refused_is_not_out_though_the_database_goes_before_its_tokens_are_renewed(
    world: World,
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    gone = OperationalError("UPDATE account", None, ConnectionResetError())
    network.fail_next += [NotConnected("expired"), gone]  # type: ignore[list-item]
    await shared_now(world, await connected(world, refresh="may-renew"), post)
    await work(world)
    assert network.published == []
    assert ((await share_of(world)).state, (await share_of(world)).fault) == ("failed", "unreachable")
