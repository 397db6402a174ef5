"""What all networks do with a post that they take: keep it, and have their crawler read its link once."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from playground.looks import NETWORKS
from playground.payloads import LINK
from playground.social.calls import Call
from playground.social.memory import Grant, Post
from playground.social.parts import SocialParts

Json = dict[str, Any]
MOST_BYTES = 200_000
PATIENCE = aiohttp.ClientTimeout(total=3)
META = re.compile(r"""<meta\s+property=["']og:(title|image|description)["']\s+content=["']([^"']*)["']""")


@dataclass(slots=True)
class Publisher:
    """Keeps posts; crawling goes on in the background until `close`."""

    parts: SocialParts
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def keep(self, call: Call, grant: Grant, post: Post) -> Post:
        """Keep a new post and send the crawler to its link."""
        post.request, post.who = call.entry["id"], grant.who
        post.at = self.parts.clock.now().isoformat()
        call.entry["post"] = post.id
        self.parts.memory.keep_post(post)
        if is_local(post.link):
            task = asyncio.get_running_loop().create_task(self._crawl(post))
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        return post

    async def _crawl(self, post: Post) -> None:
        headers = {"User-Agent": NETWORKS[post.network].crawler, "X-Playground-As": f"crawler-{post.network}"}
        with suppress(aiohttp.ClientError, TimeoutError, asyncio.TimeoutError):
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=PATIENCE) as session,
                session.get(post.link, headers=headers) as response,
            ):
                page = (await response.content.read(MOST_BYTES)).decode(errors="replace")
                post.card = {**read_card(page, str(response.url)), **post.card}
                self.parts.memory.keep_post(post)

    @property
    def is_busy(self) -> bool:
        """Return whether a crawler is on its way."""
        return bool(self._open)

    async def settle(self) -> None:
        """Wait until every crawler is back."""
        if self._open:
            await asyncio.wait(set(self._open))

    async def close(self) -> None:
        """Call every crawler back."""
        for task in list(self._open):
            task.cancel()
        await self.settle()


def new_post(parts: SocialParts, network: str, *, raw: str, text: str) -> Post:
    """Return a post that nobody has made yet: its number, its first link, no figures."""
    post_id, link = parts.memory.new_id(), first_link(text)
    return Post(id=post_id, network=network, who="", text=text, raw=raw, remote_id=post_id, link=link)


def first_link(text: str) -> str:
    """Return the first link in the text, or nothing."""
    found = LINK.search(text)
    return found.group() if found else ""


def is_local(link: str) -> bool:
    """Return whether the link leads to this machine; no crawler ever leaves it."""
    with suppress(ValueError):
        return urlsplit(link).hostname in ("127.0.0.1", "localhost")
    return False


def read_card(page: str, address: str) -> Json:
    """Return title, description and picture as a page says of itself."""
    found = {name: unescape(text) for name, text in META.findall(page)}
    if "image" in found:
        found["image"] = urljoin(address, found["image"])
    return dict(found)
