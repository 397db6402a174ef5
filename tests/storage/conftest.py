"""Both databases, one at a time: whatever takes `url` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from storage.engine import Sessions, sqlite_url
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return cast("str", request.getfixturevalue("postgres_url"))


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Sessions]:
    """An empty database of either kind, opened."""
    opened = Sessions(url)
    yield opened
    await opened.close()
