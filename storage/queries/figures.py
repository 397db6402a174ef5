"""Figures: what networks count for shares, what asking them costs, and all that is known of one share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.accounts import AccountState
from bot.core.measuring import Counted, Due, Measured
from bot.core.sharing import ShareState
from bot.core.social import Counts
from bot.core.visits import VisitClass
from storage.models import Account, Figure, Share, Spend, TrackedLink, Visit
from storage.queries.visits import IS_SEEN

READ = "read"


async def list_due(session: AsyncSession, *, network: str, now: datetime, limit: int) -> Sequence[Due]:
    """Return the shares on a network whose counts are due, newest first, at most `limit`.

    Those of accounts that have to be connected anew wait for that.
    """
    wanted = (
        Share.network == network,
        Share.measure_at <= now,
        Share.state != ShareState.UNDONE.value,
        Account.state == AccountState.CONNECTED.value,
    )
    rows = await session.execute(
        select(Share.id, Share.account_id, Account.server, Share.remote_id, Share.sent_at)
        .join(Account, Account.id == Share.account_id)
        .where(*wanted)
        .order_by(Share.sent_at.desc(), Share.id.desc())
        .limit(limit)
    )
    return [
        Due(
            share_id=row.id,
            account_id=row.account_id,
            server=row.server,
            remote_id=row.remote_id,
            sent_at=row.sent_at,
        )
        for row in rows
        if row.account_id is not None and row.remote_id is not None and row.sent_at is not None
    ]


async def claim_due(session: AsyncSession, due: Collection[Due], *, now: datetime, until: datetime) -> frozenset[int]:
    """Take shares to ask for, and return the numbers of those that nobody else has taken meanwhile."""
    wanted = (Share.id.in_([one.share_id for one in due]), Share.measure_at <= now)
    taken = await session.scalars(update(Share).where(*wanted).values(measure_at=until).returning(Share.id))
    return frozenset(taken)


async def plan_measuring(session: AsyncSession, times: Mapping[int, datetime | None]) -> None:
    """Note when each of the shares is next asked for; `None` for never. Of somebody who was erased nothing is noted."""
    rows = await session.scalars(select(Share.id).where(Share.id.in_(times), Share.remote_id.is_not(None)))
    planned = [{"id": share_id, "measure_at": times[share_id]} for share_id in rows]
    if planned:
        await session.execute(update(Share), planned)


async def never_ask(session: AsyncSession, *, account_id: int) -> None:
    """Note that the posts of an account are not to be asked for any more."""
    await session.execute(update(Share).where(Share.account_id == account_id).values(measure_at=None))


async def keep_counts(session: AsyncSession, told: Mapping[int, Counts], *, now: datetime) -> None:
    """Keep what a network has just counted, by share; what it does not tell this time stays as it was told before."""
    rows = [
        {"share_id": share_id, "name": name, "value": value, "at": now}
        for share_id, counts in told.items()
        for name, value in counts.items()
    ]
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(Figure)
    newest = {"value": insert.excluded.value, "at": insert.excluded.at}
    keep = insert.on_conflict_do_update(
        index_elements=["share_id", "name"], set_=newest, where=Figure.at <= insert.excluded.at
    )
    await session.execute(keep, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Posts of a network that were asked for: which of them it told of, and what one costs, in millionths."""

    network: str
    asked: Collection[int]
    told: Collection[int]
    price: int


async def add_reads(session: AsyncSession, reads: Reads, *, day: datetime, now: datetime) -> None:
    """Note what was asked for; the same post is billed once in the day that began at `day`, one not told of never."""
    billed = frozenset(
        await session.scalars(
            select(Spend.share_id).where(
                Spend.kind == READ, Spend.at >= day, Spend.amount > 0, Spend.share_id.in_(reads.asked)
            )
        )
    )
    session.add_all(
        Spend(
            network=reads.network,
            kind=READ,
            share_id=share_id,
            amount=reads.price if share_id in reads.told and share_id not in billed else 0,
            at=now,
        )
        for share_id in reads.asked
    )


async def count_asked(session: AsyncSession, *, network: str, since: datetime) -> int:
    """Return for how many posts a network was asked since an instant."""
    wanted = (Spend.at >= since, Spend.network == network, Spend.kind == READ)
    return (await session.execute(select(func.count()).select_from(Spend).where(*wanted))).scalar_one()


async def sum_spent(session: AsyncSession, *, since: datetime, until: datetime) -> Mapping[str, int]:
    """Return what each network billed from an instant to before another, in millionths; none that billed nothing."""
    rows = await session.execute(
        select(Spend.network, func.sum(Spend.amount).label("amount"))
        .where(Spend.at >= since, Spend.at < until, Spend.amount > 0)
        .group_by(Spend.network)
    )
    return {row.network: int(row.amount) for row in rows}


async def find_measured(session: AsyncSession, *, share_id: int) -> Measured:
    """Return what was counted for a share, as far as visits are still kept and were looked at for points."""
    rows = await session.execute(
        select(Visit.kind, func.count().label("visits"), func.count(Visit.visitor.distinct()).label("people"))
        .join(TrackedLink, TrackedLink.id == Visit.link_id)
        .where(TrackedLink.share_id == share_id, IS_SEEN)
        .group_by(Visit.kind)
    )
    visits = {row.kind: (row.visits, row.people) for row in rows}
    counts = await session.execute(
        select(Figure.name, Figure.value, Figure.at).where(Figure.share_id == share_id).order_by(Figure.name)
    )
    return Measured(
        people=visits.get(VisitClass.HUMAN.value, (0, 0))[1],
        visits={kind: found[0] for kind, found in visits.items()},
        counts=[Counted(name=row.name, value=row.value, at=row.at) for row in counts],
    )


async def forget_figures(session: AsyncSession, *, before: datetime) -> None:
    """Delete what networks told before an instant."""
    await session.execute(delete(Figure).where(Figure.at < before))
