"""The whole programme, flow by flow, on Slack and on Teams: writing, announcing, sharing.

The same deeds, and the same rows kept in the database, of either kind. How a text reaches the composer is the one step
that differs: two clicks on Slack, three on Teams.
"""

from datetime import time, timedelta

import pytest

from tests.scenarios.chats import Chat, member_of, ref_of, shares_of
from tests.scenarios.town import (
    CLAIRE,
    ELIF,
    ENGINEERING,
    GENERAL,
    GRACE,
    IRIS,
    JORIS,
    NADIA,
    OMAR,
    PRIYA,
    PRODUCT,
    SANNE,
    THOMAS,
    TOM,
    composed,
    link_in,
)

ON_POSTGRESQL = pytest.param("slack-postgresql", marks=pytest.mark.postgres)
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("chat", ["slack", "teams", ON_POSTGRESQL], indirect=True, scope="module"),
]

HOTEL, SCHOOL, LEAK = "Nine litres", "A school that flushes", "How we hear a leak"
ROOF, ROOF_TITLE = "/site/green-roof.html", "The roof that drinks"
SENSOR, FAIR = "/site/open-sensor.html", "/site/trade-fair.html"
SENSE = "Fifteen litres became nine and my sister, who stayed there, only praised the breakfast. Well done, all."
LATER = "On Sunday evenings my friends read. So this one about listening to pipes goes to them then, in my own words."
ROOFS = "A roof that drinks is the best kind of roof, and this one has been thirsty for a long time, says its owner."


# Write a post and announce it (C1)


async def test_a_post_is_filled_from_its_page_and_kept_until_it_is_finished(chat: Chat) -> None:
    window = await chat.open(NADIA, f"post {chat.address}{ROOF}")
    assert window.fields["title"] == ROOF_TITLE
    assert window.fields["summary"]
    assert str(window.fields["picture"]).startswith(f"{chat.address}/site/pictures/")
    await chat.keep(NADIA, wording_1=ROOFS)
    assert chat.rows("SELECT state FROM post WHERE link LIKE ?", f"%{ROOF}") == [("draft",)]
    resumed = await chat.open(NADIA, f"post {chat.address}{ROOF}")
    assert resumed.fields["wording_1"] == ROOFS
    assert chat.rows("SELECT count(*) FROM post WHERE link LIKE ?", f"%{ROOF}") == [(1,)]


async def test_faults_are_told_and_nothing_typed_is_lost(chat: Chat) -> None:
    past = (await chat.now() - timedelta(days=2)).date().isoformat()
    told = await chat.submit(
        NADIA, channels=[chat.ref(PRODUCT)], publish_on=past, publish_at="09:00", topics=["climate"]
    )
    assert "That time has passed" in told
    window = await chat.window(NADIA)
    assert window is not None
    assert (window.fields["wording_1"], window.fields["topics"]) == (ROOFS, ["climate"])
    assert chat.rows("SELECT state FROM post WHERE link LIKE ?", f"%{ROOF}") == [("draft",)]


async def test_the_review_lists_channels_and_the_announcement_stands_in_each(chat: Chat) -> None:
    channels = [chat.ref(PRODUCT), chat.ref(GENERAL)]
    review = await chat.submit(
        NADIA, channels=channels, networks=["linkedin", "x"], publish_on=None, publish_at=None, topics=["climate"]
    )
    assert "Announced at once in" in review
    assert "LinkedIn, X" in review
    await chat.choose(NADIA, "preview_post")
    await chat.settle()
    preview = await chat.find(NADIA, "A preview: only you see this")
    assert "open_share" in preview.buttons
    assert all(ROOF_TITLE not in one for one in await chat.channel(OMAR, PRODUCT))

    await chat.submit(NADIA)
    await chat.settle()
    for channel in (PRODUCT, GENERAL):
        card = await chat.announcement(OMAR, ROOF_TITLE, channel)
        assert "Curated by Nadia Rahman" in card.said
        assert {"open_share", "dismiss_post"} <= card.buttons
        assert card.pictures
    assert chat.rows("SELECT state, topics, networks FROM post WHERE title = ?", ROOF_TITLE) == [
        ("published", '["climate"]', '["linkedin", "x"]')
    ]
    kept = chat.rows(
        "SELECT channel_ref, message_ref IS NOT NULL FROM announcement JOIN post ON post.id = post_id "
        "WHERE title = ? ORDER BY channel_ref",
        ROOF_TITLE,
    )
    assert kept == [(ref, 1) for ref in sorted(channels)]
    assert chat.rows("SELECT text FROM wording JOIN post ON post.id = post_id WHERE title = ?", ROOF_TITLE) == [
        (ROOFS,)
    ]


