"""Boards: what a stretch of days brought, by post, by people and by crew; read from running sums and indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.leaderboard import CrewSum, Period, Standing, Sum
from bot.core.moderation import PostState
from bot.core.sharing import COUNTED, ShareState
from storage.models import Announcement, Crew, CrewTotal, Member, PointsCount, Post, PostDay, Share, Total
from storage.models.member import COUNTED_NAMED
from storage.queries.group_totals import IS_NAMED, SINCE_EVER

LOOKED_BACK = timedelta(days=90)
MOST_POSTS = 60
LONGEST_TIE = 15
"""So many more than asked for are listed when they share the last rank; a longer tie is not listed at all."""

MOST_LOOKED_AT = 10_000
"""If more than so many would have to be looked at from the top to find those who are named, few are named."""

FEW = 1_000
"""So many are looked at one by one; of more, those with most points are looked for from the top at any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days to sum up: the running sum of `period` that begins on `first`, or with DAY each day before `end`."""

    period: Period
    first: date = SINCE_EVER
    end: date = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Local days `first` to before `end`, and the same as instants `since` to before `until`."""

    first: date
    end: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSums:
    """What a post's sharing brought in some days.

    `shares` are confirmed or evidenced; `unproven` were opened or said and nothing more is known; `visits` are
    different human visitors of a day, by day.
    """

    post_id: int
    title: str
    is_new: bool
    shares: int
    unproven: int
    visits: Mapping[date, int]


async def list_post_sums(session: AsyncSession, days: Days, *, channel_ref: str | None = None) -> list[PostSums]:
    """Return the posts that are new or brought something, those with most visits first: of one channel, or of all."""
    posts = (await session.execute(_posts(days, channel_ref))).all()
    numbers = [post.id for post in posts]
    shares = {row.post_id: row for row in await session.execute(_shares(days))}
    visits: dict[int, dict[date, int]] = {}
    for row in await session.execute(_visitors(days, numbers)):
        visits.setdefault(row.post_id, {})[row.on_day] = row.visitors
    sums = [
        PostSums(
            post_id=post.id,
            title=post.title,
            is_new=post.published_at >= days.since,
            shares=shares[post.id].proven if post.id in shares else 0,
            unproven=shares[post.id].unproven if post.id in shares else 0,
            visits=visits.get(post.id, {}),
        )
        for post in posts
    ]
    told = [one for one in sums if one.is_new or one.shares or one.unproven or one.visits]
    return sorted(told, key=lambda one: (-sum(one.visits.values()), -one.shares, -one.post_id))


def _posts(days: Days, channel_ref: str | None) -> Select[int, str, datetime | None]:
    wanted = select(Post.id, Post.title, Post.published_at).where(
        Post.state.in_((PostState.PUBLISHED.value, PostState.EXPIRED.value)),
        Post.published_at >= days.since - LOOKED_BACK,
        Post.published_at < days.until,
    )
    if channel_ref is not None:
        wanted = wanted.where(_stands_in(channel_ref))
    return wanted.order_by(Post.published_at.desc(), Post.id.desc()).limit(MOST_POSTS)


def _stands_in(channel_ref: str) -> ColumnElement[bool]:
    return (
        select(Announcement.id).where(Announcement.post_id == Post.id, Announcement.channel_ref == channel_ref).exists()
    )


def became_known(*, since: datetime, until: datetime) -> ColumnElement[bool]:
    """Return whether a share was first known to be out from one instant to before another."""
    both = and_(Share.confirmed_at.is_not(None), Share.evidenced_at.is_not(None))
    earlier = case((Share.confirmed_at < Share.evidenced_at, Share.confirmed_at), else_=Share.evidenced_at)
    known_at = case((both, earlier), else_=func.coalesce(Share.confirmed_at, Share.evidenced_at))
    return and_(Share.state.in_(COUNTED), known_at >= since, known_at < until)


