"""Claims from the outbox: what may start now, within the limits, and never two of one lane, over all processes.

Whoever claims holds the rows of the pools' limits until its commit, so of two processes one claims after the other and
sees what the first has taken. On PostgreSQL leases and limits go by the database's clock: that of a process may be
wrong, or be set anew. What waits for a time (`run_at`) goes by the process's own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Interval,
    Select,
    String,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from storage.lists import in_array, in_json, is_postgresql, listed
from storage.prepared import Prepared, Row, together
from storage.queries.limits import Book, Claim, lane_name
from storage.tables import JOB, LANE
from storage.types import Instant

SPARE = 16
"""So many jobs more than may start are looked at in each pool: those behind the first of a lane do not count."""

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

IDLE_MS = 20_000
"""So long PostgreSQL waits for the next word of who claims; one whose machine is gone would hold up all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that this owner now runs; `tries` counts this run."""

    id: int
    kind: str
    held: str
    pool: str
    lane: str
    tries: int
    held_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What was claimed; `is_more` if more may start at once, else after `pause` at the earliest (`None`: unknown)."""

    jobs: Sequence[Claimed] = ()
    is_more: bool = False
    pause: timedelta | None = None


# What waits, as the database is asked for it. States are written out: an index on one of them is then found.

_ORDER = (JOB.c.priority, JOB.c.run_at, JOB.c.id)
_NAMES = ("id", "kind", "held", "pool", "lane", "tries", "held_since", "priority", "run_at")


def is_state(table: FromClause, state: str) -> ColumnElement[bool]:
    """Return whether a job is in `state`, as the indexes say it."""
    column: ColumnElement[str] = table.c.state
    return column == literal_column(f"'{state}'")


def _name_of(table: FromClause) -> ColumnElement[str]:
    return func.substr(table.c.pool + "/" + table.c.lane, 1, 160)


def _is_free() -> ColumnElement[bool]:
    """Return whether a job's lane has nothing running and no pause: what happens in one place happens in order."""
    running = JOB.alias("running")
    busy = select(_name_of(running)).where(is_state(running, "running"), running.c.lane != "")
    held = select(LANE.c.name).where(LANE.c.next_at > bindparam("at", type_=Instant))
    return or_(JOB.c.lane == "", and_(_name_of(JOB).not_in(busy), _name_of(JOB).not_in(held)))


