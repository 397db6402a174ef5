"""See, take along, erase; and forgetting what is too old to keep."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import EraseMe, ExportMine, ShowBoard, ShowPrivacy
from bot.core.cards import Button, Buttons, Card, Fields, Text, plain
from bot.core.errors import Refused, Uncertain
from bot.core.jobs import (
    AskShared,
    ForgetOld,
    RefreshAnnouncement,
    RefreshSuggestion,
    SendExport,
    ShowPending,
    TellDecision,
)
from bot.core.leaderboard import Period
from bot.core.people import Person
from bot.core.privacy import EXPORT_SECTIONS, NEVER_EXPORTED, RetentionPolicy, is_erased
from handlers.leaderboard import show_board
from handlers.privacy import erase_me, export_mine, forget_old, send_export, show_privacy
from storage.models import (
    AdminCode,
    Announcement,
    Base,
    Crew,
    Decision,
    Dismissal,
    GoVisitor,
    InboxRow,
    JobRow,
    Lane,
    LedgerEntry,
    Member,
    Picture,
    Post,
    Salt,
    Share,
    Suggestion,
    SuggestionAuthor,
    Tick,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries import boards
from storage.queries.boards import Stretch
from storage.queries.jobs import Plan, add_job
from storage.queries.ledger import SINCE_EVER
from storage.queries.members import Newcomer, add_member, find_me
from tests.handlers.conftest import CURATORS, GENERAL, NOW, World, run_job

NAME, EMAIL, REF = "Zebedea Quill", "zebedea@brightwater.example", "U0ZEBEDEA"
TEXT, PERMALINK = "My very own words on rain", "https://linkedin.example/posts/zq-77"
WHY, REASON = "because Quills love it", "I, Quill, find it dull"
TODAY = date(2026, 11, 23)
SECRETS = (NAME, "Quill", EMAIL, REF, TEXT, PERMALINK, "zq-77", WHY, REASON, "Europe/Lisbon", "Typed by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """A member who has left traces everywhere, and numbers of what they left."""

    member: Member
    post: Post
    share_id: int
    draft_id: int
    suggestion_id: int


AT = NOW - timedelta(days=3)


async def leave_traces(world: World) -> Traces:
    """Add a curator who shared, suggested, decided, began drafts, and for whom jobs wait."""
    async with world.sessions.begin() as session:
        session.add(Crew(id=1, name="Workshop"))
    member = await world.add_member(
        NAME,
        person_ref=REF,
        email=EMAIL,
        zone="Europe/Lisbon",
        role="curator",
        crew_id=1,
        is_named=True,
        default_network="linkedin",
        chosen_locale="nl",
        muted_topics=["people"],
    )
    other = await world.add_member("Other")
    post = await world.add_post("A wording", author=member)
    theirs = await world.add_post("Another", author=other, title="Not theirs")
    await world.add_post("Typed", author=member, state="draft", published_at=None, typed={"title": "Typed by"})
    await world.add_post(author=member, state="pending", card_channel=CURATORS, card_ref="m9")
    async with world.sessions.begin() as session:
        session.add_all(
            Announcement(post_id=one.id, channel_ref=GENERAL, message_ref=f"m{one.id}", drawn_at=AT, shown=1)
            for one in (post, theirs)
        )
        share_id, draft_id = await _leave_shares(session, member, post, theirs)
        suggestion_id = await _leave_suggestion(session, member, post)
        session.add(Dismissal(member_id=member.id, post_id=theirs.id, at=AT))
        session.add(InboxRow(key=f"T1-{REF}-3", at=AT))
        session.add(Lane(name=f"post/{REF}", next_at=AT))
        mine = TellDecision(suggestion_id=suggestion_id, member_id=member.id)
        await add_job(session, mine, now=AT, plan=Plan(lane=REF))
        await add_job(session, SendExport(member_id=member.id), now=AT)
        await add_job(session, AskShared(share_id=share_id), now=AT)
        others = TellDecision(suggestion_id=suggestion_id, member_id=other.id)
        await add_job(session, others, now=AT, plan=Plan(lane="UOTHER"))
    return Traces(member=member, post=post, share_id=share_id, draft_id=draft_id, suggestion_id=suggestion_id)


async def _leave_shares(session: AsyncSession, member: Member, post: Post, theirs: Post) -> tuple[int, int]:
    """Add a share with its link, visits and points, and a window that was only looked at."""
    share = Share(member_id=member.id, post_id=post.id, network="linkedin", state="evidenced", text=TEXT, created_at=AT)
    share.permalink, share.permalink_key, share.go_hash = PERMALINK, "linkedin:zq-77", b"g" * 16
    share.opened_at = share.evidenced_at = AT
    looked = Share(member_id=member.id, post_id=theirs.id, network="x", text=TEXT, created_at=AT, go_hash=b"h" * 16)
    session.add_all((share, looked))
    await session.flush()
    link = TrackedLink(share_id=share.id, slug="aaaa2222", target=post.link, created_at=AT)
    session.add_all((link, TrackedLink(share_id=looked.id, slug="bbbb2222", target=post.link, created_at=AT)))
    await session.flush()
    for number in range(3):
        session.add(_visit(link.id, AT, number))
    session.add(GoVisitor(share_id=share.id, on_day=TODAY, visitor=b"v" * 16))
    points = {"points": 7, "kind": "share", "key": f"share:{share.id}", "rule_version": 1, "share_id": share.id}
    session.add(LedgerEntry(member_id=member.id, at=AT, on_day=AT.date(), **points))
    for period in ("month", "all"):
        session.add(Total(member_id=member.id, period=period, starts_on=SINCE_EVER, points=7, shares=1, visits=3))
    return share.id, looked.id


def _visit(link_id: int | None, at: datetime, number: int) -> Visit:
    digest = number.to_bytes(16)
    return Visit(link_id=link_id, at=at, on_day=at.date(), kind="human", visitor=digest, prefix=digest)


async def _leave_suggestion(session: AsyncSession, member: Member, post: Post) -> int:
    """Add a suggestion of the member's, which they decided themselves."""
    suggestion = Suggestion(state="approved", link=post.link, link_key="k", post_id=post.id, created_at=AT, note=REASON)
    suggestion.card_channel, suggestion.card_ref = CURATORS, "m7"
    session.add(suggestion)
    await session.flush()
    session.add(SuggestionAuthor(suggestion_id=suggestion.id, member_id=member.id, why=WHY, at=AT))
    decided = {"subject": "suggestion", "subject_id": suggestion.id, "what": "approved", "reason": REASON}
    session.add(Decision(member_id=member.id, at=AT, **decided))
    return suggestion.id


