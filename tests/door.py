"""A door before PostgreSQL: connections go through it, and can be cut, kept waiting or refused at any moment."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url

SOCKET = ".s.PGSQL.5432"


class Door:
    """A door to a server's socket.

    `cut_before` and `cut_after` are words of what is asked for: the first request that has them is not passed on, or is
    passed on and its answer not. Either way its connection ends, and with `is_shut_after_cut` the door is shut.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server / SOCKET
        self._path = folder / SOCKET
        self._listening: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.passes = asyncio.Event()
        self.cut_before = self.cut_after = b""
        self.is_shut_after_cut = False
        self.passed = 0

    async def open(self) -> None:
        """Let connections in."""
        self.passes.set()
        self._listening = await asyncio.start_unix_server(self._through, self._path)

    async def shut(self) -> None:
        """Cut every connection, and refuse new ones."""
        self._shut()

    def _shut(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._path.unlink(missing_ok=True)
        self.cut()

    def cut(self) -> None:
        """Cut every connection, without a word."""
        for writer in self._open:
            writer.transport.abort()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.passed += 1
        inside, to_server = await asyncio.open_unix_connection(self._server)
        self._open |= {writer, to_server}
        flows = [
            asyncio.create_task(self._flow(reader, to_server, self._is_let_in)),
            asyncio.create_task(self._flow(inside, writer, self._is_let_out)),
        ]
        await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
        for flow in flows:
            flow.cancel()
        for one in (writer, to_server):
            one.transport.abort()
            self._open.discard(one)

    async def _flow(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_let: Callable[[bytes], bool]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while (said := await reader.read(65536)) and is_let(said):
                await self.passes.wait()
                writer.write(said)

    def _is_let_in(self, said: bytes) -> bool:
        if self.cut_before and self.cut_before in said:
            self.cut_before = b""
            return False
        if self.cut_after and self.cut_after in said:
            self.cut_after, self._is_answer_kept = b"", True
        return True

    _is_answer_kept = False

    def _is_let_out(self, said: bytes) -> bool:
        is_kept, self._is_answer_kept = self._is_answer_kept, False
        if is_kept and self.is_shut_after_cut:
            self._shut()
        return not is_kept


@asynccontextmanager
async def door_to(url: str) -> AsyncIterator[tuple[Door, str]]:
    """Yield an open door to the server of a database, and the address of the database through it."""
    folder = Path(tempfile.mkdtemp(prefix="vouch-pg-"))  # short: a socket's path has few characters
    parsed = make_url(url)
    door = Door(Path(str(parsed.query["host"])), folder)
    await door.open()
    try:
        yield door, parsed.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
    finally:
        await door.shut()
        shutil.rmtree(folder)
