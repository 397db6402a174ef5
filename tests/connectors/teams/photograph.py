"""Pictures of every card and window, to look at: `python -m tests.connectors.teams.photograph [FOLDER]`.

They are drawn by Microsoft's renderer in light, dark and high contrast, with every question below a button open.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.chat.teams.render import render_card, render_dialog
from tests.conftest import find_tool
from tests.connectors.teams.real_cards import NAMES, dialogs, messages
from tests.connectors.teams.samples import BOARD, ERRORS, POST, WINDOW
from tests.connectors.teams.teams_page import THEMES, Screen, opened

FOLDER = Path("artifacts") / "teams-cards"
WIDTHS = {"message": 540, "wide": 840, "dialog": 720}


def contents() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each card as its name, where it stands, and what it holds."""
    for name, card in {**messages(), "sample_post": POST, "sample_board": BOARD}.items():
        yield name, "message", render_card(card, NAMES)
    for name, form in {**dialogs(), "sample_window": WINDOW}.items():
        yield name, "dialog", render_dialog(form, NAMES)["card"]["content"]
    yield "sample_errors", "dialog", render_dialog(WINDOW, NAMES, errors=ERRORS)["card"]["content"]


async def photograph(screen: Screen, folder: Path, *, only: tuple[str, ...] = ()) -> None:
    """Save a picture of each card in each theme, or `only` of those named."""
    for name, kind, content in contents():
        for theme in THEMES if name in only or not only else ():
            await screen.show(content, theme=theme, kind=kind)
            await screen.open_questions()
            width = WIDTHS["wide" if "msteams" in content else kind]
            await screen.photograph(folder / f"{kind}-{name}-{theme}.png", width=width)


async def _main(folder: Path) -> None:
    path = find_tool("browser")
    if path is None:
        sys.exit("install Chromium (Debian: apt install chromium)")
    async with opened(path) as screen:
        await photograph(screen, folder)


if __name__ == "__main__":
    wanted = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    wanted.mkdir(parents=True, exist_ok=True)
    asyncio.run(_main(wanted))
