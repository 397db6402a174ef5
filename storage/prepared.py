"""Statements of the hottest paths, put together and compiled once, and run without a session's work around.

What SQLAlchemy does around a statement costs three times what SQLite takes to run it, twice what PostgreSQL takes to
answer. An engine whose statements somebody listens to takes the ordinary way; what comes back is the same.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect, Executable, RowMapping
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler
from sqlalchemy.types import TypeEngine

from storage.on_postgres import Direct, direct
from storage.one_turn import OneTurnConnection

Driver = OneTurnConnection | Direct | str
"""The driver's connection of a transaction; the dialect's name where the ordinary way is taken."""

Row = RowMapping | Mapping[str, Any]
"""A row by its columns' names."""

Convert = Callable[[Any], Any]
_FOUND = "found"
_AT_HAND = "at_hand"
_CONNECTION = "connection"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in the driver's words: its values in their order, and how they and the columns are converted."""

    text: str
    constants: Mapping[str, Any]
    order: Sequence[tuple[str, Convert | None]]
    columns: Sequence[str]
    converted: Sequence[tuple[int, Convert]]

    def values(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what the statement is sent with; a value that is missing raises `KeyError`."""
        held = {**self.constants, **given}
        return tuple([held[name] if to is None else to(held[name]) for name, to in self.order])

    def row(self, raw: Sequence[Any]) -> Row:
        """Return a row by its columns' names."""
        if self.converted:
            raw = list(raw)
            for place, convert in self.converted:
                raw[place] = convert(raw[place])
        return dict(zip(self.columns, raw, strict=True))


class Prepared:
    """One statement on tables, per dialect where they differ; given the same names of values every time."""

    def __init__(self, statement: Executable, *, postgresql: Executable | None = None) -> None:
        """Run `statement`, or on PostgreSQL `postgresql` if that is given."""
        self._statement = statement
        self._on_postgresql = statement if postgresql is None else postgresql
        self._compiled: dict[str, _Compiled] = {}

    async def all(self, session: AsyncSession, values: Mapping[str, Any]) -> Sequence[Row]:
        """Return the rows, by column names; raises what the session would raise."""
        return (await together(session, (self, values)))[0]

    async def first(self, session: AsyncSession, values: Mapping[str, Any]) -> Row | None:
        """Return the first row, `None` if there is none."""
        rows = await self.all(session, values)
        return rows[0] if rows else None

    def on(self, dialect_name: str) -> Executable:
        """Return the statement for a database."""
        return self._on_postgresql if dialect_name == "postgresql" else self._statement

    def compiled(self, session: AsyncSession, values: Mapping[str, Any]) -> _Compiled:
        """Return the statement as the session's database gets it; put together the first time."""
        dialect = session.get_bind().dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self.on(dialect.name), dialect, values)
        return compiled


async def together(session: AsyncSession, *asked: tuple[Prepared, Mapping[str, Any]]) -> Sequence[Sequence[Row]]:
    """Return the rows of each statement, run in this order; on SQLite they cost one way to the database together."""
    driver = _known_driver(session) or await _driver_of(session)
    if isinstance(driver, str):
        return [(await session.execute(one.on(driver), values)).mappings().all() for one, values in asked]
    compiled = [one.compiled(session, values) for one, values in asked]
    try:
        found = await driver.run(
            *[(one.text, one.values(values)) for one, (_, values) in zip(compiled, asked, strict=True)]
        )
    except sqlite3.Error as error:
        raise DBAPIError.instance(None, None, error, sqlite3.Error, hide_parameters=True) from error
    return [[one.row(raw) for raw in rows] for one, rows in zip(compiled, found, strict=True)]


def _innermost(session: AsyncSession) -> SessionTransaction | None:
    """Return the transaction, or the savepoint, that a statement would be part of."""
    return session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()