def _shares(days: Days) -> Select[int, int, int]:
    proven = became_known(since=days.since, until=days.until)
    told_at = func.coalesce(Share.opened_at, Share.said_at)
    is_open = and_(
        Share.state.not_in((*COUNTED, ShareState.UNDONE)),
        or_(Share.state != ShareState.DRAFT, Share.said_at.is_not(None)),
    )
    unproven = and_(is_open, told_at >= days.since, told_at < days.until)
    return (
        select(
            Share.post_id,
            func.sum(case((proven, 1), else_=0)).label("proven"),
            func.sum(case((unproven, 1), else_=0)).label("unproven"),
        )
        .where(_lately(days))
        .group_by(Share.post_id)
    )


def _lately(days: Days) -> ColumnElement[bool]:
    """Return whether anything happened to a share in these days: each such time has an index of its own."""
    times = (Share.opened_at, Share.said_at, Share.confirmed_at, Share.evidenced_at)
    return or_(*(and_(one >= days.since, one < days.until) for one in times))


def _visitors(days: Days, post_ids: Sequence[int]) -> Select[int, date, int]:
    within = (PostDay.on_day >= days.first, PostDay.on_day < days.end, PostDay.visitors > 0)
    return select(PostDay.post_id, PostDay.on_day, PostDay.visitors).where(PostDay.post_id.in_(post_ids), *within)


async def find_open_post(session: AsyncSession, *, now: datetime, channel_ref: str) -> tuple[int, str] | None:
    """Return number and title of the newest post of a channel that can be shared; `None` without one."""
    wanted = select(Post.id, Post.title).where(
        Post.state == PostState.PUBLISHED.value,
        or_(Post.expires_at.is_(None), Post.expires_at > now),
        _stands_in(channel_ref),
    )
    row = (await session.execute(wanted.order_by(Post.published_at.desc(), Post.id.desc()).limit(1))).first()
    return None if row is None else (row.id, row.title)


