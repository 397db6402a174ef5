"""Shares that something keeps from going out: none stays on its way, and what certainly is not out is said to be so."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from bot.core.actions import ChangeShare, SayNotThere, UndoShare
from bot.core.errors import Unable
from bot.core.jobs import DeliverShare, WatchDeliveries
from handlers import deliver, share, share_now
from storage.models import JobRow, Member, Share
from storage.vault import FILE, Vault
from tests.fakes import FakeNetwork
from tests.handlers.conftest import World, run_job
from tests.handlers.delivering import WINDOW, by_api, connected, shared_now, work
from tests.handlers.sharing import OWN, opened, share_of
from tests.handlers.windows import action_of, has_action, text_of, words_of

LATE = timedelta(minutes=16)


class Defect(dict[str, FakeNetwork]):
    """Networks that cannot be made."""

    def get(self, *given: object) -> FakeNetwork:
        raise RuntimeError("it cannot be made")


async def sending(world: World) -> None:
    async with world.sessions.begin() as session:
        await session.execute(update(Share).values(state="sending", sent_at=world.clock.now()))


async def without_its_job(world: World, *, state: str = "queued") -> Member:
    """Share now, lose the job that delivers, and return the member."""
    by_api(world)
    ada = await connected(world)
    await shared_now(world, ada, await world.add_post("Words."))
    async with world.sessions.begin() as session:
        await session.execute(update(JobRow).values(state="dropped"))
        await session.execute(update(Share).values(state=state, sent_at=world.clock.now()))
    return ada


async def watched(world: World) -> None:
    await run_job(world, deliver.watch_deliveries, WatchDeliveries())


@pytest.mark.parametrize("what", ["keys", "networks"])
@pytest.mark.parametrize("is_sent", [False, True])
async def test_a_defect_before_the_call_is_nothing_sent(
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    what: str,
    is_sent: bool,  # noqa: FBT001 - pytest's
) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    network.honours_key = True
    await shared_now(world, await connected(world), post)
    if is_sent:
        await sending(world)
    if what == "keys":
        (tmp_path / FILE).write_text("no key at all")
        world.vault = Vault(tmp_path)
    else:
        world.networks = Defect(world.networks)
    await work(world)
    kept = await share_of(world)
    assert (kept.state, kept.fault) == (("uncertain", "") if is_sent else ("failed", "unreachable"))
    assert network.published == []
    assert "share 1 met a defect before it was sent" in caplog.text
    words = words_of(world.surface.told[-1][1])
    assert ("Please look at your profile" if is_sent else "Nothing was posted") in words


@pytest.mark.parametrize(("state", "after"), [("queued", "failed"), ("sending", "uncertain")])
async def test_a_share_that_lost_its_job_comes_to_its_end(world: World, state: str, after: str) -> None:
    ada = await without_its_job(world, state=state)
    world.clock.advance(timedelta(minutes=15))
    await watched(world)
    await work(world)
    assert (await share_of(world)).state == state
    world.clock.advance(timedelta(minutes=1))
    await watched(world)
    await work(world)
    kept = await share_of(world)
    assert (kept.state, kept.fault) == (after, "not_in_time" if after == "failed" else "")
    ((ref, _),) = world.surface.told
    assert ref == ada.person_ref
    await watched(world)
    delivered = [one for one in await world.jobs() if isinstance(one, DeliverShare)]
    assert len(delivered) == 2  # the one that was lost, and the one that ended it


@pytest.mark.parametrize("state", ["queued", "running"])
async def test_a_share_whose_job_is_still_to_come_is_left_to_it(world: World, state: str) -> None:
    await without_its_job(world)
    async with world.sessions.begin() as session:
        await session.execute(update(JobRow).values(state=state))
    world.clock.advance(LATE)
    await watched(world)
    async with world.sessions.reading() as session:
        kinds = (await session.scalars(select(JobRow.kind))).all()
    assert kinds.count("deliver_share") == 1


async def test_of_somebody_who_was_erased_nothing_is_left_on_its_way(world: World) -> None:
    ada = await without_its_job(world)
    async with world.sessions.begin() as session:
        await session.execute(delete(JobRow))
        await session.execute(update(Share).values(typed_at=None, sent_text="", account_id=None))
        await session.execute(update(Member).where(Member.id == ada.id).values(erased_at=world.clock.now()))
    world.clock.advance(LATE)
    await watched(world)
    await work(world)
    assert ((await share_of(world)).state, world.surface.told) == ("failed", [])


@pytest.mark.parametrize("window", [WINDOW, None])
async def test_until_it_is_sent_it_can_be_taken_back(world: World, window: str | None) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada = await connected(world)
    first = (await shared_now(world, ada, post)).form
    reply = await world.act(share.change_share, ada, ChangeShare(share_id=1), window=window)
    assert action_of(reply.form, UndoShare) == action_of(first, UndoShare)
    undone = await world.act(share.undo_share, ada, action_of(first, UndoShare), window=window)
    assert "nothing was posted on LinkedIn" in words_of(undone.form or undone.card)
    await work(world)
    assert (network.published, world.surface.told) == ([], [])
    assert (await share_of(world)).state == "undone"


async def test_once_it_is_sent_it_cannot_be_taken_back(world: World) -> None:
    by_api(world)
    ada = await connected(world)
    await shared_now(world, ada, await world.add_post("Words."))
    await sending(world)
    reply = await world.act(share.change_share, ada, ChangeShare(share_id=1), window=WINDOW)
    assert not has_action(reply.form, UndoShare)
    with pytest.raises(Unable, match="under_way"):
        await world.act(share.undo_share, ada, UndoShare(share_id=1), window=WINDOW)


@pytest.mark.parametrize("text", [OWN, "Other words, as the first were not to be seen there at all."])
async def test_after_it_is_not_there_other_words_are_another_post(world: World, text: str) -> None:
    network, post = by_api(world), await world.add_post("Words.")
    ada, network.lose_next = await connected(world), 1
    await shared_now(world, ada, post)
    await work(world)
    network.honours_key = True
    await world.act(share_now.say_not_there, ada, SayNotThere(share_id=1), window=WINDOW)
    assert text_of((await opened(world, ada, post)).form) == OWN
    world.clock.advance(timedelta(minutes=1))
    await shared_now(world, ada, post, text=text)
    await work(world)
    kept = await share_of(world)
    posts: Mapping[str, str] = {key: one.remote_id for key, one in network.by_key.items()}
    assert len(posts) == len(network.published) == (1 if text == OWN else 2)
    assert (kept.state, kept.remote_id) == ("confirmed", [*posts.values()][-1])
    assert text in network.published[-1].text
