"""PostgreSQL by asyncpg: connections that are known to live, what its troubles are called, and the short way to it.

SQLAlchemy makes of every statement an execution context, a cursor, a prepared statement of its own and a result, which
together cost more than the way to the server and back. asyncpg keeps what it has prepared itself. The transaction is
begun, and ended, by SQLAlchemy's adapter as ever, so both ways can be mixed in one. The adapter's members that are used
here are private; it has no others.
"""

import contextlib
import socket
import time
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError, OperationalError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util.concurrency import greenlet_spawn

POOL_SIZE = 20
POOL_SECONDS = 2
"""How long somebody waits for one of the pool's connections; shorter than what a platform waits for an answer."""

CONNECT_SECONDS = 5
"""How long a server may take to let somebody in; one behind a broken network never answers."""

RENEWED_SECONDS = 1800
"""A connection is replaced at this age: what stands between may have forgotten it."""

_AWAY_STATES = ("08", "25006", "25P03", "28", "3D", "40", "53", "55P03", "57014", "57P", "58")
"""Connection lost or refused, a standby, idle too long, no such role or database, taken back for another transaction,
resources used up, waited too long, stopped or starting, system error:
postgresql.org/docs/current/errcodes-appendix.html."""

_STANDBY = "25006"
"""The server that was written to is no longer the one to write to: its connections are of no use."""

_SETTINGS = "SET application_name = 'vouch'; SET idle_in_transaction_session_timeout = '60s'"
"""A process that hangs in a transaction must not hold its rows for ever. Sent once connected, as PgBouncer refuses them
with the start of a connection (pgbouncer.org/config.html#ignore_startup_parameters)."""

_PROBES = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 20_000))
"""A server that is gone without a word is known to be after half a minute, not after two hours: asyncpg sets none of
these (github.com/MagicStack/asyncpg/issues/606)."""

_SINCE = "since"

Statement = tuple[str, tuple[Any, ...]]


def postgres_engine(url: str) -> AsyncEngine:
    """Return an engine whose connections are looked at, without asking the server, each time before they are used.

    One that is lost is noticed as it is read from, at once in most cases; else the first statement of a transaction
    fails with one of `AWAY`, and every connection as old as that one is replaced.
    """
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,  # what is opened beside it is closed after each use
        pool_timeout=POOL_SECONDS,
        pool_recycle=RENEWED_SECONDS,
        connect_args={"timeout": CONNECT_SECONDS},
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "checkout", _refuse_if_lost)
    event.listen(engine.sync_engine, "handle_error", _name_away, retval=True)
    return engine


