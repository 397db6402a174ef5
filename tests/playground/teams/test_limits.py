"""The connector's limits and misbehaving on request; the ledger tells of both."""

import asyncio
import time

import aiohttp
import pytest

from playground.teams.settings import Limits
from tests.playground.teams.conftest import PRODUCT, SANNE, Start, World

HELLO = {"type": "message", "text": "Hello"}


async def _burst(world: World, count: int, channel: str = PRODUCT) -> list[int]:
    return [(await world.connector.begin_thread(channel, HELLO))[0] for _ in range(count)]


async def test_the_eighth_message_in_a_second_waits_and_other_threads_do_not(start: Start) -> None:
    world = await start()
    world.service.limit(is_on=True)
    assert await _burst(world, 8) == [201] * 7 + [429]
    assert await _burst(world, 1, "C0GENERAL") == [201]
    status, told, headers = await world.connector.ask_all(
        "POST", f"conversations/{world.service.ref(PRODUCT)}/activities", HELLO
    )
    assert (status, told["error"]["code"], headers["Retry-After"]) == (429, "Throttled", "1")


async def test_a_limit_can_keep_to_itself_when_it_ends(world: World) -> None:
    world.service.limit(is_on=True, send=((1, 60),), says_when=False)
    assert await _burst(world, 2) == [201, 429]
    path = f"conversations/{world.service.ref(PRODUCT)}/activities"
    assert "Retry-After" not in (await world.connector.ask_all("POST", path, HELLO))[2]


async def test_an_app_has_so_many_requests_a_second_for_everything(world: World) -> None:
    world.service.limit(is_on=True, app_per_s=3)
    path = f"teams/{world.service.state.team}"
    assert [(await world.connector.ask("GET", path))[0] for _ in range(4)] == [200, 200, 200, 429]


async def test_reading_has_limits_of_its_own(world: World) -> None:
    world.service.limit(is_on=True, read=((2, 60),))
    path = f"conversations/{world.service.ref(PRODUCT)}/pagedmembers"
    assert [(await world.connector.ask("GET", path))[0] for _ in range(3)] == [200, 200, 429]
    assert await _burst(world, 1) == [201]


def test_the_usual_limits_are_those_of_the_document() -> None:
    assert Limits().send == ((7, 1), (8, 2), (60, 30), (1800, 3600))
    assert Limits().read == ((14, 1), (16, 2), (120, 30), (3600, 3600))


@pytest.mark.parametrize(
    ("status", "code"), [(412, "PreconditionFailed"), (429, "Throttled"), (500, "ServiceError"), (403, "BotDisabled")]
)
async def test_the_next_call_can_be_refused(world: World, status: int, code: str) -> None:
    world.service.fault("create", status=status, code=code if status == 403 else "", retry_after=7)
    path, body = "conversations", {"isGroup": True, "channelData": {"channel": {"id": world.service.ref(PRODUCT)}}}
    found, told, headers = await world.connector.ask_all("POST", path, {**body, "activity": HELLO})
    assert (found, told["error"]["code"], headers["Retry-After"]) == (status, code, "7")
    assert await _burst(world, 1) == [201]
    assert len(world.service.seen(SANNE, PRODUCT)) == 1


async def test_a_gateway_answers_in_words_of_its_own_with_the_work_done_or_not(world: World) -> None:
    world.service.fault("create", status=502)
    world.service.fault("create", status=504, is_done=True)
    answers = [await world.connector.begin_thread(PRODUCT, HELLO) for _ in range(2)]
    assert answers == [(502, "<html><h1>502</h1>"), (504, "<html><h1>504</h1>")]
    assert len(world.service.seen(SANNE, PRODUCT)) == 1


@pytest.mark.parametrize(("cut", "done"), [("before", 0), ("after", 1)])
async def test_a_connection_can_be_cut_with_the_work_done_or_not(world: World, cut: str, done: int) -> None:
    world.service.fault("*", cut=cut)
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.connector.begin_thread(PRODUCT, HELLO)
    assert len(world.service.seen(SANNE, PRODUCT)) == done


async def test_an_answer_can_be_slow_until_the_faults_are_cleared(world: World) -> None:
    world.service.fault("team", delay_s=0.1, left=None)
    before = time.monotonic()
    await world.connector.ask("GET", f"teams/{world.service.state.team}")
    assert time.monotonic() - before >= 0.1
    world.service.clear_faults()
    async with asyncio.timeout(0.1):
        await world.connector.ask("GET", f"teams/{world.service.state.team}")


async def test_login_and_keys_can_fail_too(world: World) -> None:
    world.service.fault("token", status=503)
    assert (await world.connector.log_in())[0] == 503
    world.service.fault("keys", cut="before", left=None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.connector.session.get(f"{world.service.address}/teams/login/v1/.well-known/keys")


@pytest.mark.parametrize("told", [{"method": "dance"}, {"method": "send", "cut": "sideways"}])
async def test_a_fault_that_makes_no_sense_is_an_error(world: World, told: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"none of|neither"):
        world.service.fault(**told)


async def test_the_ledger_has_every_question_and_answer(world: World) -> None:
    message = await world.posted(HELLO)
    await world.connector.ask("DELETE", f"conversations/{message.thread}/activities/1")
    (asked,) = world.service.asked("create")
    assert (asked["status"], asked["request"]["activity"]) == (201, HELLO)
    assert world.service.asked("delete")[0]["answer"]["error"]["code"] == "ActivityNotFoundInConversation"
    assert world.service.parts.ledger.counts["in create ok"] == 1
    assert [one["method"] for one in world.service.asked()] == ["token", "create", "delete"]


def test_every_limit_can_be_so_many_times_as_high() -> None:
    limits = Limits().multiplied(20)
    assert limits.send == ((140, 1), (160, 2), (1200, 30), (36_000, 3600))
    assert limits.read == ((280, 1), (320, 2), (2400, 30), (72_000, 3600))
    assert (limits.app_per_s, limits.is_on, limits.says_when) == (600, True, True)
