"""The clock that moves the playground and the bot, and waiting until the bot is quiet."""

import asyncio
from datetime import datetime

from tests.playground.conftest import OFFICE, Start, World


async def test_the_clock_moves_messages_forward(world: World) -> None:
    before = await world.slack("chat.postMessage", channel=OFFICE, text="x")
    told = await world.do("clock", advance_s=3600)
    after = await world.slack("chat.postMessage", channel=OFFICE, text="x")
    assert (told["version"], told["offset_s"], told["taken"]) == (1, 3600.0, False)
    assert 3600 <= float(after["ts"]) - float(before["ts"]) < 3660


async def test_a_move_waits_until_the_bot_has_taken_it(world: World) -> None:
    asked = asyncio.create_task(world.see("clock", after=0))
    async with world.play.clock.moved:
        await world.play.clock.moved.wait_for(lambda: world.play.clock.waiting > 0)
    moving = asyncio.create_task(world.do("clock", to="2099-01-01T09:00:00+01:00"))
    told = await asked
    assert (told["version"], told["now"][:16]) == (1, "2099-01-01T08:00")
    assert not moving.done()
    again = asyncio.create_task(world.see("clock", after=1))
    assert (await moving)["taken"] is True
    again.cancel()


async def test_the_clock_only_goes_forward(world: World) -> None:
    assert (await world.do("clock", to="2020-01-01T00:00:00+00:00"))["error"] == "backwards"
    assert (await world.do("clock", advance_s=-1))["error"] == "backwards"
    assert (await world.do("clock", to="tomorrow"))["error"] == "invalid_request"
    assert (await world.do("clock"))["error"] == "invalid_request"


async def test_the_clock_and_the_messages_survive_a_restart(start: Start) -> None:
    first = await start()
    await first.do("clock", advance_s=86_400)
    posted = await first.slack("chat.postMessage", channel=OFFICE, text="Kept")
    first.play.store.write()
    second = await start()
    assert [row["text"] for row in await second.messages()] == ["Kept"]
    now = datetime.fromisoformat((await second.see("clock"))["now"])
    assert now.timestamp() >= float(posted["ts"])
    assert (await second.see("ledger"))["counts"]["in chat.postMessage ok"] == 1


async def test_settle_waits_for_the_bots_jobs(world: World) -> None:
    assert (await world.do("settle", timeout_s=2))["ok"]
    world.bot.metrics = "vouch_jobs_due 2\nvouch_jobs_held_back 3\nvouch_jobs_running 1\n"
    told = await world.do("settle", timeout_s=0.2)
    assert (told["error"], told["due"], told["held_back"], told["running"]) == ("timeout", 2, 3, 1)

    async def finish() -> None:
        await asyncio.sleep(0.1)
        world.bot.metrics = 'vouch_jobs_due{lane="a"} 0.0\nvouch_jobs_held_back 0.0\nvouch_jobs_running 0.0\n'

    finishing = asyncio.create_task(finish())
    assert (await world.do("settle", timeout_s=3))["ok"]
    await finishing


async def test_settle_is_not_fooled_by_missing_gauges(world: World) -> None:
    world.bot.metrics = "something_else 0\n"
    told = await world.do("settle", timeout_s=0.2)
    assert (told["error"], told["due"]) == ("timeout", None)


async def test_the_ledger_is_bounded_but_its_counts_are_not(start: Start) -> None:
    world = await start(ledger_size=5)
    for _ in range(9):
        await world.slack("auth.test")
    told = await world.see("ledger")
    assert (len(told["entries"]), told["counts"]["in auth.test ok"], told["last"]) == (5, 9, 9)
    world.play.store.write()
    again = await start(ledger_size=5)
    assert [entry["seq"] for entry in (await again.see("ledger"))["entries"]] == [5, 6, 7, 8, 9]