async def test_an_edit_follows_on_every_announcement_and_in_links_that_are_out(chat: Chat) -> None:
    card = await chat.announcement(OMAR, ROOF_TITLE)
    out = link_in(composed(await chat.share(OMAR, card, "It drinks, so it is a roof after my own heart.")))
    await chat.open(NADIA, f"edit {ref_of(chat, ROOF_TITLE)}")
    told = await chat.submit(NADIA, title="The roof that drinks rain", link=f"{chat.address}{SENSOR}")
    assert "Its announcements will follow" in told
    await chat.submit(NADIA)
    await chat.advance(minutes=2)
    for channel in (PRODUCT, GENERAL):
        cards = await chat.channel(OMAR, channel)
        assert sum("The roof that drinks rain" in one for one in cards) == 1
        assert sum(ROOF_TITLE in one for one in cards) == 1  # the old card itself, not a second one
    status, target = await chat.get(out)
    assert status == 302
    assert target.startswith(f"{chat.address}{SENSOR}")
    whats = [what for (what,) in chat.rows("SELECT what FROM decision WHERE subject = 'post' ORDER BY id DESC LIMIT 2")]
    assert sorted(whats) == ["edited", "repointed"]


async def test_a_scheduled_post_goes_out_at_its_time(chat: Chat) -> None:
    window = await chat.open(GRACE, f"post {chat.address}{FAIR}")
    title = str(window.fields["title"])
    day = (await chat.now() + timedelta(days=3)).date().isoformat()
    await chat.submit(GRACE, channels=[chat.ref(PRODUCT)], publish_on=day, publish_at="10:00")
    await chat.submit(GRACE)
    ref = ref_of(chat, title)
    assert "That day does not exist" in await chat.say(NADIA, f"schedule {ref} 31 February 9:00")
    assert ref in await chat.say(NADIA, f"schedule {ref} in 2 hours")
    assert chat.rows("SELECT state FROM post WHERE id = ?", ref[1:]) == [("scheduled",)]
    await chat.advance(hours=2, minutes=1)
    assert chat.rows("SELECT state FROM post WHERE id = ?", ref[1:]) == [("published",)]
    assert "open_share" in (await chat.announcement(OMAR, title)).buttons


# Announcements follow (C2)


async def test_not_for_me_is_private_and_kept(chat: Chat) -> None:
    before = await chat.channel(TOM, PRODUCT)
    told = await chat.press(TOM, await chat.announcement(TOM, HOTEL), "dismiss_post")
    assert "Nobody sees this" in told
    await chat.settle()
    assert await chat.channel(TOM, PRODUCT) == [*before, *(await chat.channel(TOM, PRODUCT))[len(before) :]]
    dismissed = chat.rows(
        "SELECT title FROM dismissal JOIN post ON post.id = post_id JOIN member ON member.id = member_id "
        "WHERE person_ref = ?",
        chat.ref(TOM),
    )
    assert [title for (title,) in dismissed] == [next(one for (one,) in dismissed if one.startswith(HOTEL))]


