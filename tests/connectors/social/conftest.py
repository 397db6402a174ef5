"""A raw server of its own for each test, and LinkedIn's connector before it."""

from collections.abc import AsyncIterator

import pytest

from bot.core.ports import SocialNetwork
from bot.core.social import Door
from tests.connectors.social.at_linkedin import linkedin_at
from tests.connectors.social.raw_server import RawServer, raw_server


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
def network(server: RawServer) -> SocialNetwork:
    return linkedin_at(server.address)


@pytest.fixture
async def door(network: SocialNetwork) -> Door:
    return await network.register("", redirect_uri="https://vouch.example.com/connect/callback/linkedin")
