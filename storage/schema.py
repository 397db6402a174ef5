"""Which version a database's schema has, asked without Alembic."""

from enum import StrEnum

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from storage.engine import Sessions
from storage.migrations import HEAD


class SchemaState(StrEnum):
    """How a database's schema compares with what this version of Vouch needs."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"
    DAMAGED = "damaged"


async def schema_state(sessions: Sessions) -> SchemaState:
    """Return how the schema compares; raises one of `AWAY` when the database cannot be reached."""
    try:
        async with sessions.reader.connect() as connection:
            return await connection.run_sync(_state)
    except OperationalError:
        raise
    except DatabaseError:  # what is there is no database, or no longer
        return SchemaState.DAMAGED


def _state(connection: Connection) -> SchemaState:
    if not inspect(connection).has_table("alembic_version"):
        return SchemaState.EMPTY
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version == HEAD:
        return SchemaState.CURRENT
    return SchemaState.NEWER if str(version) > HEAD else SchemaState.OLDER
