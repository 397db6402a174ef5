"""A person's browser at a test network: opens the page on which they agree, and presses one of its buttons."""

import re
from collections.abc import Collection
from html import unescape

import aiohttp

from playground.social.consent import ALLOW, GIVEN

FIELD = re.compile(r'<input type="(hidden|checkbox)" name="([^"]*)" value="([^"]*)"')
ACTION = re.compile(r'<form class="card" method="post" action="([^"]*)"')


class NoPageError(Exception):
    """The network shows no page to agree on; `status` is what it answered."""

    def __init__(self, status: int) -> None:
        """Take the status."""
        super().__init__(status)
        self.status = status


async def agree(
    session: aiohttp.ClientSession, address: str, *, who: str, answer: str = ALLOW, without: Collection[str] = ()
) -> str:
    """Return where the network sends a person back to who gives that answer and unticks the scopes in `without`.

    Raises `NoPageError` if the network does not send them back at all.
    """
    headers = {"X-Playground-As": who}
    async with session.get(address, headers=headers, allow_redirects=False) as response:
        page = await response.text()
        if response.status in (302, 303):
            return response.headers["Location"]
        action = ACTION.search(page)
        if response.status != 200 or action is None:
            raise NoPageError(response.status)
    fields = [(unescape(name), unescape(value)) for _kind, name, value in FIELD.findall(page)]
    kept = [(name, value) for name, value in fields if (name, value) not in {(GIVEN, one) for one in without}]
    target = response.url.join(type(response.url)(unescape(action[1])))
    form = aiohttp.FormData([*kept, ("answer", answer)])
    async with session.post(target, data=form, headers=headers, allow_redirects=False) as answered:
        if answered.status not in (302, 303):
            raise NoPageError(answered.status)
        return answered.headers["Location"]
