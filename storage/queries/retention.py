"""Retention: what is too old to keep goes in portions small enough that nobody's click waits for them."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.moderation import PostState, SuggestionState
from bot.core.pairing import OPEN_FOR
from storage.models import AdminCode, GoVisitor, Post, Share, Suggestion, SuggestionAuthor, Tick, Visit
from storage.queries import claims, connecting, figures, inbox, jobs, pairing, pictures, post_days, posts, salts
from storage.queries.erasure import forget_share_drafts

PORTION = 500
DRAFTS = 100


async def forget_visits(session: AsyncSession, *, before: datetime) -> bool:
    """Delete a portion of the visits before an instant; `True` if there may be more.

    Their numbers rise with time, so the oldest are the first rows, and nothing else is looked at.
    """
    rows = (await session.execute(select(Visit.id, Visit.at).order_by(Visit.id).limit(PORTION))).all()
    old = [row.id for row in rows if row.at < before]
    if old:
        await session.execute(delete(Visit).where(Visit.id <= max(old), Visit.at < before))
    return len(old) == PORTION


async def forget_texts(session: AsyncSession, *, before: datetime) -> bool:
    """Empty the texts of a portion of the shares made before an instant; `True` if there may be more."""
    has_text = or_(Share.text != "", Share.sent_text != "")
    old = select(Share.id).where(Share.created_at < before, has_text).limit(PORTION)
    found = (await session.scalars(old)).all()
    await session.execute(update(Share).where(Share.id.in_(found)).values(text="", sent_text=""))
    return len(found) == PORTION


async def forget_reasons(session: AsyncSession, *, before: datetime) -> None:
    """Empty the reasons and notes of suggestions that were decided before an instant."""
    old = select(Suggestion.id).where(
        Suggestion.state != SuggestionState.RECEIVED.value,
        func.coalesce(Suggestion.decided_at, Suggestion.created_at) < before,
    )
    words = (SuggestionAuthor.suggestion_id.in_(old), SuggestionAuthor.why != "")
    await session.execute(update(SuggestionAuthor).where(*words).values(why=""))
    await session.execute(update(Suggestion).where(Suggestion.id.in_(old), Suggestion.note != "").values(note=""))


async def forget_drafts(session: AsyncSession, *, before: datetime) -> bool:
    """Delete a portion of the drafts of posts and shares left since before an instant; `True` if there may be more.

    What somebody wants to be asked about later waits for that.
    """
    touched = func.coalesce(Share.typed_at, Share.created_at)
    expired = or_(Share.go_expires_at.is_(None), Share.go_expires_at < before)
    shares = await forget_share_drafts(session, touched < before, expired, Share.later_at.is_(None))
    is_old = (Post.state == PostState.DRAFT.value, Post.updated_at < before)
    found = (await session.scalars(select(Post.id).where(*is_old).limit(DRAFTS))).all()
    for post_id in found:
        await posts.discard_draft(session, post_id=post_id)
    return bool(shares) or len(found) == DRAFTS


async def forget_small(session: AsyncSession, *, before: Mapping[str, datetime], today: date, now: datetime) -> None:
    """Delete old interactions, done jobs, counts, pictures, ticks, codes, questions, links, and what the day needed."""
    await inbox.forget_interactions(session, before=before["inbox"])
    await jobs.forget_done(session, before=before["jobs"])
    await figures.forget_figures(session, before=before["visits"])
    await post_days.forget_post_days(session, before=before["visits"].date())
    await pictures.forget_pictures(session, before=before["pictures"])
    await salts.forget_salts(session, before=today)
    await pairing.forget_questions(session, before=now - OPEN_FOR)
    await connecting.forget_over(session, before=now)
    await session.execute(delete(GoVisitor).where(GoVisitor.on_day < today))
    await session.execute(delete(AdminCode).where(AdminCode.expires_at < now))
    newer = Tick.__table__.alias("newer")
    is_not_last = exists().where(newer.c.name == Tick.name, newer.c.period > Tick.period)
    await session.execute(delete(Tick).where(Tick.at < before["ticks"], is_not_last))
    await claims.forget_lanes(session, before=before["jobs"])  # last: who claims may wait for these until the commit
