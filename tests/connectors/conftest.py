"""The networks' connectors before the playground's test network, for the contract of `SocialNetwork`."""

import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
import pytest
import pytest_asyncio

from playground.social.app import SocialApp, SocialSettings
from playground.social.settings import Limits
from tests.connectors.social_networks import NAMES, WORDS, Bench, benches
from tests.connectors.web import running_site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def social_town() -> AsyncIterator[dict[str, Bench]]:
    app = SocialApp(SocialSettings(is_vetted=True))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but nobody listens
        async with app.serve(), aiohttp.ClientSession() as browser, running_site() as site:
            found = {one.name: one for one in benches(app, browser, held.getsockname()[1], site.origin)}
            mastodon = found["mastodon"]
            uri = mastodon.door.redirect_uri
            mastodon.door = await mastodon.network.register(mastodon.door.server, redirect_uri=uri)
            yield found
            assert app.leaked() == []  # no secret stood in the address of any call


@pytest.fixture(params=NAMES)
def bench(request: pytest.FixtureRequest, social_town: dict[str, Bench]) -> Iterator[Bench]:
    yield (found := social_town[request.param])
    found.app.clear_faults()
    found.app.settings.limits = Limits()


@pytest.fixture
def only(social_town: dict[str, Bench]) -> Iterator[Callable[[str], Bench]]:
    yield social_town.__getitem__
    for one in social_town.values():
        one.app.clear_faults()
        one.app.settings.limits = Limits()


@pytest.fixture
def nothing_told(social_town: dict[str, Bench], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Listen to every logger at DEBUG, and find no secret and no word of a person in what was said."""
    caplog.set_level(logging.DEBUG)
    yield
    app = social_town["x"].app
    records = caplog.get_records("call")
    said = "\n".join(f"{one.getMessage()} {one.args!r} {one.exc_text}" for one in records)
    assert [kind for secret, kind in app.parts.ledger.secrets.items() if secret in said] == []
    assert WORDS not in said