def _due(pool: Any, most: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - a parameter, or a column
    is_due = JOB.c.run_at <= bindparam("now", type_=Instant)
    wanted = select(*(JOB.c[name] for name in _NAMES)).where(is_state(JOB, "queued"), JOB.c.pool == pool, is_due)
    return wanted.where(_is_free()).order_by(*_ORDER).limit(most)


def _due_by_pool() -> Select[*tuple[Any, ...]]:
    """Select the first due jobs of each pool, passing over those that somebody else is at; for PostgreSQL."""
    pools, mosts = bindparam("pools", type_=ARRAY(String)), bindparam("mosts", type_=ARRAY(Integer))
    wanted = func.unnest(pools, mosts).table_valued("pool", "most").render_derived("wanted")
    due = _due(wanted.c.pool, wanted.c.most).with_for_update(skip_locked=True, of=JOB).lateral("due")
    return select(*due.c).select_from(wanted.join(due, true()))


_DUE = Prepared(_due(bindparam("pool"), bindparam("most", type_=Integer)))
_DUE_BY_POOL = Prepared(_due_by_pool())

_LOCKED = Prepared(
    select(LANE.c.name, LANE.c.next_at).where(in_json(LANE.c.name, "names")),
    postgresql=select(
        LANE.c.name,
        LANE.c.next_at,
        func.clock_timestamp(type_=Instant).label("at"),
        func.set_config("idle_in_transaction_session_timeout", str(IDLE_MS), true()).label("idle"),
    )
    .where(in_array(LANE.c.name, "names"))
    .order_by(LANE.c.name)
    .with_for_update(),
)


def _start(*, is_one: ColumnElement[bool], until: ColumnElement[datetime]) -> Any:  # noqa: ANN401 - a statement
    begun = {"state": "running", "owner": bindparam("by"), "lease_until": until, "tries": JOB.c.tries + 1}
    return update(JOB).where(is_one, is_state(JOB, "queued")).values(begun).returning(JOB.c.id)


_START = Prepared(
    _start(is_one=in_json(JOB.c.id, "ids"), until=bindparam("until", type_=Instant)),
    postgresql=_start(
        is_one=in_array(JOB.c.id, "ids"),
        until=func.clock_timestamp(type_=Instant) + bindparam("lease", type_=Interval),
    ),
)


def _give_back(is_known: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a statement
    waiting = {"state": "queued", "owner": None, "lease_until": None, "tries": JOB.c.tries - 1}
    unknown = (is_state(JOB, "running"), JOB.c.owner == bindparam("by"), ~is_known)
    return update(JOB).where(*unknown).values(waiting).returning(JOB.c.id)


_GIVE_BACK = Prepared(_give_back(in_json(JOB.c.id, "ids")), postgresql=_give_back(in_array(JOB.c.id, "ids")))

_LIVE: ColumnElement[bool] = literal_column("state IN ('queued', 'running')")
_EARLIEST = Prepared(select(func.min(JOB.c.run_at, type_=Instant).label("at")).where(_LIVE, is_state(JOB, "queued")))


def _next(is_pool: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    is_later = JOB.c.run_at > bindparam("now", type_=Instant)
    starts = select(func.min(JOB.c.run_at, type_=Instant)).where(_LIVE, is_state(JOB, "queued"), is_later)
    is_held = LANE.c.next_at > bindparam("at", type_=Instant)
    frees = select(func.min(LANE.c.next_at, type_=Instant)).where(is_held, ~is_pool)
    return select(starts.scalar_subquery().label("starts"), frees.scalar_subquery().label("frees"))


_NEXT = Prepared(_next(in_json(LANE.c.name, "names")), postgresql=_next(in_array(LANE.c.name, "names")))


def _upsert(add: Any) -> Any:  # noqa: ANN401 - an insertion of either dialect
    return add.on_conflict_do_update(index_elements=["name"], set_={"next_at": add.excluded.next_at})


_KEEP = Prepared(
    _upsert(sqlite.insert(LANE).values(name=bindparam("name"), next_at=bindparam("next_at"))).returning(LANE.c.name)
)
_KEPT = func.unnest(bindparam("names", type_=ARRAY(String)), bindparam("ats", type_=ARRAY(Instant)))
_KEEP_ALL = Prepared(
    _upsert(
        postgresql.insert(LANE).from_select(
            ["name", "next_at"], select(_KEPT.table_valued("name", "at").render_derived("kept"))
        )
    ).returning(LANE.c.name)
)
_ADD = {
    "sqlite": sqlite.insert(LANE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(LANE).on_conflict_do_nothing(),
}


async def add_pools(session: AsyncSession, claim: Claim) -> None:
    """Add the rows by which the pools' limits are held, where there are none yet; each claim needs them."""
    rows = [{"name": lane_name(name, ""), "next_at": LONG_AGO} for name in claim.names]
    await session.execute(_ADD[session.get_bind().dialect.name], rows)


async def earliest(session: AsyncSession) -> datetime | None:
    """Return the earliest time for which a job waits, limits aside; `None` if none waits."""
    found = await _EARLIEST.first(session, {})
    return found["at"] if found else None


async def claim_jobs(session: AsyncSession, claim: Claim, *, now: datetime) -> Portion:
    """Claim due jobs within the limits; of a lane at most one runs at a time, first by priority, time and number."""
    book = await _hold(session, claim, now=now)
    if claim.is_in_doubt:
        await give_back(session, claim)
    due = await _list_due(session, book, now=now)
    chosen = _choose(due, book)
    if chosen:
        await _begin(session, chosen, claim, now=now)
        await _keep(session, book.changed)
    is_full = len(chosen) == claim.most
    is_more = not is_full and bool(chosen) and _is_cut(due, book)
    pause = None if is_full or is_more else await _pause(session, book, now=now)
    return Portion(jobs=[_claimed(row) for row in chosen], is_more=is_more, pause=pause)


def _claimed(row: Row) -> Claimed:
    names = ("id", "kind", "held", "pool", "lane", "held_since")
    return Claimed(tries=row["tries"] + 1, **{name: row[name] for name in names})


async def _hold(session: AsyncSession, claim: Claim, *, now: datetime) -> Book:
    """Read the limits of the pools; PostgreSQL locks them until the commit, SQLite has one writer anyhow."""
    names = [lane_name(name, "") for name in claim.names]
    return Book(await _LOCKED.all(session, {"names": listed(session, names)}), claim, now=now)


async def _list_due(session: AsyncSession, book: Book, *, now: datetime) -> Sequence[Row]:
    """Return the first due jobs of each pool that may start any, in their order."""
    book.asked = mosts = {pool: SPARE + most for pool in book.claim.names if (most := book.allowed(pool))}
    if not mosts:
        return ()
    asked = {"now": now, "at": book.at}
    if is_postgresql(session):
        wanted = {"pools": list(mosts), "mosts": list(mosts.values())}
        rows = list(await _DUE_BY_POOL.all(session, asked | wanted))
    else:
        each = [(_DUE, asked | {"pool": pool, "most": most}) for pool, most in mosts.items()]
        rows = [row for found in await together(session, *each) for row in found]
    return sorted(rows, key=lambda row: (row["priority"], row["run_at"], row["id"]))


def _choose(due: Sequence[Row], book: Book) -> Sequence[Row]:
    """Choose what starts: of a lane its first or none, and nothing beyond what a pool's limit still allows."""
    chosen: list[Row] = []
    seen: set[tuple[str, str]] = set()
    for row in due:
        if len(chosen) == book.claim.most:
            break
        place = (row["pool"], row["lane"])
        if place in seen or row["id"] in book.claim.mine:
            continue
        if row["lane"]:
            seen.add(place)
        if book.take(*place):
            chosen.append(row)
    return chosen


def _is_cut(due: Sequence[Row], book: Book) -> bool:
    """Say whether a pool that may start more was not looked at to the end."""
    counts = Counter(row["pool"] for row in due)
    return any(counts[pool] == asked and book.allowed(pool) for pool, asked in book.asked.items())


async def _begin(session: AsyncSession, chosen: Sequence[Row], claim: Claim, *, now: datetime) -> None:
    ids = listed(session, [row["id"] for row in chosen])
    values: dict[str, Any] = {"ids": ids, "by": claim.owner}
    values |= {"lease": claim.lease} if is_postgresql(session) else {"until": now + claim.lease}
    await _START.all(session, values)


async def _keep(session: AsyncSession, changed: Mapping[str, datetime]) -> None:
    names = sorted(changed)
    if names and is_postgresql(session):
        await _KEEP_ALL.all(session, {"names": names, "ats": [changed[name] for name in names]})
    elif names:
        await together(session, *[(_KEEP, {"name": name, "next_at": changed[name]}) for name in names])


async def _pause(session: AsyncSession, book: Book, *, now: datetime) -> timedelta | None:
    """Return how long nothing can start, as far as is known: until a time comes, a lane's pause ends, or a pool's."""
    names = listed(session, [lane_name(name, "") for name in book.claim.names])
    found = await _NEXT.first(session, {"now": now, "at": book.at, "names": names}) or {}
    pauses = [book.free_at(pool) - book.at for pool in book.claim.names if book.is_held(pool)]
    pauses = [one for one in pauses if one > timedelta(0)]
    if found.get("starts"):
        pauses.append(found["starts"] - now)
    if found.get("frees"):
        pauses.append(found["frees"] - book.at)
    return min(pauses, default=None)


async def give_back(session: AsyncSession, claim: Claim) -> int:
    """Queue again what runs under the owner's name and is not known to it; return how many.

    Only for a session that holds the pools' limits: a claim whose commit is under way has ended by then.
    """
    known = listed(session, sorted(claim.mine))
    return len(await _GIVE_BACK.all(session, {"by": claim.owner, "ids": known}))


async def hold_back(session: AsyncSession, claim: Claim, *, pool: str, pause: timedelta, now: datetime) -> None:
    """Start nothing more of this pool for `pause`, not even what its burst would allow: the outside said so."""
    book = await _hold(session, claim, now=now)
    limit, name = claim.pools.get(pool), lane_name(pool, "")
    held = book.at + pause + (limit.slack if limit else timedelta(0))
    await _keep(session, {name: max(held, book.kept.get(name, held))})


async def forget_lanes(session: AsyncSession, *, before: datetime) -> None:
    """Delete the rows of lanes in which nothing has started since an instant; those of the pools stay.

    A lane that is just being claimed from is passed over.
    """
    is_pool = func.substr(LANE.c.name, func.length(LANE.c.name)) == "/"
    old = select(LANE.c.name).where(LANE.c.next_at < before, ~is_pool).with_for_update(skip_locked=True)
    await session.execute(delete(LANE).where(LANE.c.name.in_(old)))
