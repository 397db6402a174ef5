"""Recounting: running sums are compared with the ledger, and what is wrong is made right; Vouch may run meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.jobs import RollTotals
from bot.core.leaderboard import Period, local_date
from bot.core.programme import Programme
from handlers.context import Outside, SessionMaker
from storage.queries import group_totals, post_days, totals
from storage.queries.group_totals import SINCE_EVER

LOOKED_BACK = timedelta(days=100)
DAYS_LOOKED_BACK = timedelta(days=8)


async def roll_totals(out: Outside, job: RollTotals) -> None:
    """Let the rolling 30 days of everyone end with today, and look after the sums and days that boards read."""
    now, zone = out.clock.now(), out.programme.zone
    await recount_totals(out.sessions, out.programme, now=now, periods=(Period.MONTH,))
    today = local_date(now, zone)
    await recount_boards(out.sessions, since=today - LOOKED_BACK)
    await recount_days(out.sessions, first=today - DAYS_LOOKED_BACK, end=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """How many members there are, and what was wrong: of so many members, of so many boards, on so many days."""

    members: int
    wrong: int
    wrong_boards: int
    wrong_days: int


async def recount_everything(sessions: SessionMaker, programme: Programme, *, now: datetime) -> Recounted:
    """Compare every running sum with the ledger, and every day with its visits; what is wrong is right afterwards."""
    await _place_members(sessions)
    members, wrong = await recount_totals(sessions, programme, now=now)
    boards = await recount_boards(sessions, since=SINCE_EVER)
    kept_from = local_date(now - programme.retention.visits, programme.zone) + timedelta(days=1)
    days = await recount_days(sessions, first=kept_from, end=local_date(now, programme.zone) + timedelta(days=2))
    return Recounted(members=members, wrong=wrong, wrong_boards=boards, wrong_days=days)


async def _place_members(sessions: SessionMaker) -> None:
    """Count all members in the crew, and by the name or without, where they belong by now."""
    has_more = True
    while has_more:
        async with sessions.begin() as session:
            has_more = await group_totals.recount_members(session)


async def recount_totals(
    sessions: SessionMaker, programme: Programme, *, now: datetime, periods: Collection[Period] = tuple(Period)
) -> tuple[int, int]:
    """Make the running sums of these periods right, and return how many members there are and of how many it was wrong.

    They are compared without keeping anybody waiting; only what is wrong is written, in short transactions.
    """
    async with sessions.reading() as session:
        spans, members = await totals.list_spans(session), await totals.count_members(session)
    wrong = 0
    for span in spans:
        async with sessions.reading() as session:
            found = await totals.list_wrong_members(session, span, now=now, programme=programme, periods=periods)
        for start in range(0, len(found), totals.AT_ONCE):
            some = found[start : start + totals.AT_ONCE]
            async with sessions.begin() as session:
                await totals.rebuild_totals(session, member_ids=some, now=now, programme=programme, periods=periods)
        wrong += len(found)
    return members, wrong


async def recount_boards(sessions: SessionMaker, *, since: date) -> int:
    """Make the sums over many members right, of periods that last or begin from `since` on; return how many were not.

    What is missing is found in one look and added later: what is counted in between is counted as well.
    """
    wrong: set[tuple[str, date]] = set()
    for period in (Period.ALL, Period.MONTH, Period.QUARTER, Period.WEEK):
        first = SINCE_EVER if period in (Period.ALL, Period.MONTH) else since
        async with sessions.reading() as session:
            drifts = await group_totals.list_drifts(session, period=period, since=first)
        for drift in drifts:
            wrong |= {(row["period"], row["starts_on"]) for row in drift.rows}
            if drift.rows:
                async with sessions.begin() as session:
                    await group_totals.undo_drift(session, drift)
    return len(wrong)


async def recount_days(sessions: SessionMaker, *, first: date, end: date) -> int:
    """Make the visitors of each post right, from one day to before another; return on how many days they were not."""
    async with sessions.reading() as session:
        drift = await post_days.find_drift(session, first=first, end=end)
    if drift:
        async with sessions.begin() as session:
            await post_days.add_visitors(session, drift)
    return len({on_day for _, on_day in drift})
