"""Joining two members who are one person: one row counts, the other leads to it, and all that was earned is under one.

Amounts of the ledger stay as they were written; whose they are is what changes
(docs/decisions/0013-one-person-two-platforms.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.core.moderation import PostState
from bot.core.pairing import Party, Rival, higher, who_gives_way
from bot.core.people import Role
from bot.core.programme import Programme
from bot.core.sharing import ShareState
from storage.models import (
    Decision,
    Dismissal,
    LedgerEntry,
    Member,
    Pairing,
    Post,
    Share,
    Suggestion,
    SuggestionAuthor,
)
from storage.queries import accounts, ledger, shares
from storage.queries.group_totals import hold_counts, recount_members
from storage.queries.posts import SHOWN_SHARES
from storage.queries.totals import rebuild_totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What shows both as two and is to be redrawn: posts, and suggestions with the channels of their cards."""

    posts: Sequence[int]
    suggestions: Sequence[tuple[int, str]]


async def hold(session: AsyncSession, *member_ids: int) -> None:
    """Let what is being written about these members end first, and whatever comes wait until the transaction ends.

    In the order in which crediting holds things, so that neither waits for the other for ever.
    """
    mine = Share.member_id.in_(member_ids)
    await session.execute(select(Share.id).where(mine).order_by(Share.id).with_for_update())
    suggested = select(SuggestionAuthor.suggestion_id).where(SuggestionAuthor.member_id.in_(member_ids))
    held = select(Suggestion.id).where(Suggestion.id.in_(suggested)).order_by(Suggestion.id)
    await session.execute(held.with_for_update())
    await hold_counts(session)
    await session.execute(select(Member.id).where(Member.id.in_(member_ids)).order_by(Member.id).with_for_update())


async def join(
    session: AsyncSession, counting: Party, other: Party, *, now: datetime, programme: Programme
) -> Joined | None:
    """Give all that is `other`'s to `counting`, and let `other` lead to them; both are to be held.

    Where both have a live share of the same post on the same network one of them is taken back, with its points; its
    link keeps working. `None`, with nothing changed, while both are being sent.
    """
    doubles = [who_gives_way(*rivals) for rivals in await _list_rivals(session, counting, other)]
    if not all(one.can_give_way for one in doubles):
        return None
    joined = await _find_joined(session, counting, other, [one.share_id for one in doubles])
    for one in doubles:
        await shares.undo_share(session, share_id=one.share_id, member_id=one.member_id, now=now)
        await ledger.reverse_share(session, share_id=one.share_id, now=now, programme=programme)
    await _move(session, counting, other, now=now)
    await _lead(session, counting, other, now=now)
    await recount_members(session, member_ids=(counting.member_id, other.member_id))
    await rebuild_totals(session, now=now, programme=programme, member_ids=(counting.member_id, other.member_id))
    await session.execute(
        update(Post)
        .where(Post.suggestion_id.in_([number for number, _ in joined.suggestions]))
        .where(Post.state == PostState.PUBLISHED.value)
        .values(updated_at=now)
    )
    return joined


async def _list_rivals(session: AsyncSession, counting: Party, other: Party) -> list[tuple[Rival, Rival]]:
    one, two = aliased(Share), aliased(Share)
    is_same = and_(one.post_id == two.post_id, one.network == two.network)
    rows = await session.execute(
        select(one, two)
        .select_from(one)
        .join(two, is_same)
        .where(one.member_id == counting.member_id, one.state != ShareState.UNDONE.value)
        .where(two.member_id == other.member_id, two.state != ShareState.UNDONE.value)
        .order_by(one.id)
        .execution_options(populate_existing=True)
    )
    return [(_rival(row[0]), _rival(row[1])) for row in rows]


def _rival(share: Share) -> Rival:
    return Rival(
        share_id=share.id,
        member_id=share.member_id,
        state=ShareState(share.state),
        is_said=share.said_at is not None,
        created_at=share.created_at,
    )


async def _find_joined(session: AsyncSession, counting: Party, other: Party, doubles: Sequence[int]) -> Joined:
    both = (counting.member_id, other.member_id)
    authored = (
        select(SuggestionAuthor.suggestion_id)
        .where(SuggestionAuthor.member_id.in_(both))
        .group_by(SuggestionAuthor.suggestion_id)
        .having(func.count() > 1)
    )
    cards = await session.execute(
        select(Suggestion.id, Suggestion.card_channel).where(Suggestion.id.in_(authored)).order_by(Suggestion.id)
    )
    suggestions = [(row.id, row.card_channel or "") for row in cards]
    shared = (
        select(Share.post_id)
        .where(Share.member_id.in_(both), Share.state.in_([one.value for one in SHOWN_SHARES]))
        .group_by(Share.post_id)
        .having(func.count(Share.member_id.distinct()) > 1)
    )
    of_doubles = select(Share.post_id).where(Share.id.in_(doubles))
    named_twice = Post.suggestion_id.in_([number for number, _ in suggestions])
    posts = await session.scalars(
        select(Post.id).where(or_(Post.id.in_(shared), Post.id.in_(of_doubles), named_twice)).order_by(Post.id)
    )
    return Joined(posts=list(posts), suggestions=suggestions)


