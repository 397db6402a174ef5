"""One run on one database: a company at work, processes that die, and in the end a verdict."""

import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.chaos import deeds
from benchmarks.chaos.acts import Diary, Kind
from benchmarks.chaos.company import CURATORS, EMPLOYEES, write_company
from benchmarks.chaos.database import DELIVER, Database, OnPostgres, OnSqlite, read_left
from benchmarks.chaos.evidence import Evidence, gather
from benchmarks.chaos.fleet import Fleet, Slot
from benchmarks.chaos.judge import Verdict, judge
from benchmarks.chaos.person import Person
from benchmarks.chaos.schedule import Fate, Schedule
from benchmarks.chaos.settling_in import settle_in
from benchmarks.chaos.trouble import Trouble
from benchmarks.chaos.visitors import wander
from benchmarks.fleet.asking import Json
from benchmarks.fleet.balancer import Balancer
from benchmarks.fleet.postgres import PostgresServer
from benchmarks.fleet.replicas import ROOT, Zygote
from benchmarks.fleet.town import Town
from playground.ports import free_port
from storage.vault import new_key

LEASE_SECONDS = 15.0
"""Shorter than a bot's own, so that much is taken over in minutes; longer than the database is ever away."""

QUIET_LOOKS = 3
LATER_SECONDS = (0, 400, 1100, 400)
"""Steps of the clock in the end: what waits for its time comes, and what was left is looked after."""