# People and crews


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who earned something: the first of those who are named, all of those, everyone else; whether a tie was cut."""

    top: Sequence[Standing]
    names: Mapping[int, str]
    named: Sum
    others: Sum
    is_cut: bool


class _Named(NamedTuple):
    member_id: int
    points: int
    name: str


async def list_people(session: AsyncSession, stretch: Stretch, *, at_most: int) -> People:
    """Return the people of a stretch; who has left or was erased is in the sums and never named."""
    named, others = await _sums(session, stretch)
    limit = at_most + LONGEST_TIE + 1
    share_named = named.members / (named.members + others.members) if named.members else 0
    few = await _list_few(session) if limit > share_named * MOST_LOOKED_AT else None
    rows = await _list_named(session, stretch, of=few, limit=limit) if named.members else []
    is_cut = len(rows) == limit
    shown = [row for row in rows if not is_cut or row.points > rows[-1].points]
    return People(
        top=[Standing(member_id=row.member_id, points=row.points, is_named=True) for row in shown],
        names={row.member_id: row.name for row in shown},
        named=named,
        others=others,
        is_cut=is_cut and len(shown) < at_most,
    )


async def _sums(session: AsyncSession, stretch: Stretch) -> tuple[Sum, Sum]:
    """Return what those who are named have together, and everyone else."""
    if stretch.period is Period.DAY:
        earned = _earned(stretch)
        amounts = (func.count().label("members"), func.sum(earned.c.points).label("points"))
        sums = select(Member.is_counted_named.label("is_named"), *amounts).select_from(
            earned.join(Member, Member.id == earned.c.member_id)
        )
        sums = sums.group_by(Member.is_counted_named)
    else:
        amounts = (func.sum(CrewTotal.members).label("members"), func.sum(CrewTotal.points).label("points"))
        sums = select(CrewTotal.is_named, *amounts).where(*_of(CrewTotal, stretch)).group_by(CrewTotal.is_named)
    found = {
        bool(row.is_named): Sum(members=int(row.members), points=int(row.points)) for row in await session.execute(sums)
    }
    nothing = Sum(members=0, points=0)
    return found.get(True, nothing), found.get(False, nothing)


async def _list_few(session: AsyncSession) -> Sequence[int] | None:
    """Return everyone who is named, if they are few."""
    found = (await session.scalars(select(Member.id).where(COUNTED_NAMED).limit(FEW + 1))).all()
    return found if len(found) <= FEW else None


async def _list_named(
    session: AsyncSession, stretch: Stretch, *, of: Sequence[int] | None, limit: int
) -> Sequence[_Named]:
    """Return the first of those who are named: of all, or of some."""
    earned = _earned(stretch)
    wanted = (
        select(earned.c.member_id, earned.c.points, Member.name)
        .select_from(earned.join(Member, Member.id == earned.c.member_id))
        .where(IS_NAMED)
        .order_by(earned.c.points.desc(), earned.c.member_id.desc())
        .limit(limit)
    )
    if of is not None:
        wanted = wanted.where(earned.c.member_id.in_(of))
    return [_Named(*row) for row in await session.execute(wanted)]


def _earned(stretch: Stretch) -> Subquery:
    if stretch.period is not Period.DAY:
        held = (Total.period == stretch.period.value, Total.starts_on == stretch.first, Total.points > 0)
        return select(Total.member_id, Total.points).where(*held).subquery()
    days = (Total.period == Period.DAY.value, Total.starts_on >= stretch.first, Total.starts_on < stretch.end)
    points = func.sum(Total.points)
    return (
        select(Total.member_id, points.label("points"))
        .where(*days)
        .group_by(Total.member_id)
        .having(points > 0)
        .subquery()
    )


async def find_own(session: AsyncSession, stretch: Stretch, *, member_id: int) -> tuple[int, int]:
    """Return a member's points, and how many have more."""
    earned = _earned(stretch)
    points = await session.scalar(select(earned.c.points).where(earned.c.member_id == member_id)) or 0
    if stretch.period is Period.DAY:
        above = select(func.count()).select_from(earned).where(earned.c.points > points)
    else:
        held = (*_of(PointsCount, stretch), PointsCount.points > points)
        above = select(func.coalesce(func.sum(PointsCount.members), 0)).where(*held)
    return int(points), int(await session.scalar(above) or 0)


async def list_crews(session: AsyncSession, stretch: Stretch) -> Sequence[CrewSum]:
    """Return what each crew's members have together, whatever its size."""
    if stretch.period is Period.DAY:
        earned = _earned(stretch)
        sums = (
            select(Member.crew_id, func.count().label("active"), func.sum(earned.c.points).label("points"))
            .select_from(earned.join(Member, Member.id == earned.c.member_id))
            .group_by(Member.crew_id)
            .subquery()
        )
    else:
        amounts = (func.sum(CrewTotal.members).label("active"), func.sum(CrewTotal.points).label("points"))
        held = select(CrewTotal.crew_id, *amounts).where(*_of(CrewTotal, stretch), CrewTotal.members > 0)
        sums = held.group_by(CrewTotal.crew_id).subquery()
    rows = await session.execute(
        select(Crew.id, Crew.name, sums.c.active, sums.c.points).join_from(Crew, sums, Crew.id == sums.c.crew_id)
    )
    return [CrewSum(crew_id=row.id, name=row.name, active=int(row.active), points=int(row.points)) for row in rows]


async def find_sums(session: AsyncSession, stretch: Stretch) -> tuple[int, int]:
    """Return the shares that earned points and the human visits of a running sum, all members together."""
    sums = select(func.coalesce(func.sum(CrewTotal.shares), 0), func.coalesce(func.sum(CrewTotal.visits), 0))
    row = (await session.execute(sums.where(*_of(CrewTotal, stretch)))).one()
    return int(row[0]), int(row[1])


def _of(table: type[CrewTotal | PointsCount], stretch: Stretch) -> tuple[ColumnElement[bool], ...]:
    return table.period == stretch.period.value, table.starts_on == stretch.first
