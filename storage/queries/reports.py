"""Reports: totals by post, by week and for some days, with no person in them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bot.core.leaderboard import Dates, local_date, midnight
from bot.core.measuring import Counted
from bot.core.moderation import PostState
from bot.core.reporting import NO_CREW, Brought, Cut, Told
from bot.core.sharing import ShareState
from bot.core.visits import VisitClass
from storage.models import Crew, Figure, Member, Post, Share, TrackedLink, Visit
from storage.queries import figures
from storage.queries.boards import became_known
from storage.queries.visits import IS_SEEN

_TOLD = (
    PostState.APPROVED.value,
    PostState.SCHEDULED.value,
    PostState.PUBLISHED.value,
    PostState.EXPIRED.value,
    PostState.WITHDRAWN.value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostTotals:
    """What came of one post on one network ("" for a post that nobody shared); undone shares are in `undone` alone.

    Opened, said, confirmed and evidenced are different facts: a share is counted under each that holds for it.
    `human_visits` are different visitors of a day, the others are visits; visits of an undone share's link count too.
    """

    post_id: int
    title: str
    state: str
    published_at: datetime | None
    network: str
    opened: int = 0
    said: int = 0
    confirmed: int = 0
    evidenced: int = 0
    undone: int = 0
    human_visits: int = 0
    preview_visits: int = 0
    crawler_visits: int = 0
    scanner_visits: int = 0
    self_visits: int = 0
    company_visits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekTotals:
    """What one week brought: `first` is its Monday; a share counts in the week in which each fact came to be."""

    first: date
    opened: int = 0
    confirmed: int = 0
    evidenced: int = 0
    human_visits: int = 0
    other_visits: int = 0


_FACTS = {
    "opened": Share.opened_at,
    "said": Share.said_at,
    "confirmed": Share.confirmed_at,
    "evidenced": Share.evidenced_at,
}
_IS_LIVE = Share.state != ShareState.UNDONE.value
_IS_REAL = or_(
    Share.state.not_in((ShareState.DRAFT.value, ShareState.UNDONE.value)),
    *(at.is_not(None) for at in _FACTS.values()),
)
"""Not only looked at; a window that was only looked at can be undone where two members turn out to be one."""


async def list_post_totals(session: AsyncSession) -> Sequence[PostTotals]:
    """Return every post that was ever approved, oldest first, with one row for each network it was shared on."""
    posts = await session.execute(
        select(Post.id, Post.title, Post.state, Post.published_at).where(Post.state.in_(_TOLD)).order_by(Post.id)
    )
    counts: dict[int, dict[str, dict[str, int]]] = {}
    for row in (await session.execute(_share_counts())).mappings():
        found = {name: int(row[name]) for name in (*_FACTS, "undone")}
        counts.setdefault(row["post_id"], {})[row["network"]] = found
    for visits in await session.execute(_visit_counts()):
        number = visits.visitors if visits.kind == VisitClass.HUMAN else visits.visits
        counts[visits.post_id][visits.network][f"{visits.kind}_visits"] = number
    return [
        PostTotals(
            post_id=post.id,
            title=post.title,
            state=post.state,
            published_at=post.published_at,
            network=network,
            **found,
        )
        for post in posts
        for network, found in sorted(counts.get(post.id, {"": {}}).items())
    ]


def _share_counts() -> Select[*tuple[object, ...]]:
    facts = [func.count(at).filter(_IS_LIVE).label(name) for name, at in _FACTS.items()]
    undone = func.count().filter(~_IS_LIVE).label("undone")
    columns: Select[*tuple[object, ...]] = select(Share.post_id, Share.network, *facts, undone)
    return columns.where(_IS_REAL).group_by(Share.post_id, Share.network)


def _visit_counts() -> Select[int, str, str, int, int]:
    return (
        select(
            Share.post_id,
            Share.network,
            Visit.kind,
            func.count().label("visits"),
            func.count(Visit.visitor.distinct()).label("visitors"),
        )
        .select_from(Share)
        .join(TrackedLink, TrackedLink.share_id == Share.id)
        .join(Visit, Visit.link_id == TrackedLink.id)
        .where(_IS_REAL)
        .group_by(Share.post_id, Share.network, Visit.kind)
    )


async def list_week_totals(session: AsyncSession, *, zone: tzinfo = UTC) -> Sequence[WeekTotals]:
    """Return every week in which something happened, oldest first; weeks begin on Monday in `zone`."""
    weeks: dict[date, Counter[str]] = {}
    for name in ("opened", "confirmed", "evidenced"):
        moments = await session.scalars(select(_FACTS[name]).where(_IS_LIVE, _FACTS[name].is_not(None)))
        _add(weeks, name, ((local_date(at, zone), 1) for at in moments if at is not None))
    visitors = func.count(Visit.visitor.distinct()).label("visitors")
    by_day = select(Visit.on_day, Visit.kind, func.count().label("visits"), visitors).group_by(Visit.on_day, Visit.kind)
    rows = (await session.execute(by_day)).all()
    human = [row for row in rows if row.kind == VisitClass.HUMAN]
    _add(weeks, "human_visits", ((row.on_day, row.visitors) for row in human))
    _add(weeks, "other_visits", ((row.on_day, row.visits) for row in rows if row.kind != VisitClass.HUMAN))
    return [WeekTotals(first=first, **_counted(found)) for first, found in sorted(weeks.items())]


def _add(weeks: dict[date, Counter[str]], name: str, days: Iterable[tuple[date, int]]) -> None:
    for day, number in days:
        weeks.setdefault(day - timedelta(days=day.weekday()), Counter())[name] += number


def _counted(found: Counter[str]) -> Mapping[str, int]:
    return dict(found)


# What some days brought


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Local days `first` to before `end`, and the same as instants."""

    first: date
    end: date
    since: datetime
    until: datetime

    def has(self, at: InstrumentedAttribute[datetime | None]) -> ColumnElement[bool]:
        return and_(at >= self.since, at < self.until)

    @property
    def became_known(self) -> ColumnElement[bool]:
        return became_known(since=self.since, until=self.until)


