"""A town whose bot is several processes over one PostgreSQL, behind a balancer that follows `/readyz`."""

import asyncio
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from sqlalchemy import text

from benchmarks.fleet.balancer import Balancer
from benchmarks.fleet.replicas import Order, Running, Zygote, until_ready
from playground.child import child_environment
from playground.ports import free_port
from playground.settings import Settings, keep_secrets
from storage.engine import Sessions
from storage.vault import new_key
from tests.scenarios.town import ROOT, Town

COMPANY = ROOT / "playground" / "company.yaml"
LOOK_SECONDS = 0.1
DRAIN_SECONDS = 1


class StrictBalancer(Balancer):
    """Sends each connection to one of those that said that they are ready, and to no other if that one refuses."""

    def _in_turn(self) -> Sequence[int]:
        return super()._in_turn()[:1]


@dataclass(slots=True, kw_only=True)
class Replica:
    """One process of the bot on a port of its own; `words` are those of its command line."""

    name: str
    words: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    running: Running | None = None

    @property
    def hears(self) -> bool:
        """Whether people's requests may be sent to it."""
        return "--worker" not in self.words or "--web" in self.words


@dataclass
class ReplicaTown(Town):
    """A town in which `replicas` are started, stopped and killed one by one."""

    url: str = field(kw_only=True)
    zygote: Zygote = field(kw_only=True)
    replicas: Mapping[str, Replica] = field(kw_only=True)

    async def start(self) -> None:
        """Start the balancer, the playground and every replica; the first one fills the database."""
        self.balancer = StrictBalancer([])
        await self.balancer.start()
        self.options = (*self.options, "--bot-url", self.balancer.address)
        self.sessions = Sessions(self.url)
        self.shared = {"VOUCH_SECRET_KEY": "5e" * 32, "VOUCH_TOKEN_KEYS": new_key()}
        await super().start()
        first, *others = self.replicas.values()
        await self.launch(first, "--demo", str(COMPANY))
        await asyncio.gather(*(self.launch(one) for one in others))
        self.following = asyncio.create_task(self._follow())
        await self.settle()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End everything; the playground's exit code."""
        self.following.cancel()
        for one in self.replicas.values():
            if one.running is not None:
                await one.running.kill()
        await self.balancer.stop()
        await self.sessions.close()
        return await super().stop(number)

    async def launch(self, replica: Replica, *words: str) -> None:
        """Start a replica and wait until it is ready."""
        settings = Settings(
            data=self.data,
            port=self.port,
            secrets=keep_secrets(self.data),
            is_socket_mode="--socket-mode" in self.options,
        )
        own = {"DATABASE_URL": self.url, "VOUCH_DATA": str(self.data / replica.name)}
        environment = {
            **child_environment(settings, replica.port),
            **(self.more_environment or {}),
            **self.shared,
            **own,
            "VOUCH_DRAIN_SECONDS": str(DRAIN_SECONDS),
        }
        log = self.data / f"{replica.name}.log"
        replica.running = await self.zygote.start(
            Order(environment=environment, log=log, words=[*replica.words, *words])
        )
        if not await until_ready(self.http, replica.port, replica.running):
            raise RuntimeError(log.read_text()[-4000:])
        if replica.hears and replica.port not in self.balancer.targets:
            self.balancer.targets.append(replica.port)

    async def restart(self, replica: Replica) -> int:
        """Stop a replica as an operator does and start it anew; return how it ended."""
        assert replica.running is not None
        code = await replica.running.stop()
        await self.launch(replica)
        return code

    async def _follow(self) -> None:
        """Send people to those who say that they are ready, as a balancer does that asks them again and again."""
        while True:
            for one in self.replicas.values():
                if one.hears:
                    self._send_to(one.port, await self._is_ready(one.port))
            await asyncio.sleep(LOOK_SECONDS)

    def _send_to(self, port: int, is_ready: bool) -> None:  # noqa: FBT001 - what was found
        if is_ready and port not in self.balancer.targets:
            self.balancer.targets.append(port)
        elif not is_ready and port in self.balancer.targets:
            self.balancer.targets.remove(port)

    async def _is_ready(self, port: int) -> bool:
        with suppress(aiohttp.ClientError):
            async with self.http.get(f"http://127.0.0.1:{port}/readyz") as response:
                return response.status == 200
        return False

    async def metric(self, replica: Replica, name: str) -> float:
        """Return what a replica counts, all its labels together; 0 from one that does not answer."""
        with suppress(aiohttp.ClientError):
            async with self.http.get(f"http://127.0.0.1:{replica.port}/metrics") as response:
                found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", await response.text(), re.MULTILINE)
                return sum(map(float, found))
        return 0.0

    async def leaders(self) -> list[str]:
        """Return the names of the replicas that hear the platform over a connection of their own."""
        found = [one.name for one in self.replicas.values() if await self.metric(one, "vouch_leader") == 1]
        return sorted(found)

    async def write(self, statement: str) -> None:
        """Change something in the database behind the bot's back."""
        async with self.sessions.begin() as session:
            await session.execute(text(statement))

    async def scalar(self, statement: str) -> Any:  # noqa: ANN401 - whatever stands there
        """Return one value of the database."""
        async with self.sessions.reading() as session:
            return await session.scalar(text(statement))