async def all_words(world: World) -> str:
    """Everything that stands in any column of any table, as text."""
    said: list[str] = []
    async with world.sessions.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in await session.execute(select(table)):
                said += [f"{table.name}.{name}={value!r}" for name, value in row._mapping.items()]
    return "\n".join(said)


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
        "Visits of your links, without who: 3",
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
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert NAME in words((await world.act(show_board, asker, ShowBoard(period="month"))).card)
    await world.act(erase_me, traces.member, EraseMe())
    said = words((await world.act(show_board, asker, ShowBoard(period="month"))).card)
    assert NAME not in said
    assert "1 share and 3 visits." in said


# Forget


async def test_what_is_too_old_goes_and_what_is_not_stays(world: World) -> None:
    traces = await leave_traces(world)
    world.programme = replace(
        world.programme,
        retention=RetentionPolicy(
            visits=timedelta(days=2), texts=timedelta(days=2), suggestions=timedelta(days=2), drafts=timedelta(days=2)
        ),
    )
    async with world.sessions.begin() as session:
        link_id = await session.scalar(select(TrackedLink.id).where(TrackedLink.share_id == traces.share_id))
        digest = b"n" * 16
        session.add(Visit(link_id=link_id, at=NOW, on_day=TODAY, kind="human", visitor=digest, prefix=digest))
        session.add(
            Share(member_id=traces.member.id, post_id=traces.post.id, network="x", text="Fresh", created_at=NOW)
        )
    await forget_old(world.out, ForgetOld())
    said = await all_words(world)
    for gone in (TEXT, WHY, f"suggestion.note={REASON!r}"):
        assert gone not in said
    assert f"decision.reason={REASON!r}" in said
    assert "Fresh" in said
    assert PERMALINK in said
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Visit.at))).all() == [NOW]
        assert await session.get(Share, traces.draft_id) is None
        assert (await session.scalars(select(LedgerEntry.points))).all() == [7]
        assert len((await session.scalars(select(Post.id).where(Post.state == "draft"))).all()) == 1


