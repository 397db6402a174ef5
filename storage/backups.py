"""A copy of an SQLite database that is made while it is written to, and that starts held wherever it is put back."""

import errno
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

_MARK = "UPDATE installation SET fingerprint = ?"


def back_up(database: Path, copy: Path, *, now: datetime) -> int:
    """Copy all that is committed now, by SQLite itself, into the new file `copy`; returns its size in bytes.

    Nobody but its owner can read it. It appears when it is whole. Raises `FileExistsError` if something is there,
    `OSError` or `sqlite3.Error` if it cannot be made.
    """
    beside = copy.with_name(f".{copy.name}.part")
    beside.unlink(missing_ok=True)
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy(database, beside, now)
        _sync(beside)
        if copy.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        beside.replace(copy)
    finally:
        beside.unlink(missing_ok=True)
    _sync(copy.parent)
    return copy.stat().st_size


def _copy(database: Path, beside: Path, now: datetime) -> None:
    address = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(beside)) as target:
        source.backup(target)  # in one go: in small steps every write begins it anew
        target.isolation_level = None
        target.execute("PRAGMA journal_mode=DELETE")  # one file, not three
        target.execute(_MARK, (f"backup:{now.isoformat()}",))
        if target.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the database is damaged")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
