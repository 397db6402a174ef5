"""An upgrade without a pause: the previous release's own code goes on taking clicks while the tables become this one's.

Its code comes from the history; where that is not there (a copy without `.git`, a shallow clone), the test is skipped.
"""

import asyncio
import io
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from benchmarks.fleet import town as fleet
from benchmarks.fleet.balancer import Balancer
from storage.migrations import HEAD
from tests.scenarios.town import BRISK, JORIS, NADIA, PRIYA, ROOT, TOM, Town, composed, free_port, link_in

pytestmark = pytest.mark.postgres

PREVIOUS = tomllib.loads((ROOT / "tests" / "previous_release.toml").read_text(encoding="utf-8"))
HOTEL = "Nine litres"
COMPANY = str(ROOT / "playground" / "company.yaml")


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The previous release's code in a folder of its own."""
    command = ["git", "archive", "--format=tar", PREVIOUS["commit"], "bot", "handlers", "connectors", "storage"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)  # noqa: S603
    if done.returncode:
        pytest.skip("the history that holds the previous release is not here")
    folder = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Street(Town):
    """A town whose bots are started one by one, from any folder with code in it, behind one address."""

    def __init__(self, data: Path, database: str) -> None:
        """Prepare it over that database."""
        super().__init__(data)
        self.database = database
        self.balancer = Balancer([])

    async def start(self) -> None:
        """Start the playground and what stands in front of the bots."""
        await self.balancer.start()
        more = {"DATABASE_URL": self.database, **BRISK}
        self.fleet = fleet.Town(data=self.data, bot_url=self.balancer.address, port=self.port, more=more)
        await self.fleet.__aenter__()

    async def stop(self, number: int = 0) -> int:
        """End them."""
        await self.fleet.__aexit__(None, None, None)
        await self.balancer.stop()
        return number

    async def command_of(self, code: Path, *words: str) -> asyncio.subprocess.Process:
        """Start a command of the code in a folder."""
        environment = self.fleet.environment(free_port(), data=self.data)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words, cwd=code, env=environment, stdout=-1, stderr=-2
        )

    @asynccontextmanager
    async def bot(self, code: Path) -> AsyncIterator[int]:
        """Run the bot of the code in a folder behind the address; it must end in order, without a defect."""
        port = free_port()
        environment = self.fleet.environment(port, data=self.data)
        words = ("run", "--demo", COMPANY)
        log = self.data / f"bot-{port}.log"
        with log.open("wb") as written:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *words, cwd=code, env=environment, stdout=written, stderr=written
            )
        try:
            await self.until_alive(port, process)
            self.balancer.targets.append(port)
            yield port
        finally:
            if port in self.balancer.targets:
                self.balancer.targets.remove(port)
            process.terminate()
            code_of_end = await asyncio.wait_for(process.wait(), 40)
        said = log.read_text(errors="replace")
        assert code_of_end == 0, said[-3000:]
        assert '"level": "error"' not in said, said[-3000:]

    async def until_alive(self, port: int, process: asyncio.subprocess.Process) -> None:
        """Wait until a bot serves."""
        async with asyncio.timeout(60):
            while process.returncode is None:
                try:
                    async with self.http.get(f"http://127.0.0.1:{port}/healthz") as response:
                        if response.status == 200:
                            return
                except OSError:
                    await asyncio.sleep(0.05)
        raise RuntimeError("the bot ended")

    async def ready(self, port: int) -> int:
        """Return the status of a bot's `/readyz`."""
        async with self.http.get(f"http://127.0.0.1:{port}/readyz") as response:
            return response.status

    async def shared(self, who: str) -> None:
        """Share the hotel's post as a person and follow the link as somebody else: both must work."""
        address = await self.share(who, await self.announcement(NADIA, HOTEL), f"Words of {who}, and of nobody else.")
        visited = await self.get(link_in(composed(address)))
        assert visited.status == 302


@pytest_asyncio.fixture
async def street(tmp_path: Path, postgres_url: str) -> AsyncIterator[Street]:
    async with Street(tmp_path / "town", postgres_url) as opened:
        yield opened


async def ran(process: asyncio.subprocess.Process) -> None:
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def values(database: str, statement: str) -> list[object]:
    connection = await asyncpg.connect(database)
    try:
        return [row[0] for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def test_the_previous_release_takes_clicks_on_the_new_tables_beside_the_new_one(
    street: Street, previous: Path, postgres_url: str
) -> None:
    await ran(await street.command_of(previous, "migrate"))
    assert await values(postgres_url, "SELECT version_num FROM alembic_version") == [PREVIOUS["schema"]]
    async with street.bot(previous):
        await street.settle()
        await street.shared(NADIA)
        await ran(await street.command_of(ROOT, "migrate"))
        assert await values(postgres_url, "SELECT version_num FROM alembic_version") == [HEAD]
        await street.shared(PRIYA)
        async with street.bot(ROOT) as new:
            assert await street.ready(new) == 200
            await street.shared(TOM)
            await street.shared(JORIS)
    shares = "SELECT count(*) FROM share WHERE text LIKE 'Words of %' AND opened_at IS NOT NULL"
    assert await values(postgres_url, shares) == [4]
    visited = (
        "SELECT count(DISTINCT link_id) FROM visit JOIN link ON link.id = link_id JOIN share ON share.id = share_id"
    )
    assert await values(postgres_url, f"{visited} WHERE text LIKE 'Words of %'") == [4]
