"""`vouch migrate`: bring the schema up to date."""

import sys

from bot.config import ConfigError
from bot.database import UNUSABLE, database_url
from bot.environment import read_environment
from bot.operate.database import answer_from_database
from storage.engine import Sessions
from storage.migrations.upgrade import upgrade
from storage.schema import schema_state


def migrate_database() -> int:
    """Bring the schema up to date, and say so on standard error; one that no command may touch is left as it is."""
    return answer_from_database(_migrate)


async def _migrate() -> int:
    sessions = Sessions(database_url(read_environment()))
    try:
        state = await schema_state(sessions)
        if state in UNUSABLE:
            raise ConfigError([f"database: {UNUSABLE[state]}; nothing was changed"])
        await upgrade(sessions)
    finally:
        await sessions.close()
    sys.stderr.write("the schema is current\n")
    return 0
