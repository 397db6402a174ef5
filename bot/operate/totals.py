"""`vouch totals rebuild`: running sums compared with the ledger, and made right where they differ."""

import sys
from datetime import UTC, datetime

from bot.installation import read_installation
from bot.operate.database import answer_from_database, open_database
from handlers.recount import Recounted, recount_everything
from storage.upkeep import refresh_statistics


def rebuild_totals() -> int:
    """Make every running sum what the ledger says, and say on standard error what was wrong."""
    return answer_from_database(_rebuild)


async def _rebuild() -> int:
    environment, _, programme = read_installation()
    async with open_database(environment) as sessions:
        found = await recount_everything(sessions, programme, now=datetime.now(UTC))
        await refresh_statistics(sessions)
    sys.stderr.write(f"members in the ledger: {found.members}\n")
    sys.stderr.write("".join(f"{line}\n" for line in _told(found)))
    return 0


def _told(found: Recounted) -> list[str]:
    """Return a line for each kind of sum that was wrong somewhere, or one that says that none was."""
    wrong = (
        ("members", found.wrong),
        ("periods of boards", found.wrong_boards),
        ("days of posts", found.wrong_days),
    )
    told = [f"{what} whose sums were wrong and are right now: {count}" for what, count in wrong if count]
    return told or ["all sums were right"]
