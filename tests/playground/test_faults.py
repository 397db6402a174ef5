"""Misbehaving on request, and deliveries that come again as Slack sends them."""

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web

from tests.playground.conftest import OFFICE, Received, World

WHO = {"as": "U0SANNE"}
CALM = {"is_on": False}


async def test_a_method_can_be_limited_a_number_of_times(world: World) -> None:
    fault = {"status": 429, "retry_after": 3, "count": 2}
    await world.do("faults", methods={"chat.postMessage": fault}, rates=CALM)
    answers = [await world.slack("chat.postMessage", channel=OFFICE, text="x") for _ in range(3)]
    assert [answer["_status"] for answer in answers] == [429, 429, 200]
    assert answers[0]["_headers"]["Retry-After"] == "3"
    assert (await world.see("faults"))["faults"]["methods"]["chat.postMessage"][0]["hits"] == 2


async def test_a_method_can_break(world: World) -> None:
    await world.do("faults", methods={"chat.postMessage": {"status": 500}})
    assert (await world.slack("chat.postMessage", channel=OFFICE, text="x"))["_status"] == 500
    assert await world.messages() == []


@pytest.mark.parametrize(
    "code", ["token_revoked", "channel_not_found", "is_archived", "msg_too_long", "account_inactive"]
)
async def test_any_error_code_can_be_answered(world: World, code: str) -> None:
    await world.do("faults", methods={"*": {"error": code}})
    assert (await world.slack("auth.test"))["error"] == code
    await world.do("faults")
    assert (await world.slack("auth.test"))["ok"]


async def test_a_missing_scope_can_be_claimed(world: World) -> None:
    fault = {"error": "missing_scope", "needed": "chat:write", "provided": "commands"}
    await world.do("faults", methods={"chat.postMessage": fault})
    told = await world.slack("chat.postMessage", channel=OFFICE, text="x")
    assert (told["error"], told["needed"]) == ("missing_scope", "chat:write")


@pytest.mark.parametrize(("cut", "done"), [("before", 0), ("after", 1)])
async def test_a_connection_can_be_cut_with_the_work_done_or_not(world: World, cut: str, done: int) -> None:
    await world.do("faults", methods={"chat.postMessage": {"cut": cut}})
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.slack("chat.postMessage", channel=OFFICE, text="x")
    assert len(await world.messages()) == done
    assert (await world.see("ledger"))["counts"]["in chat.postMessage cut"] == 1


async def test_an_answer_can_be_slow(world: World) -> None:
    await world.do("faults", methods={"auth.test": {"delay_ms": 150}})
    before = time.monotonic()
    assert (await world.slack("auth.test"))["ok"]
    assert time.monotonic() - before >= 0.15


async def test_chance_is_the_same_for_the_same_seed(world: World) -> None:
    async def run() -> list[bool]:
        await world.do("faults", seed=7, methods={"auth.test": {"error": "internal_error", "probability": 0.5}})
        return [bool((await world.slack("auth.test"))["ok"]) for _ in range(12)]

    first = await run()
    assert first == await run()
    assert set(first) == {True, False}


@pytest.mark.parametrize(
    "bad",
    [
        {"method": {}},
        {"methods": {"auth.test": {"dealy_ms": 3}}},
        {"methods": {"auth.test": {"cut": "middle"}}},
        {"methods": {"auth.test": {"count": 0}}},
        {"methods": []},
        {"deliveries": {"events": {}}},
        {"deliveries": {"event": {"retry": "because"}}},
        {"socket": {"explode": True}},
        {"scopes": "chat:write"},
        {"ack_s": "soon"},
    ],
)
async def test_faults_that_make_no_sense_are_refused_and_change_nothing(world: World, bad: dict[str, object]) -> None:
    await world.do("faults", methods={"auth.test": {"error": "internal_error"}})
    told = await world.do("faults", **bad)
    assert (told["error"], bool(told["detail"])) == ("invalid_faults", True)
    assert (await world.slack("auth.test"))["error"] == "internal_error"


async def test_a_delivery_can_come_twice(world: World) -> None:
    await world.do("faults", deliveries={"command": {"double": True}})
    await world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0)
    first, second = world.bot.of("command")
    assert first["trigger_id"] == second["trigger_id"]


async def test_a_delivery_can_come_again_although_it_was_acknowledged(world: World) -> None:
    await world.do("faults", deliveries={"event": {"retry": "http_timeout", "count": 1}})
    await world.do("dm", **WHO, text="Hello")
    first, second = world.bot.received
    assert first.payload["event_id"] == second.payload["event_id"]
    assert "X-Slack-Retry-Num" not in first.headers
    assert (second.headers["X-Slack-Retry-Num"], second.headers["X-Slack-Retry-Reason"]) == ("1", "http_timeout")


async def test_deliveries_can_change_places(world: World) -> None:
    await world.do("faults", deliveries={"event": {"reorder": True, "count": 1}})
    told: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    world.play.workspace.listeners.add(told)
    slow = asyncio.create_task(world.do("dm", **WHO, text="First"))
    await told.get()
    await world.do("dm", **WHO, text="Second")
    assert (await slow)["ok"]
    assert [event["event"]["text"] for event in world.bot.of("message")] == ["Second", "First"]


async def test_a_failed_event_is_sent_again_three_times(world: World) -> None:
    await world.do("faults", event_retry_s=[0, 0.01, 0.02])

    async def broken(_received: Received) -> web.StreamResponse:
        return web.Response(status=500)

    world.bot.answers["message"] = broken
    told = await world.do("dm", **WHO, text="Hello")
    assert (told["ok"], told["error"]) == (False, "bot_error")
    await asyncio.gather(*world.play.deliverer.tasks)
    retries = [
        (one.headers.get("X-Slack-Retry-Num"), one.headers.get("X-Slack-Retry-Reason")) for one in world.bot.received
    ]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({one.payload["event_id"] for one in world.bot.received}) == 1


async def test_the_bot_can_say_that_it_wants_no_retry(world: World) -> None:
    async def broken(_received: Received) -> web.StreamResponse:
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    world.bot.answers["message"] = broken
    await world.do("dm", **WHO, text="Hello")
    assert (len(world.bot.received), world.play.deliverer.tasks) == (1, set())


async def test_commands_are_never_sent_again(world: World) -> None:
    async def broken(_received: Received) -> web.StreamResponse:
        return web.Response(status=500)

    world.bot.answers["command"] = broken
    await world.do("command", **WHO, channel=OFFICE, text="/vouch help")
    assert (len(world.bot.received), world.play.deliverer.tasks) == (1, set())


async def test_a_response_url_and_an_upload_can_fail_too(world: World) -> None:
    await world.do("faults", methods={"response_url": {"status": 500}, "upload": {"status": 503}}, rates=CALM)
    await world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0)
    url = world.bot.of("command")[0]["response_url"]
    async with world.session.post(url, json={"text": "x"}) as response:
        assert response.status == 500
    begun = await world.slack("files.getUploadURLExternal", filename="a.txt", length=1)
    async with world.session.post(begun["upload_url"], data=b"x") as response:
        assert response.status == 503
