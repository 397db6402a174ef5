"""What waits to be credited: visits, proven shares, approved suggestions; and what counts against their caps.

What is listed is held until the transaction ends, so that an undoing meanwhile waits and sees what was brought. What
somebody else holds is left for the next time: crediting itself waits for nobody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.points import EntryKind
from bot.core.sharing import COUNTED, ShareEvent, ShareState, states_before
from bot.core.visits import VisitClass
from storage.models import LedgerEntry, Member, Share, Suggestion, SuggestionAuthor, TrackedLink, Visit
from storage.queries.visits import IS_SEEN, IS_WAITING

READ_AT_ONCE = 5_000
MOST_AT_ONCE = 100_000
"""So many visits are looked at in one run; the next one finds the others."""

_COUNTED = [one.value for one in COUNTED]
_EARNER = func.coalesce(Member.same_as_id, Member.id)
"""Who earns: of one who is here on two platforms the row that counts, also for a share begun as they were joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingVisit:
    """A human visit that is not credited yet, with its share and its member; `is_draft` if that was never opened."""

    id: int
    link_id: int
    share_id: int
    post_id: int
    is_draft: bool
    is_evidenced: bool
    member_id: int
    at: datetime
    on_day: date
    visitor: bytes
    prefix: bytes
    network: str
    is_earning: bool

    @property
    def key(self) -> tuple[int, bytes, date]:
        """What makes it unique for points, whatever the user agent."""
        return self.link_id, self.prefix, self.on_day


async def list_waiting(session: AsyncSession, *, after: int | None) -> Sequence[tuple[int, int]]:
    """Return (visit, link) of the oldest human visits that are not credited: the next `READ_AT_ONCE` after a visit."""
    later = [] if after is None else [Visit.id > after]
    rows = await session.execute(
        select(Visit.id, Visit.link_id).where(IS_WAITING, *later).order_by(Visit.id).limit(READ_AT_ONCE)
    )
    return [(row[0], row[1]) for row in rows]


async def list_waiting_visits(
    session: AsyncSession, *, limit: int, visit_ids: Sequence[int] | None = None
) -> Sequence[WaitingVisit]:
    """Return the oldest human visits that are not credited, or those of `visit_ids` that are not.

    An undone share and a member who left earn nothing.
    """
    if visit_ids is not None and not visit_ids:
        return []
    asked = [] if visit_ids is None else [Visit.id.in_(visit_ids)]
    earns = (Share.state != ShareState.UNDONE.value) & Member.left_at.is_(None) & Member.erased_at.is_(None)
    rows = await session.execute(
        select(
            Visit.id,
            Visit.link_id,
            Share.id.label("share_id"),
            Share.post_id,
            (Share.state == ShareState.DRAFT.value).label("is_draft"),
            Share.evidenced_at.is_not(None).label("is_evidenced"),
            _EARNER.label("member_id"),
            Visit.at,
            Visit.on_day,
            Visit.visitor,
            Visit.prefix,
            Share.network,
            earns.label("is_earning"),
        )
        .join(TrackedLink, TrackedLink.id == Visit.link_id)
        .join(Share, Share.id == TrackedLink.share_id)
        .join(Member, Member.id == Share.member_id)
        .where(IS_WAITING, *asked)
        .order_by(Visit.id)
        .limit(limit)
        .with_for_update(of=(Visit, Share), skip_locked=True)
    )
    return [WaitingVisit(**row) for row in rows.mappings()]


VisitKey = tuple[int, bytes, date]
"""A link, somebody who followed it, by either hash, and the day."""


async def find_counted(
    session: AsyncSession, visits: Sequence[WaitingVisit]
) -> tuple[set[VisitKey], set[VisitKey], dict[int, int]]:
    """Return which of the visits' keys and visitors were counted before, and how many unique visits each share has.

    The same visitor is of the same prefix, so that the keys find the visitors too.
    """
    links, days, prefixes = ({getattr(one, name) for one in visits} for name in ("link_id", "on_day", "prefix"))
    near = (Visit.link_id.in_(links), Visit.on_day.in_(days), Visit.prefix.in_(prefixes))
    rows = await session.execute(
        select(Visit.link_id, Visit.prefix, Visit.on_day, Visit.visitor)
        .where(*near, Visit.kind == VisitClass.HUMAN.value, IS_SEEN)
        .distinct()
    )
    keys = {one.key for one in visits}
    seen = [row for row in rows if (row.link_id, row.prefix, row.on_day) in keys]
    shares = {one.share_id for one in visits}
    sums = await session.execute(
        select(LedgerEntry.share_id, func.sum(LedgerEntry.visits))
        .where(LedgerEntry.share_id.in_(shares))
        .group_by(LedgerEntry.share_id)
    )
    counted = {int(row[0] or 0): int(row[1]) for row in sums}
    return {(row[0], row[1], row[2]) for row in seen}, {(row[0], row[3], row[2]) for row in seen}, counted


def count_visitors(visits: Sequence[WaitingVisit], known: set[VisitKey]) -> Mapping[tuple[int, date], int]:
    """Return how many people followed the links of each post on each day, those who are known left out."""
    new = {(one.link_id, one.visitor, one.on_day): one.post_id for one in visits}
    return Counter((post_id, key[2]) for key, post_id in new.items() if key not in known)


