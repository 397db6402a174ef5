"""The address book and the shelf in the database, as the ports promise them."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.addresses import StoredAddresses, StoredFiles
from bot.core.actions import EraseMe
from bot.core.errors import TryLater
from bot.core.ports import AddressBook, FileShelf
from handlers.privacy import erase_me
from storage.engine import Sessions
from storage.models import Picture
from storage.queries import addresses, pictures
from storage.types import keyed_hash
from tests.fakes import FakeClock
from tests.handlers.conftest import NOW, SECRET, World

FILE = b'{"name": "Ada Lovelace", "shares": []}'


def book_of(world: World, platform: str = "slack") -> AddressBook:
    return StoredAddresses(world.sessions, platform=platform, clock=world.clock)


def shelf_of(sessions: Sessions) -> FileShelf:
    return StoredFiles(sessions, secret=SECRET, clock=FakeClock(NOW))


async def test_places_are_held_and_forgotten_and_listed(world: World) -> None:
    book = book_of(world)
    assert await book.find("place:1") is None
    await book.keep("place:1", "one", is_person=False)
    await book.keep("place:1", "two", is_person=False)
    await book.keep("place:2", "three", is_person=False)
    assert await book.find("place:1") == "two"
    assert await book_of(world, "teams").list_held("place:") == {}
    await book.forget("place:2")
    await book.forget("place:2")
    assert await book.list_held("place:") == {"place:1": "two"}


async def test_all_who_ask_at_once_get_their_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    find = addresses.find_addresses

    async def counted(session: AsyncSession, *, platform: str, refs: Collection[str]) -> Mapping[str, str]:
        asked.append(len(refs))
        return await find(session, platform=platform, refs=refs)

    monkeypatch.setattr("storage.queries.addresses.find_addresses", counted)
    book = book_of(world)
    for number in range(3):
        await book.keep(f"place:{number}", str(number), is_person=False)
    found = await asyncio.gather(*(book.find(f"place:{number}") for number in (2, 0, 7, 2, 1)))
    assert found == ["2", "0", None, "2", "1"]
    assert asked == [5]


async def test_people_are_held_while_they_are_members(world: World) -> None:
    book = book_of(world)
    await book.keep("U1", "a guest's", is_person=True)
    assert await book.find("U1") is None
    ada = await world.add_member("Ada")
    await book.keep(ada.person_ref, "hers", is_person=True)
    assert await book.find(ada.person_ref) == "hers"
    await world.act(erase_me, ada, EraseMe())
    assert await book.find(ada.person_ref) is None


async def test_a_database_that_is_away_is_asked_again_later() -> None:
    sessions = Sessions("postgresql://vouch@/vouch?host=/nowhere-at-all")
    book = StoredAddresses(sessions, platform="teams", clock=FakeClock(NOW))
    shelf = shelf_of(sessions)
    for work in (
        book.find("x"),
        book.keep("x", "y", is_person=False),
        book.keep("x", "y", is_person=True),
        book.forget("x"),
        book.list_held("x"),
        shelf.put(FILE),
        shelf.take("x"),
    ):
        with pytest.raises(TryLater, match="database_away"):
            await work
    await sessions.close()


async def test_a_file_is_taken_once_and_by_its_token_alone(world: World) -> None:
    shelf = shelf_of(world.sessions)
    token, other = await shelf.put(FILE), await shelf.put(FILE)
    assert len(token) >= 43
    assert token != other
    assert await shelf.take(f"{token}x") is None
    taken = await asyncio.gather(shelf.take(token), shelf.take(token))
    assert sorted(taken, key=lambda one: one is None) == [FILE, None]
    assert await shelf.take(other) == FILE


async def test_what_lies_on_the_shelf_is_no_picture_and_cannot_be_read_without_the_token(world: World) -> None:
    shelf = shelf_of(world.sessions)
    token = await shelf.put(FILE)
    async with world.sessions.reading() as session:
        (row,) = (await session.scalars(select(Picture))).all()
        assert await pictures.find_picture(session, token_hash=keyed_hash(SECRET, token)) is None
    assert b"Ada" not in row.body
    assert token.encode() not in row.token_hash + row.body


async def test_a_file_that_nobody_wanted_goes_with_the_old_pictures(world: World) -> None:
    shelf = shelf_of(world.sessions)
    token, empty = await shelf.put(FILE), await shelf.put(b"")
    assert await shelf.take(empty) == b""
    async with world.sessions.begin() as session:
        await pictures.forget_pictures(session, before=NOW + timedelta(days=7))
    assert await shelf.take(token) is None