async def test_withdrawing_refuses_shares_at_once_and_every_card_says_so(chat: Chat) -> None:
    title = "The roof that drinks rain"
    card = await chat.announcement(TOM, title)
    out = link_in(composed(await chat.share(PRIYA, card, "Roofs are thirsty too.")))
    await chat.delay_redrawing()
    assert "ingetrokken" in await chat.say(THOMAS, f"withdraw {ref_of(chat, title)}")
    assert "This post was withdrawn" in await chat.press(TOM, card, "open_share")
    await chat.close(TOM)
    await chat.advance(minutes=1)
    for channel in (PRODUCT, GENERAL):
        after = await chat.find(OMAR, title, channel)
        assert "The comms team has withdrawn this post" in after.said
        assert "open_share" not in after.buttons
    assert chat.rows("SELECT state FROM post WHERE title = ?", title) == [("withdrawn",)]
    assert (await chat.get(out))[0] == 302


# Share in one's own words (C3, C6)


async def test_ones_own_text_reaches_the_network_and_the_first_visit_earns(chat: Chat) -> None:
    address = await chat.share(TOM, await chat.announcement(TOM, SCHOOL), SENSE)
    assert address.startswith(f"{chat.address}/network/linkedin/feed/?shareActive=true&text=")
    text = composed(address)
    assert text.startswith("#BrightwaterEmployee")
    assert SENSE in text
    assert chat.points(TOM) == 0
    assert shares_of(chat, TOM, SCHOOL) == [("linkedin", "opened", SENSE, 1)]
    status, target = await chat.get(link_in(text), "someone-else")
    assert (status, "utm_source=linkedin" in target) == (302, True)
    await chat.advance(minutes=2)
    assert chat.points(TOM) == 7 + 5
    assert shares_of(chat, TOM, SCHOOL) == [("linkedin", "evidenced", SENSE, 1)]
    kinds = chat.rows(
        "SELECT kind, points FROM ledger_entry JOIN member ON member.id = member_id "
        "WHERE person_ref = ? AND points <> 0 ORDER BY kind",
        chat.ref(TOM),
    )
    assert kinds == [("own_words", 5), ("share", 7)]
    assert "+7" in await chat.say(TOM, "why")
    assert SCHOOL in await chat.say(TOM, "me")


async def test_ones_own_visit_and_a_preview_earn_nothing(chat: Chat) -> None:
    link = link_in(composed(await chat.share(IRIS, await chat.announcement(IRIS, SCHOOL), "Regen werkt hier mee.")))
    await chat.get(link, IRIS)
    await chat.get(link, User_Agent="LinkedInBot/1.0 (compatible; Mozilla/5.0; +http://www.linkedin.com)")
    await chat.advance(minutes=2)
    kinds = chat.rows(
        "SELECT kind FROM visit JOIN link ON link.id = link_id WHERE slug = ? ORDER BY visit.id", link[-8:]
    )
    assert [kind for (kind,) in kinds] == ["self", "preview"]
    assert chat.points(IRIS) == 0


async def test_a_newcomer_is_welcomed_and_chooses_about_the_name(chat: Chat) -> None:
    told = await chat.press(ELIF, await chat.announcement(ELIF, SCHOOL), "open_share")
    assert "First time here? Welcome." in told
    assert "Nobody has to share anything here." in told
    told = await chat.choose(ELIF, "answer_welcome", text="My own words stay.")
    assert "First time here?" not in told
    window = await chat.window(ELIF)
    assert window is not None
    assert window.fields["text"] == "My own words stay."
    assert member_of(chat, ELIF, "is_named, welcomed_at IS NOT NULL") == (1, 1)
    await chat.close(ELIF)


async def test_another_network_keeps_what_was_typed_and_a_long_text_is_answered_in_the_window(chat: Chat) -> None:
    long = "water " * 60
    await chat.press(SANNE, await chat.announcement(SANNE, HOTEL), "open_share")
    told = await chat.leave(SANNE, text=long, network="x")
    assert "139 tekens te lang voor X" in told
    window = await chat.window(SANNE)
    assert window is not None
    assert str(window.fields["text"]).split() == ["water"] * 60
    assert (shares_of(chat, SANNE, HOTEL))[-1][:2] == ("x", "draft")
    await chat.close(SANNE)


