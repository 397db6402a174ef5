"""What members see and set of themselves, and that leaving is one private click."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import ComeBack, Leave, OpenSettings, SaveSettings, ShowMe, ShowWhy
from bot.core.cards import Confirm, ManyField, SelectField
from bot.core.leaderboard import Period
from handlers import profile
from storage.models import LedgerEntry, Member, Share, Total, TrackedLink, Visit
from storage.queries import standings
from tests.handlers.conftest import NOW, World
from tests.handlers.windows import buttons_of, field_of, has_action, words_of

MONDAY = date(2026, 11, 23)


async def add_share(world: World, member: Member, post_id: int, **changes: object) -> Share:
    values: dict[str, object] = {
        "member_id": member.id,
        "post_id": post_id,
        "network": "linkedin",
        "state": "opened",
        "text": "Words.",
        "created_at": NOW - timedelta(hours=1),
        "opened_at": NOW - timedelta(hours=1),
    }
    share = Share(**(values | changes))
    async with world.sessions.begin() as session:
        session.add(share)
        await session.flush()
        session.add(
            TrackedLink(share_id=share.id, slug=f"slug{share.id:04}", target="https://b.example", created_at=NOW)
        )
    return share


async def add_sum(world: World, member: Member, points: int, period: str = "week", starts_on: date = MONDAY) -> None:
    async with world.sessions.begin() as session:
        session.add(Total(member_id=member.id, period=period, starts_on=starts_on, points=points, shares=1, visits=0))
    await world.count_together()


async def test_me_shows_each_fact_of_a_share_apart(world: World) -> None:
    post, ada = await world.add_post(), await world.add_member()
    await add_share(world, ada, post.id, said_at=NOW)
    await add_share(world, ada, post.id, network="x", state="evidenced", confirmed_at=NOW, evidenced_at=NOW)
    async with world.sessions.begin() as session:
        for who, kind in ((b"a" * 16, "human"), (b"b" * 16, "human"), (b"c" * 16, "self")):
            session.add(Visit(link_id=2, at=NOW, on_day=MONDAY, kind=kind, visitor=who, prefix=who, credited_at=NOW))
        session.add(
            LedgerEntry(
                member_id=ada.id, at=NOW, on_day=MONDAY, kind="share", points=7, key="share:2",
                rule_version=1, share_id=2,
            )
        )  # fmt: skip
    shown = words_of((await world.act(profile.show_me, ada, ShowMe())).card)
    assert "Winter report | X | opened, confirmed, visited | 2 | 7" in shown
    assert "Winter report | LinkedIn | opened, said by you | 0 | 0" in shown


async def test_me_says_not_available_where_visits_are_no_longer_kept(world: World) -> None:
    post, ada = await world.add_post(), await world.add_member()
    await add_share(world, ada, post.id, created_at=NOW - world.programme.retention.visits - timedelta(days=1))
    shown = words_of((await world.act(profile.show_me, ada, ShowMe())).card)
    assert "| not available | 0" in shown


async def test_me_leaves_out_windows_only_looked_at_and_undone_shares(world: World) -> None:
    post, ada = await world.add_post(), await world.add_member()
    await add_share(world, ada, post.id, state="draft", opened_at=None)
    await add_share(world, ada, post.id, state="undone", network="x")
    shown = words_of((await world.act(profile.show_me, ada, ShowMe())).card)
    assert "You have not shared anything yet, and that is fine" in shown


async def test_ones_place_is_private_and_shared_by_ties(world: World) -> None:
    ada, ben, cleo = [await world.add_member(name) for name in ("Ada", "Ben", "Cleo")]
    for member, points in ((ada, 12), (ben, 12), (cleo, 20)):
        await add_sum(world, member, points)
    shown = words_of((await world.act(profile.show_me, ben, ShowMe())).card)
    assert "Your place this week: 2" in shown
    assert "This week: 12 points" in shown
    assert "Ada" not in shown
    assert "Cleo" not in shown


async def test_sums_are_those_of_the_present_periods(world: World) -> None:
    ada = await world.add_member()
    await add_sum(world, ada, 5, starts_on=MONDAY - timedelta(days=7))
    await add_sum(world, ada, 30, "month", date(1970, 1, 1))
    await add_sum(world, ada, 70, "quarter", date(2026, 10, 1))
    async with world.sessions.reading() as session:
        sums = await standings.find_own_sums(session, member_id=ada.id, now=NOW, zone=world.programme.zone)
    assert {period: one.points for period, one in sums.items()} == {
        Period.WEEK: 0,
        Period.MONTH: 30,
        Period.QUARTER: 70,
    }


async def test_why_explains_every_entry_in_words_with_the_version_of_its_rules(world: World) -> None:
    post, ada, ben = await world.add_post(), await world.add_member(), await world.add_member("Ben")
    await add_share(world, ada, post.id)
    async with world.sessions.begin() as session:
        for kind, points, member in (
            ("share", 7, ada), ("own_words", 5, ada), ("visits", 3, ada), ("suggestion", 10, ada),
            ("reversal", -7, ada), ("share", 9, ben),
        ):  # fmt: skip
            share_id = None if kind == "suggestion" else 1
            session.add(
                LedgerEntry(
                    member_id=member.id, at=NOW, on_day=MONDAY, kind=kind, points=points, key=f"{kind}:{member.id}",
                    rule_version=2, share_id=share_id,
                )
            )  # fmt: skip
    shown = words_of((await world.act(profile.show_why, ada, ShowWhy())).card)
    assert "+7 · 23 Nov · your share of “Winter report” on LinkedIn · by rules version 2" in shown
    assert "+5 · 23 Nov · your own words" in shown
    assert "+3 · 23 Nov · further visitors" in shown
    assert "+10 · 23 Nov · a suggestion of yours" in shown
    assert "-7 · 23 Nov · you took back" in shown
    assert "+9" not in shown
    assert "up to 3 posts a day" in shown


async def test_why_without_points_still_shows_the_rules(world: World) -> None:
    nel = await world.add_member("Nel", locale="nl-NL")
    shown = words_of((await world.act(profile.show_why, nel, ShowWhy())).card)
    assert "Er zijn nog geen punten" in shown
    assert "hoogstens 3 berichten per dag" in shown


async def test_settings_are_shown_as_they_are_and_kept_as_chosen(world: World) -> None:
    ada = await world.add_member(default_network="x", muted_topics=["people"])
    form = (await world.act(profile.open_settings, ada, OpenSettings())).form
    network, locale, names, topics = (field_of(form, one) for one in ("network", "locale", "names", "topics"))
    assert isinstance(network, SelectField)
    assert isinstance(locale, SelectField)
    assert isinstance(names, SelectField)
    assert isinstance(topics, ManyField)
    assert (network.value, locale.value, names.value, topics.values) == ("x", "platform", "no", ("people",))
    chosen = SaveSettings(network="linkedin", locale="nl", names="yes", topics=("water",))
    reply = await world.act(profile.save_settings, ada, chosen)
    assert reply.closes
    assert words_of(reply.card) == "Je instellingen zijn bewaard."
    async with world.sessions.reading() as session:
        kept = await session.get_one(Member, ada.id)
    assert (kept.default_network, kept.chosen_locale, kept.is_named, kept.muted_topics) == (
        "linkedin",
        "nl",
        True,
        ["water"],
    )


@pytest.mark.parametrize("made_up", ["klingon", "platform", ""])
async def test_what_is_not_offered_is_not_kept(world: World, made_up: str) -> None:
    ada = await world.add_member(chosen_locale="nl", is_named=True)
    wanted = SaveSettings(network=made_up, locale=made_up, names=made_up, topics=(made_up,))
    await world.act(profile.save_settings, ada, wanted)
    async with world.sessions.reading() as session:
        kept = await session.get_one(Member, ada.id)
    assert (kept.default_network, kept.chosen_locale, kept.is_named, kept.muted_topics) == (None, None, True, [])


async def test_leaving_is_one_private_click_and_coming_back_restores_all(world: World) -> None:
    ada = await world.add_member(is_named=True, muted_topics=["people"])
    form = (await world.act(profile.open_settings, ada, OpenSettings())).form
    leave = next(one for one in buttons_of(form) if isinstance(one.action, Leave))
    assert isinstance(getattr(leave, "confirm", None), Confirm)
    for _ in range(2):
        reply = await world.act(profile.leave, ada, Leave())
        assert "links keep working" in words_of(reply.card)
        assert has_action(reply.card, ComeBack)
        assert has_action(reply.home, ComeBack)
    async with world.sessions.reading() as session:
        assert (await session.get_one(Member, ada.id)).left_at == NOW
    assert "Good to have you back" in words_of((await world.act(profile.come_back, ada, ComeBack())).card)
    assert "You are part of" in words_of((await world.act(profile.come_back, ada, ComeBack())).card)
    async with world.sessions.reading() as session:
        kept = (await session.scalars(select(Member).where(Member.id == ada.id))).one()
    assert (kept.left_at, kept.is_named, kept.muted_topics) == (None, True, ["people"])
    assert await world.jobs() == []
