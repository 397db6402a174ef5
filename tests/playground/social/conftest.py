"""One test network for all tests of a module."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from playground.social.app import SocialApp
from tests.playground.social.visits import Visits


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served() -> AsyncIterator[Visits]:
    social = SocialApp()
    async with social.serve(), aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        yield Visits(social, http)


@pytest.fixture
def visits(served: Visits) -> Visits:
    """The network as it usually is: nothing said of faults, limits as documented."""
    served.social.clear_faults()
    served.social.limit(x_posts=100, x_weight=280, credits=None, mastodon_calls=300, mastodon_characters=500)
    served.social.limit(linkedin_posts=150, linkedin_characters=3000, sunset=(), oldest_version="202512")
    served.social.parts.memory.windows.clear()
    return served
