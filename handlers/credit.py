"""Credit: visits, proven shares and approved suggestions become ledger entries and running sums."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from weakref import WeakSet

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import points
from bot.core.jobs import CreditVisits
from bot.core.leaderboard import Period, local_date, period_dates
from bot.core.points import EntryKind, PointsPolicy, ShareFacts, entry_key, policy_at
from bot.core.ports import Clock
from bot.core.programme import Programme
from bot.core.sharing import ShareState
from bot.i18n.translator import words_for
from handlers.context import Outside, SessionMaker
from storage.queries import announcements, ledger
from storage.queries import credits as waiting
from storage.queries.credits import ApprovedSuggestion, ProvenShare, WaitingVisit
from storage.queries.group_totals import hold_counts, recount_members
from storage.queries.ledger import NewEntry
from storage.queries.post_days import add_visitors

BATCH = 200
LINKS_AT_ONCE = 40
"""So many links' visits are credited in one transaction: each makes an entry, which costs more than they do."""

REST = 2.0
"""After a batch so many times as long as it took is left to others: who clicks does not wait for points."""

LONGEST_RUN = 45.0
"""So many seconds one run takes for visits: the next one, a minute after it began, goes on."""


_at_visits: WeakSet[SessionMaker] = WeakSet()
"""The databases in which a run of this process is at visits."""


async def credit_visits(out: Outside, job: CreditVisits) -> None:
    """Credit everything that waits, in batches of one transaction each; a second run finds nothing to do."""
    await credit_everything(out.sessions, clock=out.clock, programme=out.programme)


async def credit_everything(sessions: SessionMaker, *, clock: Clock, programme: Programme) -> None:
    """Credit what waits now; what comes meanwhile waits for the next time.

    Visits are left to a run of this process that is at them already: each proven share asks for a run of its own, and
    many of them would leave others no time.
    """
    if sessions not in _at_visits:
        _at_visits.add(sessions)
        try:
            await _credit_all_visits(sessions, clock=clock, programme=programme)
        finally:
            _at_visits.discard(sessions)
    done = BATCH
    while done == BATCH:
        async with sessions.begin() as session:
            done = await credit_some(session, now=clock.now(), programme=programme, visit_ids=())
    has_more = True
    while has_more:
        async with sessions.begin() as session:
            has_more = await recount_members(session)


async def _credit_all_visits(sessions: SessionMaker, *, clock: Clock, programme: Programme) -> None:
    until = time.monotonic() + LONGEST_RUN
    for visit_ids in await _by_links(sessions):
        if (began := time.monotonic()) > until:
            break
        async with sessions.begin() as session:
            await credit_some(session, now=clock.now(), programme=programme, visit_ids=visit_ids)
        await asyncio.sleep(REST * (time.monotonic() - began))


