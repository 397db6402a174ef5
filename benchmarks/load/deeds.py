"""What people do in a morning, on either platform, at a pace that does not wait for the bot; and how it answered."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from random import Random
from typing import Any, Generic, Protocol, TypeVar

from benchmarks.load.plan import CURATORS, IDEAS, TITLE, Plan

T = TypeVar("T")

LOOK_EVERY = 0.1
TRIES = 5
TAKEN, SAID, CONFIRMED = "is with the comms team", "Kept as you said it", "Your post is confirmed"
"""What the bot says to a suggestion, to "I shared it" and to the link of a post once they are kept."""

PATIENCE = 20.0
SLOWEST = 0.2
"""A phase is given up when it takes longer than it would at so small a share of what the limits allow."""


class DeedFailedError(Exception):
    """The bot did not answer a deed as it should; the words say how."""


@dataclass(slots=True, kw_only=True)
class Answers:
    """How the bot answered: milliseconds of each answer, what went wrong, and which deeds were done to their end."""

    ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    not_opened: int = 0

    @asynccontextmanager
    async def timed(self) -> AsyncIterator[None]:
        """Note how long the block took, which is one answer of the bot."""
        begin = time.perf_counter()
        yield
        self.ms.append((time.perf_counter() - begin) * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that the bot sent of itself: when (seconds), where, and of what, empty for anything else.

    `what` is "post" for the announcement, and the number of a suggestion for its decision.
    """

    at: float
    where: str
    what: str = ""


_IDEA = re.compile(re.escape(IDEAS) + r"(\d+)")


def said_of(body: object) -> str:
    """Return what a message is of, as `Sent` has it, by what stands in it."""
    held = json.dumps(body)
    idea = _IDEA.search(held)
    return idea[1] if idea else "post" if TITLE in held else ""


@dataclass(slots=True)
class Arrivals(Generic[T]):
    """The outbox's messages among all there are, each read once; `read` returns nothing for any other message."""

    read: Callable[[str, T], Sent | None]
    found: list[Sent] = field(default_factory=list)
    _read: dict[str, int] = field(default_factory=dict)

    def look(self, rooms: Mapping[str, Mapping[str, T]]) -> Sequence[Sent]:
        """Return what has come into the rooms so far; messages only ever come, at a room's end."""
        for where, there in rooms.items():
            known = self._read.get(where, 0)
            if len(there) > known:
                new = (self.read(where, one) for one in islice(there.values(), known, None))
                self.found += [one for one in new if one is not None]
                self._read[where] = len(there)
        return self.found


