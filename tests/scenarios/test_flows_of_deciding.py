"""The whole programme, flow by flow, on Slack and on Teams: suggesting, deciding, oneself, and the week.

The same deeds, and the same rows kept in the database. How a text reaches the composer is the one step that differs:
two clicks on Slack, three on Teams.
"""

import asyncio
from datetime import time
from urllib.parse import unquote

import pytest

from tests.scenarios.chats import Chat, member_of
from tests.scenarios.town import (
    GENERAL,
    GRACE,
    IRIS,
    JORIS,
    LENA,
    NADIA,
    OMAR,
    PRIYA,
    PRODUCT,
    SANNE,
    THOMAS,
    TOM,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOTEL, SCHOOL = "Nine litres", "A school that flushes"


# Suggesting, deciding: C4 and C5


async def test_a_link_in_somebodys_message_is_suggested(chat: Chat) -> None:
    await chat.to_working_hours()
    link = f"{chat.address}/site/index.html"
    window = await chat.suggest_this(TOM, IRIS, f"This is where we began: {link}", GENERAL)
    assert window.fields["link"] == link
    assert "Your suggestion S6 is with the comms team" in await chat.submit(TOM, why="Half the town comes by.")
    await chat.close(TOM)
    await chat.settle()
    card = await chat.card("S6")
    assert "Suggested by Tom Hughes" in card.said
    assert "Half the town comes by." in card.said
    told = await chat.write(LENA, f"Look, {link}?utm_source=mail is nice")
    assert "your name now stands with S6" in told
    assert "Lena Fischer" in (await chat.card("S6")).said
    assert chat.rows("SELECT count(*) FROM suggestion_author WHERE suggestion_id = 6") == [(2,)]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("suggest", "Say which page"),
        ("suggest ftp://example.org/x", "https://"),
        ("suggest nonsense", "This is no full link"),
    ],
)
async def test_what_is_no_link_gets_a_clear_answer(chat: Chat, typed: str, answer: str) -> None:
    before = chat.rows("SELECT count(*) FROM suggestion")
    assert answer in await chat.say(OMAR, typed)
    assert chat.rows("SELECT count(*) FROM suggestion") == before


async def test_an_employee_cannot_decide_by_word_or_button(chat: Chat) -> None:
    assert "This is for the comms team" in await chat.say(TOM, "approve S6")
    assert chat.rows("SELECT state FROM suggestion WHERE id = 6") == [("received",)]


async def test_an_approved_suggestion_becomes_a_post_that_names_its_authors(chat: Chat) -> None:
    await chat.press(NADIA, await chat.card("S6"), "approve")
    await chat.settle()
    card = await chat.card("S6")
    assert "Approved by Nadia Rahman" in card.said
    assert "approve" not in card.buttons
    for who in (TOM, LENA):
        await chat.find(who, "S6")
    ((post_id,),) = chat.rows("SELECT post_id FROM suggestion WHERE id = 6 AND state = 'approved'")
    window = await chat.open(NADIA, f"edit P{post_id}")
    await chat.submit(NADIA, channels=[chat.ref(PRODUCT)], networks=["linkedin", "email"], title="Where it began")
    await chat.submit(NADIA)
    await chat.settle()
    assert window.fields["link"] == f"{chat.address}/site/index.html"
    assert "Suggested by Tom Hughes, Lena Fischer" in (await chat.announcement(OMAR, "Where it began")).said
    points = (
        "SELECT points FROM ledger_entry JOIN member ON member.id = member_id "
        "WHERE kind = 'suggestion' AND person_ref = ?"
    )
    await chat.advance(minutes=2)
    assert chat.rows(points, chat.ref(TOM)) == [(10,)]


async def test_a_declined_suggestion_is_told_with_the_reason(chat: Chat) -> None:
    reason = "We wrote about roofs in June. Next spring again?"
    assert "S4" in await chat.press(THOMAS, await chat.card("S4"), "open_decline")
    await chat.submit(THOMAS, reason=reason)
    await chat.close(THOMAS)
    await chat.settle()
    assert "S4" in (await chat.find(SANNE, reason)).said
    card = await chat.card("S4")
    assert "Declined by Thomas Bakker" in card.said
    assert "open_decline" not in card.buttons
    decided = "SELECT what, reason FROM decision WHERE subject = 'suggestion' AND subject_id = 4"
    assert chat.rows(decided) == [("declined", reason)]


async def test_of_two_curators_at_once_the_first_counts_and_the_second_is_told(chat: Chat) -> None:
    said = await asyncio.gather(chat.say(NADIA, "approve S5"), chat.say(THOMAS, "decline S5 not now"))
    ((what, name),) = chat.rows(
        "SELECT what, name FROM decision JOIN member ON member.id = member_id "
        "WHERE subject = 'suggestion' AND subject_id = 5"
    )
    assert name in (said[1] if what == "approved" else said[0])


# What concerns oneself: C8


async def test_home_shows_posts_to_share_and_the_ways_on(chat: Chat) -> None:
    home = await chat.home(OMAR)
    assert "Newest posts" in home.said
    assert "Your progress" in home.said
    assert {"open_share", "open_settings", "show_board"} <= home.buttons


