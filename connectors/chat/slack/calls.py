"""Calls of Slack's Web API: one client on one shared session, and every failure as one of our errors.

The SDK's own retry after a lost connection is off for everything, because it would repeat a post that had arrived.
"""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.errors import RATE_LIMITED, OutsideError, Refused, TryLater, Uncertain

CALL_WITHIN = timedelta(seconds=15)
AGAIN_AFTER = timedelta(seconds=10)
TOO_MUCH = frozenset({"ratelimited", "rate_limited"})
# docs.slack.dev/reference/methods/chat.postMessage: of these two "some aspect of the operation" may have succeeded
AMBIGUOUS = frozenset({"internal_error", "fatal_error"})
TEMPORARY = frozenset({"service_unavailable", "request_timeout", "team_added_to_org"})
_BEFORE_SENDING = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


def new_client(token: str | None, *, session: aiohttp.ClientSession, api_url: str) -> AsyncWebClient:
    """Return a client of the API at `api_url` ("https://slack.com/api/") on `session`, whose time-outs count."""
    logger = logging.getLogger("vouch.slack.sdk")
    logger.setLevel(logging.WARNING)  # below it the SDK writes the texts of people
    base = api_url if api_url.endswith("/") else f"{api_url}/"
    return AsyncWebClient(token=token, base_url=base, session=session, retry_handlers=[], logger=logger)


async def call(
    answer: Awaitable[AsyncSlackResponse], *, is_post: bool = False, within: timedelta = CALL_WITHIN
) -> dict[str, Any]:
    """Return what the API answers; a failure raises `TryLater`, `Refused`, or `Uncertain`.

    `is_post` marks what must not be done twice: of it a lost answer is `Uncertain`, of all else `TryLater`.
    """
    try:
        async with asyncio.timeout(within.total_seconds()):
            told = (await answer).data
    except SlackApiError as error:
        raise _from_answer(error.response, is_post=is_post) from None
    except _BEFORE_SENDING:
        raise TryLater(AGAIN_AFTER, "unreachable") from None
    except (aiohttp.ClientError, TimeoutError, OSError, SlackClientError):
        raise _lost("no_answer", is_post=is_post) from None
    if not isinstance(told, dict):
        raise _lost("no_answer", is_post=is_post)
    return told


def _lost(code: str, *, is_post: bool) -> OutsideError:
    return Uncertain(code) if is_post else TryLater(AGAIN_AFTER, code)


def _from_answer(response: Any, *, is_post: bool) -> OutsideError:  # noqa: ANN401 - the SDK's or aiohttp's, as it comes
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    told = getattr(response, "data", None)
    code = str(told.get("error", "")) if isinstance(told, dict) else ""
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in TOO_MUCH:
        return TryLater(_retry_after(response), RATE_LIMITED)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _lost(f"http_{status}", is_post=is_post)
    if code in TEMPORARY:
        return TryLater(AGAIN_AFTER, code)
    if code in AMBIGUOUS:
        return _lost(code, is_post=is_post)
    if code or status >= HTTPStatus.BAD_REQUEST:
        return Refused(code or f"http_{status}")
    return _lost("no_answer", is_post=is_post)


def _retry_after(response: Any) -> timedelta:  # noqa: ANN401 - the SDK's or aiohttp's, as it comes
    told = str(response.headers.get("Retry-After", ""))
    return timedelta(seconds=int(told)) if told.isascii() and told.isdigit() and len(told) <= 6 else AGAIN_AFTER
