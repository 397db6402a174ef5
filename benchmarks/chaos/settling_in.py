"""The first day, before anything goes wrong: everybody is met, one post is out, and accounts are connected."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import aiohttp
from yarl import URL

from benchmarks.chaos.company import CHANNELS, TALK
from benchmarks.chaos.deeds import announce, network_of, share_window_of
from benchmarks.chaos.person import NotDone, Person
from benchmarks.chaos.windows import Json, chosen, find_button
from playground.social.visiting import agree

LINK = re.compile(r'https?://[^"\s\\]+/connect/[\w-]{20,}')
ATTEMPTS, CHANCES = 20, 4
AT_ONCE, POSTS = 6, 9


async def settle_in(employees: list[Person], curators: list[Person]) -> None:
    """Let everybody say hello, announce a few posts, and connect an account for each employee."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def let(person: Person, deed: Callable[[Person], Awaitable[None]]) -> None:
        async with at_once:
            await _patiently(person, deed)
            await person.close()

    await asyncio.gather(*(let(person, _hello) for person in (*curators, *employees)))
    for _ in range(min(POSTS, len(employees)) // len(curators)):
        await asyncio.gather(*(let(person, announce) for person in curators))
    await asyncio.gather(*(let(person, _connect) for person in employees))


async def _patiently(person: Person, deed: Callable[[Person], Awaitable[None]]) -> None:
    """Do something that a busy machine may be too slow for; raises `NotDone` after some chances."""
    for chance in range(1, CHANCES + 1):
        try:
            await deed(person)
        except NotDone:
            if chance == CHANCES:
                raise
        else:
            return
        await person.close()
        await asyncio.sleep(chance)


async def _hello(person: Person) -> None:
    await person.command("me", TALK)


async def _first_card(person: Person) -> Json:
    for _ in range(ATTEMPTS):
        for channel in CHANNELS:
            told = await person.town.read("messages", channel=channel, who=person.who)
            for message in told["messages"]:
                if find_button(message, "open_share"):
                    return dict(message)
        await asyncio.sleep(0.2)
    raise NotDone("no post is out")


async def _connect(person: Person) -> None:
    network = network_of(person.who)
    view = await share_window_of(person, await _first_card(person))
    if chosen(view, "network") != network:
        where = {"view_id": view["id"], "block_id": "network", "action_id": "network"}
        await person.ask("click", **where, value=network, wait_s=0)
        view = await person.view(lambda one: chosen(one, "network") == network)
    await person.press(find_button(view, "connect"), view)
    shown = await person.view(lambda one: LINK.search(json.dumps(one)))
    found = LINK.search(json.dumps(shown))
    if found is None:
        raise NotDone("no link to connect")
    await _agree(person, found[0])


async def _agree(person: Person, link: str) -> None:
    """Go the way of a browser: the bot's page, the network's, and back."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"X-Playground-As": person.who}) as http:
        async with http.get(link, allow_redirects=False) as response:
            page = await response.text()
        form = {"server": f"{person.town.address}/net/mastodon"} if 'name="server"' in page else {}
        headers = {"Origin": str(URL(link).origin())}
        async with http.post(link, data=form, headers=headers, allow_redirects=False) as response:
            if response.status != 303:
                raise NotDone(f"connecting answered {response.status}")
            asked = response.headers["Location"]
        back = await agree(http, asked, who=person.who)
        async with http.get(back, allow_redirects=False) as response:
            if response.status != 200:
                raise NotDone(f"coming back answered {response.status}")