def reading_engine(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine for reading: each statement goes alone, without the ways that BEGIN and ROLLBACK take.

    They would buy nothing: at PostgreSQL's usual level each statement sees what is committed when it begins, in a
    transaction or not (postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED).
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _set_up(adapted: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - SQLAlchemy's adapter of a connection
    record.info[_SINCE] = time.time()
    try:
        adapted.run_async(lambda connection: connection.execute(_SETTINGS))
    except Exception as error:  # the driver's own classes: the server went as soon as it had let us in
        raise OperationalError(_SETTINGS, None, error, connection_invalidated=True) from error
    bare = adapted.driver_connection._transport.get_extra_info("socket")
    if bare is not None and bare.family != socket.AF_UNIX:
        probe(bare)


def probe(bare: socket.socket) -> None:
    """Let the system notice within half a minute that nobody is at the other end any more."""
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES:
        with contextlib.suppress(AttributeError, OSError):  # not every system has each of them
            bare.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _refuse_if_lost(adapted: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401
    if adapted.driver_connection.is_closed():
        raise DisconnectionError


def _name_away(context: ExceptionContext) -> OperationalError | None:
    """Make one of `AWAY` of what says that PostgreSQL is away: asyncpg's own classes for that are like any other."""
    original = context.original_exception
    state = str(getattr(original, "sqlstate", None) or "")
    if state == _STANDBY:
        context.is_disconnect = True
    is_stale = isinstance(original, AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError)
    if context.sqlalchemy_exception is None or not (
        context.is_disconnect or is_stale or state.startswith(_AWAY_STATES)
    ):
        return None
    return OperationalError(
        context.statement, None, original, hide_parameters=True, connection_invalidated=context.is_disconnect
    )


class Direct:
    """The way to PostgreSQL for what is prepared, in the transaction that `connection` is in.

    Once a statement of a transaction has failed, that takes no other one before it is rolled back.
    """

    __slots__ = ("_adapted", "_connection", "_has_failed")

    def __init__(self, connection: Connection, adapted: AsyncAdapt_asyncpg_connection) -> None:
        """Use the connection whose driver's connection is `adapted`."""
        self._connection = connection
        self._adapted: Any = adapted
        self._has_failed = False

    async def run(self, *statements: Statement) -> list[list[Any]]:
        """Return the rows of each statement, in the driver's own words; raises what SQLAlchemy raises."""
        adapted, sent = self._adapted, ""
        self._refuse_if_failed()
        try:
            async with adapted._execute_mutex:
                if adapted._transaction is None:
                    await adapted._start_transaction()
                fetch = adapted._connection.fetch
                return [await fetch(sent := one, *values) for one, values in statements]
        except BaseException as error:
            self._has_failed = adapted._transaction is not None
            await greenlet_spawn(_raise, self._connection, adapted, error, sent)
            raise

    def _refuse_if_failed(self) -> None:
        if self._has_failed:
            raise PendingRollbackError("a statement of this transaction has failed; it can only be rolled back")

    async def end(self, *, is_kept: bool) -> None:
        """Commit the transaction, or roll it back, if one was begun; raises what SQLAlchemy raises."""
        adapted = self._adapted
        if is_kept:
            self._refuse_if_failed()
        self._has_failed = False
        transaction = adapted._transaction
        if transaction is None:
            return
        try:
            async with adapted._execute_mutex:
                await adapted._call_and_discard(transaction.commit if is_kept else transaction.rollback)
        except BaseException as error:
            await greenlet_spawn(_raise, self._connection, adapted, error, None)
            raise


def direct(connection: Connection) -> Direct | None:
    """Return the way of a connection to PostgreSQL, `None` for one to another database."""
    adapted = connection.connection.dbapi_connection
    return Direct(connection, adapted) if isinstance(adapted, AsyncAdapt_asyncpg_connection) else None


async def write_alone(connection: AsyncConnection, statement: str, values: tuple[Any, ...]) -> None:
    """Write one statement as a transaction of its own, in one way to the server and back; raises as SQLAlchemy does."""
    within = connection.sync_connection
    if within is None:
        raise RuntimeError("a connection that is not open")
    adapted: Any = within.connection.dbapi_connection
    try:
        await adapted._connection.fetch(statement, *values)
    except BaseException as error:
        await greenlet_spawn(_raise, within, adapted, error, statement)
        raise


def connected_at(connection: AsyncConnection) -> float:
    """Return when a connection to PostgreSQL was opened, in seconds since 1970; 0 if it is closed."""
    within = connection.sync_connection
    return 0.0 if within is None or within.closed else float(within.info.get(_SINCE, 0.0))


def is_of_use(connection: AsyncConnection) -> bool:
    """Say whether a connection that was kept is still open, as far as that is known without asking."""
    within = connection.sync_connection
    if within is None or within.closed or within.invalidated:
        return False
    adapted: Any = within.connection.dbapi_connection
    return not adapted.driver_connection.is_closed()


def is_idle(connection: AsyncConnection) -> bool:
    """Say whether a connection has no transaction at the server, so that ending its session asks nobody."""
    within = connection.sync_connection
    if within is None or within.closed or within.invalidated:
        return False
    adapted: Any = within.connection.dbapi_connection
    return adapted._transaction is None


def _raise(connection: Connection, adapted: Any, error: BaseException, statement: str | None) -> None:  # noqa: ANN401
    """Raise an error of the driver as SQLAlchemy does: in its own classes, with a lost connection thrown away.

    So is one whose wait was cut short: nobody knows how far it had come.
    """
    try:
        if not isinstance(error, Exception) or isinstance(error, adapted.dbapi.Error):
            raise error
        adapted._handle_exception(error)
    except BaseException as translated:
        connection._handle_dbapi_exception(translated, statement, None, None, None)