_CREW = func.coalesce(Member.crew_id, NO_CREW)


async def find_brought(session: AsyncSession, dates: Dates, *, zone: tzinfo) -> Brought:
    """Return what the days of `dates` in `zone` brought; visits as far as they were looked at for points."""
    first = dates.first or date.min
    span = _Span(first=first, end=dates.end, since=midnight(first, zone), until=midnight(dates.end, zone))
    cuts = await _list_cuts(session, span)
    numbers = {one.post_id for one in cuts}
    posts = (await session.execute(select(Post.id, Post.title, Post.topics).where(Post.id.in_(numbers)))).all()
    crews = await session.execute(select(Crew.id, Crew.name))
    sizes = await session.execute(_sizes(span))
    days = await session.execute(_people_by_day(span))
    return Brought(
        cuts=cuts,
        titles={post.id: post.title for post in posts},
        topics={post.id: tuple(post.topics) for post in posts},
        crews={row.id: row.name for row in crews},
        sizes={row.crew: row.members for row in sizes},
        day_people={row.on_day: int(row.people) for row in days},
        told=await _list_told(session, span),
        spent=await figures.sum_spent(session, since=span.since, until=span.until),
    )


def _in_days(span: _Span) -> tuple[ColumnElement[bool], ...]:
    return (Visit.on_day >= span.first, Visit.on_day < span.end, IS_SEEN)


def _in_span(span: _Span) -> ColumnElement[bool]:
    return and_(_IS_LIVE, or_(*(span.has(at) for at in _FACTS.values())))