class Chat(Protocol):
    """One platform with the whole company in it."""

    answers: Answers

    @property
    def address(self) -> str:
        """The public address, without a trailing slash."""

    def environment(self) -> Mapping[str, str]:
        """Return what leads a bot here."""

    def service(self) -> Mapping[str, str]:
        """Return where the bot reaches the platform's service and as which app, as far as it keeps that."""

    async def start(self) -> None:
        """Serve from now on."""

    async def stop(self) -> None:
        """End."""

    def listen(self, bot_url: str) -> None:
        """Deliver to the bot at that address from now on."""

    async def ask(self, number: int, text: str) -> None:
        """Have a member give a command; returns once the bot has acknowledged it."""

    def heard(self, number: int, words: str) -> int:
        """Return how many messages with these words the bot has written for a member alone."""

    async def hears(self, number: int, words: str, *, before: int) -> bool:
        """Return whether there are more than `before` within the time that a window may take to open."""

    async def share(self, number: int) -> None:
        """Have a member share what is announced in their channel, to the end."""

    def sent(self) -> Sequence[Sent]:
        """Return what the bot has sent of itself, in any order."""

    def counts(self) -> Mapping[str, int]:
        """Return how often the bot asked for what with which result ("chat.postMessage ratelimited")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was seen of a morning, as numbers alone, so that it can be judged elsewhere.

    `announced` and `told` are, for every channel and member, how often the message came that should come once; times
    are seconds. `phases` names the first and last instant of a phase, `keyed` is when each message of the outbox came.
    """

    announced: Sequence[int]
    told: Sequence[int]
    keyed: Sequence[float]
    phases: Mapping[str, tuple[float, float]]
    ms: Sequence[float]
    failed: Mapping[str, int]
    done: Mapping[str, int]
    opened: int
    not_opened: int
    asked: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return it for another process."""
        return asdict(self)


@dataclass(slots=True, kw_only=True)
class Morning:
    """One morning of the company in a chat: `live` does it, `report` says what was seen."""

    plan: Plan
    chat: Chat
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - the same every time
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Announce, decide, and meanwhile do everything else that people do."""
        if self.plan.is_quiet:
            await self._announce()
            return
        around = [
            asyncio.create_task(self._at_pace(self.plan.suggestions, self._suggest)),
            asyncio.create_task(self._at_pace(self.plan.boards, self._look)),
        ]
        await asyncio.sleep(self.plan.begin)
        announcing = asyncio.create_task(self._announce())
        around.append(asyncio.create_task(self._at_pace(self.plan.shares, self._share())))
        await announcing
        deciding = asyncio.create_task(self._decide_all())
        await self._wait_for("decision", self.plan.members)
        self.over.set()
        await asyncio.gather(deciding, *around)

    async def _announce(self) -> None:
        ref = f"P{self.plan.post_id}"
        await self._deed(self._insist(0, f"approve {ref}", until=f"{ref} "))
        await self._wait_for("post", self.plan.channels)

    async def _wait_for(self, what: str, wanted: int) -> None:
        """Return once so many messages have come, or when it takes far too long."""
        until = time.monotonic() + PATIENCE + wanted / self.plan.posts_a_second / SLOWEST
        while time.monotonic() < until and self._count(what) < wanted:  # noqa: ASYNC110 - messages set nothing
            await asyncio.sleep(LOOK_EVERY)

    def _count(self, what: str) -> int:
        return sum(1 for one in self.chat.sent() if one.what and (one.what == "post") == (what == "post"))

    async def _decide_all(self) -> None:
        numbers = iter(range(self.plan.suggestions_before))

        async def decide() -> None:
            number = next(numbers, None)
            if number is not None:
                ref = f"S{number + 1}"
                said = f"decline {ref} Thank you! We told of it last spring."
                await self._insist(number % CURATORS, said, until=f"{ref} ")
                self.chat.answers.done["decision"] += 1

        await self._at_pace(self.plan.decisions, decide, times=self.plan.suggestions_before)

    async def _insist(self, number: int, text: str, *, until: str) -> None:
        """Give a command, and again if that does not work or is to be tried again; it counts as failed all the same."""
        command = text.partition(" ")[0]
        for _ in range(TRIES):
            try:
                if await self._is_answered(number, text, until):
                    return
                self.chat.answers.failed[f"{command}: to be asked again"] += 1
            except DeedFailedError as error:
                self.chat.answers.failed[str(error)] += 1
        raise DeedFailedError(f"{command}: not done")

    async def _is_answered(self, number: int, text: str, words: str) -> bool:
        before = self.chat.heard(number, words)
        await self.chat.ask(number, text)
        return await self.chat.hears(number, words, before=before)

    async def _suggest(self) -> None:
        text = f"suggest https://found.example.com/{self.random.randrange(10**9)} our customers liked it"
        if not await self._is_answered(self._anybody(), text, TAKEN):
            raise DeedFailedError("suggest: not taken")
        self.chat.answers.done["suggestion"] += 1

    async def _look(self) -> None:
        await self.chat.ask(self._anybody(), "leaderboard")
        self.chat.answers.done["board"] += 1

    def _share(self) -> Callable[[], Awaitable[None]]:
        people = list(range(CURATORS, self.plan.members))
        self.random.shuffle(people)
        turns = iter(people)

        async def share() -> None:
            number = next(turns, None)
            if number is not None:
                await self.chat.share(number)

        return share

    def _anybody(self) -> int:
        return self.random.randrange(CURATORS, self.plan.members)

    async def _at_pace(self, a_second: float, deed: Callable[[], Awaitable[None]], *, times: int = 10**9) -> None:
        """Begin a deed so many times a second, whether the earlier ones are done or not, until the morning is over."""
        begun: set[asyncio.Task[None]] = set()
        start = time.monotonic()
        for number in range(1, times + 1):
            if self.over.is_set():
                break
            task = asyncio.create_task(self._deed(deed()))
            begun.add(task)
            task.add_done_callback(begun.discard)
            await self._pause(start + number / a_second - time.monotonic())
        await asyncio.gather(*begun)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until the morning is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), max(0.0, seconds))

    async def _deed(self, deed: Awaitable[None]) -> None:
        try:
            await deed
        except DeedFailedError as error:
            self.chat.answers.failed[str(error)] += 1

    def report(self) -> Report:
        """Return what was seen."""
        sent = self.chat.sent()
        posts = Counter(one.where for one in sent if one.what == "post")
        told = Counter(one.where for one in sent if one.what not in ("", "post"))
        answers = self.chat.answers
        return Report(
            announced=[posts[self.plan.channel(number)] for number in range(self.plan.channels)],
            told=[told[self.plan.member(number)] for number in range(self.plan.members)],
            keyed=sorted(one.at for one in sent),
            phases={
                "post": _span(one.at for one in sent if one.what == "post"),
                "decision": _span(one.at for one in sent if one.what not in ("", "post")),
            },
            ms=answers.ms,
            failed=dict(answers.failed),
            done=dict(answers.done),
            opened=answers.opened,
            not_opened=answers.not_opened,
            asked=dict(self.chat.counts()),
        )


def _span(instants: Any) -> tuple[float, float]:  # noqa: ANN401 - any iterable of numbers
    held = sorted(instants)
    return (held[0], held[-1]) if held else (0.0, 0.0)
