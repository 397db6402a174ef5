"""One town per module: what a scenario does there is seen by the next, as in life."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios import teams_town
from tests.scenarios.apart import TownApart
from tests.scenarios.chat_on_slack import OnSlack
from tests.scenarios.chat_on_teams import OnTeams
from tests.scenarios.chats import Chat
from tests.scenarios.teams_town import TeamsTown
from tests.scenarios.town import BRISK, Town


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """The demo company, its playground and its bot, settled."""
    async with TownApart(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        await started.settle()
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["slack", "teams"])
async def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chat]:
    """The demo company on one platform, settled; with "slack-postgresql" its bot keeps everything in PostgreSQL."""
    folder = tmp_path_factory.mktemp("chat")
    if request.param.startswith("slack"):
        environment = dict(BRISK)
        if request.param == "slack-postgresql":
            environment["DATABASE_URL"] = request.getfixturevalue("postgres_databases").with_tables()
        async with TownApart(folder, more_environment=environment) as on_slack:
            await on_slack.settle()
            yield OnSlack(on_slack)
    else:
        async with TeamsTown(folder, more_environment=teams_town.BRISK) as on_teams:
            yield OnTeams(on_teams)
