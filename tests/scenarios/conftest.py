"""One town per module: what a scenario does there is seen by the next, as in life."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios.town import BRISK, Town


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """The demo company, its playground and its bot, settled."""
    async with Town(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        await started.settle()
        yield started