def _known_driver(session: AsyncSession) -> Driver | None:
    """Return what was found for the same transaction or savepoint, while that is good for another statement."""
    within = _innermost(session)
    at_hand: Driver | None = session.info.get(_AT_HAND)
    if at_hand is not None and (within is None or (within.is_active and not within.nested)):
        return at_hand
    found = session.info.get(_FOUND)
    if found is None or within is None:
        return None
    transaction, connection, driver = found
    is_good = transaction is within and within.is_active and not connection.invalidated
    return cast(Driver, driver) if is_good else None


async def _driver_of(session: AsyncSession) -> Driver:
    """Return the way to the database of this transaction.

    Asking the session for its connection begins the transaction, or the savepoint, that it is in.
    """
    connection = (await session.connection()).sync_connection
    if connection is None:
        raise RuntimeError("a session without a connection")
    driver = _unheard_driver(connection) or connection.dialect.name
    session.info[_FOUND] = (_innermost(session), connection, driver)
    return driver


class DirectSession(AsyncSession):
    """A session that need not begin a transaction for prepared statements: on PostgreSQL they go to its connection.

    What only reads sees what is committed when it begins. What writes begins a transaction in the database, of which
    whatever else the session does becomes part; `end` commits it.
    """

    def go_directly(self, connection: AsyncConnection) -> None:
        """Use the connection to PostgreSQL that the session is bound to."""
        within = connection.sync_connection
        self.info[_AT_HAND] = None if within is None else _unheard_driver(within)
        self.info[_CONNECTION] = within

    async def rollback(self) -> None:
        """Roll back what was done."""
        await super().rollback()
        await self._end(is_kept=False)

    async def end(self) -> None:
        """Commit, and let the connection go."""
        if self.info.get(_AT_HAND) is None or self.in_transaction() or self.is_changed:
            await self.run_sync(_commit_and_close)
        else:
            await self._end(is_kept=True)

    async def _end(self, *, is_kept: bool) -> None:
        driver: Direct | None = self.info.get(_AT_HAND)
        if driver is None:
            return
        if self.info[_CONNECTION].invalidated:
            if is_kept:
                raise PendingRollbackError("the connection was lost before the end of this transaction")
            self.info[_AT_HAND] = None  # what comes now takes the ordinary way, which opens another
            return
        await driver.end(is_kept=is_kept)

    @property
    def is_changed(self) -> bool:
        """Whether there is something that the database has not been sent yet."""
        return bool(self.new or self.dirty or self.deleted)


def _commit_and_close(session: Session) -> None:
    """Do both in one go."""
    session.commit()
    session.close()


def _unheard_driver(connection: Connection) -> OneTurnConnection | Direct | None:
    """Return the driver's connection, `None` if somebody listens to the statements of SQLAlchemy's."""
    if connection.dispatch.before_cursor_execute:
        return None
    held: object = connection.connection.dbapi_connection
    return held if isinstance(held, OneTurnConnection) else direct(connection)


def _compile(statement: Executable, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
    compiled = cast(SQLCompiler, cast(ClauseElement, statement).compile(dialect=dialect, column_keys=list(values)))
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise ValueError("a prepared statement is given every value that the database does not fill by itself")
    whole = compiled.construct_expanded_state(dict(values))
    order = whole.positiontup or ()
    columns = list(cast(Any, statement).exported_columns.items())
    readers = ((place, _reader(column.type, dialect)) for place, (_, column) in enumerate(columns))
    return _Compiled(
        text=whole.statement,
        constants={name: whole.parameters[name] for name in order if name not in values},
        order=[(name, _sender(compiled, whole, name)) for name in order],
        columns=[name for name, _ in columns],
        converted=[(place, convert) for place, convert in readers if convert is not None],
    )


def _sender(compiled: SQLCompiler, whole: ExpandedState, name: str) -> Convert | None:
    """Return how a value is converted; the expanded statement knows that of expanded values alone."""
    if name in whole.processors:
        return cast(Convert | None, whole.processors[name])
    value = compiled.binds.get(name)
    return None if value is None else value.type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
