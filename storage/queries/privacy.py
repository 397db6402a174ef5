"""What is kept about one member: how much of it there is, and all of it for the member to take along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bot.core.sharing import ShareState
from storage.models import (
    Account,
    Address,
    Crew,
    Decision,
    Dismissal,
    Figure,
    LedgerEntry,
    Member,
    Post,
    Share,
    Suggestion,
    SuggestionAuthor,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries.members import number_that_counts

Rows = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much is kept about a member; `drafts` are share windows and posts that were begun and not finished."""

    email: str | None
    crew: str | None
    shares: int
    drafts: int
    visits: int
    suggestions: int
    decisions: int
    entries: int
    dismissals: int
    accounts: int


async def find_kept(session: AsyncSession, *, member_id: int) -> Kept:
    """Return how much is kept about a member."""
    mine = Share.member_id == member_id
    is_draft = Share.state == ShareState.DRAFT.value
    who = (
        await session.execute(
            select(Member.email, Crew.name).outerjoin(Crew, Crew.id == Member.crew_id).where(Member.id == member_id)
        )
    ).one()
    visits = (
        select(func.count(Visit.id))
        .select_from(Share)
        .join(TrackedLink, TrackedLink.share_id == Share.id)
        .join(Visit, Visit.link_id == TrackedLink.id)
        .where(mine)
    )
    post_drafts = await _count(session, Post.id, Post.author_id == member_id, Post.state == "draft")
    return Kept(
        email=who.email,
        crew=who.name,
        shares=await _count(session, Share.id, mine, ~is_draft),
        drafts=await _count(session, Share.id, mine, is_draft) + post_drafts,
        visits=(await session.execute(visits)).scalar_one(),
        suggestions=await _count(session, SuggestionAuthor.suggestion_id, SuggestionAuthor.member_id == member_id),
        decisions=await _count(session, Decision.id, Decision.member_id == member_id),
        entries=await _count(session, LedgerEntry.id, LedgerEntry.member_id == member_id),
        dismissals=await _count(session, Dismissal.post_id, Dismissal.member_id == member_id),
        accounts=await _count(session, Account.id, Account.member_id == member_id, Account.state != "ending"),
    )


async def _count(session: AsyncSession, column: InstrumentedAttribute[int], *wanted: ColumnElement[bool]) -> int:
    return (await session.execute(select(func.count(column)).where(*wanted))).scalar_one()


async def collect_mine(session: AsyncSession, *, member_id: int) -> Mapping[str, object]:
    """Return everything that is kept about a member, under the names of `EXPORT_SECTIONS`; no hash, no token.

    Of one who is here on two platforms, whichever row is asked for, it is what stands with both.
    """
    member_id = (await session.scalars(select(number_that_counts(member_id)))).one()
    profile = dict((await session.execute(_profile(Member.id == member_id))).mappings().one())
    others = [dict(row) for row in (await session.execute(_profile(Member.same_as_id == member_id))).mappings()]
    profile["other_identities"] = [{name: one[name] for name in _OF_AN_IDENTITY} for one in others]
    profile["addresses"] = await _rows(session, _addresses(member_id))
    settings = {name: profile.pop(name) for name in ("default_network", "chosen_locale", "is_named", "muted_topics")}
    sections: dict[str, object] = {
        "profile": profile,
        "settings": {**settings, "not_for_me": await _rows(session, _dismissals(member_id))},
        "accounts": await _rows(session, _accounts(member_id)),
    }
    for name, wanted in _SECTIONS.items():
        sections[name] = await _rows(session, wanted(member_id))
    return sections


def _addresses(member_id: int) -> Select[*tuple[object, ...]]:
    """Select where a platform reaches a member, in either of their identities."""
    of_theirs = (Address.platform == Member.platform, Address.ref == Member.person_ref)
    is_theirs = or_(Member.id == member_id, Member.same_as_id == member_id)
    return select(Address.platform, Address.held, Address.kept_at).join(Member, and_(*of_theirs)).where(is_theirs)


async def _rows(session: AsyncSession, wanted: Select[*tuple[object, ...]]) -> Rows:
    return [dict(row) for row in (await session.execute(wanted)).mappings()]


_OF_AN_IDENTITY = ("platform", "tenant_ref", "person_ref", "name", "email", "locale", "zone", "joined_at", "left_at")


