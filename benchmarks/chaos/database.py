"""Reading the bot's database beside it: what a killed process held, whether anything is left to do, all in the end."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped]

from bot.core.jobs import POLICIES, DeliverShare, kind_of

LOOK_EVERY_SECONDS = 0.02
REPEATABLE = frozenset(kind_of(kind) for kind, policy in POLICIES.items() if policy.repeatable)
DELIVER = kind_of(DeliverShare)

Rows = Sequence[tuple[Any, ...]]


class Database(Protocol):
    """One of the two databases."""

    async def rows(self, statement: str) -> Rows:
        """Return the rows of a statement."""

    async def until_gone(self, pid: int) -> None:
        """Wait until the database has ended what it was doing for a process that was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSqlite:
    """The file of the one process; who was killed has left it."""

    path: Path

    async def rows(self, statement: str) -> Rows:
        """Return the rows of a statement."""
        with closing(sqlite3.connect(self.path, timeout=10)) as connection:
            return connection.execute(statement).fetchall()

    async def until_gone(self, pid: int) -> None:
        """Return at once: what the process did not commit is not there."""


@dataclass(slots=True, kw_only=True)
class OnPostgres:
    """A database that others use at the same time; the connection is made anew when it was lost."""

    address: str
    _connection: Any = None

    async def rows(self, statement: str) -> Rows:
        """Return the rows of a statement, once the server is there."""
        for _ in range(300):
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self.address)
                return [tuple(one) for one in await self._connection.fetch(statement)]
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self._connection = None
                await asyncio.sleep(0.1)
        raise TimeoutError("PostgreSQL does not come back")

    async def until_gone(self, pid: int) -> None:
        """Wait until no server process works for that one any more: a COMMIT that it sent may still be under way."""
        statement = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'chaos-{pid}'"  # noqa: S608
        while (await self.rows(statement))[0][0]:  # noqa: ASYNC110 - it is another process's
            await asyncio.sleep(LOOK_EVERY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a process was sending when it died: jobs that are not repeatable, and shares."""

    jobs: frozenset[int]
    shares: frozenset[int]


async def read_held(database: Database, pid: int) -> Held:
    """Return what a killed process holds, before anybody takes it over."""
    await database.until_gone(pid)
    running = await database.rows(
        f"SELECT id, kind, held FROM job WHERE state = 'running' AND owner LIKE '%:{pid}:%'"  # noqa: S608
    )
    jobs = frozenset(int(row[0]) for row in running if row[1] not in REPEATABLE)
    numbers = [int(json.loads(row[2])["share_id"]) for row in running if row[1] == DELIVER]
    if not numbers:
        return Held(jobs=jobs, shares=frozenset())
    listed = ", ".join(map(str, numbers))
    sending = await database.rows(f"SELECT id FROM share WHERE state = 'sending' AND id IN ({listed})")  # noqa: S608
    return Held(jobs=jobs, shares=frozenset(int(row[0]) for row in sending))


async def read_left(database: Database) -> dict[str, int]:
    """Return how much is left to do: jobs that run or wait, and shares under way."""
    jobs = await database.rows("SELECT state, count(*) FROM job WHERE state IN ('queued', 'running') GROUP BY state")
    shares = await database.rows("SELECT count(*) FROM share WHERE state IN ('queued', 'sending')")
    return {**{str(state): int(number) for state, number in jobs}, "shares": int(shares[0][0])}
