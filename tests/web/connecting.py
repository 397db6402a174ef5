"""Connecting accounts in a browser: a company that uses APIs, and the steps of whoever follows a one-time link."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from bot.core.actions import Connect
from bot.core.social import Mode
from handlers.connect import connect
from handlers.tokens import callback_address
from storage.models import Account, Member
from tests.handlers.accounts import use_network
from tests.handlers.conftest import World
from tests.handlers.windows import link_of
from tests.web.conftest import BROWSER, Answer, Makes, Web

SERVER = "https://social.example"


@pytest.fixture
async def web(makes: Makes) -> AsyncIterator[Web]:
    """A served application of a company that uses three networks by their APIs."""
    programme = makes.world.programme
    modes = {name: replace(one, mode=Mode.API) for name, one in programme.networks.items() if name in _APIS}
    makes.world.programme = replace(programme, networks={**programme.networks, **modes})
    for name in _APIS:
        use_network(makes.world, name)
    async with makes.serve() as served:
        yield served


_APIS = ("linkedin", "x", "mastodon")


async def linked(world: World, network: str = "linkedin", **member: object) -> tuple[str, Member]:
    """Return the path of a one-time link, and whose it is."""
    ada = await world.add_member(**member)
    return await link_for(world, ada, network), ada


async def link_for(world: World, member: Member, network: str = "linkedin") -> str:
    reply = await world.act(connect, member, Connect(network=network))
    return "/connect/" + link_of(reply.form).rpartition("/")[2]


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def state_of(answer: Answer) -> str:
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


async def went(web: Web, path: str, **form: str) -> tuple[str, str]:
    """Go on to the network from the page of a link; return the cookie and the state that went along."""
    answer = await go_on(web, path, **form)
    assert answer.status == 303, answer.text
    return cookie_of(answer), state_of(answer)


async def go_on(web: Web, path: str, *, server: str = "", cookie: str = "", **said: str) -> Answer:
    """Send the form of a link's page, as a browser does; `said` are headers instead of those of our own page."""
    named = {name.replace("_", "-"): value for name, value in (said or {"Origin": origin_of(web.world)}).items()}
    headers = {"User-Agent": BROWSER, **named, **({"Cookie": cookie} if cookie else {})}
    form = {"server": server} if server else {}
    url = f"http://127.0.0.1:{web.port}{path}"
    async with web.http.post(url, data=form, headers=headers, allow_redirects=False) as response:
        return Answer(response.status, response.headers, await response.read())


def origin_of(world: World) -> str:
    """Return the public address's origin."""
    parts = urlsplit(world.programme.public_url or "")
    return f"{parts.scheme}://{parts.netloc}"


async def came_back(web: Web, state: str, cookie: str = "", *, network: str = "linkedin", query: str = "") -> Answer:
    """Come back from a network; of one with instances from the usual one, or from that after the "@"."""
    query = query or "code=code-in-clear"
    headers = {"Cookie": cookie} if cookie else {}
    name, _, server = network.partition("@")
    address = callback_address(web.world.out, name, server or (SERVER if name == "mastodon" else ""))
    return await web.ask(f"{urlsplit(address).path}?state={state}&{query}", **headers)


async def accounts(world: World) -> list[Account]:
    async with world.sessions.reading() as session:
        return list((await session.scalars(select(Account).order_by(Account.id))).all())
