"""SQLAlchemy's aiosqlite dialect with cursors that do a whole statement in one turn of the driver's thread.

The shipped cursor takes four turns a statement (open, execute, fetch, close), and each turn wakes two threads: 27 for a
click on Share. BEGIN goes with the first statement, and a connection that was sent nothing since its last commit is
not rolled back when it returns to the pool. aiosqlite's `_execute` and `_conn` are private; SQLAlchemy's own adapter
relies on such members too.
"""

import collections
import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+one_turn"

ENDS_WITHIN = 1.0
"""So many seconds the thread of a connection that was not opened may take to end; it does so at once."""


class _Finished:
    """What is left of a cursor after its statement: SQLAlchemy reads no more than this."""

    __slots__ = ("arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, cursor: sqlite3.Cursor | None = None) -> None:
        self.description = cursor.description if cursor else None
        self.rowcount = cursor.rowcount if cursor else -1
        self.lastrowid = cursor.lastrowid if cursor else None
        self.arraysize = 1


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that is opened, used and closed in one turn."""

    __slots__ = ()
    _awaitable_cursor_close = False

    def _make_new_cursor(self, connection: Any) -> Any:  # noqa: ANN401 - the driver's
        return _Finished()

    def _aenter_cursor(self, cursor: Any) -> Any:  # noqa: ANN401
        return cursor

    def close(self) -> None:
        """Forget the rows; the driver's cursor is closed already."""
        self._rows.clear()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:  # noqa: ANN401
        return await self._one_turn("execute", operation, parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:  # noqa: ANN401
        return await self._one_turn("executemany", operation, seq_of_parameters)

    async def _one_turn(self, method: str, operation: str, parameters: Any) -> None:  # noqa: ANN401
        adapted: Any = self._adapt_connection
        self._cursor, rows = await adapted.turn(method, operation, parameters)
        self._rows = collections.deque(rows)


def _work(
    raw: sqlite3.Connection,
    opening: str | None,
    method: str,
    operation: str,
    parameters: Any,  # noqa: ANN401
) -> tuple[_Finished, list[Any]]:
    if opening is not None and not raw.in_transaction:
        raw.execute(opening)
    cursor = getattr(raw, method)(operation, () if parameters is None else parameters)
    try:
        rows = cursor.fetchall() if cursor.description else []
        return _Finished(cursor), rows
    finally:
        cursor.close()


def _work_all(
    raw: sqlite3.Connection, opening: str | None, statements: tuple[tuple[str, tuple[Any, ...]], ...]
) -> list[list[Any]]:
    if opening is not None and not raw.in_transaction:
        raw.execute(opening)
    return [raw.execute(*one).fetchall() for one in statements]


class OneTurnConnection(AsyncAdapt_aiosqlite_connection):
    """A connection with such cursors; `opening` is what begins the transaction that it is in, once there is work.

    `is_used` once something was sent, `is_begun` once that was done, `is_ours` unless the driver's thread may still be
    at work on it, as after a wait that was cancelled.
    """

    __slots__ = ("is_begun", "is_ours", "is_used", "opening")
    _cursor_cls = _Cursor

    def __init__(self, *arg: Any, **kw: Any) -> None:  # noqa: ANN401
        """Adapt a connection of the driver; nothing was sent on it yet."""
        super().__init__(*arg, **kw)
        self.opening: str | None = None
        self.is_begun = self.is_used = False
        self.is_ours = True

    async def turn(self, method: str, operation: str, parameters: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401
        """Return what is left of a cursor, and the rows, of a statement that is begun, run and closed in one turn."""
        turn: tuple[Any, list[Any]] = await self._take_turn(_work, self.opening, method, operation, parameters)
        return turn

    async def _take_turn(self, work: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401
        driver: Any = self._connection
        self._refuse_if_cut_short()
        self.is_used, self.is_ours = True, False
        async with self._execute_mutex:
            try:
                done = await driver._execute(work, driver._conn, *given)
            except sqlite3.Error:
                self.is_ours = True
                raise
        self.is_ours = self.is_begun = True
        return done

    async def run(self, *statements: tuple[str, tuple[Any, ...]]) -> list[list[Any]]:
        """Return the rows of each short statement, in the driver's own words; raises the driver's errors.

        The first ones of a transaction, which may wait for another process, take one turn together. Those after them
        wait for nobody and are over sooner than a turn begins: they are run here.
        """
        driver: Any = self._connection
        if self.opening is None:
            raise sqlite3.ProgrammingError("a statement outside a transaction")
        if self.is_ours and self.is_begun and driver._conn.in_transaction:
            return _work_all(driver._conn, None, statements)
        rows: list[list[Any]] = await self._take_turn(_work_all, self.opening, statements)
        return rows

    def _refuse_if_cut_short(self) -> None:
        if not self.is_ours:
            raise sqlite3.OperationalError("the wait for a statement was cut short; this transaction can only end")

    def commit(self) -> None:
        """Commit what was sent; it stays used if that fails or is cancelled."""
        if self.is_used:
            self._refuse_if_cut_short()
            super().commit()
        self._forget()

    def rollback(self) -> None:
        """Roll back what was sent, if anything was since the last commit."""
        if self.is_used:
            super().rollback()
        self._forget()

    def _forget(self) -> None:
        self.opening, self.is_begun, self.is_used, self.is_ours = None, False, False, True


class _Dbapi(AsyncAdapt_aiosqlite_dbapi):
    """The driver's module, giving such connections."""

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:  # noqa: ANN401
        """Open a connection; one that cannot be opened leaves no thread, which would speak to a loop that is over."""
        connection = self.aiosqlite.connect(*arg, **kw)
        connection._thread.daemon = True
        try:
            return OneTurnConnection(self, await_(connection))
        except sqlite3.Error:
            connection._thread.join(ENDS_WITHIN)
            raise


class Dialect(SQLiteDialect_aiosqlite):
    """The dialect behind `DRIVER`."""

    driver = "one_turn"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:  # noqa: ANN401 - the driver's module, adapted
        """Return the driver's module."""
        return _Dbapi(__import__("aiosqlite"), sqlite3)


def begin_with(connection: Connection, opening: str) -> None:
    """Let the transaction that `connection` begins start with `opening`, sent with its first statement."""
    adapted: Any = connection.connection.dbapi_connection
    adapted.opening = opening


def is_at_rest(connection: Connection | None) -> bool:
    """Say whether a connection is open and has ended all that was begun; if not, the pool has to clean up after it."""
    if connection is None or connection.closed or connection.invalidated:
        return False
    adapted: Any = connection.connection.dbapi_connection
    return not adapted.is_used


def is_at_work(connection: Connection | None) -> bool:
    """Say whether a transaction is under way on a connection, in which the database has answered already."""
    if connection is None or connection.closed or connection.invalidated:
        return False
    adapted: Any = connection.connection.dbapi_connection
    return bool(adapted.is_begun)


async def write_at_once(
    connection: Connection | None, statement: str, values: tuple[Any, ...], *, is_synced: bool
) -> None:
    """Write one statement as a whole transaction in one turn of the driver's thread; the driver's errors are raised.

    One that is not `is_synced` outlives this process, and a power cut once a later one is synced.
    """
    driver: Any = connection.connection.driver_connection if connection is not None else None
    await driver._execute(_write if is_synced else _write_unsynced, driver._conn, statement, values)


def _write(raw: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    try:
        raw.execute(statement, values)
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def _write_unsynced(raw: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> None:
    raw.execute("PRAGMA synchronous=NORMAL")
    try:
        _write(raw, statement, values)
    finally:
        raw.execute("PRAGMA synchronous=FULL")


def register_dialect() -> None:
    """Let SQLAlchemy know the dialect behind `DRIVER`; a second time changes nothing."""
    registry.register("sqlite.one_turn", __name__, "Dialect")