MOST_SETTLING_SECONDS = 150.0
PAUSE_SECONDS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run is to be: on which database, how many replicas, kills, people, and by which dice."""

    name: str
    seed: int
    kills: int
    replicas: int
    employees: int = len(EMPLOYEES)
    curators: int = len(CURATORS)
    pause: float = PAUSE_SECONDS
    later: Sequence[float] = LATER_SECONDS
    postgres: PostgresServer | None = None
    lease_seconds: float = LEASE_SECONDS


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a run; `cut` and `uncertain` name each job and share once ("job 7", "share 3").

    `spent` are the seconds before the trouble, in it, and until all was quiet again.
    """

    wanted: Wanted
    verdict: Verdict
    uncertain: set[str]
    cut: set[str]
    kills: int
    covered: str
    counts: Counter[str] = field(default_factory=Counter)
    acts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    died: Counter[str] = field(default_factory=Counter)
    strange: Sequence[str] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    spent: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, nothing doubled, and uncertain exactly what was cut."""
        is_clean = not (self.verdict.lost or self.verdict.doubled or self.strange)
        return is_clean and self.uncertain == self.cut and self.kills >= self.wanted.kills


@dataclass(slots=True, kw_only=True)
class World:
    """All that a run is made of, while it lasts."""

    wanted: Wanted
    town: Town
    front: Balancer
    fleet: Fleet
    diary: Diary
    dice: random.Random
    began: float

    def people(self, refs: Sequence[str]) -> list[Person]:
        """Return somebody at the keys for each of those."""
        return [
            Person(
                who=who,
                town=self.town,
                diary=self.diary,
                dice=random.Random(self.dice.random()),  # noqa: S311 - reproducible on purpose
                began=self.began,
            )
            for who in refs
        ]


async def run(wanted: Wanted, folder: Path) -> Outcome:
    """Do one run in an empty folder and return what came of it."""
    began = time.monotonic()
    async with _world(wanted, folder) as world:
        trouble = Trouble(
            town=world.town,
            dice=random.Random(world.dice.random()),  # noqa: S311 - reproducible on purpose
            began=world.began,
            at_rest=world.fleet.at_rest,
            diary=world.diary,
            postgres=wanted.postgres,
        )
        employees = world.people(EMPLOYEES[: wanted.employees])
        curators = world.people(CURATORS[: wanted.curators])
        await _first_day(world, employees, curators)
        settled = time.monotonic()
        ended = world.fleet.ended
        acting = [
            *(one.live(list(deeds.OF_EMPLOYEES), ended, wanted.pause) for one in employees),
            *(one.live(list(deeds.OF_CURATORS), ended, wanted.pause) for one in curators),
            wander(world.front.port, world.diary, random.Random(wanted.seed), ended),  # noqa: S311
        ]
        await asyncio.gather(trouble.run(ended), *acting, *(world.fleet.live(one) for one in world.fleet.slots))
        troubled = time.monotonic()
        evidence, ledger = await _come_to_rest(world)
    outcome = _outcome(world, evidence, ledger)
    outcome.counts += trouble.counts
    outcome.spent = (settled - began, troubled - settled, time.monotonic() - troubled)
    return outcome


@asynccontextmanager
async def _world(wanted: Wanted, folder: Path) -> AsyncIterator[World]:
    ports = [free_port() for _ in range(wanted.replicas)]
    front = Balancer(ports)
    await front.start()
    company, config = write_company(folder / "company")
    town = Town(folder / "town", front.address, company, config, "benchmarks.chaos.cutting:wrap")
    dice = random.Random(wanted.seed)  # noqa: S311 - reproducible on purpose
    async with town, Zygote(["benchmarks.chaos.launch"]) as zygote, aiohttp.ClientSession() as http:
        keys = {"VOUCH_SECRET_KEY": secrets.token_hex(32), "VOUCH_TOKEN_KEYS": new_key()}
        town.more = keys  # as several machines share them
        slots = [_slot(town, wanted, number, port, folder) for number, port in enumerate(ports)]
        if wanted.postgres is not None:
            await _migrate(slots[0].environment)
        schedule = Schedule(dice=random.Random(dice.random()))  # noqa: S311
        fleet = Fleet(
            zygote=zygote,
            database=_database(wanted, slots[0]),
            schedule=schedule,
            slots=slots,
            most_kills=wanted.kills,
            lease_seconds=wanted.lease_seconds,
            http=http,
        )
        try:
            began = time.monotonic()
            yield World(wanted=wanted, town=town, front=front, fleet=fleet, diary=Diary(), dice=dice, began=began)
        finally:
            await front.stop()


async def _migrate(environment: Mapping[str, str]) -> None:
    """Prepare a database that several processes share; SQLite's is made by the one that starts first."""
    command = [sys.executable, "-m", "bot", "migrate"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise RuntimeError("the database could not be prepared")


def _slot(town: Town, wanted: Wanted, number: int, port: int, folder: Path) -> Slot:
    place = folder / f"replica{number}"
    place.mkdir(parents=True)
    environment = town.environment(port, data=place / "data")
    if wanted.postgres is not None:
        environment["DATABASE_URL"] = wanted.postgres.address()
    return Slot(number=number, port=port, folder=place, environment=environment)


def _database(wanted: Wanted, slot: Slot) -> Database:
    if wanted.postgres is not None:
        return OnPostgres(address=wanted.postgres.address())
    return OnSqlite(path=slot.folder / "data" / "vouch.db")


async def _first_day(world: World, employees: list[Person], curators: list[Person]) -> None:
    """Start everything, meet everybody, and then let the trouble begin."""
    await world.town.ask("faults", rates={"is_on": False})
    await world.town.ask("net/limits", linkedin_posts=10**6, x_posts=10**6, x_reads=10**6, mastodon_calls=10**6)
    quiet = Fate()
    for slot in world.fleet.slots:
        await world.fleet.start(slot, quiet)
    await settle_in(employees, curators)
    for slot in world.fleet.slots:
        if slot.running is not None:
            await slot.running.stop()


async def _come_to_rest(world: World) -> tuple[Evidence, Json]:
    """Wait until everything that is to be done is done, and return all there is."""
    fleet = world.fleet
    await fleet.ensure_alive()
    for seconds in world.wanted.later:
        if seconds:
            async with world.town.http.post(f"{world.town.address}/chaos/step", json={"seconds": seconds}) as response:
                await response.read()
        await _until_quiet(world)
    async with world.town.http.get(f"{world.town.address}/chaos/ledger") as response:
        ledger: Json = await response.json()
    return await gather(fleet.database, ledger), ledger


async def _until_quiet(world: World) -> None:
    """Wait until no job is due or runs and no share is under way, some looks in a row."""
    quiet, until = 0, time.monotonic() + MOST_SETTLING_SECONDS
    before: dict[str, int] = {}
    while quiet < QUIET_LOOKS and time.monotonic() < until:
        await world.fleet.ensure_alive()
        left = await read_left(world.fleet.database)
        is_quiet = not left.get("running") and left == before
        quiet, before = (quiet + 1, left) if is_quiet else (0, left)
        await asyncio.sleep(0.7)
    if quiet < QUIET_LOOKS:
        world.fleet.strange.append(f"it did not come to rest: {before}")


def _outcome(world: World, evidence: Evidence, ledger: Json) -> Outcome:
    fleet, schedule = world.fleet, world.fleet.schedule
    uncertain = {f"job {one.id}" for one in evidence.jobs if one.state == "uncertain"}
    uncertain |= {f"share {one.id}" for one in evidence.shares.values() if one.state == "uncertain"}
    cut = {f"job {one}" for one in fleet.jobs} | {f"share {one}" for one in fleet.shares}
    counts: Counter[str] = Counter(f"call cut ({one['kind']})" for one in ledger["cut"])
    counts["visits answered"] = sum(world.diary.answered.values())
    counts["visits sent"] = sum(world.diary.sent.values())
    counts["starts that failed"] = fleet.failed_starts
    about = {f"job {one.id}": f"{one.kind} {one.held} {one.state} {one.error} {one.done_at}" for one in evidence.jobs}
    for share in evidence.shares.values():
        sent = [str(one) for one in evidence.jobs if one.kind == DELIVER and one.carries("share_id") == share.id]
        about[f"share {share.id}"] = f"{share.network} {share.state} {share.fault} {' '.join(sent)}"
    for one in ledger["cut"]:
        cut.add(_cut_by_playground(one, evidence, world.diary, uncertain))
    return Outcome(
        wanted=world.wanted,
        verdict=judge(evidence, world.diary),
        uncertain=uncertain,
        cut=cut,
        kills=fleet.kills,
        covered=f"{schedule.covered} of {len(schedule.known)}",
        counts=counts,
        acts=world.diary.counts(),
        died=schedule.died,
        strange=fleet.strange,
        about=about,
    )


def _cut_by_playground(cut: Json, evidence: Evidence, diary: Diary, uncertain: set[str]) -> str:
    """Return which job or share a call that was cut was of; one that is uncertain first, where two are alike."""
    if cut["kind"] == "message":
        kind, _, held = cut["job"].partition(" ")
        names = [f"job {one.id}" for one in evidence.jobs if (one.kind, one.held) == (kind, held)]
    else:
        queued = [one for one in diary.acts if one.kind is Kind.QUEUED and one.word in cut["body"]]
        names = [f"share {one.number}" for one in queued]
    return next((one for one in names if one in uncertain), next(iter(names), f"unknown: {cut['body'][:80]}"))


def new_folder() -> Path:
    """Return a new folder for what a run leaves, short enough for a socket in it."""
    return Path(tempfile.mkdtemp(prefix="vouch-chaos-"))
