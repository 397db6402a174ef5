"""Readers who follow tracked links, each once and from an address of their own: nobody asks again."""

import asyncio
import random
from contextlib import suppress
from itertools import count

from benchmarks.chaos.acts import Diary

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
AT_ONCE = 4
PAUSE_SECONDS, LONGEST_SECONDS = 0.03, 10.0
_NUMBERS = count(1)


def _address() -> str:
    """Return an address that nobody came from before."""
    number = next(_NUMBERS)
    return f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"


async def visit(port: int, diary: Diary, slug: str) -> None:
    """Follow a link once, and note whether it was answered; clients of libraries would ask again by themselves."""
    diary.sent[slug] += 1
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(LONGEST_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                lines = (
                    f"GET /l/{slug} HTTP/1.1",
                    "Host: 127.0.0.1",
                    f"User-Agent: {BROWSER}",
                    f"X-Forwarded-For: {_address()}",
                    "Connection: close",
                )
                writer.write("\r\n".join((*lines, "", "")).encode())
                if (await reader.readline()).split()[1:2] == [b"302"]:
                    diary.answered[slug] += 1
            finally:
                writer.close()


async def _wander(port: int, diary: Diary, dice: random.Random, ended: asyncio.Event) -> None:
    while not ended.is_set():
        if diary.links:
            await visit(port, diary, dice.choice(diary.links[-40:]))
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), PAUSE_SECONDS * dice.uniform(0.3, 3))


async def wander(port: int, diary: Diary, dice: random.Random, ended: asyncio.Event) -> None:
    """Follow links until the end, some at once."""
    dices = [random.Random(dice.random()) for _ in range(AT_ONCE)]  # noqa: S311 - reproducible on purpose
    await asyncio.gather(*(_wander(port, diary, one, ended) for one in dices))
