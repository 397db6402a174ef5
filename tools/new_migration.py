"""Draft a migration from the models: `python tools/new_migration.py 0002 "what changes"`; read it before committing."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command

from storage.engine import Sessions, sqlite_url
from storage.migrations.upgrade import config_for, upgrade


async def _draft(revision: str, message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sessions = Sessions(sqlite_url(Path(folder)))
        await upgrade(sessions)
        async with sessions.writer.connect() as connection:
            await connection.run_sync(
                lambda sync: command.revision(config_for(sync), message, autogenerate=True, rev_id=revision)
            )
        await sessions.close()


if __name__ == "__main__":
    asyncio.run(_draft(sys.argv[1], sys.argv[2]))
