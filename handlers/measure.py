"""Measuring: asking networks, ever more rarely and within a budget, what they count for shares posted by accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater
from bot.core.jobs import MeasureShares
from bot.core.measuring import (
    LEAST_PAUSE,
    NOT_TOLD_PAUSE,
    Due,
    after_no_answer,
    after_silence,
    day_of,
    in_calls,
    may_be_asked,
    next_measuring,
    within_budget,
)
from bot.core.programme import NetworkSettings
from bot.core.social import Counts, Fault
from bot.core.value import millionths
from handlers.context import Outside
from handlers.tokens import Access, tokens_for
from storage.queries import accounts, figures

NOT_AVAILABLE = "not_available"
LEASE = timedelta(hours=1)
"""So long nobody else asks for a post that is being asked for; then whoever asked has died."""

_ENDED = (Fault.EXPIRED, Fault.REVOKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One asking round at one network."""

    out: Outside
    settings: NetworkSettings
    now: datetime


async def measure_shares(out: Outside, job: MeasureShares) -> None:
    """Ask each network for the shares that are due, newest first; what one does not tell is left for later."""
    for name, settings in out.programme.networks.items():
        if name in out.networks and may_be_asked(name, is_vetted=settings.is_vetted):
            await _measure(Round(out=out, settings=settings, now=out.clock.now()))


async def _measure(turn: Round) -> None:
    name, most = turn.settings.name, turn.settings.reads_a_day
    async with turn.out.sessions.reading() as session:
        asked = await figures.count_asked(session, network=name, since=day_of(turn.now))
        due = await figures.list_due(session, network=name, now=turn.now, limit=most)
    resting: set[str] = set()
    for group in in_calls(within_budget(due, asked_today=asked, most_a_day=most)):
        if group[0].server not in resting and not await _ask_for(turn, group):
            resting.add(group[0].server)


async def _ask_for(turn: Round, group: Sequence[Due]) -> bool:
    """Ask for shares of one account; `False` if the place where it is should be left alone in this round."""
    try:
        access = await tokens_for(turn.out, account_id=group[0].account_id)
    except NotConnected:
        return True
    except OutsideError as error:
        return await _put_off(turn, group, error)
    group = await _claim(turn, group)
    if not group:
        return True
    network = turn.out.networks[turn.settings.name]
    try:
        told = await network.metrics(access.door, access.tokens, [one.remote_id for one in group])
    except NotConnected as error:
        await _lose(turn, group, access, error)
        return True
    except OutsideError as error:
        return await _put_off(turn, group, error)
    await _keep(turn, group, {one.share_id: told[one.remote_id] for one in group if one.remote_id in told})
    return True


async def _claim(turn: Round, group: Sequence[Due]) -> Sequence[Due]:
    async with turn.out.sessions.begin() as session:
        ours = await figures.claim_due(session, group, now=turn.now, until=turn.now + LEASE)
    return [one for one in group if one.share_id in ours]


async def _keep(turn: Round, group: Sequence[Due], told: Mapping[int, Counts]) -> None:
    now, price = turn.out.clock.now(), millionths(turn.settings.cost_per_read or 0)
    asked = [one.share_id for one in group]
    reads = figures.Reads(network=turn.settings.name, asked=asked, told=told, price=price)
    async with turn.out.sessions.begin() as session:
        await figures.keep_counts(session, told, now=now)
        await figures.add_reads(session, reads, day=day_of(now), now=now)
        await figures.plan_measuring(session, {one.share_id: _next(one, told, now) for one in group})


def _next(due: Due, told: Mapping[int, Counts], now: datetime) -> datetime | None:
    return (next_measuring if due.share_id in told else after_silence)(due.sent_at, now=now)


async def _lose(turn: Round, group: Sequence[Due], access: Access, error: NotConnected) -> None:
    """Note that an account has ended, so that its shares wait; one that may only not be asked is not asked again."""
    async with turn.out.sessions.begin() as session:
        if error.code in _ENDED:
            await accounts.mark_broken(session, access.account, error.code, told_at=None)
            await figures.plan_measuring(session, {one.share_id: turn.now for one in group})
        else:
            await figures.never_ask(session, account_id=access.account.id)


async def _put_off(turn: Round, group: Sequence[Due], error: OutsideError) -> bool:
    """Note when shares are asked for again, if ever; `False` if the network is to be left alone until then."""
    now = turn.out.clock.now()
    is_told_never = isinstance(error, Refused) and error.code == NOT_AVAILABLE
    pause = NOT_TOLD_PAUSE if isinstance(error, Refused) else LEAST_PAUSE
    if isinstance(error, TryLater):
        pause = error.after
    times = {one.share_id: after_no_answer(one.sent_at, now=now, pause=pause) for one in group}
    async with turn.out.sessions.begin() as session:
        if is_told_never:
            await figures.never_ask(session, account_id=group[0].account_id)
        else:
            await figures.plan_measuring(session, times)
    return is_told_never
