"""`/go/{token}` over HTTP: it waits for what was typed, redirects once, and never says more than it must."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import LeaveForNetwork, OpenShare
from handlers import share
from storage.models import GoVisitor, Member, Post, Share, TrackedLink
from storage.queries import openings
from tests.handlers.conftest import World
from tests.handlers.windows import link_of
from tests.web.conftest import BROWSER, Makes, Web

TEXT = 'The river is clear again. <b>"Look"</b> & </textarea><script>alert(1)</script>'


async def opened(world: World, **member: object) -> tuple[str, Member]:
    """Open a share window and return the path of its link, and the member."""
    post = await world.add_post("Words of the team.")
    ada = await world.add_member(**member)
    form = (await world.act(share.open_share, ada, OpenShare(post_id=post.id))).form
    return "/go/" + link_of(form).rpartition("/")[2], ada


async def typed(world: World, member: Member, text: str = TEXT, network: str = "linkedin") -> None:
    await world.act(share.leave_for_network, member, LeaveForNetwork(share_id=1, network=network, text=text))


async def share_of(world: World) -> Share:
    async with world.sessions.reading() as session:
        return (await session.scalars(select(Share))).one()


async def test_what_was_typed_before_the_browser_came_goes_along(web: Web) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    answer = await web.ask(path)
    assert answer.status == 302
    assert TEXT in unquote(answer.headers["location"])
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert (await share_of(web.world)).state == "opened"


async def test_what_is_typed_a_moment_later_is_waited_for(web: Web) -> None:
    path, ada = await opened(web.world)
    asking = asyncio.create_task(web.ask(path))
    await asyncio.sleep(0.2)
    assert not asking.done()
    await typed(web.world, ada)
    answer = await asking
    assert answer.status == 302
    assert TEXT in unquote(answer.headers["location"])


async def test_when_nothing_comes_a_small_page_has_the_text_last_known(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.go.WAIT_SECONDS", 0.1)
    path, _ = await opened(web.world)
    answer = await web.ask(path)
    assert answer.status == 200
    assert "Words of the team." in answer.text
    assert "Continue to LinkedIn" in answer.text
    assert "Copy the text" in answer.text
    assert (await share_of(web.world)).state == "opened"


async def test_a_second_follow_shows_the_page_and_redirects_no_more(web: Web) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    await web.ask(path)
    again = await web.ask(path)
    assert again.status == 200
    assert "You have been here before" in again.text


async def test_two_follows_at_once_redirect_once(web: Web) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    answers = await asyncio.gather(web.ask(path), web.ask(path), web.ask(path))
    assert sorted(answer.status for answer in answers) == [200, 200, 302]


async def test_a_transaction_that_the_database_took_back_is_tried_again(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    add, tried = openings.add_go_visitor, []

    async def taken_back_once(session: AsyncSession, **of: Any) -> None:  # noqa: ANN401
        await add(session, **of)
        tried.append(of)
        if len(tried) == 1:
            raise OperationalError("", None, RuntimeError("deadlock detected"))

    monkeypatch.setattr(openings, "add_go_visitor", taken_back_once)
    assert (await web.ask(path)).status == 302
    assert len(tried) == 2
    assert (await share_of(web.world)).state == "opened"


async def test_everything_a_person_wrote_is_escaped_and_no_script_but_ours_runs(web: Web) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    await web.ask(path)
    page = await web.ask(path)
    assert "alert(1)</script>" not in page.text
    assert "</textarea><script>alert" not in page.text
    assert TEXT in unescape(page.text.partition("<textarea")[2].partition("</textarea>")[0])
    policy = page.headers["content-security-policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert page.text.count(f'nonce="{nonce}"') == page.text.count("<script") + page.text.count("<style") == 2
    assert "default-src 'none'" in policy
    other = (await web.ask(path)).headers["content-security-policy"]
    assert nonce not in other


async def test_a_member_is_answered_in_their_own_language_whatever_the_browser_says(web: Web) -> None:
    path, ada = await opened(web.world, locale="nl-NL")
    await typed(web.world, ada)
    await web.ask(path)
    page = await web.ask(path, Accept_Language="en")
    assert '<html lang="nl">' in page.text
    assert "Je bent hier al geweest" in page.text


async def test_an_expired_link_says_how_to_get_a_new_one_and_keeps_the_text(web: Web) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    web.world.clock.advance(timedelta(hours=1))
    answer = await web.ask(path)
    assert answer.status == 410
    assert "press Share again" in answer.text
    assert "Continue to" not in answer.text
    assert (await share_of(web.world)).go_used_at is None


@pytest.mark.parametrize("path", ["/go/made-up-token", "/go/" + "x" * 5000, "/go/%00%00", "/go/é"])
async def test_a_made_up_link_says_where_a_real_one_comes_from(web: Web, path: str) -> None:
    answer = await web.ask(path, Accept_Language="nl")
    assert answer.status == 404
    assert "Elk deelvenster heeft een eigen link" in answer.text


async def test_a_withdrawn_post_opens_nothing(web: Web) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    async with web.world.sessions.begin() as session:
        await session.execute(update(Post).values(state="withdrawn"))
    answer = await web.ask(path)
    assert answer.status == 410
    assert "cannot be shared any more" in answer.text
    assert "Continue to" not in answer.text


async def test_a_text_that_is_too_long_opens_nothing_and_says_by_how_much(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.go.WAIT_SECONDS", 0.1)
    path, ada = await opened(web.world)
    await typed(web.world, ada, text="a" * 4000)
    answer = await web.ask(path)
    assert answer.status == 200
    assert "too long for LinkedIn" in answer.text
    assert (await share_of(web.world)).go_used_at is None


@pytest.mark.parametrize(
    ("method", "agent"),
    [
        ("HEAD", BROWSER),
        ("GET", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
        ("GET", "LinkedInBot/1.0"),
        ("GET", "SkypeUriPreview Preview/0.5"),
    ],
)
async def test_looking_at_a_link_does_not_use_it_up(web: Web, method: str, agent: str) -> None:
    path, ada = await opened(web.world)
    await typed(web.world, ada)
    looked = await web.ask(path, method=method, agent=agent)
    assert (looked.status, looked.body) == (200, b"")
    assert (await web.ask(path)).status == 302


async def test_a_chats_fetcher_does_not_use_a_link_up_whatever_it_says_it_is(makes: Makes) -> None:
    async with makes.serve("127.0.0.1") as web:
        path, ada = await opened(web.world)
        await typed(web.world, ada)
        assert (await web.ask(path, X_Forwarded_For="52.112.74.60")).status == 200
        assert (await web.ask(path, X_Forwarded_For="203.0.113.7")).status == 302


async def test_a_members_own_visits_of_that_day_are_known_as_theirs_and_nobody_elses(makes: Makes) -> None:
    async with makes.serve("127.0.0.1") as web:
        path, ada = await opened(web.world)
        await typed(web.world, ada)
        await web.ask(path, X_Forwarded_For="203.0.113.7")
        slug = (await _slug(web.world)) or ""
        await web.ask(f"/l/{slug}", X_Forwarded_For="203.0.113.7")
        web.world.clock.advance(timedelta(seconds=5))
        await web.ask(f"/l/{slug}", X_Forwarded_For="203.0.113.8")
        web.world.clock.advance(timedelta(days=1))
        await web.ask(f"/l/{slug}", X_Forwarded_For="203.0.113.7")
        assert [visit.kind for visit in await web.visits()] == ["self", "human", "human"]


async def test_another_process_knows_the_members_own_visits_too(makes: Makes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.redirect.LOOK_SECONDS", 0.0)
    async with makes.serve() as one, makes.serve() as other:
        path, ada = await opened(one.world)
        slug = await _slug(one.world)
        await other.ask(f"/l/{slug}", agent="curl/8")
        await typed(one.world, ada)
        assert (await one.ask(path)).status == 302

        async def is_self() -> bool:
            await other.ask(f"/l/{slug}")
            return (await other.visits())[-1].kind == "self"

        await other.until(is_self)
        async with one.world.sessions.reading() as session:
            assert len((await session.scalars(select(GoVisitor))).all()) == 1


async def _slug(world: World) -> str | None:
    async with world.sessions.reading() as session:
        return await session.scalar(select(TrackedLink.slug))


async def test_without_a_public_address_there_is_no_way_and_no_picture(makes: Makes) -> None:
    parts = makes.parts()
    without = replace(parts, programme=replace(parts.programme, public_url=None))
    async with makes.serve(parts=without) as web:
        assert (await web.ask("/go/anything")).status == 404
        assert (await web.ask("/p/anything-at-all-of-20-letters.png")).status == 404
        assert (await web.ask("/healthz")).status == 200
