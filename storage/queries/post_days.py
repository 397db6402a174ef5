"""How many different people followed the links of a post on each day: it follows the visits as they are credited."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.visits import VisitClass
from storage.models import PostDay, Share, TrackedLink, Visit
from storage.queries.group_totals import hold_counts
from storage.queries.visits import IS_SEEN


async def add_visitors(session: AsyncSession, found: Mapping[tuple[int, date], int]) -> None:
    """Add so many people, not counted yet, to the days of the posts; less than 0 are taken away."""
    if not found:
        return
    await hold_counts(session)
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    adding = dialect.insert(PostDay)
    grown = {"visitors": PostDay.visitors + adding.excluded.visitors}
    rows = [{"post_id": key[0], "on_day": key[1], "visitors": count} for key, count in sorted(found.items())]
    await session.execute(adding.on_conflict_do_update(index_elements=["post_id", "on_day"], set_=grown), rows)


async def find_drift(session: AsyncSession, *, first: date, end: date) -> Mapping[tuple[int, date], int]:
    """Return how many people are missing from, or less than 0 too many on, the days from `first` to before `end`."""
    within = (PostDay.on_day >= first, PostDay.on_day < end)
    held = select(PostDay.post_id, PostDay.on_day, (-PostDay.visitors).label("visitors")).where(*within)
    both = _made(Visit.on_day >= first, Visit.on_day < end).union_all(held).subquery()
    drift = func.sum(both.c.visitors)
    rows = await session.execute(
        select(both.c.post_id, both.c.on_day, drift).group_by(both.c.post_id, both.c.on_day).having(drift != 0)
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


async def forget_post_days(session: AsyncSession, *, before: date) -> None:
    """Forget the days whose visits are forgotten."""
    await session.execute(delete(PostDay).where(PostDay.on_day < before))


def _made(*within: ColumnElement[bool]) -> Select[int, date, int]:
    """Return what the visits say: a person is one for each link that they followed, as their hash is another there."""
    is_counted = (Visit.kind == VisitClass.HUMAN.value, IS_SEEN)
    by_link = select(Visit.link_id, Visit.on_day, func.count(Visit.visitor.distinct()).label("visitors"))
    followed = by_link.where(*within, *is_counted).group_by(Visit.link_id, Visit.on_day).subquery()
    return (
        select(Share.post_id, followed.c.on_day, func.sum(followed.c.visitors).label("visitors"))
        .select_from(followed)
        .join(TrackedLink, TrackedLink.id == followed.c.link_id)
        .join(Share, Share.id == TrackedLink.share_id)
        .group_by(Share.post_id, followed.c.on_day)
    )
