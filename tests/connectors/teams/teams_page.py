"""Cards drawn by Microsoft's renderer in a headless Chromium: what it says of them, and pictures to look at."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser import Browser, Page

PAGE = Path(__file__).with_name("renderer.html")
THEMES = ("light", "dark", "contrast")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What became of a card: what the renderer objects to, and what can be seen.

    `unnamed` counts pictures and inputs without a name, `markup` what came of Markdown or HTML, `wide` what sticks out.
    """

    problems: list[str]
    words: str
    headers: list[str]
    headings: list[str]
    buttons: list[str]
    links: list[list[str]]
    unnamed: int
    markup: int
    wide: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A tab with the renderer."""

    page: Page

    async def show(self, content: Json, *, theme: str = "light", kind: str = "message") -> Drawn:
        """Draw a card as it stands in a "message" or a "dialog"."""
        arguments = ", ".join(json.dumps(one) for one in (content, theme, kind))
        return Drawn(**await self.page.evaluate(f"show({arguments})"))

    async def open_questions(self) -> None:
        """Press every button that opens a question below it."""
        found = "document.querySelectorAll('button[aria-expanded=false]')"
        await self.page.evaluate(f"{found}.forEach((one) => one.innerText !== '...' && one.click())")

    async def submitted(self) -> list[Json]:
        """Return what the buttons that were pressed sent."""
        return list(await self.page.evaluate("submitted"))

    async def photograph(self, path: Path, *, width: int = 720) -> None:
        """Save a picture of the card, whole."""
        await self.page.resize(width=width, height=200)
        await self.page.evaluate("scrollTo(0, 0)")
        height = await self.page.evaluate("document.getElementById('card').getBoundingClientRect().bottom + 16")
        await self.page.resize(width=width, height=int(height))
        await self.page.picture(path)


@asynccontextmanager
async def opened(browser_path: str) -> AsyncIterator[Screen]:
    """Open a browser with the renderer."""
    async with Browser(browser_path) as browser:
        yield Screen(page=await browser.page(PAGE.as_uri()))
