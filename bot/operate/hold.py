"""`vouch hold` and `vouch release`: nothing that is open in a restored database is sent until somebody decides."""

import sys
from datetime import UTC, datetime

from bot.core.restoring import Release
from bot.environment import read_environment
from bot.operate.database import answer_from_database, open_database
from storage.queries import installation

SAID = {
    Release.SEND: "the jobs that were open ({count}) are on their way; boards and planned posts go on\n",
    Release.DROP: "the jobs that were open ({count}) are dropped and not sent; boards and planned posts go on\n",
    Release.KEEP: "the jobs that were open ({count}) stay in /vouch failures to be decided one by one; "
    "boards and planned posts go on\n",
}


def hold_database() -> int:
    """Hold the database as if it had been found restored: what is open becomes uncertain, no timer runs."""
    return answer_from_database(_hold)


def release_database(how: str) -> int:
    """Decide what becomes of everything that was open, and let timers run again."""
    return answer_from_database(lambda: _release(Release(how)))


async def _hold() -> int:
    async with open_database(read_environment()) as sessions, sessions.begin() as session:
        count = await installation.hold(session, now=datetime.now(UTC))
    sys.stdout.write(f"held: none of the open jobs ({count}) is sent; no board or planned post goes out by itself\n")
    sys.stdout.write("decide with /vouch failures, or `vouch release send`, `drop` or `keep`\n")
    return 0


async def _release(how: Release) -> int:
    async with open_database(read_environment()) as sessions, sessions.begin() as session:
        found = await installation.find_holding(session)
        if found.since is None and not found.waiting:
            sys.stdout.write("this database is not held; nothing was changed\n")
            return 0
        count = await installation.release(session, how, now=datetime.now(UTC))
    sys.stdout.write(SAID[how].format(count=count))
    return 0
