"""A town whose bot is a process of its own, so that it can be stopped, killed and started again under the workspace."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from playground.__main__ import read_settings
from playground.child import child_environment
from playground.settings import Settings
from tests.scenarios.forks import Fork, forks
from tests.scenarios.town import ROOT, Town, free_port

COMPANY = ROOT / "playground" / "company.yaml"
START_S = 60.0


@dataclass
class TownApart(Town):
    """A town in which `stop_bot` and `start_bot` leave the playground as it is; both are forked, which is quick."""

    bot: Fork | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start the playground and then the bot; raises with the last words of what does not come up."""
        self.bot_port = free_port()
        where = ("--port", str(self.port), "--data", str(self.data), "--bot-url", f"http://127.0.0.1:{self.bot_port}")
        self.words = (*where, *self.options)
        log = self.data / "playground" / "playground.log"
        self.process = forks().start("run_playground", *self.words, environment=os.environ, log=log)
        await self._until_there(self.process, f"{self.address}/api/clock")
        await self.start_bot()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End both; the playground's exit code."""
        await self.stop_bot(number)
        return await super().stop(number)

    async def start_bot(self) -> None:
        """Start the bot and wait until it says that it is ready; raises with its log if it does not come up."""
        environment = {**child_environment(self.settings, self.bot_port), **(self.more_environment or {})}
        log = self.data / "playground" / "bot.log"
        self.bot = forks().start("run_bot", "run", "--demo", str(COMPANY), environment=environment, log=log)
        await self._until_there(self.bot, f"http://127.0.0.1:{self.bot_port}/readyz")

    @property
    def settings(self) -> Settings:
        """The settings of the playground, with its secrets."""
        return read_settings(list(self.words))[0]

    async def _until_there(self, process: Fork, url: str) -> None:
        try:
            async with asyncio.timeout(START_S):
                while not await self._answers(url):
                    if process.returncode is not None:
                        raise RuntimeError(process.log.read_text(errors="replace")[-4000:])
                    await asyncio.sleep(0.02)
        except BaseException:
            process.kill()
            await process.wait()
            raise

    async def _answers(self, url: str) -> bool:
        with suppress(aiohttp.ClientError):
            async with self.http.get(url) as response:
                return response.status == 200
        return False

    async def stop_bot(self, number: int = signal.SIGTERM) -> int | None:
        """End the bot alone with a signal, and return its exit code."""
        if self.bot is None:
            return None
        self.bot.send_signal(number)
        async with asyncio.timeout(60):
            return await self.bot.wait()

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


async def run_command(town: TownApart, *words: str) -> str:
    """Run one of the operator's commands beside the bot, and return what it printed; raises if it failed."""
    environment = {**os.environ, **child_environment(town.settings, town.bot_port)}
    log = town.data / "playground" / f"{words[0]}.log"
    log.unlink(missing_ok=True)
    command = forks().start("run_bot", *words, environment=environment, log=log)
    code, printed = await command.wait(), log.read_text()
    assert code == 0, printed
    return printed
