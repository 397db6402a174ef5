"""Deliveries as the worker does them, and with a database that comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import Refused
from bot.core.jobs import CreditVisits, DeliverShare, TellDelivered
from bot.core.social import Door, Draft, Published, Tokens
from bot.worker import Worker
from handlers import deliver, delivered
from handlers.credit import credit_visits
from storage.engine import Sessions
from storage.models import JobRow
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
    async with asyncio.timeout(5):
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
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with super().begin() as session:
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
