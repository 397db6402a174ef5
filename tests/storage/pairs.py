"""Two rows that are one person: what tests of either need to fill the database and to look at sums."""

from datetime import date, timedelta
from itertools import count

from sqlalchemy import func, select

from bot.core.pairing import who_counts
from handlers.credit import credit_some
from storage.models import (
    LedgerEntry,
    Member,
    Share,
    Suggestion,
    SuggestionAuthor,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries import (
    joining,
    pairing,
    totals,
)
from storage.queries.joining import Joined
from tests.handlers.conftest import NOW, World

numbers = count(1)
ADDRESS = "ada@brightwater.example"


async def two(world: World, **changes: object) -> tuple[Member, Member]:
    """Add the same person on two platforms; the first is here longer, `changes` are of the second."""
    first = await world.add_member("Ada", email=ADDRESS, person_ref="U-ADA")
    values: dict[str, object] = {
        "platform": "other",
        "tenant_ref": "T2",
        "person_ref": "P-ADA",
        "email": ADDRESS.upper(),
        "locale": "nl-NL",
        "zone": "Asia/Tokyo",
        "joined_at": NOW - timedelta(days=1),
    }
    return first, await world.add_member("Ada L.", **(values | changes))


async def join(world: World, one: Member, other: Member) -> Joined | None:
    async with world.sessions.begin() as session:
        await joining.hold(session, one.id, other.id)
        sides = [await pairing.get_party(session, member_id=member.id) for member in (one, other)]
        counting, led = who_counts(*sides)
        return await joining.join(session, counting, led, now=world.clock.now(), programme=world.programme)


async def fresh(world: World, member: Member) -> Member:
    async with world.sessions.reading() as session:
        return await session.get_one(Member, member.id)


async def add_share(world: World, member: Member, post_id: int, network: str = "linkedin", **changes: object) -> int:
    values: dict[str, object] = {
        "member_id": member.id,
        "post_id": post_id,
        "network": network,
        "state": "opened",
        "created_at": NOW,
        "opened_at": NOW,
    }
    async with world.sessions.begin() as session:
        session.add(share := Share(**(values | changes)))
        await session.flush()
        slug = f"slug{next(numbers)}"
        session.add(TrackedLink(share_id=share.id, slug=slug, target="https://x.example/", created_at=NOW))
    return share.id


async def visit(world: World, share_id: int, *visitors: int) -> None:
    async with world.sessions.begin() as session:
        link_id = await session.scalar(select(TrackedLink.id).where(TrackedLink.share_id == share_id))
        for one in visitors:
            who = one.to_bytes(16)
            values = {"id": next(numbers), "at": NOW, "on_day": NOW.date(), "kind": "human"}
            session.add(Visit(link_id=link_id, visitor=who, prefix=who, **values))


async def credit(world: World) -> None:
    async with world.sessions.begin() as session:
        await credit_some(session, now=world.clock.now(), programme=world.programme)


async def suggest(world: World, *authors: Member, state: str = "approved") -> int:
    async with world.sessions.begin() as session:
        session.add(held := Suggestion(state=state, link="l", link_key=f"k{next(numbers)}", created_at=NOW))
        held.decided_at = NOW
        await session.flush()
        for place, author in enumerate(authors):
            at = NOW + timedelta(minutes=place)
            session.add(SuggestionAuthor(suggestion_id=held.id, member_id=author.id, why=f"why {place}", at=at))
    return held.id


Sums = dict[tuple[int, str, date], tuple[int, int, int]]


async def sums_of(world: World) -> Sums:
    """Return the running sums that are not nothing."""
    async with world.sessions.reading() as session:
        rows = await session.scalars(select(Total))
        held = {(t.member_id, t.period, t.starts_on): (t.points, t.shares, t.visits) for t in rows}
    return {key: sums for key, sums in held.items() if any(sums)}


async def recounted(world: World) -> Sums:
    """Make every running sum anew from the ledger and return them."""
    async with world.sessions.begin() as session:
        await totals.rebuild_totals(session, now=world.clock.now(), programme=world.programme)
    return await sums_of(world)


async def amounts(world: World) -> dict[str, int]:
    async with world.sessions.reading() as session:
        return {row[0]: row[1] for row in await session.execute(select(LedgerEntry.key, LedgerEntry.points))}


async def points(world: World, member: Member) -> int:
    async with world.sessions.reading() as session:
        wanted = select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(LedgerEntry.member_id == member.id)
        return int(await session.scalar(wanted) or 0)