async def test_an_open_suggestion_keeps_its_reason(world: World) -> None:
    member = await world.add_member()
    old = NOW - timedelta(days=900)
    async with world.sessions.begin() as session:
        session.add(Suggestion(id=5, state="received", link="https://a.example/", link_key="a.example", created_at=old))
        await session.flush()
        session.add(SuggestionAuthor(suggestion_id=5, member_id=member.id, why=WHY, at=old))
    await forget_old(world.out, ForgetOld())
    assert WHY in await all_words(world)


async def test_yesterdays_salt_and_own_visitors_go_and_todays_stay(world: World) -> None:
    traces = await leave_traces(world)
    async with world.sessions.begin() as session:
        for day in (TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)):
            session.add(Salt(on_day=day, value=b"s"))
        session.add(GoVisitor(share_id=traces.share_id, on_day=TODAY - timedelta(days=1), visitor=b"o" * 16))
    await forget_old(world.out, ForgetOld())
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Salt.on_day))).all() == [TODAY, TODAY + timedelta(days=1)]
        assert (await session.scalars(select(GoVisitor.on_day))).all() == [TODAY]


async def test_old_interactions_jobs_pictures_codes_and_ticks_go_but_never_a_timers_last(world: World) -> None:
    old = NOW - timedelta(days=61)
    async with world.sessions.begin() as session:
        for at in (old, NOW):
            name = at.date().isoformat()
            session.add(InboxRow(key=name, at=at))
            session.add(Picture(token_hash=name.encode(), body=b"p", created_at=at))
            session.add(AdminCode(code_hash=name.encode(), expires_at=at + timedelta(minutes=15)))
            for state in ("done", "failed"):
                kept = {"held": "{}", "key": f"{name}-{state}", "pool": "inside", "lane": "", "state": state}
                session.add(JobRow(kind="forget_old", run_at=at, created_at=at, done_at=at, **kept))
            session.add(Tick(name="daily", period=name, at=at))
        session.add(Tick(name="rare", period="2026-01-01", at=old))
    await forget_old(world.out, ForgetOld())
    async with world.sessions.reading() as session:
        today = NOW.date().isoformat()
        assert (await session.scalars(select(InboxRow.key))).all() == [today]
        assert (await session.scalars(select(Picture.token_hash))).all() == [today.encode()]
        assert (await session.scalars(select(AdminCode.code_hash))).all() == [today.encode()]
        keys = sorted(key or "" for key in (await session.scalars(select(JobRow.key))).all())
        assert keys == ["2026-09-23-failed", f"{today}-done", f"{today}-failed"]
        ticks = (await session.execute(select(Tick.name, Tick.period).order_by(Tick.name))).all()
        assert [tuple(one) for one in ticks] == [("daily", today), ("rare", "2026-01-01")]


async def test_visits_go_in_portions_until_none_is_too_old(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.queries.retention.PORTION", 2)
    traces = await leave_traces(world)
    async with world.sessions.begin() as session:
        link_id = await session.scalar(select(TrackedLink.id).where(TrackedLink.share_id == traces.share_id))
        for number in range(100, 107):
            session.add(_visit(link_id, NOW - timedelta(days=200 - number), number))
    world.programme = replace(world.programme, retention=RetentionPolicy(visits=timedelta(days=97)))
    world.clock.at = NOW + timedelta(days=100)
    await forget_old(world.out, ForgetOld())
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Visit.id))).all() == []