async def note_credited(session: AsyncSession, *, visit_ids: Sequence[int], now: datetime) -> None:
    """Note that visits were looked at, whatever they earned."""
    await session.execute(update(Visit).where(Visit.id.in_(visit_ids)).values(credited_at=now))


async def evidence_share(session: AsyncSession, *, share_id: int, at: datetime) -> bool:
    """Note a share's first human visit; `False` if it is evidenced or undone already."""
    before = [one.value for one in states_before(ShareEvent.VISIT)]
    moved = await session.execute(
        update(Share)
        .where(Share.id == share_id, Share.state.in_(before), Share.evidenced_at.is_(None))
        .values(state=ShareState.EVIDENCED.value, evidenced_at=at)
        .returning(Share.id)
    )
    return moved.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenShare:
    """A confirmed or evidenced share whose own points are not decided yet."""

    id: int
    member_id: int
    post_id: int
    network: str
    state: str
    is_own_words: bool
    proven_at: datetime
    zone: str
    is_earning: bool


async def list_proven_shares(session: AsyncSession, *, limit: int) -> Sequence[ProvenShare]:
    """Return the oldest proven shares whose own points are not decided."""
    earns = Member.left_at.is_(None) & Member.erased_at.is_(None)
    proven_at = func.coalesce(Share.evidenced_at, Share.confirmed_at, type_=Share.evidenced_at.type)
    rows = await session.execute(
        select(
            Share.id,
            _EARNER.label("member_id"),
            Share.post_id,
            Share.network,
            Share.state,
            Share.is_own_words,
            proven_at.label("proven_at"),
            Member.zone,
            earns.label("is_earning"),
        )
        .join(Member, Member.id == Share.member_id)
        .where(Share.credited_at.is_(None), Share.state.in_(_COUNTED))
        .order_by(proven_at, Share.id)
        .limit(limit)
        .with_for_update(of=Share, skip_locked=True)
    )
    return [ProvenShare(**row) for row in rows.mappings()]


async def note_share_credited(session: AsyncSession, *, share_id: int, now: datetime) -> None:
    """Note that a share's own points are decided."""
    await session.execute(update(Share).where(Share.id == share_id).values(credited_at=now))


async def list_posts_credited(
    session: AsyncSession, *, member_id: int, begin: datetime, end: datetime
) -> frozenset[int]:
    """Return the posts whose shares earned their own points between two instants; what was taken back uses up none."""
    held = (
        LedgerEntry.member_id == member_id,
        LedgerEntry.kind == EntryKind.SHARE.value,
        Share.state != ShareState.UNDONE.value,
    )
    rows = await session.scalars(
        select(Share.post_id)
        .join(LedgerEntry, LedgerEntry.share_id == Share.id)
        .where(*held, LedgerEntry.at >= begin, LedgerEntry.at < end)
        .distinct()
    )
    return frozenset(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedSuggestion:
    """An approved suggestion that is not credited yet, with the first who made it."""

    id: int
    member_id: int
    decided_at: datetime
    zone: str
    is_earning: bool


async def list_approved_suggestions(session: AsyncSession, *, limit: int) -> Sequence[ApprovedSuggestion]:
    """Return the oldest approved suggestions that are not credited, each with its first author once it is held."""
    waiting = select(Suggestion.id).where(Suggestion.credited_at.is_(None), Suggestion.state == "approved")
    held = await session.scalars(
        waiting.order_by(Suggestion.decided_at, Suggestion.id)
        .limit(limit)
        .with_for_update(of=Suggestion, skip_locked=True)
    )
    first = (
        select(SuggestionAuthor.member_id)
        .where(SuggestionAuthor.suggestion_id == Suggestion.id)
        .order_by(SuggestionAuthor.at, SuggestionAuthor.member_id)
        .limit(1)
        .correlate(Suggestion)
        .scalar_subquery()
    )
    earns = Member.left_at.is_(None) & Member.erased_at.is_(None)
    rows = await session.execute(
        select(
            Suggestion.id,
            _EARNER.label("member_id"),
            func.coalesce(Suggestion.decided_at, Suggestion.created_at, type_=Suggestion.created_at.type).label(
                "decided_at"
            ),
            Member.zone,
            earns.label("is_earning"),
        )
        .join(Member, Member.id == first)
        .where(Suggestion.id.in_(held.all()))
        .order_by(Suggestion.decided_at, Suggestion.id)
    )
    return [ApprovedSuggestion(**row) for row in rows.mappings()]


async def note_suggestion_credited(session: AsyncSession, *, suggestion_id: int, now: datetime) -> None:
    """Note that a suggestion's points are decided."""
    await session.execute(update(Suggestion).where(Suggestion.id == suggestion_id).values(credited_at=now))


async def count_suggestions_credited(session: AsyncSession, *, member_id: int, begin: datetime, end: datetime) -> int:
    """Return how many suggestions of a member earned points between two instants."""
    held = (LedgerEntry.member_id == member_id, LedgerEntry.kind == EntryKind.SUGGESTION.value)
    within = (LedgerEntry.at >= begin, LedgerEntry.at < end)
    return await session.scalar(select(func.count()).select_from(LedgerEntry).where(*held, *within)) or 0
