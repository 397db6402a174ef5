"""`board`: the boards of a company of 100,000, from the click to the drawn card, while visits arrive.

Of each kind of board (that which is posted, and the week, the 30 days, the season and all time as one person sees them,
people and crews) the median over many readings counts; the row shows the slowest. Each card is drawn for Slack and for
Teams. The sums were rebuilt from the ledger just before. The chart is not part of it: it is painted beside it.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any, cast

from benchmarks.arriving import command
from benchmarks.company import CHANNEL, NOW, ZONE, CompanyYear, programme
from benchmarks.filling import fill
from benchmarks.grounds import Place, on_postgres, on_sqlite
from benchmarks.processes import running, wait_for_line
from benchmarks.table import Result, at_most
from bot.core.actions import Interaction, ShowBoard
from bot.core.cards import Card
from bot.core.jobs import PostBoard
from bot.core.leaderboard import Period, crew_means, visible_of
from bot.core.people import Role
from bot.i18n.translator import words_for
from connectors.chat.slack.render import render_message
from connectors.chat.teams.render import render_card
from handlers.cards import board as cards
from handlers.context import Context, Me, Outside
from handlers.leaderboard import PEOPLE_SHOWN, post_board, show_board
from handlers.recount import recount_everything
from storage.engine import Sessions
from storage.queries import boards
from storage.queries.boards import Stretch
from storage.upkeep import refresh_statistics

PROGRAMME = replace(programme(), public_url=None)  # without an address no chart is painted
ASKER = 77
MEMBERS, VISITS_EACH = 1_000, 50
"""A company of size 1 has so many members; a hundred times as many are those of the design."""

Board = Callable[[Sessions], Awaitable[None]]


def measure(budget: Mapping[str, Any]) -> Sequence[Result]:
    """Return a row for each database and size of the company."""
    return [
        _row(kind.label, times, budget, asyncio.run(_measure(kind.empty(), times, budget)))
        for ground in (on_sqlite, on_postgres)
        for times in budget["growth"]
        for kind in _ground(ground)
    ]


def _ground(ground: Callable[[], Any]) -> Iterator[Any]:
    with ground() as kind:
        yield kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How long each reading of each board took, how long the sums took to rebuild, and what arrived meanwhile."""

    seconds: Mapping[str, Sequence[float]]
    quiet: Mapping[str, Sequence[float]]
    rebuilding: float
    arrived: Mapping[str, float]


def _row(label: str, times: int, budget: Mapping[str, Any], found: Measured) -> Result:
    slowest = max(found.seconds, key=lambda name: median(found.seconds[name]))
    took = median(found.seconds[slowest]) * 1e3
    every = [one * 1e3 for readings in found.seconds.values() for one in readings]
    note = (
        f"slowest is {slowest}; p99 of all {quantiles(every, n=100)[-1]:.0f} ms; {found.arrived['rate']:.0f} visits/s "
        f"arrived, p99 {found.arrived['p99_ms']:.0f} ms, {found.arrived['credited']:.0f} credited, "
        f"{found.arrived['journalled']:.0f} by way of the journal; all sums rebuilt in {found.rebuilding:.0f} s; "
        + ", ".join(f"{name} {median(readings) * 1e3:.1f}" for name, readings in found.seconds.items())
    )
    quiet = max(median(readings) for readings in found.quiet.values()) * 1e3
    return Result(
        name=f"board{label} {times}x",
        measured=f"{took:.1f} ms",
        baseline=f"{quiet:.1f} ms without visits",
        ratio=f"{took / quiet:.2f}",
        target=f"<= {budget['most_ms']:.0f} ms",
        verdict=at_most(took, budget["most_ms"]),
        note=note,
    )


async def _measure(place: Place, times: int, budget: Mapping[str, Any]) -> Measured:
    company = CompanyYear(members=MEMBERS * times, visits=MEMBERS * times * VISITS_EACH)
    sessions = Sessions(place.url)
    await fill(sessions, company)
    begun = time.perf_counter()
    await recount_everything(sessions, PROGRAMME, now=NOW)
    await refresh_statistics(sessions)
    rebuilding = time.perf_counter() - begun
    quiet = await _read(sessions, budget["quiet_readings"])
    with _visits_arriving(place, budget["visits_a_second"], company.shares) as arrived:
        seconds = await _read(sessions, budget["readings"])
    await sessions.close()
    return Measured(seconds=seconds, quiet=quiet, rebuilding=rebuilding, arrived=arrived)


