"""Help shows what one's role may do, and answers an unknown word with the nearest known one."""

from dataclasses import replace

import pytest

from bot.core.actions import ShowHelp
from bot.core.commands import COMMANDS, parse_command
from bot.core.people import Role
from handlers import help as helping
from tests.handlers.conftest import NOW, World
from tests.handlers.windows import words_of


async def help_for(world: World, action: ShowHelp, **changes: object) -> str:
    return words_of((await world.act(helping.show_help, await world.add_member(**changes), action)).card)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("locale", ["en", "nl"])
async def test_help_names_every_command_of_a_role_and_no_other(world: World, role: Role, locale: str) -> None:
    shown = await help_for(world, ShowHelp(), role=role.value, locale=locale)
    named = {word for word in COMMANDS if f"/vouch {word}" in shown}
    hidden = {"join", "pair"} if role is Role.ADMIN else {"join", "pair", "setup"}
    assert named == {word for word, one in COMMANDS.items() if role.may(one.right)} - hidden


async def test_help_shows_what_follows_a_word_in_the_members_language(world: World) -> None:
    assert "/vouch decline <id> <reden>: wijs het af" in await help_for(world, ShowHelp(), role="curator", locale="nl")


async def test_where_the_company_has_two_chats_help_tells_how_to_be_one_in_both(world: World) -> None:
    world.programme = replace(world.programme, is_on_two=True)
    assert "/vouch pair" in await help_for(world, ShowHelp())


async def test_whoever_has_left_is_told_how_to_join(world: World) -> None:
    shown = await help_for(world, ShowHelp(), left_at=NOW)
    assert "/vouch join" in shown
    assert "/vouch leave" not in shown


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("settigns", "Did you mean /vouch settings?"),
        ("leaderboard wek", "Did you mean /vouch leaderboard week?"),
        ("xyzzy", "“xyzzy” is not a word that Vouch knows."),
    ],
)
async def test_an_unknown_word_is_answered_with_the_nearest_one(world: World, line: str, answer: str) -> None:
    action = parse_command(line)
    assert isinstance(action, ShowHelp)
    assert answer in await help_for(world, action)
