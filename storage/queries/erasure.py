"""Erasing a member: identity and words go at once, amounts stay under an id that comes from nothing about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import (
    AskLater,
    AskShared,
    DeliverShare,
    Job,
    SendExport,
    SendPreview,
    SendReport,
    TellDecision,
    TellDelivered,
    TellWithdrawal,
    kind_of,
    pack_job,
)
from bot.core.moderation import PostState
from bot.core.sharing import ShareState
from storage.models import (
    Address,
    Decision,
    Dismissal,
    GoVisitor,
    InboxRow,
    JobRow,
    Lane,
    LedgerEntry,
    Member,
    Pairing,
    Post,
    Share,
    Suggestion,
    SuggestionAuthor,
    TrackedLink,
    Visit,
)
from storage.queries import accounts, connecting, posts
from storage.queries.decisions import POST, SUGGESTION
from storage.queries.group_totals import recount_members
from storage.queries.limits import lane_name
from storage.queries.visits import IS_SEEN, IS_WAITING

_FOR_A_MEMBER: tuple[type[Job], ...] = (
    DeliverShare,
    TellDelivered,
    SendPreview,
    TellDecision,
    TellWithdrawal,
    SendExport,
    SendReport,
)
IN_ONE_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A member to erase: their number, the platform's reference of them, and the random one that replaces it."""

    member_id: int
    person_ref: str
    random_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Cards that name a member, to be redrawn: published posts, pending or decided ones, and suggestions by channel."""

    published: Sequence[int]
    pending: Sequence[int]
    suggestions: Sequence[tuple[int, str]]


async def erase_member(session: AsyncSession, erased: Erased, *, now: datetime) -> Naming:
    """Erase a member and return which cards still name them; everything else is done with this transaction."""
    naming = await _find_naming(session, erased.member_id, now=now)
    await _forget_jobs(session, erased)
    await _forget_drafts(session, erased.member_id)
    await _forget_words(session, erased.member_id)
    await connecting.forget_of(session, member_id=erased.member_id)
    await session.execute(delete(Dismissal).where(Dismissal.member_id == erased.member_id))
    await session.execute(delete(InboxRow).where(InboxRow.key.contains(erased.person_ref, autoescape=True)))
    await session.execute(
        update(Member)
        .where(Member.id == erased.member_id)
        .values(
            person_ref=erased.random_ref,
            name="",
            email=None,
            locale="en",
            chosen_locale=None,
            zone="UTC",
            role="member",
            role_at=None,
            role_is_fixed=False,
            crew_id=None,
            default_network=None,
            disclosure=None,
            is_named=None,
            muted_topics=[],
            joined_at=now,
            welcomed_at=None,
            left_at=now,
            erased_at=now,
            same_as_id=None,
        )
    )
    await recount_members(session, member_ids=(erased.member_id,))
    # Last: an account or an address that is being kept holds the member's row until then.
    await accounts.end_accounts(session, member_id=erased.member_id, now=now)
    await _forget_whereabouts(session, erased)
    return naming


async def _find_naming(session: AsyncSession, member_id: int, *, now: datetime) -> Naming:
    """Find the cards that name a member; published posts are marked as changed, so that theirs are redrawn."""
    suggested = select(SuggestionAuthor.suggestion_id).where(SuggestionAuthor.member_id == member_id)
    named_on = or_(Post.author_id == member_id, Post.suggestion_id.in_(suggested))
    published = await session.scalars(
        update(Post).where(named_on, Post.state == PostState.PUBLISHED.value).values(updated_at=now).returning(Post.id)
    )
    written_or_decided = or_(Post.author_id == member_id, Post.id.in_(_decided_by(member_id, POST)))
    pending = await session.scalars(select(Post.id).where(written_or_decided, Post.card_ref.is_not(None)))
    cards = await session.execute(
        select(Suggestion.id, Suggestion.card_channel).where(
            or_(Suggestion.id.in_(suggested), Suggestion.id.in_(_decided_by(member_id, SUGGESTION))),
            Suggestion.card_ref.is_not(None),
        )
    )
    return Naming(
        published=list(published),
        pending=list(pending),
        suggestions=[(row.id, row.card_channel or "") for row in cards],
    )


def _decided_by(member_id: int, subject: str) -> Select[int]:
    return select(Decision.subject_id).where(Decision.member_id == member_id, Decision.subject == subject)


async def _forget_jobs(session: AsyncSession, erased: Erased) -> None:
    number = f'"member_id":{erased.member_id}'
    about_member = or_(JobRow.held.endswith(f"{number}}}"), JobRow.held.contains(f"{number},"))
    await session.execute(
        delete(JobRow).where(
            or_(
                JobRow.lane == erased.person_ref,
                JobRow.kind.in_([kind_of(one) for one in _FOR_A_MEMBER]) & about_member,
                JobRow.key.contains(erased.person_ref, autoescape=True),
            )
        )
    )
    shares = (await session.scalars(select(Share.id).where(Share.member_id == erased.member_id))).all()
    for start in range(0, len(shares), IN_ONE_STATEMENT):
        held = [pack_job(AskShared(share_id=one)) for one in shares[start : start + IN_ONE_STATEMENT]]
        asked = (kind_of(AskShared), kind_of(AskLater))  # both carry the share and nothing else
        await session.execute(delete(JobRow).where(JobRow.kind.in_(asked), JobRow.held.in_(held)))
    await _forget_lanes(session, erased.person_ref)


async def _forget_lanes(session: AsyncSession, person_ref: str) -> None:
    """Forget the limits of a person's lane in every pool, whatever platform the pool is named by."""
    end = lane_name("", person_ref)
    of_theirs = func.substr(Lane.name, func.length(Lane.name) - len(end) + 1) == end  # LIKE would not mind capitals
    await session.execute(delete(Lane).where(of_theirs))


