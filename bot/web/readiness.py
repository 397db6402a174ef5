"""`/readyz`: whether requests should be sent to this process, and how its connections are.

What all processes share (a chat platform, or the database for a moment) is told and takes none of them out: a balancer
would be left with nobody, while tracked links could still be answered.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.core.duties import ALL_DUTIES, Duty
from storage.engine import Sessions
from storage.schema import USABLE, SchemaState, schema_state

DATABASE = "database"
CHECK_SECONDS = 2.0
DATABASE_MAY_BE_AWAY = timedelta(seconds=60)
"""So long links go on from memory and journal before another process, if there is one, should have them."""

Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong with a connection, or `None`."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """What this process does, which tasks of one process alone it leads now (by name), and whether it is stopping."""

    duties: Set[Duty] = ALL_DUTIES
    leads: dict[str, bool] = field(default_factory=dict)
    is_stopping: bool = False


class Readiness:
    """Answers `/readyz`: 200 if requests should come here, else 503; either way with how every connection is.

    A process that answers links stays ready while the database is away for less than `DATABASE_MAY_BE_AWAY`.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        connections: Mapping[str, Check],
        standing: Standing,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at the database behind `sessions`, and tell of the `connections`, by name."""
        self._sessions = sessions
        self._connections = connections
        self._standing = standing
        self._seconds = seconds
        self._reached_at = float("-inf")

    async def problems(self) -> Mapping[str, str | None]:
        """Return what is wrong with each connection, by name, `None` where all is well."""
        checks: Mapping[str, Check] = {DATABASE: self._database_problem, **self._connections}
        found = await asyncio.gather(*(_problem(check) for check in checks.values()))
        return dict(zip(checks, found, strict=True))

    async def answer(self, _request: Request) -> Response:
        """Answer one request."""
        problems = await self.problems()
        found = {name: problem or "ok" for name, problem in problems.items()}
        if self._standing.is_stopping:
            found["process"] = "stopping"
        is_ready = not self._standing.is_stopping and (problems[DATABASE] is None or self._is_bridged())
        return JSONResponse(
            {"ready": is_ready, "checks": found},
            status_code=200 if is_ready else 503,
            headers={"cache-control": "no-store"},
        )

    def _is_bridged(self) -> bool:
        """Say whether links are answered although the database is not, which was well a moment ago."""
        is_recent = self._seconds() - self._reached_at < DATABASE_MAY_BE_AWAY.total_seconds()
        return is_recent and Duty.WEB in self._standing.duties

    async def _database_problem(self) -> str | None:
        state = await schema_state(self._sessions)
        if state in USABLE:
            self._reached_at = self._seconds()
            return None
        self._reached_at = float("-inf")
        is_behind = state in (SchemaState.EMPTY, SchemaState.OLDER)
        return f"the schema is {state}; {'run `vouch migrate`' if is_behind else '`vouch doctor` says what to do'}"


async def _problem(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception as error:  # a check that fails is what is wrong
        return f"no answer ({type(error).__name__})"
