"""Wordings: the suggested texts of a post, and which of them somebody uses."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, and_, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.sharing import ShareState
from bot.core.wordings import Wording as Suggested
from storage.models import Share, Wording


async def list_wordings(
    session: AsyncSession, *, post_id: int, member_id: int, now: datetime
) -> tuple[Sequence[Suggested], frozenset[int]]:
    """Return a post's wordings in the curator's order, and the ids of those that are used.

    Used is what stands in a live share of anyone, or in a colleague's open window; a window counts as open until its
    one-time link expires. The member's own windows do not count.
    """
    rows = (await session.execute(_with_use(post_id, member_id=member_id, now=now))).all()
    suggested = [
        Suggested(wording_id=row.id, text=row.text, language=row.language, network=row.network) for row in rows
    ]
    return suggested, frozenset(row.id for row in rows if row.is_used)


def _with_use(post_id: int, *, member_id: int, now: datetime) -> Select[int, str, str, str | None, bool]:
    is_draft = Share.state == ShareState.DRAFT
    is_held = or_(not_(is_draft), and_(Share.member_id != member_id, Share.go_expires_at > now))
    uses = exists().where(Share.wording_id == Wording.id, Share.state != ShareState.UNDONE, is_held)
    columns = select(Wording.id, Wording.text, Wording.language, Wording.network, uses.label("is_used"))
    return columns.where(Wording.post_id == post_id).order_by(Wording.position, Wording.id)