async def _forget_whereabouts(session: AsyncSession, erased: Erased) -> None:
    """Forget where a member is reached, and the questions whether they are somebody on another platform."""
    platform = select(Member.platform).where(Member.id == erased.member_id).scalar_subquery()
    await session.execute(delete(Address).where(Address.platform == platform, Address.ref == erased.person_ref))
    about_member = or_(Pairing.asker_id == erased.member_id, Pairing.asked_id == erased.member_id)
    await session.execute(delete(Pairing).where(about_member))


async def _forget_drafts(session: AsyncSession, member_id: int) -> None:
    while await forget_share_drafts(session, Share.member_id == member_id):
        pass
    drafts = select(Post.id).where(Post.author_id == member_id, Post.state == PostState.DRAFT.value)
    for post_id in (await session.scalars(drafts)).all():
        await posts.discard_draft(session, post_id=post_id)


async def forget_share_drafts(session: AsyncSession, *wanted: ColumnElement[bool]) -> int:
    """Delete some share windows that were only looked at, unless somebody followed their links; return how many."""
    of_share = (TrackedLink.share_id == Share.id, Visit.link_id == TrackedLink.id)
    is_followed = or_(exists().where(*of_share, IS_SEEN), exists().where(*of_share, IS_WAITING))
    entries = exists().where(LedgerEntry.share_id == Share.id)
    only_looked_at = (Share.state == ShareState.DRAFT.value, Share.said_at.is_(None), ~is_followed, ~entries)
    found = (await session.scalars(select(Share.id).where(*only_looked_at, *wanted).limit(IN_ONE_STATEMENT))).all()
    for table in (GoVisitor, TrackedLink):
        await session.execute(delete(table).where(table.share_id.in_(found)))
    await session.execute(delete(Share).where(Share.id.in_(found)))
    return len(found)


async def _forget_words(session: AsyncSession, member_id: int) -> None:
    mine = Share.member_id == member_id
    await session.execute(delete(GoVisitor).where(GoVisitor.share_id.in_(select(Share.id).where(mine))))
    nothing = {
        "permalink": None,
        "permalink_key": None,
        "go_hash": None,
        "go_expires_at": None,
        "typed_at": None,
        "later_at": None,
        "remote_id": None,
        "account_id": None,
        "measure_at": None,
    }
    await session.execute(update(Share).where(mine).values(text="", sent_text="", **nothing))
    await session.execute(update(SuggestionAuthor).where(SuggestionAuthor.member_id == member_id).values(why=""))
    decided = _decided_by(member_id, SUGGESTION)
    await session.execute(update(Suggestion).where(Suggestion.id.in_(decided)).values(note=""))
    await session.execute(update(Decision).where(Decision.member_id == member_id).values(reason=""))
