"""Deliveries to the bot over HTTP, signed; given up after the time that Teams gives."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from playground.teams.keys import GENUINE, Forgery
from playground.teams.parts import Parts

Json = dict[str, Any]

JSON_TYPE = "application/json; charset=utf-8"
AGENT = "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)"
TIMED_OUT, UNREACHABLE, NOT_ACCEPTED = "timed_out", "unreachable", "not_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the bot answered: `status` 0 for nothing, `body` decoded if it was JSON; `error` is empty after a 2xx."""

    status: int = 0
    body: Any = None
    text: str = ""
    error: str = ""

    @property
    def is_ok(self) -> bool:
        """Return whether the bot took it."""
        return not self.error


async def deliver(parts: Parts, activity: Json, *, forgery: Forgery = GENUINE) -> Answer:
    """Deliver an activity with a token of the service, or with one that is forged so."""
    token = parts.keys.token(str(activity.get("serviceUrl", parts.service_url)), forgery)
    seconds = parts.settings.invoke_s if activity.get("type") == "invoke" else parts.settings.message_s
    name = str(activity.get("name") or activity.get("type"))
    entry = parts.ledger.begin("out", name, activity)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await send_raw(parts, json.dumps(activity).encode(), headers=headers, seconds=seconds)
    parts.ledger.finish(entry, answer.status, answer.body, answer.error or "ok")
    return answer


async def send_raw(
    parts: Parts, body: bytes, *, headers: Mapping[str, str] | None = None, seconds: float = 15.0
) -> Answer:
    """Post these very bytes to where the bot takes messages; `headers` win over the usual ones."""
    session, url = parts.play.deliverer.session, parts.play.settings.bot_url
    if session is None or not url:
        return Answer(error=UNREACHABLE)
    told = {"Content-Type": JSON_TYPE, "User-Agent": AGENT, **(headers or {})}
    timeout = aiohttp.ClientTimeout(total=seconds)
    parts.play.deliverer.open += 1
    try:
        async with session.post(
            url + parts.settings.bot_path, data=body, headers=told, timeout=timeout, allow_redirects=False
        ) as response:
            return _read(response.status, await response.text(errors="replace"))
    except asyncio.TimeoutError:  # noqa: UP041 - aiohttp's own time-outs are of this kind too
        return Answer(error=TIMED_OUT)
    except aiohttp.ClientError:
        return Answer(error=UNREACHABLE)
    finally:
        parts.play.deliverer.open -= 1


def _read(status: int, text: str) -> Answer:
    body: Any = None
    with suppress(ValueError):
        body = json.loads(text)
    return Answer(status=status, body=body, text=text, error="" if 200 <= status < 300 else NOT_ACCEPTED)
