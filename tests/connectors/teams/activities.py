"""Recorded activities, and what stands around the connector's inner half: who handles, who sends, who remembers."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bot.core.actions import Interaction
from bot.core.cards import Card, Text
from bot.core.reply import SILENCE, Reply
from connectors.chat.teams.decode import Place
from connectors.chat.teams.display import Notices
from connectors.chat.teams.guard import Answer

PAYLOADS = Path(__file__).parents[2] / "payloads" / "teams"
NAMES = tuple(sorted(one.stem for one in PAYLOADS.glob("*.json")))
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
TENANT = "7a1c0b52-0f5e-4c1d-9d3b-2f6f0c9a1e10"
ANNA = "0a11a0b1-1111-4a4a-8b8b-0000000000a1"
BOT = "28:2b0f7d1c-5c0e-4a52-9a57-6f3f1f0b0b0b"
NEWS = "19:6decf54d86d945e4b3924b63a9161a78@thread.tacv2"


def activity(recorded: str, /, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - what JSON holds
    """Return a recorded activity with `changes` laid over it; `sender` stands for "from"."""
    told = dict(json.loads((PAYLOADS / f"{recorded}.json").read_text(encoding="utf-8"))["payload"])
    if "sender" in changes:
        changes["from"] = changes.pop("sender")
    return {**told, **changes}


def said(text: str, where: str = "message_in_person", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a message with `text` and nothing behind it."""
    return activity(where, text=text, attachments=[], **changes)


def with_data(name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - what JSON holds
    """Return a dialog's activity whose button's data has `changes`; `None` takes a name out."""
    told = activity(name)
    data = {**told["value"]["data"], **changes}
    kept = {key: value for key, value in data.items() if value is not None}
    return {**told, "value": {**told["value"], "data": kept}}


@dataclass
class FakeDispatch:
    """Keeps what it is asked and answers what a test says, after `wait` if there is one."""

    reply: Reply = SILENCE
    fault: Exception | None = None
    wait: asyncio.Event | None = None
    received: list[Interaction] = field(default_factory=list)

    async def __call__(self, interaction: Interaction) -> Reply:
        """Keep and answer."""
        self.received.append(interaction)
        if self.wait is not None:
            await self.wait.wait()
        if self.fault is not None:
            raise self.fault
        return self.reply


class FixedClock:
    """A clock that stands."""

    def now(self) -> datetime:
        """Return the one moment."""
        return NOW


@dataclass
class FakePrivate:
    """Sends nothing; keeps what it was to send, and fails as often as it is told to."""

    faults: list[Exception] = field(default_factory=list)
    sent: list[tuple[Card, Place]] = field(default_factory=list)
    replied: list[tuple[Card, Place]] = field(default_factory=list)
    wait: asyncio.Event | None = None

    async def send(self, card: Card, place: Place) -> None:
        """Keep `card`, or fail."""
        if self.wait is not None:
            await self.wait.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((card, place))

    async def reply(self, card: Card, place: Place) -> None:
        """Keep what was said for all to see."""
        self.replied.append((card, place))

    @property
    def titles(self) -> list[str]:
        """The titles of what was sent."""
        return [card.title for card, _ in self.sent]


@dataclass
class FakeFiles:
    """Takes every answer to a card of consent."""

    received: list[Mapping[str, Any]] = field(default_factory=list)
    is_drained: bool = False

    async def consent(self, told: Mapping[str, Any]) -> Answer:
        """Keep `told`."""
        self.received.append(told)
        return Answer(status=HTTPStatus.OK, body={})

    async def drain(self) -> None:
        """Note that somebody waited."""
        self.is_drained = True


@dataclass
class FakeBook:
    """An address book in memory."""

    held: dict[str, str] = field(default_factory=dict)
    fault: Exception | None = None

    async def find(self, ref: str) -> str | None:
        """Return what is held."""
        return self.held.get(ref)

    async def keep(self, ref: str, held: str, *, is_person: bool) -> None:
        """Hold it."""
        if self.fault is not None:
            raise self.fault
        self.held[ref] = held

    async def forget(self, ref: str) -> None:
        """Hold it no longer."""
        self.held.pop(ref, None)

    async def list_held(self, prefix: str) -> Mapping[str, str]:
        """Return what begins with `prefix`."""
        return {ref: held for ref, held in self.held.items() if ref.startswith(prefix)}


def notices(locale: str) -> Notices:
    """Return notices that name their language."""
    return Notices(
        window_failed=Card(title=f"No window ({locale})", body=(Text(("Once more, please.",)),)),
        unreadable=Card(title=f"Too old ({locale})"),
        unreachable=Card(title=f"No way to you ({locale})"),
        late=Card(title=f"Too late ({locale})"),
        welcome=Card(title=f"Hello ({locale})"),
        in_chat="More in the chat.",
    )
