"""An installation as every command finds it: environment, configuration, programme, and where its database is."""

from bot.config import Config, read_config
from bot.core.programme import Programme
from bot.environment import Environment, read_environment
from bot.programmes import programme_of
from storage.engine import sqlite_url
from storage.schema import SchemaState

UNUSABLE = {
    SchemaState.NEWER: "its schema is of a newer version of Vouch; run that version, or restore a backup of before",
    SchemaState.DAMAGED: "it is no database or a damaged one; restore a backup (docs/operations.md#backup-and-restore)",
}
"""What is said of a schema that no command may touch."""


def read_installation() -> tuple[Environment, Config, Programme]:
    """Read and check environment and configuration; raises `ConfigError` with every problem of the first that fails."""
    environment = read_environment()
    config = read_config(environment.config_path)
    programme = programme_of(config, environment.config_path, public_url=environment.public_url)
    return environment, config, programme


def database_url(environment: Environment) -> str:
    """Return the database's address: the one that is set, else SQLite in the data folder."""
    return environment.database_url or sqlite_url(environment.data)
