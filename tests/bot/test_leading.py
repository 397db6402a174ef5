"""Of many processes one does what only one may do; another follows it, whether it goes or is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import WallClock
from bot.core.errors import Refused, TryLater, VouchError
from bot.leading import Lead, Term
from storage.engine import Sessions
from tests.postgres import Server
from tests.tables import add_tables

pytestmark = pytest.mark.postgres

QUICK = Term(
    lease=timedelta(seconds=0.9),
    look=timedelta(seconds=0.05),
    stopping=timedelta(seconds=0.3),
    overlap=timedelta(seconds=5),
    patience=timedelta(seconds=0.3),
)
CALM = replace(QUICK, lease=timedelta(seconds=10), look=timedelta(seconds=0.5))
"""For what does not measure how soon: a disk that stands still for a moment changes nothing."""


class Door:
    """A task that writes down in a common book who does it."""

    def __init__(self, name: str, book: list[str]) -> None:
        self.name, self.book = name, book
        self.fault: VouchError | None = None
        self.trouble: str | None = None
        self.is_open = False
        self.may_open = asyncio.Event()
        self.may_open.set()

    async def start(self) -> None:
        if self.fault is not None:
            raise self.fault
        await self.may_open.wait()
        self.is_open = True
        self.book.append(f"{self.name} opens")

    async def stop(self) -> None:
        if self.is_open:
            self.is_open = False
            self.book.append(f"{self.name} closes")

    async def problem(self) -> str | None:
        return self.trouble


class House:
    """Processes over one database, each with connections of its own."""

    def __init__(self, url: str, task: str) -> None:
        self.url, self.task = url, task
        self.book: list[str] = []
        self.leads: list[Lead] = []

    def add(self, name: str, term: Term = QUICK) -> Lead:
        sessions = Sessions(self.url)
        lead = Lead(
            task=Door(name, self.book),
            name=self.task,
            owner=name,
            sessions=sessions,
            clock=WallClock(),
            leads={},
            term=term,
        )
        self.leads.append(lead)
        return lead

    async def close(self) -> None:
        for lead in self.leads:
            await lead.stop()
            await lead.sessions.close()


@pytest.fixture(scope="module")
def shared_url(postgres_server: Server) -> str:
    """A database for all of these tests, each with a task of its own."""
    postgres_server.psql("CREATE DATABASE doors")
    url = postgres_server.get_uri("doors")

    async def make() -> None:
        empty = Sessions(url)
        await add_tables(empty)
        await empty.close()

    asyncio.run(make())
    return url


@pytest.fixture
async def house(shared_url: str, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    house = House(shared_url, request.node.name[-40:])
    yield house
    await house.close()


def door_of(lead: Lead) -> Door:
    assert isinstance(lead.task, Door)
    return lead.task


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.01)


def kill(lead: Lead) -> None:
    """Let a process be gone without a word."""
    assert lead._keeping is not None
    lead._keeping.cancel()
    lead.leads.clear()


async def test_one_leads_and_the_others_stand_by_and_are_as_well(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    await first.start()
    await second.start()
    assert (first.is_leading, second.is_leading) == (True, False)
    door_of(first).trouble = door_of(second).trouble = "out of order"
    assert (await first.problem(), await second.problem()) == ("out of order", None)


async def test_who_goes_goes_on_until_another_has_begun(house: House) -> None:
    first, second = house.add("first", CALM), house.add("second", CALM)
    await first.start()
    await second.start()
    await first.stop()
    assert house.book == ["first opens", "second opens", "first closes"]
    assert second.is_leading


async def test_one_that_takes_long_to_begin_is_waited_for(house: House) -> None:
    first, second = house.add("first", CALM), house.add("second", CALM)
    await first.start()
    await second.start()
    door_of(second).may_open.clear()
    going = asyncio.create_task(first.stop())
    await until(lambda: second._ends_at > 0)  # it has the lease, and is about to begin
    assert house.book == ["first opens"]
    door_of(second).may_open.set()
    await going
    assert house.book == ["first opens", "second opens", "first closes"]


async def test_who_goes_alone_does_not_wait_long(house: House) -> None:
    first = house.add("first")
    await first.start()
    async with asyncio.timeout(1):
        await first.stop()
    assert house.book == ["first opens", "first closes"]


async def test_who_was_killed_is_followed_when_the_lease_is_over(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    await first.start()
    await second.start()
    began = asyncio.get_running_loop().time()
    kill(first)
    await until(lambda: second.is_leading)
    assert 0.3 < asyncio.get_running_loop().time() - began < 3 * QUICK.lease.total_seconds()


async def test_who_cannot_renew_ends_before_another_may_begin(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    await first.start()
    await second.start()
    cut, first.sessions = first.sessions, Sessions("postgresql://nobody@/vouch?host=/nowhere-at-all")
    await until(lambda: second.is_leading)
    assert house.book == ["first opens", "first closes", "second opens"]
    first.sessions = cut


async def test_who_renews_is_not_followed(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    await first.start()
    await second.start()
    over = first._ends_at
    await until(lambda: first._ends_at > over + QUICK.lease.total_seconds() / 2)
    await until(lambda: asyncio.get_running_loop().time() > over)
    assert house.book == ["first opens"]


async def test_one_in_lasting_trouble_leaves_it_to_another(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    await first.start()
    await second.start()
    door_of(first).trouble = "out of order"
    await until(lambda: second.is_leading)
    assert house.book == ["first opens", "first closes", "second opens"]


async def test_a_task_that_is_refused_ends_the_start_and_one_that_must_wait_does_not(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    door_of(first).fault = Refused("invalid_auth")
    with pytest.raises(Refused):
        await first.start()
    door_of(second).fault = TryLater(timedelta(seconds=1), "unreachable")
    await second.start()
    assert not second.is_leading
    door_of(second).fault = None
    await until(lambda: second.is_leading)
