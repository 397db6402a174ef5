"""Threads of a connector: its own, so many, and none that keeps others or the end of the process waiting."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event, current_thread

import pytest

from bot.core.errors import TryLater
from bot.core.social import Door, Fault, Published
from connectors.http import GuardedFetcher
from connectors.social.blocking import NotBegunError, Threads
from connectors.social.linkedin import LinkedIn
from connectors.social.x import X
from tests.connectors.social.at_linkedin import CREATED, DRAFT, TOKENS, app_at
from tests.connectors.social.raw_server import RawServer, reply

POSTED = {"linkedin": CREATED, "x": reply(201, {"data": {"id": "17"}})}


def network_of(name: str, server: RawServer, *, timeout: tuple[float, float]) -> LinkedIn | X:
    server.will(POSTED[name])
    if name == "x":
        return X(app_at(server.address), timeout=timeout)
    pictures = GuardedFetcher()
    return LinkedIn(app_at(server.address), version="202607", is_vetted=False, pictures=pictures, timeout=timeout)


@asynccontextmanager
async def all_busy(threads: Threads) -> AsyncIterator[None]:
    """Keep the one thread busy until the end of the block."""
    held = Event()
    task = asyncio.create_task(threads.run(held.wait, wait=5, most=5))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        held.set()
        await task


async def published(network: LinkedIn | X, door: Door) -> Published:
    return await network.publish(door, TOKENS, DRAFT, key="k")


@pytest.mark.parametrize("name", [*POSTED])
async def test_what_keeps_the_threads_of_the_process_busy_holds_up_no_post(
    name: str, server: RawServer, door: Door
) -> None:
    network = network_of(name, server, timeout=(1, 1))
    held, loop = Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, held.wait)
    try:
        async with asyncio.timeout(3):
            assert (await published(network, door)).remote_id
    finally:
        held.set()
        await busy


@pytest.mark.parametrize("name", [*POSTED])
async def test_a_post_that_no_thread_was_free_for_is_certainly_not_out(
    name: str, server: RawServer, door: Door
) -> None:
    network = network_of(name, server, timeout=(0.01, 0.02))
    network.threads = Threads(at_once=1)
    async with all_busy(network.threads):
        with pytest.raises(TryLater) as caught:
            await published(network, door)
    assert (caught.value.code, server.asked) == (Fault.UNREACHABLE, [])


async def test_a_call_that_hangs_is_left_and_holds_its_place_until_it_ends() -> None:
    threads, held = Threads(at_once=1), Event()
    with pytest.raises(TimeoutError):
        await threads.run(held.wait, wait=1, most=0.01)
    with pytest.raises(NotBegunError):
        await threads.run(held.wait, wait=0.01, most=1)
    held.set()
    assert await threads.run(lambda: current_thread().daemon, wait=1, most=1)


async def test_what_a_call_raises_is_raised_where_it_is_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        await Threads().run(lambda: 1 / 0, wait=1, most=1)