async def test_settings_are_kept_and_answered_in_the_new_language(chat: Chat) -> None:
    await chat.open(LENA, "settings")
    told = await chat.submit(LENA, network="bluesky", locale="nl", names="no", topics=["careers"])
    assert "Je instellingen zijn bewaard" in told
    await chat.close(LENA)
    columns = "default_network, chosen_locale, is_named, muted_topics"
    assert member_of(chat, LENA, columns) == ("bluesky", "nl", 0, '["careers"]')
    assert "Dit bericht delen" in await chat.press(LENA, await chat.announcement(LENA, HOTEL), "open_share")
    await chat.close(LENA)


async def test_help_names_the_nearest_word_and_shows_only_ones_own(chat: Chat) -> None:
    told = await chat.say(TOM, "leaderbord")
    assert "Did you mean" in told
    assert "leaderboard" in told
    mine = await chat.say(TOM, "help")
    assert "suggest <link>" in mine
    assert "approve" not in mine


async def test_leaving_is_private_and_coming_back_finds_everything_as_it_was(chat: Chat) -> None:
    assert "Je doet niet meer mee" in await chat.say(JORIS, "leave")
    assert member_of(chat, JORIS, "left_at IS NOT NULL") == (1,)
    assert "join" in await chat.press(JORIS, await chat.announcement(JORIS, SCHOOL), "open_share")
    await chat.close(JORIS)
    points = chat.points(JORIS)
    await chat.say(JORIS, "join")
    assert member_of(chat, JORIS, "left_at IS NOT NULL") == (0,)
    assert chat.points(JORIS) == points


async def test_what_is_kept_can_be_seen_and_arrives_as_a_file(chat: Chat) -> None:
    assert "omar@brightwater.example" in await chat.say(OMAR, "privacy")
    shown = await chat.find(OMAR, "omar@brightwater.example")
    assert "On its way" in await chat.press(OMAR, shown, "export_mine")
    await chat.settle()
    kept = unquote(str(await chat.file(OMAR)))
    assert "Two years ago the headmistress asked me whether rain could be put to work." in kept
    assert "Sanne" not in kept


async def test_erasing_leaves_nothing_that_names_the_person(chat: Chat) -> None:
    total = chat.rows("SELECT sum(points) FROM ledger_entry")
    ref = chat.ref(OMAR)
    await chat.say(OMAR, "privacy")
    shown = await chat.find(OMAR, "omar@brightwater.example")
    await chat.press(OMAR, shown, "erase_me")
    await chat.settle()
    found = []
    for (table,) in chat.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for _, column, *_ in chat.rows("SELECT * FROM pragma_table_info(?)", table):
            for word in (ref, "Omar Haddad", "omar@brightwater.example", "Two years ago the headmistress"):
                held = f'SELECT count(*) FROM "{table}" WHERE instr(CAST("{column}" AS TEXT), ?)'  # noqa: S608
                found += [f"{table}.{column}: {word}"] if chat.rows(held, word) != [(0,)] else []
    assert found == []
    assert chat.rows("SELECT sum(points) FROM ledger_entry") == total  # amounts stay, without the person


# Sum up the week (C7): last, because it moves the clock


async def test_the_week_is_posted_once_with_names_only_of_those_who_said_yes(chat: Chat) -> None:
    before = [one for one in await chat.channel(SANNE, PRODUCT) if is_board(one)]
    await chat.to(await chat.next_moment([0], time(9)))
    await chat.advance(hours=1)
    boards = [one for one in await chat.channel(SANNE, PRODUCT) if is_board(one)]
    assert len(boards) == len(before) + 1
    assert [one for one in await chat.channel(SANNE, GENERAL) if is_board(one)] == []
    unnamed = chat.rows("SELECT name FROM member WHERE name <> '' AND is_named IS NOT 1")
    assert [name for (name,) in unnamed if name in boards[-1]] == []
    board = await chat.find(SANNE, "What our sharing brought", PRODUCT)
    assert any(str(one.get("image_url") or one.get("url")).startswith(f"{chat.address}/p/") for one in board.pictures)
    assert chat.rows("SELECT count(*) FROM job WHERE kind = 'post_board' AND state = 'done'") == [(len(boards),)]


async def test_a_board_asked_for_is_private_and_tells_ones_own_place(chat: Chat) -> None:
    before = await chat.channel(SANNE, PRODUCT)
    told = await chat.say(PRIYA, "leaderboard month")
    assert "The last 30 days" in told
    assert "Priya Nair" not in told
    assert len(await chat.channel(SANNE, PRODUCT)) == len(before)


async def test_nothing_failed_and_nothing_is_uncertain(chat: Chat) -> None:
    await chat.settle()
    assert chat.rows("SELECT kind, state, error FROM job WHERE state IN ('failed', 'uncertain')") == []
    assert "Nothing is stuck" in await chat.say(GRACE, "failures")
    assert '"level": "error"' not in chat.bot_log


def is_board(said: str) -> bool:
    return "What our sharing brought" in said or "A quiet week" in said