async def test_a_text_much_like_a_colleagues_is_pointed_out_and_not_whose(chat: Chat) -> None:
    await chat.press(GRACE, await chat.announcement(GRACE, SCHOOL), "open_share")
    told = await chat.submit(GRACE, text=SENSE)
    assert "much like one that a colleague has shared" in told
    assert "Tom" not in told.replace("tomorrow", "")
    window = await chat.window(GRACE)
    assert window is not None
    assert "leave_for_network" in window.buttons  # pointed out, not blocked
    await chat.close(GRACE)


async def test_the_link_of_ones_post_confirms_one_share_alone(chat: Chat) -> None:
    url = "https://www.linkedin.com/feed/update/urn:li:activity:7265000000000000001/"
    await chat.press(TOM, await chat.announcement(TOM, SCHOOL), "open_share")
    await chat.choose(TOM, "open_permalink")
    assert "not the link of a post on LinkedIn" in await chat.submit(TOM, url="https://www.linkedin.com/feed/")
    assert "Your post is confirmed" in await chat.submit(TOM, url=url)
    assert (shares_of(chat, TOM, SCHOOL))[0][1] in ("confirmed", "evidenced")
    await chat.close(TOM)

    await chat.share(PRIYA, await chat.announcement(PRIYA, SCHOOL), "The accountant noticed, and so did the river.")
    await chat.choose(PRIYA, "open_permalink")
    assert "already stands for another share" in await chat.submit(PRIYA, url=f"{url}?utm_source=share")
    assert chat.rows("SELECT count(*) FROM share WHERE permalink IS NOT NULL AND permalink LIKE ?", f"{url}%") == [(1,)]
    await chat.close(PRIYA)


async def test_saying_it_is_kept_as_said_and_a_share_can_be_taken_back(chat: Chat) -> None:
    before = chat.points(PRIYA)
    await chat.press(PRIYA, await chat.announcement(PRIYA, SCHOOL), "open_share")
    assert "Kept as you said it" in await chat.choose(PRIYA, "say_shared")
    await chat.advance(minutes=2)
    assert chat.points(PRIYA) == before  # a word earns nothing
    link = link_in(
        composed(await chat.share(JORIS, await chat.announcement(JORIS, HOTEL), "Een douche om te blijven."))
    )
    await chat.get(link, "someone-else-7")
    await chat.advance(minutes=2)
    earned = chat.points(JORIS)
    await chat.close(JORIS)
    await chat.press(JORIS, await chat.announcement(JORIS, HOTEL), "open_share")
    assert "Teruggenomen" in await chat.choose(JORIS, "undo_share")
    assert chat.points(JORIS) < earned
    assert (await chat.get(link))[0] == 302  # links that are out keep working
    assert (shares_of(chat, JORIS, HOTEL))[-1][1] == "undone"
    await chat.close(JORIS)


async def test_a_guest_gets_a_kind_answer_and_nothing_is_kept(chat: Chat) -> None:
    told = await chat.press(CLAIRE, await chat.announcement(CLAIRE, HOTEL), "open_share")
    assert "full members of this company only" in told
    ref = chat.ref(CLAIRE)
    assert chat.rows("SELECT count(*) FROM member WHERE person_ref = ?", ref) == [(0,)]
    assert chat.rows("SELECT count(*) FROM address WHERE ref = ?", ref) == [(0,)]
    await chat.close(CLAIRE)


# Share later


async def test_a_text_waits_for_the_moment_that_its_writer_picked(chat: Chat) -> None:
    await chat.press(TOM, await chat.announcement(TOM, LEAK, ENGINEERING), "open_share")
    assert "Pick a moment" in await chat.choose(TOM, "open_later", text=LATER, network="linkedin")
    evening = await chat.next_moment([6], time(21, 15))  # in Amsterdam, an hour before that of Tom's own clock
    told = await chat.submit(TOM, day=evening.date().isoformat(), time="21:15")
    assert "I will ask you on Sunday" in told
    assert "21:15" in told
    await chat.to(evening + timedelta(hours=1))
    assert LATER in (await chat.find(TOM, "You wanted to share this on")).said
    assert shares_of(chat, TOM, LEAK)[-1][:3] == ("linkedin", "draft", LATER)  # nothing went out by itself
