"""How a command that asks the database runs: with the schema that it needs, or with a line that says what to do."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from bot.config import ConfigError
from bot.database import UNUSABLE, database_url, why_away
from bot.environment import Environment
from bot.operate.answer import answer
from storage.engine import AWAY, Sessions
from storage.schema import USABLE, schema_state


def answer_from_database(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run `work` and return its exit code; 2 for a wrong configuration, 1 for a database that is away."""
    try:
        return answer(lambda: asyncio.run(work()))
    except AWAY as error:
        sys.stderr.write(f"the database does not answer ({why_away(error)}); `vouch doctor` says more\n")
        return 1


@asynccontextmanager
async def open_database(environment: Environment) -> AsyncIterator[Sessions]:
    """Open the database; raises `ConfigError` if its schema is not this version's."""
    sessions = Sessions(database_url(environment))
    try:
        state = await schema_state(sessions)
        if state in UNUSABLE:
            raise ConfigError([f"database: {UNUSABLE[state]}"])
        if state not in USABLE:
            raise ConfigError(
                [f"database: its schema is {state}; run `vouch migrate` first (`vouch doctor` says more)"]
            )
        yield sessions
    finally:
        await sessions.close()
