"""Oneself: Home, settings, leaving and coming back, and what is kept: to see, to take along, to erase."""

import json

import pytest

from tests.scenarios.town import (
    ELIF,
    JORIS,
    LENA,
    OMAR,
    PRODUCT,
    SANNE,
    TOM,
    Town,
    everything_said,
    has_element,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOTEL = "Nine litres"
NAMING = {"U0OMAR", "Omar Haddad", "omar@brightwater.example"}


async def test_home_shows_posts_to_share_ones_progress_and_the_ways_on(town: Town) -> None:
    await town.post("open_home", who=OMAR)
    home = await town.home(OMAR)
    said = everything_said(home)
    assert "Newest posts" in said
    assert "Your progress" in said
    assert "shared by you, thank you" in said
    assert "For the comms team" not in said
    opened = await town.press_in_home(OMAR, "open_settings")
    assert "Your settings" in everything_said(opened["view"])
    await town.post("close", who=OMAR, view_id=opened["view"]["id"])


async def test_a_post_is_shared_from_home_too(town: Town) -> None:
    await town.post("open_home", who=TOM)
    told = await town.press_in_home(TOM, "open_share")
    assert has_element(told["view"]["blocks"], "leave_for_network")
    await town.post("close", who=TOM, view_id=told["view"]["id"])


async def test_settings_are_kept_and_answered_in_the_new_language(town: Town) -> None:
    await town.command(LENA, "settings")
    await town.submit(LENA, network="bluesky", locale="nl", names="no", topics=["careers"])
    await town.hears(LENA, "Je instellingen zijn bewaard")
    view = await town.open_share(LENA)
    assert "Dit bericht delen" in everything_said(view)
    assert "Bluesky openen" in everything_said(view)
    await town.post("close", who=LENA, view_id=view["id"])
    await town.post("open_home", who=LENA)
    assert "Een dag mee met een veldengineer" not in everything_said(await town.home(LENA))
    board = everything_said((await town.command(OMAR, "leaderboard month"))["ephemeral"])
    assert "Lena Fischer" not in board


async def test_an_unknown_word_names_the_nearest_and_help_shows_only_ones_own_words(town: Town) -> None:
    told = everything_said((await town.command(TOM, "leaderbord"))["ephemeral"])
    assert "Did you mean" in told
    assert "leaderboard" in told
    mine = everything_said((await town.command(TOM, "help"))["ephemeral"])
    assert "/vouch suggest" in mine
    assert "/vouch approve" not in mine


async def test_leaving_is_private_and_coming_back_finds_everything_as_it_was(town: Town) -> None:
    before = await town.messages(PRODUCT, TOM)
    told = await town.command(JORIS, "leave")
    assert "Je doet niet meer mee" in everything_said(told["ephemeral"])
    assert town.rows("SELECT left_at IS NOT NULL FROM member WHERE person_ref = ?", JORIS) == [(1,)]
    refused = await town.press(JORIS, PRODUCT, await town.announcement(JORIS, HOTEL), "open_share")
    assert refused["view"] is None
    words = everything_said(refused["ephemeral"]) or everything_said(await town.find(PRODUCT, JORIS, "/vouch join"))
    assert "/vouch join" in words
    assert await town.messages(PRODUCT, TOM) == before
    points = town.points(JORIS)
    await town.command(JORIS, "join")
    view = await town.open_share(JORIS)
    assert has_element(view["blocks"], "leave_for_network")
    assert town.points(JORIS) == points > 0
    await town.post("close", who=JORIS, view_id=view["id"])


async def test_what_is_kept_can_be_seen_and_arrives_as_a_file(town: Town) -> None:
    shown = await town.command(OMAR, "privacy")
    said = everything_said(shown["ephemeral"])
    assert "omar@brightwater.example" in said
    assert "Only you see this message" in said
    told = await town.press(OMAR, PRODUCT, shown["ephemeral"][-1], "export_mine")
    assert "On its way" in everything_said(told["ephemeral"])
    await town.settle()
    file = next(one["files"][0] for one in reversed(await town.direct(OMAR)) if one.get("files"))
    kept = json.loads(await (await town.get(file["url"], OMAR)).text())
    texts = json.dumps(kept, ensure_ascii=False)
    assert "Two years ago the headmistress asked me whether rain could be put to work." in texts
    assert "Sanne" not in texts


async def test_erasing_leaves_nothing_that_names_the_person(town: Town) -> None:
    points = town.points(OMAR)
    total = town.rows("SELECT sum(points) FROM ledger_entry")
    assert points
    shown = await town.command(OMAR, "privacy")
    await town.press(OMAR, PRODUCT, shown["ephemeral"][-1], "erase_me")
    await town.find(PRODUCT, OMAR, "Nothing that names you is kept any more")
    await town.settle()
    assert found_in_database(town, {*NAMING, "Two years ago the headmistress", "We will be there anyway"}) == []
    assert town.rows("SELECT sum(points) FROM ledger_entry") == total  # amounts stay, without the person
    board = everything_said((await town.command(SANNE, "leaderboard month"))["ephemeral"])
    assert "Omar" not in board


async def test_who_comes_back_after_that_begins_anew(town: Town) -> None:
    view = await town.open_share("U0OMAR")
    assert "First time here? Welcome." in everything_said(view)
    assert town.points(OMAR) == 0
    assert town.points(ELIF) == 0


def found_in_database(town: Town, words: set[str]) -> list[str]:
    """Return where one of the words still stands in the bot's database: the table, the column and the word."""
    found = []
    for (table,) in town.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for _, column, *_ in town.rows("SELECT * FROM pragma_table_info(?)", table):
            for word in sorted(words):
                held = f'SELECT count(*) FROM "{table}" WHERE instr(CAST("{column}" AS TEXT), ?)'  # noqa: S608
                if town.rows(held, word) != [(0,)]:
                    found.append(f"{table}.{column}: {word}")
    return found