async def _by_links(sessions: SessionMaker) -> Sequence[Sequence[int]]:
    """Return the visits that wait, in batches: those of a link together, the oldest first."""
    waiting_of: dict[int, list[int]] = defaultdict(list)
    after: int | None = None
    for _ in range(waiting.MOST_AT_ONCE // waiting.READ_AT_ONCE):
        async with sessions.reading() as session:
            found = await waiting.list_waiting(session, after=after)
        for visit_id, link_id in found:
            waiting_of[link_id].append(visit_id)
            after = visit_id
        if len(found) < waiting.READ_AT_ONCE:
            break
    batches: list[list[int]] = [[]]
    links = 0
    for visit_ids in waiting_of.values():
        if links == LINKS_AT_ONCE or len(batches[-1]) >= BATCH:
            batches.append([])
            links = 0
        batches[-1].extend(visit_ids)
        links += 1
    return [ids[start : start + BATCH] for ids in batches for start in range(0, len(ids), BATCH)]


async def credit_some(
    session: AsyncSession,
    *,
    now: datetime,
    programme: Programme,
    limit: int = BATCH,
    visit_ids: Sequence[int] | None = None,
) -> int:
    """Credit at most `limit` of each kind of thing that waits, and return the largest number that was looked at.

    Visits come first, because the first of them is what proves a share; if some are named, only those, and suggestions
    are left for another time. One run after the other: the second sees what the first brought.
    """
    await hold_counts(session)
    visits = await waiting.list_waiting_visits(session, limit=limit, visit_ids=visit_ids)
    added = [*await _credit_visits(session, visits, now, programme)]
    has_proof = not visit_ids or any(not one.is_evidenced for one in visits)
    shares = await waiting.list_proven_shares(session, limit=limit) if has_proof else []
    for share in shares:
        added += await _credit_share(session, share, now, programme)
    suggestions = [] if visit_ids else await waiting.list_approved_suggestions(session, limit=limit)
    for suggestion in suggestions:
        added += await _credit_suggestion(session, suggestion, now, programme)
    await ledger.count_entries(session, added, now=now, programme=programme)
    return max(len(visits), len(shares), len(suggestions))


async def _credit_visits(
    session: AsyncSession, visits: Sequence[WaitingVisit], now: datetime, programme: Programme
) -> Sequence[NewEntry]:
    if not visits:
        return []
    seen, known, counted = await waiting.find_counted(session, visits)
    fresh: dict[int, list[WaitingVisit]] = defaultdict(list)
    for visit in visits:
        if visit.is_earning and visit.key not in seen:
            seen.add(visit.key)
            fresh[visit.share_id].append(visit)
    for share_id, listed in fresh.items():
        if listed[0].is_evidenced:
            continue
        is_moved = await waiting.evidence_share(session, share_id=share_id, at=min(one.at for one in listed))
        if is_moved and listed[0].is_draft:  # shared by another way than the window's: the cards count it from now on
            await announcements.queue_refresh(session, post_id=listed[0].post_id, now=now)
    entries = [entry for listed in fresh.values() for entry in _visit_entries(listed, counted, programme)]
    added = await ledger.keep_entries(session, entries)
    await add_visitors(session, waiting.count_visitors(visits, known))
    await waiting.note_credited(session, visit_ids=[one.id for one in visits], now=now)
    return added


def _visit_entries(visits: Sequence[WaitingVisit], counted: dict[int, int], programme: Programme) -> list[NewEntry]:
    """Return an entry for each day on which a share was visited; also where these visits earn nothing (any more)."""
    made = []
    by_day: Counter[date] = Counter(one.on_day for one in visits)
    first = visits[0]
    before = counted.get(first.share_id, 0)
    for on_day, new in sorted(by_day.items()):
        at = max(one.at for one in visits if one.on_day == on_day)
        policy = policy_at(programme.points, at)
        earned = points.points_for_visits(policy, counted_before=before, new=new)
        before += new
        made.append(
            NewEntry(
                member_id=first.member_id,
                at=at,
                on_day=on_day,
                kind=EntryKind.VISITS,
                points=earned if points.earns_points(first.network) else 0,
                key=entry_key(EntryKind.VISITS, first.share_id, before),
                rule_version=policy.version,
                visits=new,
                share_id=first.share_id,
            )
        )
    return made


async def _credit_share(
    session: AsyncSession, share: ProvenShare, now: datetime, programme: Programme
) -> Sequence[NewEntry]:
    policy = policy_at(programme.points, share.proven_at)
    credits = await _credits(session, share, policy) if share.is_earning else ()
    entries = [
        NewEntry(
            member_id=share.member_id,
            at=share.proven_at,
            on_day=local_date(share.proven_at, programme.zone),
            kind=kind,
            points=earned,
            key=entry_key(kind, share.id),
            rule_version=policy.version,
            share_id=share.id,
        )
        for kind, earned in credits
    ]
    await waiting.note_share_credited(session, share_id=share.id, now=now)
    return await ledger.keep_entries(session, entries)


async def _credits(session: AsyncSession, share: ProvenShare, policy: PointsPolicy) -> Sequence[tuple[EntryKind, int]]:
    begin, end = _own_dates(Period.DAY, share.proven_at, share.zone)
    posts = await waiting.list_posts_credited(session, member_id=share.member_id, begin=begin, end=end)
    facts = ShareFacts(
        network=share.network,
        state=ShareState(share.state),
        is_own_words=share.is_own_words,
        posts_credited_today=len(posts),
        is_post_among_them=share.post_id in posts,
    )
    return points.credits_for_share(policy, facts)


async def _credit_suggestion(
    session: AsyncSession, suggestion: ApprovedSuggestion, now: datetime, programme: Programme
) -> Sequence[NewEntry]:
    policy = policy_at(programme.points, suggestion.decided_at)
    begin, end = _own_dates(Period.WEEK, suggestion.decided_at, suggestion.zone)
    this_week = await waiting.count_suggestions_credited(session, member_id=suggestion.member_id, begin=begin, end=end)
    earned = points.points_for_suggestion(policy, credited_this_week=this_week) if suggestion.is_earning else 0
    entries = []
    if earned:
        entry = NewEntry(
            member_id=suggestion.member_id,
            at=suggestion.decided_at,
            on_day=local_date(suggestion.decided_at, programme.zone),
            kind=EntryKind.SUGGESTION,
            points=earned,
            key=entry_key(EntryKind.SUGGESTION, suggestion.id, suggestion.member_id),
            rule_version=policy.version,
            suggestion_id=suggestion.id,
        )
        entries.append(entry)
    await waiting.note_suggestion_credited(session, suggestion_id=suggestion.id, now=now)
    return await ledger.keep_entries(session, entries)


def _own_dates(period: Period, at: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return the instants between which the member's own day or week lies: caps count in their zone."""
    own = words_for("en", zone).zone
    begin, end = period_dates(period, at, own).instants(own)
    return begin or at - timedelta(days=7), end
