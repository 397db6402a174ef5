"""Both databases, one at a time."""

from collections.abc import AsyncIterator

import pytest

from storage.engine import Sessions
from tests.postgres import postgres_server, postgres_url, url

__all__ = ["postgres_server", "postgres_url", "url"]


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Sessions]:
    """An empty database of either kind, opened."""
    opened = Sessions(url)
    yield opened
    await opened.close()
