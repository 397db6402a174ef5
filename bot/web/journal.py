"""The journal: visits whose answers went out while the database was away, in synced files of the data folder.

A file is one process's from its making until it is read back; its lock says so to other processes. A line that was cut
off belongs to an answer that never went out. Nothing is kept twice: every visit has a number of its own.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from storage.queries.visits import NewVisit

SUFFIX = ".visits"
LARGEST_FILE = 4_000_000


def pack_visit(visit: NewVisit) -> bytes:
    """Return a visit as one line."""
    held = (
        visit.id,
        visit.link_id,
        visit.at.isoformat(),
        visit.on_day.isoformat(),
        visit.kind,
        visit.visitor.hex(),
        visit.prefix.hex(),
    )
    return json.dumps(held, separators=(",", ":")).encode() + b"\n"


def unpack_visit(line: bytes) -> NewVisit | None:
    """Return the visit of a line, or `None` for one that was cut off."""
    try:
        number, link_id, at, day, kind, visitor, prefix = json.loads(line)
        return NewVisit(
            id=number,
            link_id=link_id,
            at=datetime.fromisoformat(at),
            on_day=date.fromisoformat(day),
            kind=kind,
            visitor=bytes.fromhex(visitor),
            prefix=bytes.fromhex(prefix),
        )
    except (ValueError, TypeError):
        return None


class Journal:
    """The journal files of a folder. Its methods block, and may be called from several threads."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when it is first needed."""
        self._folder = folder
        self._file: FileIO | None = None
        self._lock = Lock()

    def append(self, visits: Sequence[NewVisit]) -> None:
        """Add lines and return once they are on the disk; raises `OSError`, and then begins a new file."""
        with self._lock:
            try:
                file = self._file or self._begin()
                _write_all(file, b"".join(pack_visit(visit) for visit in visits))
                os.fsync(file.fileno())
                is_full = file.tell() >= LARGEST_FILE
            except OSError:
                self._seal()
                raise
            if is_full:
                self._seal()

    def _begin(self) -> FileIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        while True:
            file = (self._folder / f"{secrets.token_hex(8)}{SUFFIX}").open("xb", buffering=0)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:  # else another process found it empty, and deleted it
                break
            file.close()
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._file = file
        return file

    def seal(self) -> None:
        """Write no more to the present file, so that it can be read back."""
        with self._lock:
            self._seal()

    def _seal(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def list_files(self) -> list[Path]:
        """Return the files of the folder, whoever writes to them."""
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def claim(self, path: Path) -> "Sealed | None":
        """Return a file to be read back; `None` if a living process writes to it, or has read it back."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return Sealed(path, file)

    def size(self) -> int:
        """Return how many bytes wait in the folder."""
        return sum(_size(path) for path in self.list_files())


class Sealed:
    """A journal file that nobody writes to; its lock is held until `remove` or `release`."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Hold an open, locked file."""
        self._path = path
        self._file = file

    def read(self) -> list[NewVisit]:
        """Return the visits; a line that was cut off is left out."""
        self._file.seek(0)
        return [visit for line in self._file if (visit := unpack_visit(line)) is not None]

    def remove(self) -> None:
        """Delete the file, whose visits are kept now."""
        self._path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave the file for another time."""
        self._file.close()


def _write_all(file: FileIO, body: bytes) -> None:
    """Write all of `body`: an unbuffered file may take a part, and says so only in what it returns."""
    while body:
        body = body[file.write(body) or 0 :]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
