"""Where an installation's database is, and what is said of a schema that no command may touch."""

from bot.environment import Environment
from storage.engine import sqlite_url
from storage.schema import SchemaState

UNUSABLE = {
    SchemaState.NEWER: "its schema is of a newer version of Vouch; run that version, or restore a backup of before",
    SchemaState.DAMAGED: "it is no database or a damaged one; restore a backup (docs/operations.md#backup-and-restore)",
}
"""What is said of a schema that no command may touch."""


def database_url(environment: Environment) -> str:
    """Return the database's address: the one that is set, else SQLite in the data folder."""
    return environment.database_url or sqlite_url(environment.data)
