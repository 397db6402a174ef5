"""Addresses on both databases: held of members and places, replaced in one statement, gone with their member."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from storage.engine import Sessions
from storage.models import Address, Member, Pairing
from storage.queries import addresses, pictures
from storage.queries.addresses import Kept
from storage.queries.erasure import Erased, erase_member

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ADA, BEN = "7faf8ab2-3d56-4244-b585-20c8a42ed2b8", "3f0e3a3c-8a6f-4f6f-9c55-0b1d1f3f2a11"


async def add_member(sessions: Sessions, ref: str, platform: str = "teams") -> int:
    async with sessions.begin() as session:
        member = Member(platform=platform, tenant_ref="t", person_ref=ref, muted_topics=[], joined_at=NOW)
        session.add(member)
        await session.flush()
        return member.id


def kept(ref: str, held: str, platform: str = "teams") -> Kept:
    return Kept(platform=platform, ref=ref, held=held)


async def keep_person(sessions: Sessions, what: Kept, now: datetime = NOW) -> None:
    async with sessions.begin() as session:
        await addresses.keep_person(session, what, now=now)


async def held(sessions: Sessions, ref: str, platform: str = "teams") -> str | None:
    async with sessions.reading() as session:
        return (await addresses.find_addresses(session, platform=platform, refs=[ref, "nobody"])).get(ref)


async def test_of_a_person_something_is_held_only_while_they_are_a_member(sessions: Sessions) -> None:
    await keep_person(sessions, kept(ADA, "one"))
    assert await held(sessions, ADA) is None
    await add_member(sessions, ADA, platform="slack")
    await keep_person(sessions, kept(ADA, "one"))
    assert await held(sessions, ADA) is None
    await add_member(sessions, ADA)
    await keep_person(sessions, kept(ADA, "two"))
    assert await held(sessions, ADA) == "two"


async def test_what_is_newer_takes_the_place_of_what_was(sessions: Sessions) -> None:
    await add_member(sessions, ADA)
    await keep_person(sessions, kept(ADA, "one"))
    await keep_person(sessions, kept(ADA, "two"), NOW + timedelta(hours=1))
    async with sessions.begin() as session:
        await addresses.keep_place(session, kept("place:1", "here"), now=NOW)
        await addresses.keep_place(session, kept("place:1", "there"), now=NOW)
    assert (await held(sessions, ADA), await held(sessions, "place:1")) == ("two", "there")
    async with sessions.reading() as session:
        assert await session.scalar(select(Address.kept_at).where(Address.ref == ADA)) == NOW + timedelta(hours=1)


async def test_platforms_hold_their_own(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await addresses.keep_place(session, kept("place:1", "teams"), now=NOW)
        await addresses.keep_place(session, kept("place:1", "other", "slack"), now=NOW)
        await addresses.forget_address(session, platform="teams", ref="place:1")
        await addresses.forget_address(session, platform="teams", ref="place:unknown")
    assert (await held(sessions, "place:1"), await held(sessions, "place:1", "slack")) == (None, "other")


async def test_a_list_holds_what_begins_with_exactly_these_letters(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for ref in ("place:19:a", "place:19:B", "PLACE:19:c", "plac", "xplace:19:d", "place%"):
            await addresses.keep_place(session, kept(ref, ref), now=NOW)
    async with sessions.reading() as session:
        found = await addresses.list_addresses(session, platform="teams", prefix="place:")
        assert found == {"place:19:a": "place:19:a", "place:19:B": "place:19:B"}
        assert list(await addresses.list_addresses(session, platform="teams", prefix="place%")) == ["place%"]


async def test_with_a_member_go_their_address_and_the_questions_who_they_are(sessions: Sessions) -> None:
    ada, ben = await add_member(sessions, ADA), await add_member(sessions, BEN)
    other = await add_member(sessions, "U0ADA", platform="slack")
    await keep_person(sessions, kept(ADA, "hers"))
    await keep_person(sessions, kept(BEN, "his"))
    async with sessions.begin() as session:
        await addresses.keep_place(session, kept(ADA, "another platform's", "slack"), now=NOW)
        session.add(Pairing(asker_id=ada, asked_id=other, asked_at=NOW))
        session.add(Pairing(asker_id=other, asked_id=ada, asked_at=NOW))
        session.add(Pairing(asker_id=ben, asked_id=other, asked_at=NOW))
    async with sessions.begin() as session:
        await erase_member(session, Erased(member_id=ada, person_ref=ADA, random_ref="random"), now=NOW)
    assert (await held(sessions, ADA), await held(sessions, BEN)) == (None, "his")
    assert await held(sessions, ADA, "slack") == "another platform's"
    async with sessions.reading() as session:
        assert (await session.scalars(select(Pairing.asker_id))).all() == [ben]


async def test_an_address_that_is_kept_while_its_member_is_erased_is_gone_after_both(sessions: Sessions) -> None:
    ada = await add_member(sessions, ADA)
    async with sessions.begin() as session:
        await addresses.keep_person(session, kept(ADA, "hers"), now=NOW)
        erasing = asyncio.create_task(_erase(sessions, ada))
        await asyncio.sleep(0.2)
    await erasing
    assert await held(sessions, ADA) is None


async def test_nothing_is_kept_of_a_member_who_is_being_erased(sessions: Sessions) -> None:
    ada = await add_member(sessions, ADA)
    async with sessions.begin() as session:
        await erase_member(session, Erased(member_id=ada, person_ref=ADA, random_ref="random"), now=NOW)
        keeping = asyncio.create_task(keep_person(sessions, kept(ADA, "hers")))
        await asyncio.sleep(0.2)
    await keeping
    async with sessions.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Address)) == 0


async def _erase(sessions: Sessions, member_id: int) -> None:
    async with sessions.begin() as session:
        await erase_member(session, Erased(member_id=member_id, person_ref=ADA, random_ref="random"), now=NOW)


async def test_of_two_who_take_a_file_at_once_one_gets_it(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await pictures.add_picture(session, body=b"file", token_hash=b"1" * 16, now=NOW)
    taken = await asyncio.gather(_take(sessions), _take(sessions))
    assert sorted(taken, key=str) == [None, b"file"]


async def _take(sessions: Sessions) -> bytes | None:
    async with sessions.begin() as session:
        return await pictures.take_picture(session, token_hash=b"1" * 16)
