"""`vouch copy-database`: a whole database copied into another one, with how far it is."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.config import ConfigError
from bot.database import UNUSABLE, database_url, why_away
from bot.environment import DATABASES, UNKNOWN_OPTION, has_unknown_options, read_environment
from bot.operate.database import answer_from_database
from bot.process import hold_folder
from storage.copied import Mended, UnfitError
from storage.copying import Copied, copy_database
from storage.engine import AWAY, Sessions, async_url
from storage.schema import SchemaState, schema_state

SHOWN = 20
EXAMPLE = "postgresql://vouch@db.example/vouch or sqlite:///data/vouch.db"
GOES_ON = "the same command goes on where it was"
UNFIT = {
    SchemaState.DAMAGED: "is no database, or a damaged one",
    SchemaState.AHEAD: "its schema is of a newer version of Vouch; copy it with that version",
    SchemaState.NEWER: "its schema is of a newer version of Vouch; copy it with that version",
    SchemaState.COPYING: UNUSABLE[SchemaState.COPYING],
}
DEEDS = {"copy": "copying", "compare": "comparing"}


def copy_whole(source: str, target: str) -> int:
    """Copy the database at one address into that at the other; 1 if they differ in the end, 2 if they do not fit."""

    async def work() -> int:
        problems = [*_problems("FROM", source), *_problems("TO", target)]
        if problems:
            raise ConfigError(problems)
        return await _copy(async_url(source), async_url(target))

    return answer_from_database(work)


def _problems(name: str, address: str) -> Iterator[str]:
    """Yield what is wrong with an address; the address is not repeated: it may hold a password."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        yield f"{name}: is no database's address; write one like {EXAMPLE}"
        return
    if url.get_backend_name() not in DATABASES:
        yield f"{name}: only sqlite and postgresql are supported; write one like {EXAMPLE}"
    elif not url.database:
        yield f"{name}: names no database; write one like {EXAMPLE}"
    elif url.get_backend_name() == "sqlite":
        path = Path(url.database)
        if name == "FROM" and not path.is_file():
            yield f"FROM: {str(path)!r} is no file"
        if name == "TO" and not path.parent.is_dir():
            yield f"TO: {str(path.parent)!r} is no folder; make it first"
    elif has_unknown_options(address):
        yield f"{name}: {UNKNOWN_OPTION}"


async def _copy(source: str, target: str) -> int:
    if source == target:
        raise ConfigError(["FROM and TO are the same database"])
    console = Console(stderr=True, highlight=False)
    with contextlib.ExitStack() as held:
        for folder in _folders(source, target):
            if not held.enter_context(hold_folder(folder)):
                raise ConfigError([f"another vouch is running on {folder}; stop that one first"])
        old, new = Sessions(source), Sessions(target)
        try:
            if not (await _is_there("FROM", old) and await _is_there("TO", new)):
                return 1
            copied = await _copy_shown(old, new, console)
        finally:
            await old.close()
            await new.close()
    return _tell(copied, named(target)) if copied is not None else 1


async def _is_there(name: str, sessions: Sessions) -> bool:
    """Say whether a database answers, and on standard error why not; an SQLite file to be made is there too."""
    if _is_to_be_made(sessions.url):
        return True
    try:
        state = await schema_state(sessions)
    except AWAY as error:
        sys.stderr.write(
            f"{name}: the database does not answer ({why_away(error)}); check its address, and that its server runs\n"
        )
        return False
    if state is SchemaState.DAMAGED or (name == "FROM" and state in UNFIT):
        raise ConfigError([f"{name}: {UNFIT[state]}"])
    return True


def _is_to_be_made(address: str) -> bool:
    url = make_url(address)
    return url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()


async def _copy_shown(old: Sessions, new: Sessions, console: Console) -> Copied | None:
    """Copy, and show how far it is; `None` if a database went away meanwhile, which is said."""
    try:
        with _Shown(console) as shown:
            return await copy_database(old, new, shown)
    except UnfitError as error:
        raise ConfigError([str(error)]) from error
    except AWAY as error:
        sys.stderr.write(f"cut short: FROM or TO went away ({why_away(error)}); {GOES_ON}\n")
        return None
    except asyncio.CancelledError:  # by Ctrl-C
        sys.stderr.write(f"cut short; {GOES_ON}\n")
        raise


def named(address: str) -> str:
    """Return a database's address without who may open it: no name, no password, no options."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    query = url.query.get("host", "")
    query = query if isinstance(query, str) else ",".join(query)
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{url.host or query}{port}/{url.database}"


def _folders(*addresses: str) -> Sequence[Path]:
    """Return the data folders that no other process may work on: those of the files, and ours if it is our database."""
    environment = read_environment()
    urls = [make_url(one) for one in addresses]
    found = {Path(str(one.database)).parent.resolve() for one in urls if one.get_backend_name() == "sqlite"}
    if async_url(database_url(environment)) in addresses:
        found.add(environment.data.resolve())
    return sorted(found)


class _Shown:
    """Shows how far a copy is: a bar on a terminal, else a line for each table."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (TextColumn("{task.description:<28}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("looking", total=None)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def plan(self, rows: int) -> None:
        """There are so many rows in all: each is copied, then compared."""
        self._bar.update(self._task, total=2 * rows)

    def begin(self, deed: str, table: str, *, total: int, done: int) -> None:
        """A table is begun."""
        self._bar.update(self._task, description=f"{DEEDS[deed]} {table}")
        if total > done and not self._console.is_terminal:
            where = f", from row {done + 1:,} on" if done else ""
            self._console.print(f"{DEEDS[deed]} {table}: {total:,} rows{where}", soft_wrap=True)

    def advance(self, rows: int) -> None:
        """So many rows more are done."""
        self._bar.advance(self._task, rows)


def _tell(copied: Copied, target: str) -> int:
    for line in _mended_lines(copied.mended):
        sys.stderr.write(line + "\n")
    if copied.differences:
        for one in copied.differences:
            sys.stderr.write(f"{one.table} differs: {one.there:,} rows in FROM, {one.here:,} in TO\n")
        sys.stderr.write(f"{target} is not used like this; make it empty, then run the same command again\n")
        return 1
    sys.stdout.write(f"{copied.rows:,} rows of {copied.tables} tables are in {target}, each compared and the same\n")
    sys.stdout.write("set DATABASE_URL to it, keep the data folder with its keys, and start Vouch\n")
    sys.stdout.write("FROM is as it was: what waits there would go out a second time, so start nothing on it again\n")
    return 0


def _mended_lines(mended: Sequence[Mended]) -> Iterator[str]:
    for one in mended[:SHOWN]:
        key = ", ".join(str(value) for value in one.key)
        yield f"{one.table} {key}, {one.column}: held the character NUL, for which � stands now"
    if len(mended) > SHOWN:
        yield f"and {len(mended) - SHOWN} more like these"
