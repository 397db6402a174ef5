"""What tests and scripts do to the workspace: faults, the clock, waiting until all is quiet, archiving, deleting."""

import asyncio
import re
import time
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from playground.acting import Act, word
from playground.faults import SOCKETS, BadFault
from playground.parts import Playground
from playground.refused import PersonError
from playground.settings import Rates

Json = dict[str, Any]
GAUGES = {"due": "vouch_jobs_due", "held_back": "vouch_jobs_held_back", "running": "vouch_jobs_running"}
GAUGE = re.compile(rf"^({'|'.join(GAUGES.values())})(?:\{{[^}}]*\}})?\s+([0-9.eE+-]+)", re.MULTILINE)
QUIET_S = 0.05
MOST_SETTLE_S = 300.0


async def faults(play: Playground, body: Json) -> Json:
    """Misbehave as told from now on; an empty body behaves again."""
    try:
        rates = _rates(play.settings.rates, body.get("rates", {}))
        scopes = body.get("scopes", play.settings.scopes)
        ack_s, retry_s = body.get("ack_s", play.settings.ack_s), body.get("event_retry_s", play.settings.event_retry_s)
        if not isinstance(scopes, list | tuple) or not isinstance(retry_s, list | tuple):
            raise BadFault("scopes and event_retry_s: must be lists")
        socket = body.get("socket", {})
        if not isinstance(socket, dict) or not set(socket) <= SOCKETS:
            raise BadFault(f"socket: must be an object of {', '.join(sorted(SOCKETS))}")
        waits = float(ack_s), tuple(float(one) for one in retry_s)
        play.faults.replace(body)
    except (BadFault, TypeError, ValueError) as error:
        raise PersonError("invalid_faults", detail=str(error)) from None
    play.deliverer.ack_s, play.deliverer.event_retry_s = waits
    play.scopes = tuple(str(scope) for scope in scopes)
    if rates != play.limiter.rates:
        play.limiter.rates = rates
        play.limiter.seen.clear()
        play.limiter.buckets.clear()
    if "disconnect" in socket:
        await play.sockets.disconnect(str(socket["disconnect"]))
    if socket.get("drop"):
        await play.sockets.drop()
    return {"faults": play.faults.shown()}


def _rates(now: Rates, told: object) -> Rates:
    known = {one.name for one in fields(Rates)}
    if not isinstance(told, dict) or not set(told) <= known:
        raise BadFault(f"rates: must be an object of {', '.join(sorted(known))}")
    tiers = {**now.tiers, **told.get("tiers", {})}
    return replace(now, **{**told, "tiers": tiers})


async def move_clock(play: Playground, body: Json) -> Json:
    """Move the clock forward and answer once the bot has taken the new time."""
    now = play.clock.now()
    try:
        to = body.get("to")
        until = datetime.fromisoformat(to) if to is not None else now + timedelta(seconds=float(body["advance_s"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise PersonError("invalid_request", field="to") from None
    by = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    if by < timedelta():
        raise PersonError("backwards")
    taken = await play.clock.move(by)
    shown = play.clock.shown()
    play.store.put("clock", "clock", shown)
    play.workspace.changed("clock")
    return {**shown, "taken": taken}


async def settle(play: Playground, body: Json) -> Json:
    """Answer when no job of the bot is due, held back or running and nothing is being delivered, twice in a row."""
    seconds = body.get("timeout_s", 10)
    if not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SETTLE_S:
        raise PersonError("invalid_request", field="timeout_s")
    until = time.monotonic() + seconds
    quiet = 0
    gauges: dict[str, float] = {}
    while quiet < 2:
        gauges = await _gauges(play)
        is_quiet = (
            not play.deliverer.open
            and not play.social.is_busy
            and len(gauges) == len(GAUGES)
            and not any(gauges.values())
        )
        quiet = quiet + 1 if is_quiet else 0
        if quiet < 2 and time.monotonic() + QUIET_S > until:
            raise PersonError("timeout", **_busy(gauges), open=play.deliverer.open)
        if quiet < 2:
            await asyncio.sleep(QUIET_S)
    return {}


def _busy(gauges: dict[str, float]) -> dict[str, int | None]:
    return {short: int(gauges[name]) if name in gauges else None for short, name in GAUGES.items()}


async def _gauges(play: Playground) -> dict[str, float]:
    session, url = play.deliverer.session, play.settings.bot_url
    if session is None or not url:
        return {}
    try:
        async with session.get(url + "/metrics", timeout=aiohttp.ClientTimeout(total=5)) as response:
            text = await response.text() if response.status == 200 else ""
    except (aiohttp.ClientError, TimeoutError):
        return {}
    found: dict[str, float] = {}
    for name, value in GAUGE.findall(text):
        found[name] = found.get(name, 0.0) + float(value)
    return found


async def delete(play: Playground, body: Json) -> Json:
    """Delete one's own message, dismiss a private one; an admin deletes anyone's."""
    person = play.workspace.person(word(body, "as"))
    message = play.workspace.seen_message(person, word(body, "channel"), word(body, "ts"))
    if not message.to and message.body["user"] != person.id and person.role != "admin":
        raise PersonError("not_allowed")
    play.workspace.remove(message)
    return {}


async def channel(play: Playground, body: Json) -> Json:
    """Archive a channel or put the bot out of it, and back."""
    found = play.workspace.channels.get(word(body, "channel"))
    if found is None or found.kind == "im":
        raise PersonError("unknown_channel")
    found.is_archived = bool(body.get("archived", found.is_archived))
    found.has_bot = bool(body.get("bot", found.has_bot))
    play.workspace.keep_channel(found)
    return {"archived": found.is_archived, "bot": found.has_bot}


CONTROLS: dict[str, Act] = {
    "faults": faults,
    "clock": move_clock,
    "settle": settle,
    "delete": delete,
    "channel": channel,
}
