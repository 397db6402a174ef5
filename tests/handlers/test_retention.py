"""Forgetting what is too old to keep."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.actions import SaveDraft
from bot.core.jobs import ForgetOld
from bot.core.privacy import RetentionPolicy
from handlers.privacy import forget_old
from handlers.publish import save_draft
from storage.models import (
    AdminCode,
    GoVisitor,
    InboxRow,
    JobRow,
    LedgerEntry,
    Picture,
    Post,
    Salt,
    Share,
    Suggestion,
    SuggestionAuthor,
    Tick,
    TrackedLink,
    Visit,
)
from tests.handlers.conftest import NOW, World
from tests.handlers.posting import begun, curator
from tests.handlers.traces import PERMALINK, REASON, TEXT, TODAY, WHY, all_words, leave_traces, visit_of


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


async def test_a_draft_that_is_worked_on_is_not_forgotten(world: World) -> None:
    cura = await curator(world)
    worked_on, left = await begun(world, cura), await world.add_post(state="draft", published_at=None, author=cura)
    world.clock.advance(timedelta(days=29))
    await world.act(save_draft, cura, SaveDraft(post_id=worked_on, title="Leak found"))
    world.clock.advance(timedelta(days=2))
    await forget_old(world.out, ForgetOld())
    async with world.sessions.reading() as session:
        assert await session.get(Post, worked_on) is not None
        assert await session.get(Post, left.id) is None


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
            session.add(visit_of(link_id, NOW - timedelta(days=200 - number), number))
    world.programme = replace(world.programme, retention=RetentionPolicy(visits=timedelta(days=97)))
    world.clock.at = NOW + timedelta(days=100)
    await forget_old(world.out, ForgetOld())
    async with world.sessions.reading() as session:
        assert (await session.scalars(select(Visit.id))).all() == []
