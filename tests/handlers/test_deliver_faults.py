"""A thousand deliveries with everything that can go wrong in them: none is posted twice, none is lost silently.

The network's own list of posts is the ledger; the bot is only asked what it says in the end. A process that dies is a
job that is cancelled at any of its steps; its job is then taken over, as after a lost lease, also while it still runs.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Coroutine, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from bot.core.actions import ShareNow
from bot.core.errors import Refused, TryLater, Uncertain
from bot.core.jobs import DeliverShare
from bot.core.social import Door, Draft, Fault, Published, Tokens
from handlers import share_now
from handlers.deliver import TRIES_WITH_KEY, deliver_share
from storage.models import Member, Post, Share
from tests.fakes import FakeClock, FakeNetwork
from tests.handlers.accounts import connect_account
from tests.handlers.conftest import NOW, World
from tests.handlers.delivering import by_api
from tests.postgres import ON_SQLITE

RUNS = 500
STEPS = 30
"""More than a job ever waits for something."""

CERTAIN = ("refused", "limited", "unreachable")
ENDS = (*CERTAIN, "there", "unsent", "cut")
WAYS = ("whole", "killed", "killed", "overtaken")
CLICKED_AGAIN = 0.1


class Killed:
    """Work that is cancelled when it waits for the `after`-th time, as a process that is killed there."""

    def __init__(self, work: Coroutine[Any, Any, None], after: int) -> None:
        self._work = work
        self._after = after

    def __await__(self) -> Generator[Any, Any, None]:
        error: BaseException | None = None
        for step in range(10_000):
            try:
                waited = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration:
                return
            error = None
            if step == self._after:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                yield waited
            except BaseException as raised:
                error = raised
        raise AssertionError("it never ends")


@dataclass
class Wire(FakeNetwork):
    """A network whose answers are `ends`, one a call and then fine, each after some `turns` on either side."""

    ends: list[str] = field(default_factory=list)
    turns: int = 0
    said: list[str] = field(default_factory=list)

    async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
        end = self.ends.pop(0) if self.ends else "there"
        await self._travel()
        self.said.append(end)
        match end:
            case "refused":
                raise Refused(Fault.REJECTED)
            case "limited":
                raise TryLater(timedelta(minutes=5), Fault.RATE_LIMITED)
            case "unreachable":
                raise TryLater(timedelta(minutes=1), Fault.UNREACHABLE)
            case "unsent":
                raise Uncertain("no answer")
        done = await super().publish(door, tokens, draft, key=key)
        await self._travel()
        if end == "cut":
            raise Uncertain("no answer")
        return done

    async def _travel(self) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)


@dataclass
class TickingClock(FakeClock):
    """A clock that goes on a little whenever somebody looks at it."""

    def now(self) -> datetime:
        self.advance(timedelta(microseconds=1))
        return self.at


@dataclass(frozen=True, slots=True)
class Run:
    """One share on its way, and what happens to it."""

    share_id: int
    network: Wire
    chance: Random
    database: sqlite3.Connection

    @property
    def job(self) -> DeliverShare:
        return DeliverShare(share_id=self.share_id, member_id=1)

    @property
    def state(self) -> str:
        """How the share stands in the database, past everything of ours."""
        found = self.database.execute("SELECT state FROM share WHERE id = ?", (self.share_id,))
        return str(found.fetchone()[0])


async def die(work: Coroutine[Any, Any, None], after: int) -> None:
    """Do work in a process that dies when it waits for the `after`-th time."""

    async def process() -> None:
        await Killed(work, after)

    task = asyncio.ensure_future(process())
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def wait_turns(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def click(world: World, run: Run, member: Member) -> None:
    """Click *Share now* once more, at some moment."""
    await wait_turns(run.chance.randrange(STEPS))
    await world.act(share_now.share_now, member, ShareNow(share_id=run.share_id), window="V1")


async def exchange(world: World, run: Run, member: Member) -> list[str] | None:
    """Deliver one share with faults, until somebody could do it whole; return what processes learned, in order.

    `None` where two processes asked at once, so that there was no order.
    """
    chance, said = run.chance, run.network.said
    clicks = [click(world, run, member)] if chance.random() < CLICKED_AGAIN else []
    died_at = None
    way = chance.choice(WAYS)
    match way:
        case "whole":
            await asyncio.gather(deliver_share(world.out, run.job), *clicks)
        case "killed":
            await asyncio.gather(die(deliver_share(world.out, run.job), chance.randrange(STEPS)), *clicks)
            died_at = len(said) if run.state == "sending" else None
        case "overtaken":  # its lease is lost while it still runs

            async def take_over() -> None:
                await wait_turns(chance.randrange(STEPS))
                await deliver_share(world.out, run.job)

            await asyncio.gather(deliver_share(world.out, run.job), take_over(), *clicks)
    await deliver_share(world.out, run.job)  # whoever takes it over in the end, and the job of the second click
    if way == "overtaken" and run.network.honours_key:
        return None
    return said if died_at is None else [*said[:died_at], "died", *said[died_at:]]


def known_of(learned: list[str]) -> str:
    """Return what can be known of a share: a loss stands against every later word but that it is there."""
    found, is_lost = "queued", False
    for end in learned:
        if end == "there":
            found, is_lost = "confirmed", False
        elif end in CERTAIN and not is_lost:
            found = "failed"
        else:
            found, is_lost = "uncertain", True
    return found


async def add_shares(world: World, member: Member, networks: Sequence[str]) -> None:
    """Add a queued share for each run, of a post of its own and with a text of its own, with its network by turns."""
    numbers = range(1, RUNS + 1)
    like = await world.add_post()
    post = {one.name: getattr(like, one.name) for one in Post.__table__.columns if one.name != "id"}
    share = {"member_id": member.id, "state": "queued", "created_at": NOW, "account_id": 1, "sent_at": None}
    async with world.sessions.begin() as session:
        await session.execute(
            insert(Post), [{**post, "id": like.id + one, "networks": list(networks)} for one in numbers]
        )
        rows = [
            {
                **share,
                "id": one,
                "post_id": like.id + one,
                "network": networks[one % 2],
                "account_id": 1 + one % 2,
                "text": f"run {one}",
                "sent_text": f"run {one}",
                "typed_at": NOW,
            }
            for one in numbers
        ]
        await session.execute(insert(Share), rows)


@pytest.fixture
def database(world: World) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(make_url(world.sessions.url).database or "")) as opened:
        yield opened


@ON_SQLITE
async def test_nothing_is_posted_twice_and_nothing_is_lost_silently(world: World, database: sqlite3.Connection) -> None:
    world.clock = TickingClock(NOW)
    names = ("linkedin", "mastodon")
    wires = [Wire(name=name, honours_key=name == "mastodon", clock=world.clock) for name in names]
    member = await world.add_member()
    for wire in wires:
        by_api(world, wire.name)
        await connect_account(world, member, wire.name)
        world.networks[wire.name] = wire
    await add_shares(world, member, names)
    chance, seen = Random(20_261_123), Counter[str]()  # noqa: S311
    for number in range(1, RUNS + 1):
        wire = wires[number % 2]
        wire.turns, wire.said, wire.published = chance.randrange(4), [], []
        wire.ends = [chance.choice(ENDS) for _ in range(chance.randrange(TRIES_WITH_KEY + 2))]
        run = Run(share_id=number, network=wire, chance=chance, database=database)
        learned = await exchange(world, run, member)
        state, posts = run.state, len(wire.published)
        told = f"run {number} on {wire.name}: {learned} -> {state}, {posts} posts"
        assert posts <= 1, told
        assert (state, posts) in {("confirmed", 1), ("failed", 0), ("uncertain", 0), ("uncertain", 1)}, told
        assert learned is None or state == known_of(learned), told
        seen[f"{state} {posts}"] += 1
    assert min(seen[one] for one in ("confirmed 1", "failed 0", "uncertain 0", "uncertain 1")) > RUNS // 50, seen
