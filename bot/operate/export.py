"""`vouch export`: posts, shares and visits as totals, of all time or as a report on some days with their value."""

import asyncio
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.core.leaderboard import Period
from bot.core.reporting import COLUMNS, csv_of, rows_of
from bot.environment import read_environment
from bot.installation import read_installation
from bot.operate.answer import write_file
from bot.operate.database import answer_from_database, open_database
from handlers.report import make_report
from storage.queries.reports import PostTotals, list_post_totals

Rows = Sequence[Mapping[str, object]]


def write_export(style: str, output: Path | None) -> int:
    """Write the totals of every post and network; no person is in them."""
    names = [one.name for one in dataclasses.fields(PostTotals)]

    async def work() -> int:
        return await _write(await _totals(), names, style=style, output=output)

    return answer_from_database(work)


def write_report(period: str, style: str, output: Path | None) -> int:
    """Write what the days of a period brought until now, as `/vouch report` sends it; no person is in it."""

    async def work() -> int:
        return await _write(await _report(Period(period)), COLUMNS, style=style, output=output)

    return answer_from_database(work)


async def _totals() -> Rows:
    async with open_database(read_environment()) as sessions, sessions.reading() as session:
        return [dataclasses.asdict(one) for one in await list_post_totals(session)]


async def _report(period: Period) -> Rows:
    environment, _, programme = read_installation()
    async with open_database(environment) as sessions, sessions.reading() as session:
        return rows_of(await make_report(session, programme, period, now=datetime.now(UTC)))


async def _write(rows: Rows, names: Sequence[str], *, style: str, output: Path | None) -> int:
    text = json.dumps(rows, indent=2, default=str, ensure_ascii=False) if style == "json" else csv_of(rows, names)
    if output is None:
        sys.stdout.write(text)
    else:
        await asyncio.to_thread(write_file, output, text.encode())
    return 0
