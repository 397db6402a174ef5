"""One installation of several processes: what people do is done once, and any process may go while they go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from benchmarks.fleet.replicas import Zygote
from storage.engine import Sessions
from tests.postgres import Server
from tests.scenarios.replicas import Replica, ReplicaTown
from tests.scenarios.town import (
    BRISK,
    BROWSER,
    CURATORS,
    GRACE,
    LENA,
    MARCUS,
    NADIA,
    OMAR,
    PATIENCE_S,
    PRIYA,
    PRODUCT,
    SANNE,
    THOMAS,
    TOM,
    Json,
    chosen,
    composed,
    everything_said,
    find_element,
    has_element,
    link_in,
)
from tests.tables import add_tables

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WEB, WORKER = ("--web",), ("--worker",)
PEOPLE = (LENA, MARCUS, OMAR, PRIYA, SANNE, TOM)
AFRESH = {"User-Agent": BROWSER, "Connection": "close"}  # a connection of its own, so that the balancer chooses


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def zygote() -> AsyncIterator[Zygote]:
    """What replicas are forked from."""
    async with Zygote() as started:
        yield started


async def database(server: Server, name: str) -> str:
    server.psql(f"CREATE DATABASE {name}")
    url = server.get_uri(name)
    sessions = Sessions(url)
    await add_tables(sessions)
    await sessions.close()
    return url


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(
    postgres_server: Server, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ReplicaTown]:
    """The demo company, heard by two processes and worked for by a third."""
    replicas = {
        "one": Replica(name="one", words=WEB),
        "two": Replica(name="two", words=WEB),
        "three": Replica(name="three", words=WORKER),
    }
    folder = tmp_path_factory.mktemp("town")
    chosen = {**BRISK, "VOUCH_SECOND_PAIR_OF_EYES": "true"}
    url = await database(postgres_server, "replicas")
    async with ReplicaTown(folder, more_environment=chosen, url=url, zygote=zygote, replicas=replicas) as started:
        await started.to_working_hours()
        yield started


@dataclass
class Stream:
    """Somebody who does the same thing again and again, and how often it worked."""

    deed: Callable[[int], Awaitable[bool]]
    pause: float
    done: int = 0
    failed: int = 0
    is_over: bool = False

    async def run(self) -> None:
        while not self.is_over:
            is_done = await self.deed(self.done + self.failed)
            self.done, self.failed = self.done + is_done, self.failed + (not is_done)
            await asyncio.sleep(self.pause)


async def meanwhile(work: Awaitable[None], *streams: Stream) -> None:
    """Do some work while the streams run, and end them between two deeds."""
    running = [asyncio.create_task(one.run()) for one in streams]
    try:
        await work
    finally:
        for one in streams:
            one.is_over = True
        await asyncio.gather(*running)


def shares(message: Json) -> bool:
    return has_element(message["blocks"], "open_share")


async def test_a_post_that_two_approve_at_once_is_announced_once(town: ReplicaTown) -> None:
    await town.command(NADIA, f"post {town.address}/site/green-roof.html")
    await town.settle()
    title = chosen(await town.must_view(NADIA), "title")
    await town.submit(NADIA, channels=[PRODUCT])
    await town.submit(NADIA)
    await town.settle()
    card = await town.card("P6")
    await asyncio.gather(
        town.press(THOMAS, CURATORS, card, "approve"), town.command(GRACE, "approve P6"), town.command(THOMAS, "queue")
    )
    await town.settle()
    told = [one for one in await town.messages(PRODUCT, OMAR) if title in everything_said(one) and shares(one)]
    assert len(told) == 1
    assert (
        await town.scalar(
            "SELECT count(*) FROM decision WHERE subject = 'post' AND subject_id = 6 AND what = 'approved'"
        )
        == 1
    )


async def test_who_hears_and_who_works_are_other_processes(town: ReplicaTown) -> None:
    one, two, three = town.replicas.values()
    for replica, web, worker in ((one, 1, 0), (two, 1, 0), (three, 0, 1)):
        assert await town.metric(replica, 'vouch_process_info{role="web"}') == web
        assert await town.metric(replica, 'vouch_process_info{role="worker"}') == worker
    async with town.http.get(f"http://127.0.0.1:{three.port}/l/abcd2345") as response:
        assert response.status == 404
    message = await town.announcement(TOM, "Nine litres")
    await asyncio.gather(*(town.press(who, PRODUCT, message, "open_share") for who in PEOPLE))
    for replica in (one, two):
        assert await town.metric(replica, "vouch_interactions_total") > 0


async def test_all_are_restarted_one_by_one_while_people_go_on_and_nothing_fails(town: ReplicaTown) -> None:
    message = await town.announcement(TOM, "Nine litres")
    slug = link_in(composed(await town.share(TOM, message, "My sister stayed there and only praised the breakfast.")))
    slug = slug.rpartition("/l/")[2]
    button = find_element(message["blocks"], "open_share")["action_id"]
    inbox, visits = "SELECT count(*) FROM inbox", "SELECT count(*) FROM visit"
    before = (await town.scalar(inbox), await town.scalar(visits))

    async def click(number: int) -> bool:
        who = PEOPLE[number % len(PEOPLE)]
        told = await town.ask("click", who=who, channel=PRODUCT, ts=message["ts"], action_id=button)
        return bool(told["ok"])

    async def visit(_: int) -> bool:
        url = f"{town.balancer.address}/l/{slug}"
        async with town.http.get(url, headers=AFRESH, allow_redirects=False) as response:
            return response.status == 302

    async def restart_all() -> None:
        for replica in town.replicas.values():
            assert await town.restart(replica) == 0

    clicks, visitors = Stream(click, pause=0.1), Stream(visit, pause=0.02)
    await meanwhile(restart_all(), clicks, visitors)
    assert (clicks.failed, visitors.failed) == (0, 0)
    assert clicks.done > 2
    assert visitors.done > 5
    await town.settle()
    after = (await town.scalar(inbox), await town.scalar(visits))
    assert (after[0] - before[0], after[1] - before[1]) == (clicks.done, visitors.done)
    assert await town.scalar("SELECT count(*) FROM job WHERE state IN ('failed', 'uncertain')") == 0


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def socket_town(
    postgres_server: Server, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ReplicaTown]:
    """The demo company over Socket Mode, with two processes that do everything."""
    replicas = {name: Replica(name=name) for name in ("one", "two")}
    folder = tmp_path_factory.mktemp("socket")
    url = await database(postgres_server, "sockets")
    async with ReplicaTown(folder, ("--socket-mode",), BRISK, url=url, zygote=zygote, replicas=replicas) as started:
        yield started


async def asks_for_help(town: ReplicaTown) -> bool:
    told = await town.ask("command", who=OMAR, channel=PRODUCT, text="/vouch help", wait_s=PATIENCE_S)
    return bool(told["ok"]) and "/vouch suggest" in everything_said(told["ephemeral"])


async def test_the_connection_is_handed_over_and_no_command_finds_nobody(socket_town: ReplicaTown) -> None:
    assert await socket_town.leaders() == ["one"]

    async def command(_: int) -> bool:
        return await asks_for_help(socket_town)

    async def stop_the_leader() -> None:
        running = socket_town.replicas["one"].running
        assert running is not None
        assert await running.stop() == 0

    commands = Stream(command, pause=0.05)
    await meanwhile(stop_the_leader(), commands)
    assert commands.failed == 0
    assert commands.done > 2
    assert await socket_town.leaders() == ["two"]


async def test_a_leader_that_is_killed_is_followed_by_the_next_one(socket_town: ReplicaTown) -> None:
    one, two = socket_town.replicas.values()
    await socket_town.launch(one)
    assert await socket_town.leaders() == ["two"]
    assert two.running is not None
    await two.running.kill()
    await socket_town.write("UPDATE leader SET until = until - interval '15 seconds'")  # as long as a lease lasts
    async with asyncio.timeout(10):
        while await socket_town.leaders() != ["one"]:  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.1)
    assert await asks_for_help(socket_town)
