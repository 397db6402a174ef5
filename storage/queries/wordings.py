"""Wordings: the suggested texts of a post, and which of them somebody uses."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.sharing import ShareState
from bot.core.wordings import Wording as Suggested
from storage.prepared import Prepared
from storage.tables import SHARE, WORDING
from storage.types import Instant

_IS_HELD = or_(
    SHARE.c.state != ShareState.DRAFT.value,
    and_(
        SHARE.c.member_id != bindparam("member_id"),
        or_(SHARE.c.go_expires_at > bindparam("now", type_=Instant), SHARE.c.later_at.is_not(None)),
    ),
)
_USES = exists().where(SHARE.c.wording_id == WORDING.c.id, SHARE.c.state != ShareState.UNDONE.value, _IS_HELD)
_WITH_USE = Prepared(
    select(WORDING.c.id, WORDING.c.text, WORDING.c.language, WORDING.c.network, _USES.label("is_used"))
    .where(WORDING.c.post_id == bindparam("post_id"))
    .order_by(WORDING.c.position, WORDING.c.id)
)


async def list_wordings(
    session: AsyncSession, *, post_id: int, member_id: int, now: datetime
) -> tuple[Sequence[Suggested], frozenset[int]]:
    """Return a post's wordings in the curator's order, and the ids of those that are used.

    Used is what stands in a live share of anyone, in a colleague's open window, or in a text that a colleague wants to
    share later; a window counts as open until its one-time link expires. The member's own windows do not count.
    """
    asked = {"post_id": post_id, "member_id": member_id, "now": now}
    rows = await _WITH_USE.all(session, asked)
    suggested = [
        Suggested(wording_id=row["id"], text=row["text"], language=row["language"], network=row["network"])
        for row in rows
    ]
    return suggested, frozenset(row["id"] for row in rows if row["is_used"])
