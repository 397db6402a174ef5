"""Both databases, one at a time."""

from collections.abc import AsyncIterator

import pytest

from storage.engine import Sessions


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Sessions]:
    """An empty database of either kind, opened."""
    opened = Sessions(url)
    yield opened
    await opened.close()
