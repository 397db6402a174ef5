"""A town whose bot is a process of its own, so that it can be stopped, killed and started again under the workspace."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp

from playground.child import child_environment
from playground.settings import Settings, keep_secrets
from tests.scenarios.town import ROOT, Town, free_port

COMPANY = ROOT / "playground" / "company.yaml"
START_S = 40.0


@dataclass
class TownApart(Town):
    """A town in which `stop_bot` and `start_bot` leave the playground as it is."""

    bot: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start the playground and then the bot."""
        self.bot_port = free_port()
        self.options = (*self.options, "--bot-url", f"http://127.0.0.1:{self.bot_port}")
        await super().start()
        await self.start_bot()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End both; the playground's exit code."""
        await self.stop_bot(number)
        return await super().stop(number)

    async def start_bot(self) -> None:
        """Start the bot and wait until it says that it is ready; raises with its log if it does not come up."""
        settings = Settings(data=self.data, port=self.port, secrets=keep_secrets(self.data))
        log_path = self.data / "playground" / "bot.log"
        with log_path.open("ab") as log:
            self.bot = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run", "--demo", str(COMPANY)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**child_environment(settings, self.bot_port), **(self.more_environment or {})},
            )
        try:
            async with asyncio.timeout(START_S):
                while not await self.is_ready():
                    if self.bot.returncode is not None:
                        raise RuntimeError(self.bot_log[-4000:])
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.stop_bot(signal.SIGKILL)
            raise

    async def is_ready(self) -> bool:
        """Say whether the bot answers that it is ready."""
        with suppress(aiohttp.ClientError):
            async with self.http.get(f"http://127.0.0.1:{self.bot_port}/readyz") as response:
                return response.status == 200
        return False

    async def stop_bot(self, number: int = signal.SIGTERM) -> int | None:
        """End the bot alone with a signal, and return its exit code."""
        if self.bot is None:
            return None
        if self.bot.returncode is None:
            self.bot.send_signal(number)
            async with asyncio.timeout(25):
                await self.bot.wait()
        return self.bot.returncode

    async def sleep_until(self, moment: datetime) -> None:
        """Stop the bot, move the clock, and start the bot again, which finds that time has passed."""
        await self.stop_bot()
        moving = asyncio.create_task(self.post("clock", to=moment.isoformat()))  # answers once the bot has taken it
        while True:
            if await self.now() >= moment:
                break
            await asyncio.sleep(0.02)
        await self.start_bot()
        await moving
        await self.settle()


async def run_command(town: Town, *words: str) -> str:
    """Run one of the operator's commands beside the bot, and return what it printed; raises if it failed."""
    port = int(getattr(town, "bot_port", free_port()))
    settings = Settings(data=town.data, port=town.port, secrets=keep_secrets(town.data))
    environment = {**os.environ, **child_environment(settings, port)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=Path(ROOT),
        env=environment,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()
