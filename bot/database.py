"""Where an installation's database is, and what is said of one that is away or that no command may touch."""

from collections.abc import Iterator

from bot.environment import Environment
from storage.engine import sqlite_url
from storage.schema import SchemaState

UNUSABLE = {
    SchemaState.NEWER: "its schema is of a newer version of Vouch; run that version, or restore a backup of before",
    SchemaState.COPYING: "a copy into it was cut short; run the same `vouch copy-database` again, which finishes it",
    SchemaState.DAMAGED: "it is no database or a damaged one; restore a backup (docs/operations.md#backup-and-restore)",
}
"""What is said of a schema that no command may touch."""

_WHY = {
    "InvalidCatalogNameError": "the server has no such database",
    "InvalidPasswordError": "the server refuses the password",
    "InvalidAuthorizationSpecificationError": "the server refuses the name",
    "ClientConfigurationError": "an option after the ? of its address is wrong",
    "CannotConnectNowError": "the server is starting or stopping",
    "TooManyConnectionsError": "the server has no connection left",
    "ConnectionRefusedError": "nothing listens at that host and port",
    "gaierror": "no such host",
}
"""What an exception of the driver says, in words; its own message may name what is secret."""


def database_url(environment: Environment) -> str:
    """Return the database's address: the one that is set, else SQLite in the data folder."""
    return environment.database_url or sqlite_url(environment.data)


def why_away(error: BaseException) -> str:
    """Return why a database cannot be reached, in few words."""
    return next((_WHY[name] for name in _names(error) if name in _WHY), type(error).__name__)


def _names(error: BaseException | None) -> Iterator[str]:
    """Yield what an exception is called, and those that it was made from."""
    while error is not None:
        yield type(error).__name__
        error = getattr(error, "orig", None) or error.__cause__