@contextmanager
def _visits_arriving(place: Place, rate: int, links: int) -> Iterator[dict[str, float]]:
    """Let visits arrive while the block runs; what it yields says afterwards how many did."""
    told: dict[str, float] = {}
    with running(command(place.url, place.folder / "journal", rate=rate, links=links)) as process:
        wait_for_line(process, "ready")
        time.sleep(1)
        yield told
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process of the visits cannot be spoken to")
        process.stdin.close()
        told |= json.loads(process.stdout.readline())


async def _read(sessions: Sessions, readings: int) -> Mapping[str, Sequence[float]]:
    """Return the seconds of each reading of each board, all of them in turn; a first reading of each is not counted."""
    every = _boards()
    seconds: dict[str, list[float]] = {name: [] for name in every}
    for reading in range(readings + 1):
        for name, board in every.items():
            begun = time.perf_counter()
            await board(sessions)
            if reading:
                seconds[name].append(time.perf_counter() - begun)
    return seconds


def _boards() -> Mapping[str, Board]:
    shown = {
        f"{period}{' crews' if crews else ''}": _private(ShowBoard(period=period, crews=crews))
        for period in ("week", "month", "season")
        for crews in (False, True)
    }
    return {"posted": _posted, **shown, "all time": _all_time}


def _draw(card: Card) -> None:
    render_message(card)
    render_card(card)


class _Channel:
    """A channel of both platforms."""

    drawn = 0

    def knows(self, _ref: str) -> bool:
        """Every channel is this one."""
        return True

    async def post(self, _channel: str, card: Card, *, key: str) -> str:
        """Draw a card for both platforms."""
        _draw(card)
        self.drawn += 1
        return key


async def _posted(sessions: Sessions) -> None:
    channel = _Channel()
    out = Outside(
        sessions=sessions,
        surfaces={"slack": cast(Any, channel)},
        pages=cast(Any, None),
        charts=cast(Any, None),
        composers=cast(Any, None),
        networks={},
        vault=cast(Any, None),
        clock=cast(Any, _Evening()),
        programme=PROGRAMME,
        words=words_for,
        secret=b"",
    )
    await post_board(out, PostBoard(channel_ref=CHANNEL, until=datetime(2026, 12, 28, 8, tzinfo=UTC).isoformat()))
    if channel.drawn != 1:
        raise RuntimeError("no board was posted")


class _Evening:
    """The clock of the company."""

    def now(self) -> datetime:
        """Return its one instant."""
        return NOW


def _private(action: ShowBoard) -> Board:
    async def show(sessions: Sessions) -> None:
        async with sessions.reading() as session:
            interaction = Interaction(
                key="k", platform="slack", tenant_ref="T1", person_ref="U77", action=action, received_at=NOW
            )
            ctx = Context(
                session=session,
                interaction=interaction,
                me=_me(),
                now=NOW,
                programme=PROGRAMME,
                words=words_for("en", ZONE.key),
                composers=cast(Any, None),
                secret=b"",
            )
            reply = await show_board(ctx, action)
        _draw(cast(Card, reply.card))

    return show


def _me() -> Me:
    return Me(
        id=ASKER,
        identity_id=ASKER,
        platform="slack",
        tenant_ref="T1",
        person_ref=f"U{ASKER}",
        name="Hana",
        role=Role.MEMBER,
        locale="en",
        zone=ZONE.key,
        crew_id=1,
        default_network=None,
        is_named=True,
        muted_topics=(),
        joined_at=NOW,
        welcomed_at=NOW,
        left_at=None,
    )


async def _all_time(sessions: Sessions) -> None:
    """Read and draw people, crews and one's own place since ever, for which there is no command."""
    stretch, words = Stretch(period=Period.ALL), words_for("en", ZONE.key)
    async with sessions.reading() as session:
        people = await boards.list_people(session, stretch, at_most=PEOPLE_SHOWN)
        crews = crew_means(await boards.list_crews(session, stretch))
        points, above = await boards.find_own(session, stretch, member_id=ASKER)
        shares, visits = await boards.find_sums(session, stretch)
    visible = visible_of(people.top, named=people.named, others=people.others, at_most=PEOPLE_SHOWN)
    parts = (
        cards.PeoplePart(heading="All time", visible=visible, names=people.names, is_cut=people.is_cut),
        cards.CrewsPart(heading="Teams", crews=crews, smallest=5),
    )
    body = [one for part in parts for one in cards.part_elements(words, part)]
    own = cards.own_line(words, rank=above + 1, points=points)
    _draw(Card(title=cards.sums_line(words, shares=shares, visits=visits), body=(*body, own)))
