"""Reports: totals by post and by week, with no person in them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.leaderboard import local_date
from bot.core.moderation import PostState
from bot.core.sharing import ShareState
from bot.core.visits import VisitClass
from storage.models import Post, Share, TrackedLink, Visit

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
