"""The first admin: a one-time code from the operator, used once, and what an admin sees."""

import pytest

from tests.scenarios.apart import TownApart, run_command
from tests.scenarios.town import GRACE, LENA, MARCUS, TOM, everything_said

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_member_without_a_code_reads_how_to_get_one(town: TownApart) -> None:
    told = everything_said((await town.command(MARCUS, "setup"))["ephemeral"])
    assert "one-time code" in told
    assert "This is for the admins" in everything_said((await town.command(MARCUS, "failures"))["ephemeral"])


async def test_a_code_makes_its_first_user_an_admin_and_nobody_after(town: TownApart) -> None:
    printed = await run_command(town, "admin-code")
    code = printed.rpartition("/vouch setup ")[2].split()[0]
    assert "You are now an admin of Vouch" in everything_said(
        (await town.command(MARCUS, f"setup {code}"))["ephemeral"]
    )
    assert "Nothing is stuck" in everything_said((await town.command(MARCUS, "failures"))["ephemeral"])
    again = everything_said((await town.command(TOM, f"setup {code}"))["ephemeral"])
    assert "That code is not valid" in again
    assert town.rows("SELECT role FROM member WHERE person_ref = ?", TOM) in ([], [("member",)])
    assert code not in town.bot_log
    assert all(code.encode() not in held for (held,) in town.rows("SELECT code_hash FROM admin_code"))


async def test_a_code_that_is_older_than_a_quarter_of_an_hour_is_refused(town: TownApart) -> None:
    printed = await run_command(town, "admin-code")
    code = printed.rpartition("/vouch setup ")[2].split()[0]
    await town.advance(minutes=16)
    assert "That code is not valid" in everything_said((await town.command(LENA, f"setup {code}"))["ephemeral"])
    assert town.rows("SELECT role FROM member WHERE person_ref = ?", LENA) == [("member",)]


async def test_an_admin_sees_how_the_installation_is(town: TownApart) -> None:
    told = everything_said((await town.command(GRACE, "setup"))["ephemeral"])
    assert "How Vouch is doing" in told
    assert "#product-news" in told
    assert "Not sent: 0" in told


async def test_the_role_stays_when_roles_are_read_anew(town: TownApart) -> None:
    await town.advance(minutes=6)
    assert town.rows("SELECT role FROM member WHERE person_ref = ?", MARCUS) == [("admin",)]