def _profile(wanted: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Member.platform,
        Member.tenant_ref,
        Member.person_ref,
        Member.name,
        Member.email,
        Member.locale,
        Member.zone,
        Member.role,
        Member.role_at,
        Crew.name.label("team"),
        Member.joined_at,
        Member.welcomed_at,
        Member.left_at,
        Member.default_network,
        Member.disclosure,
        Member.chosen_locale,
        Member.is_named,
        Member.muted_topics,
    )
    return columns.outerjoin(Crew, Crew.id == Member.crew_id).where(wanted)


def _accounts(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Account.network,
        Account.server,
        Account.name,
        Account.url,
        Account.scopes,
        Account.state,
        Account.connected_at,
        Account.ends_at,
    )
    return columns.where(Account.member_id == member_id, Account.state != "ending").order_by(Account.network)


def _dismissals(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(Dismissal.post_id, Post.title, Dismissal.at)
    return columns.join(Post, Post.id == Dismissal.post_id).where(Dismissal.member_id == member_id)


def _shares(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Share.id,
        Share.post_id,
        Post.title.label("post"),
        Share.network,
        Share.state,
        Share.text,
        Share.disclosure,
        Share.is_own_words,
        Share.permalink,
        Share.created_at,
        Share.opened_at,
        Share.said_at,
        Share.confirmed_at,
        Share.evidenced_at,
        Share.undone_at,
        Share.later_at,
        Share.sent_text,
        Share.sent_at,
        Share.fault,
    )
    return columns.join(Post, Post.id == Share.post_id).where(Share.member_id == member_id).order_by(Share.id)


def _links(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        TrackedLink.share_id, TrackedLink.slug, TrackedLink.target, TrackedLink.created_at
    )
    return columns.join(Share, Share.id == TrackedLink.share_id).where(Share.member_id == member_id).order_by(Share.id)


def _visits(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        TrackedLink.share_id, Visit.on_day, Visit.kind, func.count().label("visits")
    )
    return (
        columns.select_from(Share)
        .join(TrackedLink, TrackedLink.share_id == Share.id)
        .join(Visit, Visit.link_id == TrackedLink.id)
        .where(Share.member_id == member_id)
        .group_by(TrackedLink.share_id, Visit.on_day, Visit.kind)
        .order_by(TrackedLink.share_id, Visit.on_day, Visit.kind)
    )


def _figures(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(Figure.share_id, Share.network, Figure.name, Figure.value, Figure.at)
    mine = columns.join(Share, Share.id == Figure.share_id).where(Share.member_id == member_id)
    return mine.order_by(Figure.share_id, Figure.name)


def _suggestions(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Suggestion.id,
        Suggestion.link,
        SuggestionAuthor.why,
        SuggestionAuthor.at,
        Suggestion.state,
        Suggestion.decided_at,
        Suggestion.note,
        Suggestion.post_id,
    )
    mine = SuggestionAuthor.member_id == member_id
    return columns.join(SuggestionAuthor, SuggestionAuthor.suggestion_id == Suggestion.id).where(mine)


def _posts(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Post.id, Post.state, Post.title, Post.summary, Post.link, Post.created_at, Post.published_at
    )
    return columns.where(Post.author_id == member_id).order_by(Post.id)


def _decisions(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Decision.subject, Decision.subject_id, Decision.what, Decision.reason, Decision.at
    )
    return columns.where(Decision.member_id == member_id).order_by(Decision.id)


def _points(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        LedgerEntry.at,
        LedgerEntry.on_day,
        LedgerEntry.kind,
        LedgerEntry.points,
        LedgerEntry.visits,
        LedgerEntry.rule_version,
        LedgerEntry.share_id,
        LedgerEntry.suggestion_id,
    )
    return columns.where(LedgerEntry.member_id == member_id).order_by(LedgerEntry.id)


def _totals(member_id: int) -> Select[*tuple[object, ...]]:
    columns: Select[*tuple[object, ...]] = select(
        Total.period, Total.starts_on, Total.points, Total.shares, Total.visits
    )
    return columns.where(Total.member_id == member_id).order_by(Total.period, Total.starts_on)


_SECTIONS = {
    "shares": _shares,
    "links": _links,
    "visits": _visits,
    "figures": _figures,
    "suggestions": _suggestions,
    "posts": _posts,
    "decisions": _decisions,
    "points": _points,
    "totals": _totals,
}


def as_text(value: object) -> str:
    """Return a value that JSON does not know: dates and instants as ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
