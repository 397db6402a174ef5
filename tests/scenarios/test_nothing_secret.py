"""After everything that uses tokens was done at the finest level of the log, no secret stands anywhere in clear."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from playground.social.visiting import agree
from tests.scenarios.apart import TownApart
from tests.scenarios.chat_on_slack import OnSlack
from tests.scenarios.connecting import (
    ask_for_link,
    asked_for,
    browser_of,
    come_back,
    connect,
    follow,
    order,
    posts_of,
    prefer,
)
from tests.scenarios.town import BRISK, LENA, TOM

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLE = "Nine litres"
NETWORKS = ("linkedin", "x", "mastodon")
SHORTEST = 8


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chat(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OnSlack]:
    """The demo company, whose bot says all that it can."""
    environment = {**BRISK, "VOUCH_LOG_LEVEL": "debug"}
    async with TownApart(tmp_path_factory.mktemp("secrets"), more_environment=environment) as town:
        await town.settle()
        yield OnSlack(town)


async def share(chat: OnSlack, who: str, network: str) -> None:
    """Share by the connected account, whatever comes of it."""
    await prefer(chat, who, network)
    await chat.press(who, await chat.announcement(who, TITLE), "open_share")
    await chat.submit(who, text=f"In my own words on {network}", network=network)
    await chat.settle()
    await chat.close(who)


async def live_through_it_all(chat: OnSlack) -> None:
    """Connect, share, fail, renew, come back wrongly and disconnect."""
    for network in NETWORKS:
        await prefer(chat, TOM, network)
        await connect(chat, TOM, TITLE, network)
    await order(chat, "faults", network="linkedin", operation="publish", status=500, left=1)
    await order(chat, "faults", network="mastodon", operation="publish", status=503, left=1)
    await chat.advance(hours=3)  # X's token is over, and is renewed
    for network in NETWORKS:
        await share(chat, TOM, network)
    assert len(await posts_of(chat, TOM, "x")) == 1
    await prefer(chat, LENA, "linkedin")
    link = await ask_for_link(chat, LENA, TITLE, "linkedin")
    async with browser_of(chat, LENA) as http, browser_of(chat, TOM) as another:
        back = await agree(http, await follow(http, link), who=LENA)
        assert (await come_back(another, back))[0] == 403
        await order(chat, "faults", network="linkedin", operation="token", status=500, left=1)
        assert (await come_back(http, back))[0] >= 400
        assert (await come_back(http, back))[0] >= 400
    await chat.close(LENA)
    await connect(chat, LENA, TITLE, "linkedin")
    await order(chat, "grants", network="linkedin", do="revoke", **{"as": LENA})
    await share(chat, LENA, "linkedin")
    await chat.open(TOM, "accounts")
    await chat.choose(TOM, "disconnect")
    await chat.settle()
    await chat.close(TOM)


async def test_no_secret_is_in_a_log_an_address_a_metric_or_the_database(chat: OnSlack) -> None:
    await live_through_it_all(chat)
    told = await asked_for(chat, "secrets")
    secrets = [str(one) for one in told["secrets"] if len(str(one)) >= SHORTEST]
    assert len(secrets) >= 15
    async with aiohttp.ClientSession() as http, http.get(f"{chat.address}/metrics") as response:
        metrics = (await response.text()).encode()
    places = {"the log": chat.bot_log.encode(), "the metrics": metrics}
    places |= {str(path): path.read_bytes() for path in kept_by(chat.town.data)}
    assert b'"level": "debug"' in places["the log"]
    assert any(name.endswith("vouch.db") for name in places)
    found = {name for name, held in places.items() for one in secrets if one.encode() in held}
    assert found == set()
    assert (await asked_for(chat, "calls"))["leaked"] == []


def kept_by(data: Path) -> list[Path]:
    """Return every file that the bot keeps: the database with its log, journals and keys."""
    return [one for one in data.rglob("*") if one.is_file() and "playground" not in one.relative_to(data).parts]
