"""A private message to the person who acted, by the way that is open where they acted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.cards import Card
from bot.core.errors import Refused, TryLater, Uncertain
from connectors.chat.slack.calls import AGAIN_AFTER, CALL_WITHIN, call
from connectors.chat.slack.decode import Kind, Place
from connectors.chat.slack.render import render_message
from connectors.chat.slack.render_text import Json

Way = Callable[[Json, Place], Awaitable[None]]
MORE_TRIES = 2
LONGEST_WAIT = timedelta(seconds=15)


class PrivateAnswers:
    """Sends private messages: where the person looks if that is possible, else to their conversation with the bot."""

    def __init__(self, client: AsyncWebClient) -> None:
        """Send with `client` and its session."""
        self._client = client

    async def send(self, card: Card, place: Place) -> None:
        """Send `card` once, by the first way that is not refused; raises an `OutsideError` if all are.

        While Slack asks for a little patience the last way is tried again: whoever clicked waits for an answer.
        """
        message = render_message(card)
        ways = list(self._ways(place))
        for way in ways[:-1]:
            try:
                return await way(message, place)
            except (Refused, TryLater):
                continue
        return await self._patiently(ways[-1], message, place)

    async def _patiently(self, way: Way, message: Json, place: Place) -> None:
        for _ in range(MORE_TRIES):
            try:
                return await way(message, place)
            except TryLater as error:  # nothing was sent
                if error.after > LONGEST_WAIT:
                    raise
                await asyncio.sleep(error.after.total_seconds())
        return await way(message, place)

    def _ways(self, place: Place) -> Iterator[Way]:
        if place.is_direct and place.kind is not Kind.COMMAND:
            yield self._in_conversation
            return
        if place.response_url and place.kind in (Kind.COMMAND, Kind.SHORTCUT):
            yield self._by_response_url
        if place.channel_ref and place.kind is Kind.MESSAGE:
            yield self._in_channel
            if place.response_url:
                yield self._by_response_url
        yield self._directly

    async def _in_channel(self, message: Json, place: Place) -> None:
        channel = place.channel_ref or ""
        await call(self._client.chat_postEphemeral(channel=channel, user=place.person_ref, **message), is_post=True)

    async def _in_conversation(self, message: Json, place: Place) -> None:
        await self._post(message, place.channel_ref or place.person_ref)

    async def _directly(self, message: Json, place: Place) -> None:
        await self._post(message, place.person_ref)

    async def _post(self, message: Json, channel: str) -> None:
        sent = self._client.chat_postMessage(channel=channel, unfurl_links=False, unfurl_media=False, **message)
        await call(sent, is_post=True)

    async def _by_response_url(self, message: Json, place: Place) -> None:
        session = self._client.session
        if session is None or place.response_url is None:
            raise Refused("no_response_url")
        body = {"response_type": "ephemeral", "replace_original": False, **message}
        timeout = aiohttp.ClientTimeout(total=CALL_WITHIN.total_seconds())
        try:
            async with session.post(place.response_url, json=body, timeout=timeout, allow_redirects=False) as answer:
                if answer.status != HTTPStatus.OK:
                    raise Refused(f"http_{answer.status}")
        except aiohttp.ClientConnectorError:
            raise TryLater(AGAIN_AFTER, "unreachable") from None
        except (aiohttp.ClientError, TimeoutError):
            raise Uncertain("no_answer") from None
