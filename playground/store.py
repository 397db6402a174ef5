"""What survives a restart: one SQLite file in the data folder, written every half second."""

import asyncio
import json
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WRITE_EVERY_S = 0.5


@dataclass(slots=True)
class Store:
    """Named shelves of JSON values. `put` and `drop` are written by `run` within half a second."""

    path: Path
    waiting: dict[tuple[str, str], Any] = field(default_factory=dict)
    _file: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, making it on the first start."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS kept (shelf TEXT, key TEXT, value TEXT, PRIMARY KEY (shelf, key)) WITHOUT ROWID"
        )

    def shelf(self, name: str) -> dict[str, Any]:
        """Return everything on that shelf, in the order of its keys."""
        if self._file is None:
            return {}
        rows = self._file.execute("SELECT key, value FROM kept WHERE shelf = ? ORDER BY key", (name,))
        return {key: json.loads(value) for key, value in rows}

    def put(self, shelf: str, key: str, value: object) -> None:
        """Keep the value, which must stay JSON; a later change to it is kept only by another `put`."""
        self.waiting[shelf, key] = value

    def drop(self, shelf: str, key: str) -> None:
        """Forget the value."""
        self.waiting[shelf, key] = None

    def write(self) -> None:
        """Write what is waiting, in one transaction."""
        if self._file is None or not self.waiting:
            return
        waiting, self.waiting = self.waiting, {}
        gone = [key for key, value in waiting.items() if value is None]
        kept = [(*key, json.dumps(value)) for key, value in waiting.items() if value is not None]
        self._file.execute("BEGIN IMMEDIATE")
        self._file.executemany("DELETE FROM kept WHERE shelf = ? AND key = ?", gone)
        self._file.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", kept)
        self._file.execute("COMMIT")

    async def run(self) -> None:
        """Write every half second until cancelled."""
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(WRITE_EVERY_S)
                self.write()

    def close(self) -> None:
        """Write the rest and close the file."""
        self.write()
        if self._file is not None:
            self._file.close()
            self._file = None
