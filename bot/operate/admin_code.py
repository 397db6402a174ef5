"""`vouch admin-code`: a one-time code that makes its first user an admin."""

import secrets
import sys
from datetime import UTC, datetime, timedelta

from bot.environment import read_environment, secret_of
from bot.operate.database import answer_from_database, open_database
from storage.queries.roles import add_admin_code
from storage.types import keyed_hash

CODE_LASTS = timedelta(minutes=15)


def print_admin_code() -> int:
    """Print a new one-time code; only its hash is kept."""
    return answer_from_database(_add_code)


async def _add_code() -> int:
    environment = read_environment()
    code = secrets.token_hex(8)
    async with open_database(environment) as sessions, sessions.begin() as session:
        hashed = keyed_hash(secret_of(environment.data, given=environment.secret_key), code)
        await add_admin_code(session, code_hash=hashed, expires_at=datetime.now(UTC) + CODE_LASTS)
    sys.stdout.write(f"Within 15 minutes, type this to Vouch in your chat:\n\n  /vouch setup {code}\n")
    return 0
