"""Deliveries to the bot: signed HTTP or Socket Mode, three seconds to acknowledge, events sent again as Slack does."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import aiohttp

from playground.faults import Faults
from playground.ledger import Ledger
from playground.settings import Settings
from playground.socketmode import Sockets

Json = dict[str, Any]
PATHS = {"event": "/slack/events", "command": "/slack/commands", "interaction": "/slack/interactivity"}
REORDER_S = 2.0
MOST_REDIRECTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery; `retry` counts from 1 when it is sent again, for `reason`."""

    kind: str
    detail: str
    payload: Json
    person: str
    retry: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the bot answered: `error` is empty if it acknowledged; `reason` is Slack's word for an event's retry."""

    status: int = 0
    body: Any = None
    error: str = ""
    reason: str = ""
    may_retry: bool = True

    @property
    def is_ok(self) -> bool:
        """Return whether the bot acknowledged."""
        return not self.error


@dataclass(slots=True)
class Deliverer:
    """Delivers to the bot; `open` counts what has not been answered yet."""

    settings: Settings
    ledger: Ledger
    faults: Faults
    sockets: Sockets
    ack_s: float
    event_retry_s: tuple[float, ...]
    session: aiohttp.ClientSession | None = None
    open: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    sent: asyncio.Condition = field(default_factory=asyncio.Condition)
    sent_count: int = 0

    async def deliver(self, kind: str, detail: str, payload: Json, *, person: str = "") -> Answer:
        """Deliver and return the bot's answer. A failed event is sent again later, in the background."""
        parcel = Parcel(kind=kind, detail=detail, payload=payload, person=person)
        fault = self.faults.for_delivery(kind)
        if fault.get("delay_ms"):
            await asyncio.sleep(float(fault["delay_ms"]) / 1000)
        if fault.get("reorder"):
            await self._wait_for_next()
        answers = await asyncio.gather(*(self._attempt(parcel) for _ in range(2 if fault.get("double") else 1)))
        answer = next((one for one in answers if one.is_ok), answers[0])
        if fault.get("retry"):
            await self._attempt(replace(parcel, retry=1, reason=str(fault["retry"])))
        elif kind == "event" and not answer.is_ok and answer.may_retry:
            self._spawn(self._retry(parcel, answer.reason))
        return answer

    def later(self, kind: str, detail: str, payload: Json, *, person: str = "") -> None:
        """Deliver in the background."""
        self._spawn(self.deliver(kind, detail, payload, person=person))

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _wait_for_next(self) -> None:
        async with self.sent:
            before = self.sent_count
            with suppress(TimeoutError):
                await asyncio.wait_for(self.sent.wait_for(lambda: self.sent_count > before), REORDER_S)

    async def _retry(self, parcel: Parcel, reason: str) -> None:
        for number, delay in enumerate(self.event_retry_s, 1):
            await asyncio.sleep(delay)
            answer = await self._attempt(replace(parcel, retry=number, reason=reason))
            if answer.is_ok or not answer.may_retry:
                return
            reason = answer.reason

    async def _attempt(self, parcel: Parcel) -> Answer:
        more = {"detail": parcel.detail, "person": parcel.person, "retry": parcel.retry, "retry_reason": parcel.reason}
        entry = self.ledger.begin("out", parcel.kind, parcel.payload, **more)
        self.open += 1
        answer = Answer(error="bot_unreachable", reason="connection_failed")
        try:
            if self.sockets.connections:
                answer = await self._by_socket(parcel)
            elif not self.settings.is_socket_mode:
                answer = await self._by_http(parcel)
        finally:
            self.open -= 1
            self.ledger.finish(entry, answer.status, answer.body, answer.error or "ok")
        async with self.sent:
            self.sent_count += 1
            self.sent.notify_all()
        return answer

    async def _by_socket(self, parcel: Parcel) -> Answer:
        retry = {"retry": parcel.retry, "reason": parcel.reason}
        try:
            told = await self.sockets.send(parcel.kind, parcel.payload, retry=retry, seconds=self.ack_s)
        except TimeoutError:
            return Answer(error="operation_timeout", reason="http_timeout")
        except RuntimeError:
            return Answer(error="bot_unreachable", reason="connection_failed")
        return Answer(status=200, body=told.get("payload"))

    async def _by_http(self, parcel: Parcel) -> Answer:
        if self.session is None or not self.settings.bot_url:
            return Answer(error="bot_unreachable", reason="connection_failed")
        body, content_type = _encoded(parcel)
        headers = {**self.signed(body), "Content-Type": content_type, "User-Agent": "Slackbot 1.0 (playground)"}
        headers["Accept-Encoding"] = "identity"
        if parcel.retry:
            headers |= {"X-Slack-Retry-Num": str(parcel.retry), "X-Slack-Retry-Reason": parcel.reason}
        timeout = aiohttp.ClientTimeout(total=self.ack_s)
        url = self.settings.bot_url + PATHS[parcel.kind]
        try:
            async with self.session.post(
                url, data=body, headers=headers, timeout=timeout, max_redirects=MOST_REDIRECTS
            ) as response:
                return _answer(response, await response.text())
        except TimeoutError:
            return Answer(error="operation_timeout", reason="http_timeout")
        except aiohttp.TooManyRedirects:
            return Answer(error="bot_error", reason="too_many_redirects")
        except aiohttp.ClientError:
            return Answer(error="bot_unreachable", reason="connection_failed")

    def signed(self, body: bytes) -> dict[str, str]:
        """Return the headers that sign this body now (docs.slack.dev/authentication/verifying-requests-from-slack)."""
        now = str(int(time.time()))
        secret = self.settings.secrets.signing_secret if self.settings.secrets else ""
        digest = hmac.new(secret.encode(), b"v0:" + now.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={digest}"}

    async def close(self) -> None:
        """Give up what would be sent again later."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def _encoded(parcel: Parcel) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if parcel.kind == "event":
        return json.dumps(parcel.payload).encode(), "application/json"
    if parcel.kind == "command":
        return urlencode(parcel.payload).encode(), form
    return urlencode({"payload": json.dumps(parcel.payload)}).encode(), form


def _answer(response: aiohttp.ClientResponse, text: str) -> Answer:
    body: Any = text
    with suppress(ValueError):
        body = json.loads(text)
    may_retry = response.headers.get("X-Slack-No-Retry") != "1"
    if 200 <= response.status < 300:
        return Answer(status=response.status, body=body)
    return Answer(status=response.status, body=body, error="bot_error", reason="http_error", may_retry=may_retry)
