"""Sharing by one's own connected account, on both platforms: exactly the text shown, and a way out of trouble."""

import pytest

from tests.scenarios.chats import Chat, Seen, shares_of
from tests.scenarios.connecting import asked_for, connect, order, posts_of, prefer
from tests.scenarios.town import LENA, NADIA, OMAR, TOM

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLE = "Nine litres"
WORDS = "I have *seen* this (really) [work] at home: 9 litres <less> & no fuss. #water @home ~ {it} \\o/ 🌊"


async def share_now(chat: Chat, who: str, network: str, words: str) -> None:
    """Share and Share now: two clicks; then whatever becomes of it."""
    await chat.press(who, await chat.announcement(who, TITLE), "open_share")
    await chat.submit(who, text=words, network=network)
    await chat.settle()


async def told(chat: Chat, who: str, words: str) -> Seen:
    """Return where a person reads `words`: in the window that they have open, or else in a message to them alone."""
    window = await chat.window(who)
    if window is not None and words in window.said:
        return window
    await chat.close(who)
    return await chat.find(who, words)


async def go_on(chat: Chat, who: str, seen: Seen, action: str) -> str:
    """Press a button where the person reads."""
    if await chat.window(who) is not None:
        return await chat.choose(who, action)
    return await chat.press(who, seen, action)


@pytest.mark.parametrize("network", ["linkedin", "mastodon", "x"])
async def test_two_clicks_publish_exactly_the_text_of_the_window(chat: Chat, network: str) -> None:
    await prefer(chat, TOM, network)
    page = await connect(chat, TOM, TITLE, network)
    assert "Tom" in page
    words = f"{WORDS} {network}"
    await share_now(chat, TOM, network, words)
    await told(chat, TOM, f"Your post is out on {'LinkedIn' if network == 'linkedin' else network.title()}")
    (post,) = await posts_of(chat, TOM, network)
    ((_, state, kept, is_own),) = [one for one in shares_of(chat, TOM, TITLE) if one[0] == network]
    assert (state in {"confirmed", "evidenced"}, kept, bool(is_own)) == (True, words, True)
    ((sent,),) = chat.rows("SELECT sent_text FROM share WHERE network = ? AND text = ?", network, words)
    assert post["text"] == sent
    assert words in sent
    await chat.close(TOM)


async def test_what_cannot_be_posted_is_said_with_the_text_untouched_and_goes_on_by_the_composer(chat: Chat) -> None:
    await prefer(chat, OMAR, "x")
    await connect(chat, OMAR, TITLE, "x")
    await order(chat, "faults", network="x", operation="publish", status=402, left=1)
    words = "The hotel round the corner did it, and the porter told me so himself."
    await share_now(chat, OMAR, "x", words)
    seen = await told(chat, OMAR, "budget at X is used up")
    if await chat.window(OMAR) is None:
        await chat.press(OMAR, seen, "change_share")
    window = await chat.window(OMAR)
    assert window is not None
    assert words in (window.said, *map(str, window.fields.values()))
    assert await posts_of(chat, OMAR, "x") == []
    assert "leave_for_network" in window.buttons
    assert (await asked_for(chat, "calls", network="x", operation="publish"))["calls"]
    await chat.close(OMAR)


async def test_an_answer_that_never_came_is_never_sent_again_and_the_member_says_what_is_there(chat: Chat) -> None:
    await prefer(chat, LENA, "linkedin")
    await connect(chat, LENA, TITLE, "linkedin")
    await order(chat, "faults", network="linkedin", operation="publish", cut="after", left=1)
    words = "My mother keeps a rain barrel; this is the same idea with better plumbing."
    await share_now(chat, LENA, "linkedin", words)
    seen = await told(chat, LENA, "It is there")
    await chat.advance(hours=2)
    assert len(await posts_of(chat, LENA, "linkedin")) == 1
    assert shares_of(chat, LENA, TITLE)[-1][1] in {"uncertain", "evidenced"}
    await go_on(chat, LENA, seen, "say_there")
    assert len(await posts_of(chat, LENA, "linkedin")) == 1
    ((said_at,),) = chat.rows("SELECT said_at FROM share WHERE text = ?", words)
    assert said_at is not None
    await chat.close(LENA)


async def test_a_curator_reads_what_it_brought_and_cost_and_a_member_is_told_who_may(chat: Chat) -> None:
    assert "comms team" in await chat.say(TOM, "report week")
    assert "report" in await chat.say(NADIA, "report week")
    await chat.settle()
    report = await chat.find(NADIA, "not valued")
    assert "for the programme" in report.said
    assert TITLE in report.said
    assert not [name for name in ("Tom Hughes", "Lena Fischer", "Omar Haddad") if name in report.said]
    assert chat.rows("SELECT DISTINCT state FROM job WHERE kind LIKE 'send_report%'") == [("done",)]
