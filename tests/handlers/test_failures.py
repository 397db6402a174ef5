"""Admins see what did not go out, send it again or drop it."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from bot.core.actions import DropJob, ReleaseHeld, RetryJob, ShowFailures
from bot.core.cards import Button, Buttons, Card, Channel, Text, plain
from bot.core.errors import Unreadable
from bot.core.jobs import AnnounceIn, Job, JobState
from handlers.failures import drop_job, release_held, retry_job, show_failures
from storage.models import JobRow
from storage.queries import installation
from storage.queries.jobs import Plan, add_job
from tests.handlers.conftest import NEWS, NOW, World


async def _stuck(
    world: World, state: JobState, error: str, jobs: Sequence[Job] = (AnnounceIn(announcement_id=1),)
) -> None:
    async with world.sessions.begin() as session:
        for job in jobs:
            await add_job(session, job, now=NOW)
        await session.execute(update(JobRow).values(state=state, error=error, done_at=NOW))


async def _states(world: World) -> list[str]:
    async with world.sessions.reading() as session:
        return list(await session.scalars(select(JobRow.state).order_by(JobRow.id)))


def _words(card: Card) -> str:
    return " ".join(plain(part.spans) for part in card.body if isinstance(part, Text))


async def test_nothing_stuck_says_so(world: World) -> None:
    admin = await world.add_member(role="admin")
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    assert _words(reply.card).startswith("Nothing is stuck")


async def test_a_failed_job_is_listed_with_its_reason_and_two_ways_out(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _stuck(world, JobState.FAILED, "channel_not_found")
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    assert "announcing a post in a channel" in _words(reply.card)
    assert "channel_not_found" in _words(reply.card)
    buttons = [one for part in reply.card.body if isinstance(part, Buttons) for one in part.items]
    assert [one.action for one in buttons if isinstance(one, Button)] == [RetryJob(job_id=1), DropJob(job_id=1)]


async def test_a_failed_job_names_its_channel_and_no_person(world: World) -> None:
    admin = await world.add_member(role="admin")
    async with world.sessions.begin() as session:
        await add_job(session, AnnounceIn(announcement_id=1), now=NOW, plan=Plan(lane=NEWS))
        await add_job(session, AnnounceIn(announcement_id=2), now=NOW, plan=Plan(lane="U-ADA"))
        await session.execute(update(JobRow).values(state=JobState.FAILED, error="is_archived", done_at=NOW))
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    spans = [span for part in reply.card.body if isinstance(part, Text) for span in part.spans]
    assert [span for span in spans if isinstance(span, Channel)] == [Channel(NEWS)]
    assert "U-ADA" not in _words(reply.card)


async def test_sending_an_uncertain_job_again_asks_first(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _stuck(world, JobState.UNCERTAIN, "no answer")
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    again = next(one for part in reply.card.body if isinstance(part, Buttons) for one in part.items)
    assert isinstance(again, Button)
    assert again.confirm is not None


async def test_only_ten_are_shown_and_the_rest_counted(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _stuck(world, JobState.FAILED, "is_archived", [AnnounceIn(announcement_id=n) for n in range(12)])
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    assert "12" in reply.card.title
    assert "And 2 more" in _words(reply.card)


async def test_a_job_sent_again_is_queued_and_a_second_click_says_it_was_settled(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _stuck(world, JobState.FAILED, "is_archived")
    await world.act(retry_job, admin, RetryJob(job_id=1))
    assert await _states(world) == ["queued"]
    again = await world.act(retry_job, admin, RetryJob(job_id=1))
    assert again.card is not None
    assert "already settled" in _words(again.card)


async def test_a_dropped_job_stays_dropped(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _stuck(world, JobState.UNCERTAIN, "no answer")
    await world.act(drop_job, admin, DropJob(job_id=1))
    await world.act(retry_job, admin, RetryJob(job_id=1))
    assert await _states(world) == ["dropped"]


async def _put_back(world: World, *jobs: Job) -> None:
    async with world.sessions.begin() as session:
        for job in jobs:
            await add_job(session, job, now=NOW)
        await installation.hold(session, now=NOW)


async def test_after_a_restore_an_admin_sees_it_with_three_ways_to_go_on(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _put_back(world, AnnounceIn(announcement_id=1), AnnounceIn(announcement_id=2))
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    assert "put back from a backup" in _words(reply.card)
    assert "2 things were waiting" in _words(reply.card)
    first = next(part for part in reply.card.body if isinstance(part, Buttons))
    assert [one.action for one in first.items if isinstance(one, Button)] == [
        ReleaseHeld(how="send"),
        ReleaseHeld(how="drop"),
        ReleaseHeld(how="keep"),
    ]


async def test_a_restore_is_shown_also_when_nothing_was_waiting(world: World) -> None:
    admin = await world.add_member(role="admin", locale="nl-NL")
    await _put_back(world)
    reply = await world.act(show_failures, admin, ShowFailures())
    assert reply.card is not None
    assert "teruggezet uit een back-up" in _words(reply.card)


@pytest.mark.parametrize(("how", "state"), [("send", "queued"), ("drop", "dropped"), ("keep", "uncertain")])
async def test_what_was_open_is_decided_once(world: World, how: str, state: str) -> None:
    admin = await world.add_member(role="admin")
    await _put_back(world, AnnounceIn(announcement_id=1))
    reply = await world.act(release_held, admin, ReleaseHeld(how=how))
    assert reply.card is not None
    assert _words(reply.card).startswith("1 thing ")
    assert await _states(world) == [state]
    if how != "keep":
        again = await world.act(release_held, admin, ReleaseHeld(how="send"))
        assert again.card is not None
        assert "decided already" in _words(again.card)
        assert await _states(world) == [state]


async def test_a_way_that_is_none_is_refused(world: World) -> None:
    admin = await world.add_member(role="admin")
    await _put_back(world, AnnounceIn(announcement_id=1))
    with pytest.raises(Unreadable):
        await world.act(release_held, admin, ReleaseHeld(how="burn"))
    assert await _states(world) == ["uncertain"]
