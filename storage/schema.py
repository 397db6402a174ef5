"""Which version a database's schema has, asked without Alembic."""

from enum import StrEnum

from sqlalchemy import Connection, inspect, text

from storage.engine import Sessions
from storage.migrations import HEAD


class SchemaState(StrEnum):
    """How a database's schema compares with what this version of Vouch needs."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"


async def schema_state(sessions: Sessions) -> SchemaState:
    """Return how the schema compares; raises one of `AWAY` when the database cannot be reached."""
    async with sessions.reader.connect() as connection:
        return await connection.run_sync(_state)


def _state(connection: Connection) -> SchemaState:
    if not inspect(connection).has_table("alembic_version"):
        return SchemaState.EMPTY
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version == HEAD:
        return SchemaState.CURRENT
    return SchemaState.NEWER if str(version) > HEAD else SchemaState.OLDER
