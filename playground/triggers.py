"""Trigger ids (single use, 3 s) and response urls (5 uses, 30 minutes); both count real time."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from playground.refused import SlackError

MOST = 20_000


@dataclass(slots=True, kw_only=True)
class Trigger:
    """Permission to open a window for `person`; `view_id` is the window it came from, if any."""

    person: str
    view_id: str
    made_at: float
    is_used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """Permission to answer in `channel`, in reply to what `person` did; `ts` is the message it happened on, if any."""

    person: str
    channel: str
    ts: str
    made_at: float
    uses: int = 0


@dataclass(slots=True)
class Permits:
    """All trigger ids and response urls that were given out, the newest twenty thousand of each."""

    address: str
    trigger_s: float
    response_url_s: float
    response_url_uses: int
    triggers: OrderedDict[str, Trigger] = field(default_factory=OrderedDict)
    urls: OrderedDict[str, ResponseUrl] = field(default_factory=OrderedDict)

    def add_trigger(self, person: str, view_id: str = "") -> str:
        """Return a new trigger id."""
        key = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[key] = Trigger(person=person, view_id=view_id, made_at=time.monotonic())
        if len(self.triggers) > MOST:
            self.triggers.popitem(last=False)
        return key

    def use_trigger(self, key: str) -> Trigger:
        """Return the trigger and use it up; refused if unknown, already exchanged, or expired."""
        trigger = self.triggers.get(key)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.made_at > self.trigger_s:
            raise SlackError("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def add_url(self, person: str, channel: str, ts: str = "") -> str:
        """Return a new response url."""
        key = f"T0BRIGHT/{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
        self.urls[key] = ResponseUrl(person=person, channel=channel, ts=ts, made_at=time.monotonic())
        if len(self.urls) > MOST:
            self.urls.popitem(last=False)
        return f"{self.address}/slack/response/{key}"

    def use_url(self, key: str) -> ResponseUrl:
        """Return what the url permits and count the use; `expired_url` or `used_url` when it is over."""
        url = self.urls.get(key)
        if url is None or time.monotonic() - url.made_at > self.response_url_s:
            raise SlackError("expired_url")
        if url.uses >= self.response_url_uses:
            raise SlackError("used_url")
        url.uses += 1
        return url