async def _move(session: AsyncSession, counting: Party, other: Party, *, now: datetime) -> None:
    """Put the number that counts in every place of the other one."""
    await _move_suggestions(session, counting, other)
    await accounts.move_accounts(session, counting_id=counting.member_id, other_id=other.member_id, now=now)
    kept = select(Dismissal.post_id).where(Dismissal.member_id == counting.member_id)
    both_dismissed = (Dismissal.member_id == other.member_id, Dismissal.post_id.in_(kept.scalar_subquery()))
    await session.execute(delete(Dismissal).where(*both_dismissed).execution_options(synchronize_session=False))
    for table in (Share, LedgerEntry, Decision, SuggestionAuthor, Dismissal):
        await session.execute(
            update(table)
            .where(table.member_id == other.member_id)
            .values(member_id=counting.member_id)
            .execution_options(synchronize_session=False)
        )
    await session.execute(update(Post).where(Post.author_id == other.member_id).values(author_id=counting.member_id))
    both = (counting.member_id, other.member_id)
    await session.execute(delete(Pairing).where(or_(Pairing.asker_id.in_(both), Pairing.asked_id.in_(both))))


async def _move_suggestions(session: AsyncSession, counting: Party, other: Party) -> None:
    """Of what both suggested keep the earlier time, for the first of all who suggested it earns, and a reason."""
    one, two = aliased(SuggestionAuthor), aliased(SuggestionAuthor)
    rows = await session.execute(
        select(one, two)
        .select_from(one)
        .join(two, two.suggestion_id == one.suggestion_id)
        .where(one.member_id == counting.member_id, two.member_id == other.member_id)
        .execution_options(populate_existing=True)
    )
    for kept, gone in rows.all():
        first, second = sorted((kept, gone), key=lambda author: author.at)
        kept.at, kept.why = first.at, first.why or second.why
        await session.delete(gone)
    await session.flush()


async def _lead(session: AsyncSession, counting: Party, other: Party, *, now: datetime) -> None:
    """Let the other row lead to the one that counts, and that one have the higher role; its settings stay."""
    kept = await session.get_one(Member, counting.member_id, populate_existing=True)
    led = await session.get_one(Member, other.member_id, populate_existing=True)
    kept.role, kept.role_at = higher(Role(kept.role), Role(led.role)).value, now
    kept.role_is_fixed = kept.role_is_fixed or led.role_is_fixed
    kept.crew_id = kept.crew_id or led.crew_id
    led.same_as_id = kept.id
    led.role, led.role_is_fixed, led.crew_id = Role.MEMBER.value, False, None
    led.default_network = led.chosen_locale = led.is_named = led.welcomed_at = None
    led.muted_topics = []
    await session.flush()


# Parting with one of two identities

_OF_AN_IDENTITY = ("platform", "tenant_ref", "person_ref", "name", "email", "locale", "zone", "looked_up_at")


async def part_with(session: AsyncSession, *, platform: str, person_ref: str) -> int | None:
    """Return the number of the row that holds an identity and nothing else that is still needed; `None` without one.

    Whoever is here on another platform too goes on there: if it is the row that counts that holds the identity, it
    changes places with the other one. Where that one was given up before, and for who has one only, all of it goes.
    """
    is_theirs = (Member.platform == platform, Member.person_ref == person_ref)
    number = select(func.coalesce(Member.same_as_id, Member.id)).where(*is_theirs).scalar_subquery()
    both = select(Member.id).where(or_(Member.id == number, Member.same_as_id == number)).order_by(Member.id)
    await session.execute(both.with_for_update())  # the other identity may be given up at the same moment
    wanted = select(Member).where(*is_theirs)
    row = (await session.scalars(wanted.execution_options(populate_existing=True))).one_or_none()
    if row is None or row.same_as_id is not None:
        return None if row is None else row.id
    living = select(Member).where(Member.same_as_id == row.id, Member.left_at.is_(None))
    other = (await session.scalars(living.order_by(Member.id).execution_options(populate_existing=True))).first()
    if other is None:
        return row.id
    here, there = ({name: getattr(one, name) for name in _OF_AN_IDENTITY} for one in (row, other))
    other.person_ref = f"parting-{other.id}"  # for a moment, because an identity is unique
    await session.flush()
    for one, identity in ((row, there), (other, here)):
        for name, value in identity.items():
            setattr(one, name, value)
        await session.flush()
    return other.id


async def note_open(session: AsyncSession, *, platform: str, person_ref: str) -> None:
    """Note that the account behind an identity is open again, if that identity was given up."""
    is_closed = (Member.same_as_id.is_not(None), Member.left_at.is_not(None))
    wanted = (Member.platform == platform, Member.person_ref == person_ref, *is_closed)
    await session.execute(update(Member).where(*wanted).values(left_at=None))
