"""The first admin comes by a one-time code; it works once and for a short time."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import Setup
from bot.core.cards import Fields, Text, plain
from bot.core.errors import Unable
from handlers.setup import setup
from storage.models import Member
from storage.queries.roles import add_admin_code
from storage.types import keyed_hash
from tests.handlers.conftest import NOW, SECRET, World


async def _give_code(world: World, code: str, minutes: int = 15) -> None:
    async with world.sessions.begin() as session:
        hashed = keyed_hash(SECRET, code)
        await add_admin_code(session, code_hash=hashed, expires_at=NOW + timedelta(minutes=minutes))


async def _role(world: World, member: Member) -> tuple[str, bool]:
    async with world.sessions.reading() as session:
        found = (await session.execute(select(Member.role, Member.role_is_fixed).where(Member.id == member.id))).one()
    return found.role, found.role_is_fixed


async def test_a_valid_code_makes_its_first_user_an_admin_for_good(world: World) -> None:
    member = await world.add_member()
    await _give_code(world, "k7-code")
    await world.act(setup, member, Setup(code=" k7-code "))
    assert await _role(world, member) == ("admin", True)


@pytest.mark.parametrize(("code", "minutes"), [("other", 15), ("k7-code", 0)])
async def test_a_wrong_or_old_code_changes_nothing_and_says_what_to_do(world: World, code: str, minutes: int) -> None:
    member = await world.add_member()
    await _give_code(world, "k7-code", minutes)
    with pytest.raises(Unable) as refusal:
        await world.act(setup, member, Setup(code=code))
    assert refusal.value.text_key == "setup.wrong_code"
    assert await _role(world, member) == ("member", False)


async def test_a_code_works_once(world: World) -> None:
    first, second = await world.add_member(), await world.add_member()
    await _give_code(world, "k7-code")
    await world.act(setup, first, Setup(code="k7-code"))
    with pytest.raises(Unable):
        await world.act(setup, second, Setup(code="k7-code"))
    assert await _role(world, second) == ("member", False)


async def test_a_member_without_a_code_reads_how_to_get_one(world: World) -> None:
    reply = await world.act(setup, await world.add_member(), Setup())
    assert reply.card is not None
    text = reply.card.body[0]
    assert isinstance(text, Text)
    assert "vouch admin-code" in plain(text.spans)


async def test_an_admin_sees_the_state_of_the_installation(world: World) -> None:
    admin = await world.add_member(role="admin")
    await world.add_member(role="curator")
    reply = await world.act(setup, admin, Setup())
    assert reply.card is not None
    fields = reply.card.body[0]
    assert isinstance(fields, Fields)
    assert dict(fields.pairs)["Members"] == "2"
    assert dict(fields.pairs)["Channels"] == "#general, #nieuws"
