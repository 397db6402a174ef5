"""Tracked links: where they lead, what is kept of a visit, and what is answered to everything else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import CreditVisits
from storage.engine import Sessions
from storage.models import Post, Salt, TrackedLink
from storage.queries import jobs, posts
from tests.handlers.conftest import NOW
from tests.web.conftest import BROWSER, Makes, Web, locked

LINK = "/l/abcd2345"


async def test_a_link_leads_to_its_target_and_the_visit_is_kept_before_the_answer(web: Web) -> None:
    number = await web.add_link(target="https://example.com/a?x=1&utm_source=linkedin")
    answer = await web.ask(LINK)
    assert answer.status == 302
    assert answer.headers["location"] == "https://example.com/a?x=1&utm_source=linkedin"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["content-length"] == "0"
    (visit,) = await web.visits()
    assert (visit.link_id, visit.kind, visit.at, visit.on_day) == (number, "human", NOW, NOW.date())
    assert len(visit.visitor) == len(visit.prefix) == 16
    assert visit.visitor != visit.prefix


async def test_head_answers_alike_and_is_not_counted(web: Web) -> None:
    await web.add_link()
    get, head = await web.ask(LINK), await web.ask(LINK, method="HEAD")
    for name in ("location", "cache-control", "x-robots-tag", "content-length"):
        assert head.headers[name] == get.headers[name]
    assert (head.status, head.body) == (302, b"")
    assert await web.count_visits() == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_can_be_sent_to_a_link(web: Web, method: str) -> None:
    await web.add_link()
    answer = await web.ask(LINK, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert await web.count_visits() == 0


@pytest.mark.parametrize(
    "path", ["/l/zzzz2345", "/l/", "/l/x", f"{LINK}/more", "/l/%00", "/l/..%2f..%2fetc", "/l/" + "a" * 4000, "/l/ABCDÉ"]
)
async def test_a_made_up_slug_gets_a_friendly_page_and_leaves_nothing(web: Web, path: str) -> None:
    await web.add_link()
    answer = await web.ask(path, Accept_Language="nl-NL,nl;q=0.9,en;q=0.8")
    assert answer.status == 404
    assert "Achter deze link staat niets" in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    english = await web.ask(path)
    assert "There is nothing behind this link" in english.text
    assert await web.count_visits() == 0


async def test_a_link_that_is_typed_in_capitals_or_got_a_parameter_on_its_way_still_leads(web: Web) -> None:
    await web.add_link()
    for path in ("/l/ABCD2345", f"{LINK}?fbclid=abc", f"{LINK}?"):
        assert (await web.ask(path)).headers["location"] == "https://example.com/a"


async def test_links_of_a_withdrawn_post_and_of_an_undone_share_keep_leading(web: Web) -> None:
    await web.add_link(state="undone")
    async with web.world.sessions.begin() as session:
        await session.execute(update(Post).values(state="withdrawn"))
    assert (await web.ask(LINK)).status == 302


async def test_a_repointed_link_leads_to_the_new_page_at_once(web: Web) -> None:
    await web.add_link()
    assert (await web.ask(LINK)).headers["location"] == "https://example.com/a"
    async with web.world.sessions.begin() as session:
        (post_id,) = (await session.scalars(select(Post.id))).all()
        await posts.repoint(session, post_id=post_id, link="https://example.com/new", campaign="c")
        await jobs.add_job(session, CreditVisits(), now=NOW)

    async def is_new() -> bool:
        return (await web.ask(LINK)).headers["location"].startswith("https://example.com/new?")

    await web.until(is_new)


async def test_a_link_that_another_process_repointed_is_noticed_without_a_word(
    web: Web, makes: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.redirect.LOOK_SECONDS", 0.0)
    await web.add_link()
    await web.ask(LINK)
    async with web.world.sessions.begin() as session:
        await session.execute(update(TrackedLink).values(target="https://example.com/elsewhere"))

    async def is_new() -> bool:
        return (await web.ask(LINK)).headers["location"] == "https://example.com/elsewhere"

    await web.until(is_new)


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (BROWSER, "human"),
        ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "preview"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "preview"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("AhrefsBot/7.0; +http://ahrefs.com/robot/", "crawler"),
        ("curl/8.5.0", "crawler"),
        ("", "scanner"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Slack_SSB/4.40 Chrome/120 Safari/537.36", "human"),
    ],
)
async def test_every_visit_is_kept_with_its_class(web: Web, agent: str, kind: str) -> None:
    await web.add_link()
    assert (await web.ask(LINK, agent=agent)).status == 302
    assert [visit.kind for visit in await web.visits()] == [kind]


async def test_a_forged_address_counts_for_nothing_where_no_proxy_is_trusted(web: Web) -> None:
    await web.add_link()
    for address in ("203.0.113.7", "198.51.100.7", "junk, 1.2.3.4"):
        await web.ask(LINK, X_Forwarded_For=address)
    visits = await web.visits()
    assert len({visit.visitor for visit in visits}) == len({visit.prefix for visit in visits}) == 1


async def test_a_trusted_proxy_is_believed_and_what_was_forged_before_it_is_not(makes: Makes) -> None:
    async with makes.serve("127.0.0.1") as web:
        await web.add_link()
        await web.ask(LINK, X_Forwarded_For="203.0.113.7")
        await web.ask(LINK, X_Forwarded_For="203.0.113.99")
        await web.ask(LINK, X_Forwarded_For="198.51.100.1, 203.0.113.7")
        await web.ask(LINK, X_Forwarded_For="198.51.100.1")
        visits = await web.visits()
    assert visits[0].visitor == visits[2].visitor
    assert visits[0].visitor != visits[1].visitor
    assert visits[0].prefix == visits[1].prefix == visits[2].prefix
    assert visits[3].prefix != visits[0].prefix


async def test_another_agent_is_another_visitor_from_the_same_prefix(web: Web) -> None:
    await web.add_link()
    await web.ask(LINK)
    await web.ask(LINK, agent=BROWSER.replace("130", "131"))
    first, second = await web.visits()
    assert (first.visitor != second.visitor, first.prefix) == (True, second.prefix)


async def test_nobody_can_be_followed_from_one_day_or_link_to_the_next(web: Web) -> None:
    await web.add_link()
    await web.add_link("wxyz6789")
    await web.ask(LINK)
    await web.ask("/l/wxyz6789")
    web.world.clock.advance(timedelta(days=1))
    await web.ask(LINK)
    visits = await web.visits()
    assert len({visit.visitor for visit in visits}) == len({visit.prefix for visit in visits}) == 3
    assert [visit.on_day for visit in visits] == [NOW.date(), NOW.date(), NOW.date() + timedelta(days=1)]


async def test_the_day_is_that_of_the_programmes_time_zone(web: Web) -> None:
    await web.add_link()
    web.world.clock.at = NOW.replace(hour=23, minute=30)  # half past midnight in Amsterdam
    await web.ask(LINK)
    (visit,) = await web.visits()
    assert visit.on_day == NOW.date() + timedelta(days=1)


async def test_a_day_that_begins_while_the_database_is_held_keeps_its_salt(web: Web, tmp_path: Path) -> None:
    await web.add_link()
    await web.ask(LINK)
    web.world.clock.advance(timedelta(days=3))
    async with locked(tmp_path / "vouch.db"):
        await web.ask(LINK)

    async def is_kept() -> bool:
        return NOW.date() + timedelta(days=3) in await kept_days(web.world.sessions)

    await web.until(is_kept)
    await web.ask(LINK)
    _, held, free = await web.visits()
    assert held.visitor == free.visitor


async def kept_days(sessions: Sessions) -> Sequence[date]:
    async with sessions.reading() as session:
        return (await session.scalars(select(Salt.on_day).order_by(Salt.on_day))).all()


async def test_two_processes_share_the_salt_of_the_day(makes: Makes) -> None:
    async with makes.serve() as one, makes.serve() as other:
        await one.add_link()
        await one.ask(LINK)
        await other.ask(LINK)
        first, second = await one.visits()
        assert first.visitor == second.visitor
        days = await kept_days(makes.world.sessions)
    assert days == [NOW.date(), NOW.date() + timedelta(days=1)]


async def test_many_at_once_are_each_kept_once(web: Web) -> None:
    await web.add_link()
    answers = await asyncio.gather(*(web.ask(LINK) for _ in range(300)))
    assert {answer.status for answer in answers} == {302}
    assert await web.count_visits() == 300


async def test_a_visit_of_a_link_that_was_deleted_meanwhile_does_not_take_others_with_it(web: Web) -> None:
    await web.add_link()
    gone = await web.add_link("wxyz6789")
    await web.ask("/l/wxyz6789")
    async with web.world.sessions.begin() as session:
        for visit in await web.visits():
            await session.delete(visit)
        await session.flush()
        await session.delete(await session.get_one(TrackedLink, gone))
    answers = await asyncio.gather(*(web.ask(path) for path in [LINK, "/l/wxyz6789"] * 5))
    assert {answer.status for answer in answers} == {302}
    assert await web.count_visits() == 5


async def test_links_are_known_after_a_restart_without_being_asked_for(makes: Makes) -> None:
    async with makes.serve() as web:
        await web.add_link()
        await web.add_link("wxyz6789")
    async with makes.serve() as web:
        assert list(web.tracked._known) == ["abcd2345", "wxyz6789"]


class Lingering(Sessions):
    """A database in which the next reading takes `linger` seconds to end, also when it is cut short."""

    linger = 0.0
    lingering = 0

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        linger, self.linger = self.linger, 0.0
        self.lingering += linger > 0
        try:
            async with super().reading() as session:
                yield session
        finally:
            try:
                await asyncio.sleep(linger)
            except asyncio.CancelledError:
                await asyncio.sleep(linger)
                raise
            finally:
                self.lingering -= linger > 0


async def test_a_stop_waits_for_what_still_reads_the_database(makes: Makes) -> None:
    makes.world.sessions = sessions = Lingering(makes.world.sessions.url)
    async with makes.serve() as web:
        sessions.linger = 0.1
        web.tracked.look_for_changes()
        async with asyncio.timeout(30):
            while not sessions.lingering:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
    assert sessions.lingering == 0
    await sessions.close()
