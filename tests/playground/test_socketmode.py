"""Socket Mode: tickets, hello, envelopes and their acknowledgements, farewells."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse

from tests.playground.conftest import OFFICE, World

Json = dict[str, Any]
WHO = {"as": "U0SANNE"}


async def connect(world: World) -> ClientWebSocketResponse:
    told = await world.slack("apps.connections.open", token="xapp-test")  # noqa: S106 - made up
    socket = await world.session.ws_connect(told["url"])
    hello = await socket.receive_json()
    assert (hello["type"], hello["connection_info"]["app_id"]) == ("hello", "A0VOUCH")
    return socket


async def test_only_the_app_token_opens_a_connection(world: World) -> None:
    assert (await world.slack("apps.connections.open"))["error"] == "not_allowed_token_type"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await world.session.ws_connect(f"{world.address}/slack/link?ticket=made-up")


async def test_a_ticket_is_good_for_one_connection(world: World) -> None:
    told = await world.slack("apps.connections.open", token="xapp-test")  # noqa: S106 - made up
    first = await world.session.ws_connect(told["url"])
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await world.session.ws_connect(told["url"])
    await first.close()


async def test_a_command_goes_over_the_socket_and_its_acknowledgement_is_the_answer(world: World) -> None:
    socket = await connect(world)
    doing = asyncio.create_task(world.do("command", **WHO, channel=OFFICE, text="/vouch help"))
    envelope = await socket.receive_json()
    assert (envelope["type"], envelope["payload"]["text"]) == ("slash_commands", "help")
    assert envelope["accepts_response_payload"] is True
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "Hi"}})
    told = await doing
    assert [row["text"] for row in told["ephemeral"]] == ["Hi"]
    assert world.bot.received == []
    await socket.close()


async def test_an_event_over_the_socket(world: World) -> None:
    socket = await connect(world)
    doing = asyncio.create_task(world.do("dm", **WHO, text="Hello"))
    envelope = await socket.receive_json()
    assert (envelope["type"], envelope["payload"]["event"]["text"], envelope["retry_attempt"]) == (
        "events_api",
        "Hello",
        0,
    )
    await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
    assert (await doing)["ok"]
    await socket.close()


async def test_without_an_acknowledgement_the_person_sees_an_error(world: World) -> None:
    await world.do("faults", ack_s=0.1)
    socket = await connect(world)
    told = await world.do("command", **WHO, channel=OFFICE, text="/vouch help")
    assert told["error"] == "operation_timeout"
    await socket.close()


async def test_a_ping_is_answered(world: World) -> None:
    socket = await connect(world)
    await socket.ping(b"are you there")
    doing = asyncio.create_task(world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0))
    envelope = await socket.receive_json()
    await socket.send_json({"envelope_id": envelope["envelope_id"]})
    assert (await doing)["ok"]
    await socket.close()


async def test_connections_are_told_to_go(world: World) -> None:
    socket = await connect(world)
    await world.do("faults", socket={"disconnect": "warning"})
    told = await socket.receive_json()
    assert (told["type"], told["reason"]) == ("disconnect", "warning")
    assert (await socket.receive()).type in (
        aiohttp.WSMsgType.CLOSE,
        aiohttp.WSMsgType.CLOSING,
        aiohttp.WSMsgType.CLOSED,
    )
    assert (await world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0))["ok"]
    assert len(world.bot.of("command")) == 1


async def test_two_connections_share_what_is_sent(world: World) -> None:
    sockets = [await connect(world), await connect(world)]
    seen: list[int] = []

    async def listen(number: int) -> None:
        async for message in sockets[number]:
            seen.append(number)
            await sockets[number].send_json({"envelope_id": json.loads(message.data)["envelope_id"]})

    listening = [asyncio.create_task(listen(number)) for number in (0, 1)]
    for _ in range(4):
        await world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0)
    assert sorted(seen) == [0, 0, 1, 1]
    for socket in sockets:
        await socket.close()
    await asyncio.gather(*listening)
