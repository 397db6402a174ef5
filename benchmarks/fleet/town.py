"""The playground as a process of its own: Slack with any company, and the networks, for replicas behind one address.

`python -m benchmarks.fleet.town --port … --data … --bot-url …` serves until it is ended; `Town` starts that.
"""

import argparse
import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import aiohttp

from benchmarks.fleet.asking import Asking
from benchmarks.fleet.parent import end_with_parent
from playground.child import child_environment
from playground.ports import free_port, listen
from playground.server import create_app, make_server
from playground.settings import FOLDER, Settings, keep_secrets
from playground.social.settings import keep_apps

ROOT = Path(__file__).parents[2]


def settings_of(data: Path, *, port: int, bot_url: str, company: Path) -> Settings:
    """Return the settings of a playground in that folder, with the secrets that lie there."""
    settings = Settings(data=data, port=port, bot_url=bot_url, company=company)
    return replace(settings, secrets=keep_secrets(data), apps=keep_apps(data))


@dataclass
class Town(Asking):
    """The playground at `address`; use it as an async context manager.

    `bot_url` is what it delivers to. `wrap` ("module:function") is what its whole application is put into.
    """

    data: Path
    bot_url: str
    company: Path = FOLDER / "company.yaml"
    config: Path = FOLDER / "config.yaml"
    wrap: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: Process | None = None

    def __post_init__(self) -> None:
        """Fix the address and the secrets."""
        self.settings = settings_of(self.data, port=self.port, bot_url=self.bot_url, company=self.company)
        self.address = self.settings.address

    async def __aenter__(self) -> Self:
        """Start it and wait until it serves."""
        self.http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=60), connector=aiohttp.TCPConnector(limit=0)
        )
        command = [sys.executable, "-m", "benchmarks.fleet.town", "--port", str(self.port), "--data", str(self.data)]
        command += ["--bot-url", self.bot_url, "--company", str(self.company), "--wrap", self.wrap]
        self._process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
        if self._process.stdout is None or b"ready" not in await self._process.stdout.readline():
            await self.http.close()
            raise RuntimeError("the playground did not start")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        await self.http.close()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 10)

    @property
    def pid(self) -> int:
        """Return the number of its process, 0 before it runs."""
        return self._process.pid if self._process is not None else 0

    def environment(self, port: int, *, data: Path) -> dict[str, str]:
        """Return the environment of a replica that listens on `port` and has `data` for its folder."""
        told = child_environment(self.settings, port)
        return {**told, "VOUCH_DATA": str(data), "VOUCH_CONFIG": str(self.config), **self.more}


async def _serve(settings: Settings, wrap: str) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    app: Any = create_app(settings)
    playground = app.state.playground
    if wrap:
        module, _, name = wrap.partition(":")
        app = getattr(import_module(module), name)(app)
    server = make_server(app)
    serving = asyncio.create_task(server.serve(sockets=[listen(settings.port)]))
    await server.serves.wait()
    sys.stdout.write(json.dumps({"ready": settings.address}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    await playground.end()
    server.should_exit = True
    await serving


def main() -> None:
    """Serve the playground of this command line until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet.town")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bot-url", required=True)
    parser.add_argument("--company", type=Path, default=FOLDER / "company.yaml")
    parser.add_argument("--wrap", default="")
    told = parser.parse_args()
    end_with_parent()
    settings = settings_of(told.data, port=told.port, bot_url=told.bot_url, company=told.company)
    asyncio.run(_serve(settings, told.wrap))


if __name__ == "__main__":
    main()
