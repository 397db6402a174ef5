"""Slack's own SDK and Bolt work against the playground as they do against Slack."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import OFFICE, SECRETS, Received, World


def client(world: World) -> AsyncWebClient:
    return AsyncWebClient(SECRETS.bot_token, base_url=f"{world.address}/slack/api/")


async def test_the_client_reads_and_writes(world: World) -> None:
    slack = client(world)
    assert (await slack.auth_test())["user_id"] == "U0VOUCH"
    assert (await slack.users_info(user="U0SANNE", include_locale=True))["user"]["locale"] == "nl-NL"
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}]
    posted = await slack.chat_postMessage(channel=OFFICE, text="Hello", blocks=blocks, unfurl_links=False)
    await slack.chat_update(channel=OFFICE, ts=posted["ts"], text="Hello again", blocks=blocks)
    assert [row["text"] for row in await world.messages()] == ["Hello again"]
    names = [channel["name"] async for page in await slack.conversations_list(limit=2) for channel in page["channels"]]
    assert names == ["general", "product-news", "engineering", "careers", "kitchen"]
    with pytest.raises(SlackApiError) as refused:
        await slack.chat_postMessage(channel="C0NOWHERE", text="x")
    assert refused.value.response["error"] == "channel_not_found"


async def test_the_client_uploads_a_file(world: World) -> None:
    told = await client(world).files_upload_v2(
        channel="D0SANNE", content='{"a": 1}', filename="mine.json", title="Yours"
    )
    assert told["ok"]
    [row] = await world.messages("D0SANNE")
    assert (row["files"][0]["name"], row["files"][0]["size"]) == ("mine.json", 8)


async def test_the_client_reads_how_long_to_wait(world: World) -> None:
    await world.do("faults", methods={"chat.postMessage": {"status": 429, "retry_after": 7}})
    with pytest.raises(SlackApiError) as refused:
        await client(world).chat_postMessage(channel=OFFICE, text="x")
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "7")


async def test_the_sdk_accepts_the_signature(world: World) -> None:
    await world.do("command", **{"as": "U0SANNE"}, channel=OFFICE, text="/vouch help", wait_s=0)
    [received] = world.bot.received
    verifier = SignatureVerifier(SECRETS.signing_secret)
    assert verifier.is_valid_request(received.raw, received.headers)
    assert not verifier.is_valid_request(received.raw + b"x", received.headers)


def bolt(world: World) -> AsyncApp:
    app = AsyncApp(client=client(world), signing_secret=SECRETS.signing_secret, process_before_response=True)

    @app.command("/vouch")
    async def command(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:  # noqa: ANN401 - Bolt's
        await ack("Opening")
        title = {"type": "plain_text", "text": "Window"}
        label = {"type": "plain_text", "text": "Words"}
        words = {
            "type": "input",
            "block_id": "words",
            "label": label,
            "element": {"type": "plain_text_input", "action_id": "a"},
        }
        view = {"type": "modal", "callback_id": "form", "title": title, "submit": title, "blocks": [words]}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:  # noqa: ANN401 - Bolt's
        said = view["state"]["values"]["words"]["a"]["value"]
        await ack(response_action="errors", errors={"words": f"Too short: {said}"})

    return app


async def through_bolt(app: AsyncApp, received: Received) -> web.StreamResponse:
    request = AsyncBoltRequest(body=received.raw.decode(), headers={**received.headers})
    answer = await app.async_dispatch(request)
    return web.Response(
        status=answer.status, text=answer.body, headers={"Content-Type": answer.first_headers()["content-type"]}
    )


async def use(world: World) -> None:
    """Use the command and submit what it opens."""
    told = await world.do("command", **{"as": "U0SANNE"}, channel=OFFICE, text="/vouch post", wait_s=5)
    assert [row["text"] for row in told["ephemeral"]] == ["Opening"]
    view = told["view"] or (await world.see("view", as_="U0SANNE"))["view"]
    values = {"words": {"a": "hm"}}
    answered = await world.do("submit", **{"as": "U0SANNE"}, view_id=view["id"], values=values)
    assert answered["errors"] == {"words": "Too short: hm"}


async def test_bolt_answers_over_http(world: World) -> None:
    app = bolt(world)

    async def answer(received: Received) -> web.StreamResponse:
        return await through_bolt(app, received)

    world.bot.answers |= {"command": answer, "view_submission": answer}
    await use(world)


async def test_bolt_answers_over_socket_mode(world: World) -> None:
    app = bolt(world)
    slack = AsyncWebClient(base_url=f"{world.address}/slack/api/")
    handler = AsyncSocketModeHandler(app, SECRETS.app_token, web_client=slack)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    async with asyncio.timeout(30):
        while not world.play.sockets.connections:  # noqa: ASYNC110 - the other side opens it
            await asyncio.sleep(0.01)
    try:
        await use(world)
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
    assert world.bot.received == []
