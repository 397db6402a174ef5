"""Decisions: who did what to a post or a suggestion, when and why; never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Decision, Member

POST, SUGGESTION = "post", "suggestion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision, with the name of who took it ("" once they are erased)."""

    what: str
    member_id: int
    name: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision to write down: `subject` is "post" or "suggestion", `what` a past participle ("approved")."""

    subject: str
    subject_id: int
    what: str
    reason: str = ""


async def add_decision(session: AsyncSession, verdict: Verdict, *, member_id: int, now: datetime) -> None:
    """Write down that `member_id` decided this now."""
    session.add(
        Decision(
            subject=verdict.subject,
            subject_id=verdict.subject_id,
            member_id=member_id,
            what=verdict.what,
            reason=verdict.reason,
            at=now,
        )
    )
    await session.flush()


async def list_decisions(session: AsyncSession, *, subject: str, subject_id: int) -> Sequence[Decided]:
    """Return every decision about one post or suggestion, oldest first."""
    rows = await session.execute(
        select(Decision.what, Decision.member_id, Member.name, Decision.reason, Decision.at)
        .join(Member, Member.id == Decision.member_id)
        .where(Decision.subject == subject, Decision.subject_id == subject_id)
        .order_by(Decision.id)
    )
    return [Decided(**row) for row in rows.mappings()]


async def find_latest(session: AsyncSession, *, subject: str, subject_id: int, whats: Sequence[str]) -> Decided | None:
    """Return the newest decision of one of these kinds, or `None`."""
    found = await list_decisions(session, subject=subject, subject_id=subject_id)
    return next((one for one in reversed(found) if one.what in whats), None)
