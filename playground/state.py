"""The workspace's memory: channels, messages and who may see what; it says what changed to whoever listens."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playground.clock import Clock
from playground.company import Channel, Company, Person
from playground.refused import PersonError, SlackError
from playground.store import Store


@dataclass(slots=True, kw_only=True)
class Message:
    """One message; `body` is Slack's object without ts, `to` the only person who sees it (empty: everyone there).

    `typed` holds per person what is filled into the message's inputs, in Slack's `state.values` shape.
    """

    channel: str
    ts: str
    body: dict[str, Any]
    to: str = ""
    typed: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def thread(self) -> str:
        """Return the timestamp of the thread this is a reply in, or nothing."""
        parent = str(self.body.get("thread_ts", ""))
        return "" if parent == self.ts else parent

    def shown_to_bot(self) -> dict[str, Any]:
        """Return the message as Slack's payloads carry it."""
        return {"type": "message", "ts": self.ts, **self.body}


@dataclass(slots=True)
class Workspace:
    """Everything people see. `marks` count changes, so that someone can wait for the next one.

    `private` holds once more, by person and timestamp, what one person alone sees.
    """

    company: Company
    clock: Clock
    store: Store
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: dict[str, dict[str, Message]] = field(default_factory=dict)
    private: dict[str, dict[str, Message]] = field(default_factory=lambda: defaultdict(dict))
    marks: Counter[str] = field(default_factory=Counter)
    listeners: set[asyncio.Queue[dict[str, Any]]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def load(self, *, has_history: bool) -> None:
        """Take back what was kept; the very first time put in the channels and what people wrote in them."""
        bot = self.company.bot
        ims = [Channel(id=p.im, name=bot.name, kind="im", members=[p.id]) for p in self.company.people.values()]
        for channel in (*self.company.channels, *ims):
            self.channels[channel.id] = channel
            self.messages[channel.id] = {}
        for key, kept in self.store.shelf("channels").items():
            if key in self.channels:
                self.channels[key].is_archived, self.channels[key].has_bot = kept["is_archived"], kept["has_bot"]
        rows = self.store.shelf("messages")
        for row in rows.values():
            if row["channel"] in self.messages:
                self._put(Message(**row))
        self.clock.last_stamp = max((int(row["ts"].replace(".", "")) for row in rows.values()), default=0)
        if not rows and has_history:
            self._put_chatter()

    def _put_chatter(self) -> None:
        for channel, who, days_ago, text in self.company.chatter:
            at = self.clock.now() - timedelta(days=days_ago)
            ts = f"{at.timestamp():.6f}"
            self._keep(Message(channel=channel, ts=ts, body={"user": who, "team": self.company.team, "text": text}))

    def person(self, person_id: str) -> Person:
        """Return that person; a `PersonError` otherwise."""
        found = self.company.people.get(person_id)
        if found is None:
            raise PersonError("unknown_person")
        return found

    def may_see(self, person: Person, channel: Channel) -> bool:
        """Return whether the channel is in that person's list: members, and everyone but guests if it is public."""
        return person.id in channel.members or (channel.kind == "public" and not person.is_guest)

    def seen_channel(self, person: Person, channel_id: str) -> Channel:
        """Return a channel that this person sees; a `PersonError` otherwise."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise PersonError("unknown_channel")
        if not self.may_see(person, channel):
            raise PersonError("not_allowed")
        return channel

    def seen_message(self, person: Person, channel_id: str, ts: str) -> Message:
        """Return a message that this person sees; a `PersonError` otherwise."""
        self.seen_channel(person, channel_id)
        message = self.messages[channel_id].get(ts)
        if message is None:
            raise PersonError("not_found")
        if message.to not in ("", person.id):
            raise PersonError("not_allowed")
        return message

    def listed(self, person: Person, channel_id: str) -> list[Message]:
        """Return what this person sees in the channel, oldest first."""
        self.seen_channel(person, channel_id)
        there = self.messages[channel_id]
        return [there[ts] for ts in sorted(there) if there[ts].to in ("", person.id)]

    def bot_channel(self, given: str) -> Channel:
        """Return the channel the bot means by an id, a "#name" or a person's id; `channel_not_found` otherwise."""
        person = self.company.people.get(given)
        if person is not None:
            given = person.im
        channel = self.channels.get(given)
        if channel is None and given.startswith("#"):
            named = [c for c in self.channels.values() if c.name == given[1:] and c.kind != "im"]
            channel = named[0] if named else None
        if channel is None or (channel.kind == "private" and not channel.has_bot):
            raise SlackError("channel_not_found")
        return channel

    def post(self, channel: str, body: dict[str, Any], *, to: str = "") -> Message:
        """Add a message with a new timestamp and say so."""
        message = Message(channel=channel, ts=self.clock.stamp(), body=body, to=to)
        self._keep(message)
        self.touched(message)
        return message

    def change(self, message: Message, body: dict[str, Any]) -> None:
        """Replace what a message holds and say so."""
        message.body = body
        self._keep(message)
        self.touched(message)

    def remove(self, message: Message) -> None:
        """Take the message away and say so."""
        self.messages[message.channel].pop(message.ts, None)
        self.private[message.to].pop(message.ts, None)
        self.store.drop("messages", f"{message.channel}/{message.ts}")
        self.touched(message)

    def _put(self, message: Message) -> None:
        self.messages[message.channel][message.ts] = message
        if message.to:
            self.private[message.to][message.ts] = message

    def _keep(self, message: Message) -> None:
        self._put(message)
        row = {"channel": message.channel, "ts": message.ts, "body": message.body, "to": message.to}
        self.store.put("messages", f"{message.channel}/{message.ts}", row)

    def keep_channel(self, channel: Channel) -> None:
        """Keep whether the channel is archived and has the bot, and say so."""
        self.store.put("channels", channel.id, {"is_archived": channel.is_archived, "has_bot": channel.has_bot})
        self.changed("people")

    def touched(self, message: Message) -> None:
        """Say that this message changed to those who see it."""
        channel = self.channels[message.channel]
        users = [message.to] if message.to else None if channel.kind == "public" else channel.members
        marks = [f"message {message.channel} {message.ts}"]
        if message.to:
            marks.append(f"person {message.to}")
        elif channel.kind == "im" and message.body.get("bot_id"):
            marks.append(f"person {channel.members[0]}")
        self.changed("messages", channel=message.channel, users=users, marks=marks)

    def changed(
        self, kind: str, *, channel: str = "", users: list[str] | None = None, marks: list[str] | None = None
    ) -> None:
        """Tell listeners that something of this kind changed, and wake who waits for one of the marks."""
        told: dict[str, Any] = {"kind": kind}
        if channel:
            told["channel"] = channel
        if users is not None:
            told["users"] = users
        for listener in self.listeners:
            listener.put_nowait(told)
        for mark in marks or ():
            self.marks[mark] += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def level(self, marks: tuple[str, ...]) -> int:
        """Return a number that grows whenever one of the marks is touched."""
        return sum(self.marks[mark] for mark in marks)

    async def wait_beyond(self, marks: tuple[str, ...], level: int, seconds: float) -> None:
        """Return as soon as the level of the marks is above `level`, or after that time."""
        until = time.monotonic() + seconds
        while self.level(marks) <= level and (left := until - time.monotonic()) > 0:
            woken = self._changed
            try:
                await asyncio.wait_for(woken.wait(), left)
            except TimeoutError:
                return


def sent_at(ts: str) -> str:
    """Return a message's timestamp as an ISO time in UTC."""
    return datetime.fromtimestamp(float(ts), UTC).isoformat(timespec="seconds")


def size_of(told: object) -> int:
    """Return how many bytes the value takes as JSON."""
    return len(json.dumps(told, ensure_ascii=False).encode())
