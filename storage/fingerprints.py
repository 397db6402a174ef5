"""By what a database is told from a copy of it: a restored one finds another fingerprint than its own, and is held.

PostgreSQL: the cluster's own identifier and the number of a table, which differ wherever a dump was read back. SQLite:
a token that moves on with every start, minute and stop, in the database and beside its file, so that an older database
in the same place has an older token; and which files lie beside it, so that a folder that was put back as a whole is
another one. A cluster, or a disk, that is put back bit by bit looks like itself: then somebody has to say so.
"""

import asyncio
import contextlib
import logging
import os
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine import AWAY, Sessions
from storage.queries.installation import find_fingerprint, find_holding, hold, keep_fingerprint

HOW_TO_RELEASE = "see /vouch failures, or `vouch release` (docs/operations.md#a-restored-database)"
MOVES_ON_SECONDS = 60.0
PLACE = ".place"
_STAMP = "at-"
_MARKS = ("1", "2", "3", "4", "5", "6")
_TOLD = "Vouch tells by these files whether its database was put back from a backup. Leave them where they are.\n"

log = logging.getLogger("vouch.storage")


@dataclass(frozen=True, slots=True)
class Beside:
    """The folder beside an SQLite database: some files that are made once, and a stamp for the newest token.

    Each stamp names the token before. What was put back in the place of newer files leaves a stamp that follows on
    nothing, what was put back in an empty place other files than those that the database knows.
    """

    database: Path

    def is_own(self, kept: str) -> bool:
        """Say whether the database that keeps this fingerprint is the one that lay here at last."""
        kind, _, rest = kept.partition(":")
        token, _, files = rest.partition(":")
        if kind != "sqlite":
            return False
        try:
            stamps = {one.name.removeprefix(_STAMP): one.read_text(encoding="ascii") for one in self._stamps()}
            there = self._where(token)
        except (OSError, ValueError):
            return False
        before = stamps.pop(token)
        follows = all(one == before or after == token for one, after in stamps.items())
        return follows and _is_same(files.split(","), there)

    def move_on(self, kept: str) -> str:
        """Return the next fingerprint; until `settle` the one that is kept counts too, wherever the process ends."""
        token = secrets.token_hex(8)
        before = kept.split(":")[1] if kept.startswith("sqlite:") else ""
        self._make()
        for one in self._stamps():  # of what is no longer here
            if one.name != _STAMP + before:
                one.unlink()
        _write(self._place / f"{_STAMP}{token}", before)
        return f"sqlite:{token}:{','.join(self._where(token))}"

    def settle(self, fingerprint: str) -> None:
        """Let this fingerprint alone count: the database keeps it now."""
        for one in self._stamps():
            if one.name != _STAMP + fingerprint.split(":")[1]:
                one.unlink()

    @property
    def _place(self) -> Path:
        return self.database.with_name(self.database.name + PLACE)

    def _stamps(self) -> list[Path]:
        return list(self._place.glob(f"{_STAMP}*"))

    def _make(self) -> None:
        """Make the files that are made once, in no order that a copy would follow: freed numbers are given anew."""
        self._place.mkdir(exist_ok=True)
        for one in random.SystemRandom().sample(_MARKS, len(_MARKS)):
            if not (self._place / one).exists():
                _write(self._place / one, _TOLD)

    def _where(self, token: str) -> list[str]:
        """Return which files they are: of each its number, and when it was changed."""
        found = [(self._place / one).stat() for one in (*_MARKS, f"{_STAMP}{token}")]
        return [f"{one.st_ino}-{one.st_ctime_ns}" for one in found]


def _is_same(kept: Sequence[str], there: Sequence[str]) -> bool:
    """Say whether files are those that were kept: after a new owner all have new times, on a remounted disk numbers."""
    pairs = [(*one.split("-"), *other.split("-")) for one, other in zip(kept, there, strict=True)]
    is_remounted = all(then == now for _, then, _, now in pairs)
    has_new_owner = all(then != now and number == same for number, then, same, now in pairs)
    return is_remounted or has_new_owner


def _write(path: Path, words: str) -> None:
    """Write a file so that it outlives a power cut."""
    with path.open("w", encoding="ascii") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def check_in(sessions: Sessions, *, now: datetime) -> int | None:
    """Note that a process starts on this database, and hold it if it came back from a backup.

    Returns how many jobs were open in it then; `None` for a database that is the one it was, or is new.
    """
    if sessions.is_sqlite:
        return await _move_on(sessions, now=now)
    async with sessions.begin() as session:
        kept, own = await find_fingerprint(session), await _of_server(session)
        if kept == own:
            return None
        count = await hold(session, now=now) if kept else None
        await keep_fingerprint(session, own)
    return count


@contextlib.asynccontextmanager
async def moving_on(sessions: Sessions, *, every: float = MOVES_ON_SECONDS) -> AsyncIterator[None]:
    """Let the fingerprint of an SQLite database move on every so many seconds, and once at the end."""
    if not sessions.is_sqlite:
        yield
        return
    is_over = asyncio.Event()
    task = asyncio.create_task(_keep_moving(sessions, is_over, every))
    try:
        yield
    finally:
        is_over.set()
        await task
        await _move_on_if_there(sessions)


async def _keep_moving(sessions: Sessions, is_over: asyncio.Event, every: float) -> None:
    while not is_over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every):
                await is_over.wait()
        if not is_over.is_set():
            await _move_on_if_there(sessions)


async def _move_on_if_there(sessions: Sessions) -> None:
    try:
        await _move_on(sessions, now=None)
    except AWAY as error:
        log.warning("the fingerprint stays as it is for now: %s", type(error).__name__)


async def _move_on(sessions: Sessions, *, now: datetime | None) -> int | None:
    """Give an SQLite database its next fingerprint; with `now`, hold it first if it is another one than it was."""
    beside, count = Beside(Path(str(make_url(sessions.url).database))), None
    async with sessions.begin() as session:
        kept = await find_fingerprint(session)
        if now is not None and kept and not await asyncio.to_thread(beside.is_own, kept):
            count = await hold(session, now=now)
        fingerprint = await asyncio.to_thread(beside.move_on, kept)
        await keep_fingerprint(session, fingerprint)
    await asyncio.to_thread(beside.settle, fingerprint)
    return count


async def tell_held(sessions: Sessions) -> str | None:
    """Return that the database is held, and what to do about it; `None` if it is not."""
    async with sessions.reading() as session:
        found = await find_holding(session)
    if found.since is None:
        return None
    return f"held since {found.since:%Y-%m-%d %H:%M} UTC (jobs to decide on: {found.waiting}); {HOW_TO_RELEASE}"


async def _of_server(session: AsyncSession) -> str:
    """Return the fingerprint of a PostgreSQL database; a server that does not tell its identifier goes without."""
    identifier = ""
    with contextlib.suppress(ProgrammingError):  # refused; one that went meanwhile is no other one
        async with session.begin_nested():
            identifier = str(await session.scalar(text("SELECT system_identifier FROM pg_control_system()")))
    number = await session.scalar(text("SELECT CAST(CAST('job' AS regclass) AS oid)"))
    return f"postgresql:{identifier}:{number}"
