"""Connecting an account at the test network, as a person does: from the share window, in a browser of their own."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from playground.social.visiting import agree
from tests.scenarios.chats import Chat, Seen

Json = dict[str, Any]
LINK = re.compile(r'https?://[^"\s]+/connect/[\w-]{20,}')


def link_in_window(seen: Seen | None) -> str:
    """Return the one-time link that a window shows."""
    assert seen is not None
    found = LINK.search(json.dumps(seen.handle, default=str))
    assert found, seen.said
    return found.group()


async def ask_for_link(chat: Chat, who: str, title: str, network: str) -> str:
    """Open the share window of a post on a network, ask to connect, and return the one-time link."""
    await chat.press(who, await chat.announcement(who, title), "open_share")
    await chat.choose(who, "connect", network=network)
    return link_in_window(await chat.window(who))


@asynccontextmanager
async def browser_of(chat: Chat, who: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a person's browser, which keeps cookies of this machine."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"X-Playground-As": who}) as http:
        yield http


async def follow(http: aiohttp.ClientSession, link: str, *, server: str = "") -> str:
    """Follow a one-time link, say the server where that is asked for, go on, and return where it leads."""
    async with http.get(link, allow_redirects=False) as response:
        page = await response.text()
        assert (response.status, dict(response.cookies)) == (200, {}), page
    form = {"server": server} if 'name="server"' in page else {}
    headers = {"Origin": str(URL(link).origin())}  # as a browser does
    async with http.post(link, data=form, headers=headers, allow_redirects=False) as response:
        assert response.status == 303, await response.text()
        return response.headers["Location"]


async def come_back(http: aiohttp.ClientSession, address: str) -> tuple[int, str]:
    """Come back from the network, and return status and words of the page at the end."""
    async with http.get(address, allow_redirects=False) as response:
        return response.status, await response.text()


async def connect(chat: Chat, who: str, title: str, network: str) -> str:
    """Connect a person's account at a network from the share window of a post, and return the page at the end."""
    link = await ask_for_link(chat, who, title, network)
    async with browser_of(chat, who) as http:
        asked = await follow(http, link, server=f"{chat.address}/net/mastodon")
        status, page = await come_back(http, await agree(http, asked, who=who))
    assert status == 200, page
    await chat.settle()
    await chat.close(who)
    return page


async def prefer(chat: Chat, who: str, network: str) -> None:
    """Set a person's network, which their share windows open with."""
    await chat.open(who, "settings")
    await chat.submit(who, network=network)
    await chat.close(who)


async def asked_for(chat: Chat, path: str, **query: str) -> Mapping[str, Any]:
    """Return what the test network tells."""
    async with aiohttp.ClientSession() as http, http.get(f"{chat.address}/api/net/{path}", params=query) as response:
        told: Mapping[str, Any] = await response.json()
        return told


async def order(chat: Chat, path: str, **told: object) -> None:
    """Order something of the test network."""
    async with aiohttp.ClientSession() as http, http.post(f"{chat.address}/api/net/{path}", json=told) as response:
        assert response.status == 200, await response.text()


async def posts_of(chat: Chat, who: str, network: str) -> list[Json]:
    """Return the posts of a person that the network has accepted, oldest first."""
    told = await asked_for(chat, "posts", network=network, **{"as": who})
    return list(told["posts"])