async def _list_cuts(session: AsyncSession, span: _Span) -> list[Cut]:
    facts: dict[tuple[int, str, int], Mapping[str, int]] = {}
    for share in (await session.execute(_facts(span))).mappings():
        key = (share["post_id"], share["network"], share["crew"])
        facts[key] = {name: int(share[name]) for name in (*_FACTS, "shares")}
    visits: dict[tuple[int, str, int], dict[str, int]] = {}
    people: dict[tuple[int, str, int], int] = {}
    for row in await session.execute(_visits_of(span)):
        key = (row.post_id, row.network, row.crew)
        visits.setdefault(key, {})[row.kind] = int(row.visits)
        if row.kind == VisitClass.HUMAN:
            people[key] = int(row.people)
    return [
        Cut(
            post_id=key[0],
            network=key[1],
            crew_id=key[2],
            facts=facts.get(key, {}),
            people=people.get(key, 0),
            visits=visits.get(key, {}),
        )
        for key in sorted({*facts, *visits})
    ]


def _facts(span: _Span) -> Select[*tuple[object, ...]]:
    facts = [func.count().filter(span.has(at)).label(name) for name, at in _FACTS.items()]
    out = func.count().filter(span.became_known).label("shares")
    columns: Select[*tuple[object, ...]] = select(Share.post_id, Share.network, _CREW.label("crew"), *facts, out)
    return (
        columns.join(Member, Member.id == Share.member_id)
        .where(_in_span(span))
        .group_by(Share.post_id, Share.network, _CREW)
    )


def _visits_of(span: _Span) -> Select[int, str, int, str, int, int]:
    """Return visits by cut and class; those of each link are summed up first, in the order of its index.

    No visitor is the same on two links: what tells them apart is made anew for each.
    """
    of_link = (
        select(
            Visit.link_id,
            Visit.kind,
            func.count().label("visits"),
            func.count(Visit.visitor.distinct()).label("people"),
        )
        .where(*_in_days(span))
        .group_by(Visit.link_id, Visit.kind)
        .subquery()
    )
    return (
        select(
            Share.post_id,
            Share.network,
            _CREW.label("crew"),
            of_link.c.kind,
            func.sum(of_link.c.visits).label("visits"),
            func.sum(of_link.c.people).label("people"),
        )
        .select_from(of_link)
        .join(TrackedLink, TrackedLink.id == of_link.c.link_id)
        .join(Share, Share.id == TrackedLink.share_id)
        .join(Member, Member.id == Share.member_id)
        .group_by(Share.post_id, Share.network, _CREW, of_link.c.kind)
    )


def _people_by_day(span: _Span) -> Select[date, int]:
    of_link = (
        select(Visit.on_day, func.count(Visit.visitor.distinct()).label("people"))
        .where(*_in_days(span), Visit.kind == VisitClass.HUMAN.value)
        .group_by(Visit.link_id, Visit.on_day)
        .subquery()
    )
    return select(of_link.c.on_day, func.sum(of_link.c.people).label("people")).group_by(of_link.c.on_day)


def _sizes(span: _Span) -> Select[int, int]:
    """Return how many members of each crew brought anything."""
    of_share = (TrackedLink.share_id == Share.id, Visit.link_id == TrackedLink.id)
    was_visited = exists().where(*of_share, *_in_days(span))
    return (
        select(_CREW.label("crew"), func.count(Share.member_id.distinct()).label("members"))
        .select_from(Share)
        .join(Member, Member.id == Share.member_id)
        .where(or_(_in_span(span), was_visited))
        .group_by(_CREW)
    )


async def _list_told(session: AsyncSession, span: _Span) -> list[Told]:
    """Return what networks count for the shares that were first known to be out in these days."""
    rows = await session.execute(
        select(
            Share.network,
            Figure.name,
            func.sum(Figure.value).label("total"),
            func.count().label("shares"),
            func.max(Figure.at).label("at"),
        )
        .join(Figure, Figure.share_id == Share.id)
        .where(span.became_known)
        .group_by(Share.network, Figure.name)
        .order_by(Share.network, Figure.name)
    )
    return [
        Told(network=row.network, shares=row.shares, counted=Counted(name=row.name, value=int(row.total), at=row.at))
        for row in rows
    ]
