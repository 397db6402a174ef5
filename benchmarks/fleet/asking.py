"""Asking a playground by its JSON API."""

from typing import Any

import aiohttp

Json = dict[str, Any]


class Asking:
    """What knows the address of a playground, and may ask it; `who` in a question is the person who asks."""

    address: str
    http: aiohttp.ClientSession

    async def ask(self, route: str, **body: object) -> Json:
        """Ask the playground to do something and return its answer, good or bad."""
        named = {("as" if key == "who" else key): value for key, value in body.items()}
        async with self.http.post(f"{self.address}/api/{route}", json=named) as response:
            told: Json = await response.json()
            return told

    async def read(self, route: str, **query: str) -> Json:
        """Read from the playground's API."""
        named = {("as" if key == "who" else key): value for key, value in query.items()}
        async with self.http.get(f"{self.address}/api/{route}", params=named) as response:
            told: Json = await response.json()
            return told
