"""Share: two clicks from the channel to the network, with one's own text; the first visit is the evidence."""

import asyncio

import pytest

from tests.scenarios.town import (
    CLAIRE,
    ELIF,
    ENGINEERING,
    GRACE,
    IRIS,
    JORIS,
    NADIA,
    OMAR,
    PRIYA,
    PRODUCT,
    SANNE,
    TOM,
    Town,
    chosen,
    composed,
    everything_said,
    find_element,
    has_element,
    link_in,
    values_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOTEL, LEAK, SCHOOL = "Nine litres", "How we hear a leak", "A school that flushes"
WORDS = "I have stood in that shower in the morning, and it was the best working day of this year. Go and look."
SENSE = "Fifteen litres became nine and my sister, who stayed there, only praised the breakfast. Well done, all."


async def test_two_clicks_bring_ones_own_text_to_the_network(town: Town) -> None:
    message = await town.announcement(NADIA, HOTEL)
    address = await town.share(NADIA, message, WORDS)
    assert address.startswith(f"{town.address}/network/linkedin/feed/?shareActive=true&text=")
    text = composed(address)
    assert text.startswith("#BrightwaterEmployee")
    assert WORDS in text
    assert link_in(text)


async def test_the_first_visit_of_somebody_else_earns_and_why_explains_it(town: Town) -> None:
    message = await town.announcement(TOM, HOTEL)
    link = link_in(composed(await town.share(TOM, message, SENSE)))
    assert town.points(TOM) == 0
    went = await town.get(link, "someone-else")
    assert went.status == 302
    assert "utm_source=linkedin" in went.headers["Location"]
    assert went.headers["Cache-Control"] == "private, no-store"
    await town.advance(minutes=2)
    assert town.points(TOM) == 7 + 5
    why = everything_said((await town.command(TOM, "why"))["ephemeral"])
    assert "+7" in why
    assert "+5" in why
    assert "your own words for “Nine litres" in why
    me = everything_said((await town.command(TOM, "me"))["ephemeral"])
    assert HOTEL in me
    assert "visited" in me


async def test_ones_own_visit_and_a_preview_earn_nothing(town: Town) -> None:
    message = await town.announcement(IRIS, HOTEL)
    link = link_in(composed(await town.share(IRIS, message, "Ook in de ochtend is dit een fijne douche.")))
    await town.get(link, IRIS)
    await town.get(link, User_Agent="LinkedInBot/1.0 (compatible; Mozilla/5.0; +http://www.linkedin.com)")
    await town.advance(minutes=2)
    kinds = town.rows(
        "SELECT kind FROM visit JOIN link ON link.id = link_id WHERE slug = ? ORDER BY visit.id", link[-8:]
    )
    assert [kind for (kind,) in kinds] == ["self", "preview"]
    assert town.points(IRIS) == 0


async def test_a_newcomer_is_welcomed_and_chooses_about_the_name(town: Town) -> None:
    view = await town.open_share(ELIF, SCHOOL)
    said = everything_said(view)
    assert "First time here? Welcome." in said
    assert "Nobody has to share anything here." in said
    assert "Marcus Webb" in said
    assert "/vouch leave" in said
    button = find_element(view["blocks"], "answer_welcome")
    state = values_of(view, {"text": "My own words stay."})
    told = await town.post("click", who=ELIF, view_id=view["id"], action_id=button["action_id"], state=state)
    assert chosen(told["view"], "text") == "My own words stay."
    assert "First time here?" not in everything_said(told["view"])
    assert town.rows("SELECT is_named FROM member WHERE person_ref = ?", ELIF) == [(1,)]
    await town.post("close", who=ELIF, view_id=view["id"])
    assert "First time here?" not in everything_said(await town.open_share(ELIF, LEAK))


async def test_a_used_way_out_shows_a_small_page_and_leads_nowhere_again(town: Town) -> None:
    view = await town.open_share(ELIF)
    button = find_element(view["blocks"], "leave_for_network")
    await town.post("click", who=ELIF, view_id=view["id"], action_id=button["action_id"])
    first, again = await town.get(button["url"], ELIF), await town.get(button["url"], ELIF)
    assert (first.status, again.status) == (302, 200)
    assert "You have been here before" in await again.text()


async def test_another_network_keeps_what_was_typed(town: Town) -> None:
    view = await town.open_share(GRACE)
    await town.change_view(GRACE, view, "network", network="mastodon", text="Have a look at this one.")
    after = await town.must_view(GRACE)
    assert chosen(after, "text") == "Have a look at this one."
    assert "Open Mastodon" in everything_said(after)
    await town.post("close", who=GRACE, view_id=after["id"])


async def test_a_text_that_is_too_long_is_kept_and_answered_in_the_window(town: Town) -> None:
    long = "water " * 60
    view = await town.open_share(SANNE)
    await town.change_view(SANNE, view, "network", network="x", text=long)
    view = await town.must_view(SANNE)
    button, state = find_element(view["blocks"], "leave_for_network"), values_of(view, {"text": long})
    went, _ = await asyncio.gather(
        town.get(button["url"], SANNE),
        town.post("click", who=SANNE, view_id=view["id"], action_id=button["action_id"], state=state),
    )
    assert went.status == 200  # a page of ours, no way to the network
    after = await town.must_view(SANNE)
    assert "139 tekens te lang voor X" in everything_said(after)
    assert chosen(after, "text").split() == ["water"] * 60
    await town.post("close", who=SANNE, view_id=after["id"])


async def test_a_text_much_like_a_colleagues_is_pointed_out_and_not_whose(town: Town) -> None:
    await town.open_share(GRACE)
    told = await town.submit(GRACE, text=WORDS)
    said = everything_said(told["view"])
    assert "much like one that a colleague has shared" in said
    assert "Nadia" not in said
    assert has_element(told["view"]["blocks"], "leave_for_network")  # pointed out, not blocked
    await town.post("close", who=GRACE, view_id=told["view"]["id"])


async def test_who_has_shared_it_already_sees_what_came_of_it(town: Town) -> None:
    view = await town.open_share(OMAR)
    said = everything_said(view)
    assert "Confirmed" in said
    assert "Visitors" in said
    assert not has_element(view["blocks"], "leave_for_network")
    await town.post("close", who=OMAR, view_id=view["id"])


async def test_the_link_of_ones_post_confirms_one_share_alone(town: Town) -> None:
    url = "https://www.linkedin.com/feed/update/urn:li:activity:7265000000000000001/"
    await town.open_share(NADIA)
    await town.press_in_view(NADIA, "open_permalink")
    wrong = await town.submit(NADIA, url="https://www.linkedin.com/feed/")
    assert "not the link of a post on LinkedIn" in wrong["errors"]["url"]
    await town.submit(NADIA, url=url)
    await town.hears(NADIA, "Your post is confirmed")
    await town.advance(minutes=2)
    assert town.points(NADIA) >= 7

    await town.share(PRIYA, await town.announcement(PRIYA, HOTEL), "The accountant noticed, and so did the river.")
    await town.press_in_view(PRIYA, "open_permalink")
    taken = await town.submit(PRIYA, url=f"{url}?utm_source=share")
    assert "already stands for another share" in taken["errors"]["url"]
    await town.post("close", who=PRIYA, view_id=(await town.must_view(PRIYA))["id"], all=True)


async def test_saying_it_is_kept_as_said_and_earns_nothing(town: Town) -> None:
    before = town.points(PRIYA)
    await town.open_share(PRIYA)
    told = await town.press_in_view(PRIYA, "say_shared")
    assert "Kept as you said it" in everything_said(told["view"])
    await town.advance(minutes=2)
    assert town.points(PRIYA) == before


async def test_a_share_can_be_taken_back_and_shared_anew(town: Town) -> None:
    message = await town.announcement(JORIS, HOTEL)
    before = town.points(JORIS)
    link = link_in(composed(await town.share(JORIS, message, "Een douche om bij te blijven.")))
    await town.get(link, "someone-else-7")
    await town.advance(minutes=2)
    assert town.points(JORIS) > before
    await town.open_share(JORIS)
    told = await town.press_in_view(JORIS, "undo_share")
    assert "Teruggenomen" in everything_said(told["view"])
    assert town.points(JORIS) == before
    assert (await town.get(link)).status == 302  # links that are out keep working
    again = await town.press_in_view(JORIS, "open_share")
    assert has_element(again["view"]["blocks"], "leave_for_network")


async def test_a_dutch_member_is_spoken_to_in_dutch_and_gets_a_dutch_wording(town: Town) -> None:
    view = await town.open_share(JORIS, LEAK)
    said = everything_said(view)
    assert "Dit bericht delen" in said
    assert "Waar wil je het delen?" in said
    assert "Je tekst begint met: #werkgever #Brightwater" in said
    assert chosen(view, "text") in (
        "Onze eerste lekdetector vond de lift. De tweede vindt een lek van één glas per uur. Dit is het verschil.",
        "Een lek heeft een stem. Mijn collega's leerden drie microfoons ernaar te luisteren.",
    )
    await town.post("close", who=JORIS, view_id=view["id"])


async def test_not_for_me_is_private_and_takes_the_post_off_ones_home(town: Town) -> None:
    message = await town.find(ENGINEERING, IRIS, LEAK)
    await town.post("open_home", who=IRIS)
    assert LEAK in everything_said(await town.home(IRIS))
    told = await town.press(IRIS, ENGINEERING, message, "dismiss_post")
    assert "Niemand ziet dit" in everything_said(told["ephemeral"])
    await town.settle()
    assert (await town.find(ENGINEERING, TOM, LEAK))["blocks"] == message["blocks"]
    await town.post("open_home", who=IRIS)
    assert LEAK not in everything_said(await town.home(IRIS))


async def test_a_guest_gets_a_kind_answer_and_nothing_is_kept(town: Town) -> None:
    told = await town.press(CLAIRE, PRODUCT, await town.announcement(CLAIRE, HOTEL), "open_share")
    assert told["view"] is None
    assert "full members of this company only" in everything_said(told["ephemeral"])
    assert town.rows("SELECT count(*) FROM member WHERE person_ref = ?", CLAIRE) == [(0,)]


async def test_the_announcement_counts_the_sharers_within_a_minute(town: Town) -> None:
    await town.advance(minutes=2)
    shared = town.rows(
        "SELECT count(DISTINCT member_id) FROM share JOIN post ON post.id = post_id "
        "WHERE title LIKE ? AND share.state NOT IN ('draft', 'undone')",
        f"{HOTEL}%",
    )[0][0]
    assert f"{shared} colleagues shared this" in everything_said(await town.announcement(OMAR, HOTEL))


@pytest.mark.parametrize("path", ["/go/made-up", "/l/made-up", "/l/zzzzzzzz", "/p/made-up.png"])
async def test_made_up_addresses_get_a_plain_page(town: Town, path: str) -> None:
    answer = await town.get(path)
    assert answer.status == 404
    assert "Traceback" not in await answer.text()
