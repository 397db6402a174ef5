"""A worker on a real database, with jobs that a test controls; and several processes on one PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from bot.core.programme import Programme
from tests.handlers.conftest import World, programme, world
from tests.tables import open_sessions

__all__ = ["programme", "world"]

NewProcess = Callable[[], World]


@pytest.fixture
async def new_process(postgres_database_url: str, programme: Programme) -> AsyncIterator[NewProcess]:
    """Return what makes one more process on the same database, with connections and a clock of its own."""
    async with AsyncExitStack() as opened:

        def make() -> World:
            made = open_sessions(postgres_database_url)
            opened.push_async_callback(made.close)
            return World(sessions=made, programme=programme)

        yield make
