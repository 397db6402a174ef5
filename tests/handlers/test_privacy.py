"""See, take along, erase; and forgetting what is too old to keep."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from bot.core.actions import Decline, EraseMe, ExportMine, ShowBoard, ShowPrivacy
from bot.core.cards import Button, Buttons, Card, Fields, Text, plain
from bot.core.errors import Refused, Uncertain
from bot.core.jobs import (
    AskShared,
    RefreshAnnouncement,
    RefreshSuggestion,
    SendExport,
    ShowPending,
    TellDecision,
)
from bot.core.leaderboard import Period
from bot.core.people import Person
from bot.core.privacy import EXPORT_SECTIONS, NEVER_EXPORTED, is_erased
from handlers.leaderboard import show_board
from handlers.moderate import decline
from handlers.privacy import erase_me, export_mine, send_export, show_privacy
from handlers.queue import show_pending
from storage.models import (
    Announcement,
    Decision,
    Dismissal,
    GoVisitor,
    InboxRow,
    Lane,
    LedgerEntry,
    Member,
    Post,
    Share,
    SuggestionAuthor,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries import boards
from storage.queries.boards import Stretch
from storage.queries.jobs import Plan, add_job
from storage.queries.ledger import SINCE_EVER
from storage.queries.members import Newcomer, add_member, find_me
from tests.handlers.conftest import CURATORS, NOW, World, run_job
from tests.handlers.traces import (
    EMAIL,
    NAME,
    PERMALINK,
    REASON,
    REF,
    SECRETS,
    TEXT,
    TODAY,
    WHY,
    all_words,
    leave_traces,
)


def words(card: Card | None) -> str:
    assert card is not None
    said = [card.title]
    for element in card.body:
        if isinstance(element, Text):
            said.append(plain(element.spans))
        if isinstance(element, Fields):
            said += [f"{label}: {value}" for label, value in element.pairs]
    return "\n".join(said)


# See


async def test_one_sees_what_is_kept_in_numbers_and_for_how_long(world: World) -> None:
    traces = await leave_traces(world)
    async with world.sessions.begin() as session:
        (await session.get_one(Member, traces.member.id)).chosen_locale = "en"
    reply = await world.act(show_privacy, traces.member, ShowPrivacy())
    said = words(reply.card)
    for line in (
        f"Name: {NAME}",
        f"E-mail: {EMAIL}",
        "Team: Workshop",
        "Role: Curator",
        "Name on boards: yes, you said so",
        "Shares, with their texts: 1",
        "Begun and not finished: 2",
        "Visits of your links (not who): 3",
        "Suggestions: 1",
        "Entries of points: 1",
        "Visits 90 days, the texts of your shares 365 days",
    ):
        assert line in said
    assert reply.card is not None
    (row,) = [one for one in reply.card.body if isinstance(one, Buttons)]
    erase = next(one for one in row.items if isinstance(one, Button) and one.action == EraseMe())
    assert erase.confirm is not None
    assert erase.style == "danger"


async def test_a_question_before_erasing_fits_the_platform(world: World) -> None:
    for locale in ("en", "nl"):
        member = await world.add_member(locale=locale)
        card = (await world.act(show_privacy, member, ShowPrivacy())).card
        assert card is not None
        (row,) = [one for one in card.body if isinstance(one, Buttons)]
        confirms = [one.confirm for one in row.items if isinstance(one, Button) and one.confirm]
        assert [len(one.text) <= 300 and len(one.title) <= 100 for one in confirms] == [True]


# Take along


async def test_everything_about_the_member_comes_as_a_file_without_secrets(world: World) -> None:
    traces = await leave_traces(world)
    reply = await world.act(export_mine, traces.member, ExportMine())
    assert "Komt eraan" in words(reply.card)
    assert SendExport(member_id=traces.member.id) in await world.jobs()
    await run_job(world, send_export, SendExport(member_id=traces.member.id))
    ((person, file),) = world.surface.files
    assert person == REF
    assert file.name == "vouch-2026-11-23.json"
    kept = json.loads(file.body)
    assert list(kept) == ["made_at", *EXPORT_SECTIONS]
    assert kept["profile"]["name"] == NAME
    assert kept["profile"]["team"] == "Workshop"
    assert kept["settings"]["muted_topics"] == ["people"]
    assert [one["title"] for one in kept["settings"]["not_for_me"]] == ["Not theirs"]
    assert [one["text"] for one in kept["shares"]] == [TEXT, TEXT]
    assert kept["shares"][0]["permalink"] == PERMALINK
    assert kept["visits"] == [{"share_id": traces.share_id, "on_day": "2026-11-20", "kind": "human", "visits": 3}]
    assert [one["why"] for one in kept["suggestions"]] == [WHY]
    assert [one["reason"] for one in kept["decisions"]] == [REASON]
    assert [one["points"] for one in kept["points"]] == [7]
    assert len(kept["totals"]) == 2
    text = file.body.decode()
    for name in (*NEVER_EXPORTED, "go_hash", '"visitor"', '"prefix"'):
        assert name not in text
    assert "Other" not in text


async def test_who_has_left_can_still_take_their_data_along(world: World) -> None:
    member = await world.add_member(left_at=NOW)
    await run_job(world, send_export, SendExport(member_id=member.id))
    assert [person for person, _ in world.surface.files] == [member.person_ref]


async def test_where_files_are_not_allowed_the_member_is_told_and_the_job_is_listed(world: World) -> None:
    member = await world.add_member()
    world.surface.fail_next.append(Refused("missing_scope"))
    with pytest.raises(Refused):
        await run_job(world, send_export, SendExport(member_id=member.id))
    ((person, card),) = world.surface.told
    assert person == member.person_ref
    assert "files:write" in words(card)


async def test_another_failure_is_not_told_as_a_missing_permission(world: World) -> None:
    member = await world.add_member()
    for error in (Refused("user_not_found"), Uncertain("timeout")):
        world.surface.fail_next.append(error)
        with pytest.raises(type(error)):
            await run_job(world, send_export, SendExport(member_id=member.id))
    assert world.surface.told == []


async def test_an_export_that_waits_while_its_member_is_erased_sends_nothing(world: World) -> None:
    member = await world.add_member()
    await world.act(erase_me, member, EraseMe())
    await run_job(world, send_export, SendExport(member_id=member.id))
    assert world.surface.files == []


# Erase


async def test_nothing_of_the_person_is_left_in_any_column(world: World) -> None:
    traces = await leave_traces(world)
    before = await all_words(world)
    for secret in SECRETS:
        assert secret in before, secret
    reply = await world.act(erase_me, traces.member, EraseMe())
    after = await all_words(world)
    for secret in SECRETS:
        assert secret not in after, secret
    assert NAME not in words(reply.card)
    assert reply.home is not None


async def test_amounts_stay_under_a_random_id(world: World) -> None:
    traces = await leave_traces(world)
    await world.act(erase_me, traces.member, EraseMe())
    async with world.sessions.reading() as session:
        member = await session.get_one(Member, traces.member.id)
        assert is_erased(member.person_ref)
        assert member.erased_at == NOW
        assert (await session.scalars(select(LedgerEntry.points))).all() == [7]
        assert (await session.scalars(select(Total.points))).all() == [7, 7]
        assert (await session.scalars(select(Visit.id))).all() != []
        share = await session.get_one(Share, traces.share_id)
        assert (share.state, share.text, share.permalink, share.go_hash) == ("evidenced", "", None, None)
        assert (await session.scalar(select(TrackedLink.target).where(TrackedLink.slug == "aaaa2222"))) is not None
        assert (await session.scalars(select(Announcement.shown))).all() == [1, 1]
        decision = (await session.scalars(select(Decision))).one()
        assert (decision.what, decision.member_id, decision.reason) == ("approved", traces.member.id, "")


async def test_drafts_dismissals_inbox_and_jobs_of_the_member_go_and_others_stay(world: World) -> None:
    traces = await leave_traces(world)
    await world.act(erase_me, traces.member, EraseMe())
    async with world.sessions.reading() as session:
        assert await session.get(Share, traces.draft_id) is None
        assert (await session.scalars(select(Post.id).where(Post.state == "draft"))).all() == []
        for table in (Dismissal, InboxRow, Lane, GoVisitor):
            assert (await session.scalar(select(func.count()).select_from(table))) == 0
    left = await world.jobs()
    assert SendExport(member_id=traces.member.id) not in left
    assert AskShared(share_id=traces.share_id) not in left
    told = [one.member_id for one in left if isinstance(one, TellDecision)]
    assert len(told) == 1
    assert told != [traces.member.id]


async def test_every_card_that_named_them_is_redrawn(world: World) -> None:
    traces = await leave_traces(world)
    await world.act(erase_me, traces.member, EraseMe())
    left = await world.jobs()
    assert [one for one in left if isinstance(one, RefreshAnnouncement)] == [RefreshAnnouncement(announcement_id=1)]
    assert RefreshSuggestion(suggestion_id=traces.suggestion_id) in left
    assert [type(one) for one in left].count(ShowPending) == 1


async def test_the_card_of_a_post_that_they_decided_is_redrawn_too(world: World) -> None:
    cura, author = await world.add_member("Cura", role="curator"), await world.add_member("Nadia", role="curator")
    post = await world.add_post(author=author, state="pending", published_at=None, card_channel=CURATORS, card_ref="m1")
    await world.act(decline, cura, Decline(ref=f"P{post.id}", reason="Too early."))
    before = len(await world.jobs())
    await world.act(erase_me, cura, EraseMe())
    assert (await world.jobs())[before:] == [ShowPending(post_id=post.id)]
    await run_job(world, show_pending, ShowPending(post_id=post.id))
    said = words(world.surface.updated[-1][2])
    assert "Cura" not in said
    assert "Too early." not in said


async def test_a_followed_draft_stays_without_words_so_that_its_link_keeps_working(world: World) -> None:
    traces = await leave_traces(world)
    async with world.sessions.begin() as session:
        link_id = await session.scalar(select(TrackedLink.id).where(TrackedLink.share_id == traces.draft_id))
        digest = b"d" * 16
        session.add(Visit(link_id=link_id, at=NOW, on_day=TODAY, kind="preview", visitor=digest, prefix=digest))
    await world.act(erase_me, traces.member, EraseMe())
    async with world.sessions.reading() as session:
        kept = await session.get_one(Share, traces.draft_id)
        assert kept.text == ""
        assert await session.scalar(select(TrackedLink.id).where(TrackedLink.share_id == traces.draft_id)) == link_id


async def test_the_same_person_may_come_back_as_somebody_new(world: World) -> None:
    traces = await leave_traces(world)
    await world.act(erase_me, traces.member, EraseMe())
    async with world.sessions.begin() as session:
        person = Person(ref=REF, name=NAME, locale="en-GB", zone="UTC", email=EMAIL)
        await add_member(session, Newcomer(platform="slack", tenant_ref="T1", person=person), now=NOW)
        found = await find_me(session, platform="slack", person_ref=REF)
    assert found is not None
    assert found["id"] != traces.member.id
    assert found["is_named"] is None


async def test_another_member_loses_nothing(world: World) -> None:
    traces = await leave_traces(world)
    member = await world.add_member("Bystander", email="by@brightwater.example")
    async with world.sessions.begin() as session:
        session.add(Share(member_id=member.id, post_id=traces.post.id, network="x", text="Mine", created_at=NOW))
        session.add(SuggestionAuthor(suggestion_id=traces.suggestion_id, member_id=member.id, why="Me too", at=NOW))
        session.add(Dismissal(member_id=member.id, post_id=traces.post.id, at=NOW))
        await add_job(session, SendExport(member_id=member.id), now=NOW, plan=Plan(lane=member.person_ref))
    await world.act(erase_me, traces.member, EraseMe())
    said = await all_words(world)
    for kept in ("Bystander", "by@brightwater.example", "'Mine'", "Me too"):
        assert kept in said
    assert SendExport(member_id=member.id) in await world.jobs()
    async with world.sessions.reading() as session:
        assert (await session.scalar(select(func.count()).select_from(Dismissal))) == 1


@given(points=st.lists(st.integers(0, 40), min_size=3, max_size=9), who=st.integers(0, 8), named=st.integers(0, 511))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_erasing_one_leaves_the_others_standing_as_they_did(
    world: World, points: list[int], who: int, named: int
) -> None:
    async with world.sessions.begin() as session:
        for table in (Total, Member):
            await session.execute(delete(table))
    members = [await world.add_member(f"M{n}", is_named=bool(named >> n & 1)) for n in range(len(points))]
    async with world.sessions.begin() as session:
        session.add_all(
            Total(member_id=one.id, period="month", starts_on=SINCE_EVER, points=earned, shares=1, visits=2)
            for one, earned in zip(members, points, strict=True)
        )
    await world.count_together()
    gone = members[who % len(members)]
    before = await _standing(world, members, without=gone)
    await world.act(erase_me, gone, EraseMe())
    assert await _standing(world, members, without=gone) == before


async def _standing(world: World, members: list[Member], *, without: Member) -> object:
    """What others see of themselves and of all: own points and place, sums, and who else is named with what."""
    stretch = Stretch(period=Period.MONTH)
    async with world.sessions.reading() as session:
        own = [await boards.find_own(session, stretch, member_id=one.id) for one in members if one.id != without.id]
        people = await boards.list_people(session, stretch, at_most=20)
        sums = await boards.find_sums(session, stretch)
    named = [(people.names[one.member_id], one.points) for one in people.top if one.member_id != without.id]
    everyone = (people.named.members + people.others.members, people.named.points + people.others.points)
    return own, sums, everyone, named


async def test_the_erased_are_not_named_on_a_board_any_more(world: World) -> None:
    traces = await leave_traces(world)
    asker = await world.add_member("Asker")
    await world.count_together()
    assert NAME in words((await world.act(show_board, asker, ShowBoard(period="month"))).card)
    await world.act(erase_me, traces.member, EraseMe())
    said = words((await world.act(show_board, asker, ShowBoard(period="month"))).card)
    assert NAME not in said
    assert "1 share that earned points and 3 visits." in said
