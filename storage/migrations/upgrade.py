"""Bringing a database's schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from storage.engine import Sessions


def config_for(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


async def upgrade(sessions: Sessions) -> None:
    """Bring the schema to the newest version; an up-to-date one is left as it is."""
    async with sessions.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(config_for(sync), "head"))
