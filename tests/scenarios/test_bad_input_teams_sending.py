"""Teams refuses, asks for patience, breaks, moves or is silent: nothing is lost or posted twice, and admins see why."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from playground.teams.faults import Fault
from tests.scenarios.bad_input_on_teams import (
    announce,
    as_time_passes,
    cards_of,
    confirm,
    doors,
    fill_in,
    heard,
    press_failure,
    review,
    stuck,
)
from tests.scenarios.teams_town import BRISK, TeamsTown, everything_said, texts_of
from tests.scenarios.town import (
    GRACE,
    LENA,
    NADIA,
    OMAR,
    PRODUCT,
    SANNE,
    TOM,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TeamsTown]:
    async with TeamsTown(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        started.service.no_limits()
        await started.to_working_hours()
        yield started


@pytest.fixture(autouse=True)
def _behaving(town: TeamsTown) -> None:
    """Whatever a test made go wrong was over after it, and nothing is left of it."""
    town.service.clear_faults()
    assert stuck(town) == []


def _said(town: TeamsTown, who: str) -> list[str]:
    """Return the words of every message of the bot in a person's chat with it."""
    return [everything_said(one) for one in town.messages(who) if not one.author]


async def _announced_while(town: TeamsTown, title: str, **told: Any) -> tuple[int, Fault]:  # noqa: ANN401
    """Announce a new post while Teams misbehaves from the last click on; its number, and what the bot met."""
    post_id = await review(town, title)
    fault = town.service.fault("create", **told)
    await confirm(town)
    return post_id, fault


# Announcing


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "ConversationNotFound"),
        (403, "BotNotInConversationRoster"),
        (403, "MessageWritesBlocked"),
        (413, "MessageSizeTooBig"),
        (400, "BadArgument"),
        (401, "Unauthorized"),
    ],
)
async def test_what_teams_refuses_is_listed_with_its_word_and_can_be_sent_again(
    town: TeamsTown, status: int, code: str
) -> None:
    post_id, _ = await _announced_while(town, f"Refused with {code}", status=status, code=code, left=None)
    await town.settle()
    assert cards_of(town, post_id) == []
    ((job_id, kind, error),) = stuck(town)
    assert (kind, error) == ("announce_in", code)
    told = await heard(town, GRACE, "failures")
    assert f"No. {job_id}: announcing a post in a channel. Failed" in told
    assert f"({code}). It was for product-news" in told
    town.service.clear_faults()
    await press_failure(town, "retry_job", job_id)
    assert (len(cards_of(town, post_id)), stuck(town)) == (1, [])
    assert town.rows("SELECT count(*), count(message_ref) FROM announcement WHERE post_id = ?", post_id) == [(1, 1)]


@pytest.mark.parametrize(
    "fault",
    [{"status": 429, "retry_after": 3}, {"status": 429}, {"status": 412}, {"status": 503, "retry_after": 3}],
    ids=["429-with-a-time", "429-without", "412", "503-with-a-time"],
)
async def test_asked_to_wait_it_waits_and_posts_once(town: TeamsTown, fault: dict[str, Any]) -> None:
    post_id, met = await _announced_while(town, f"Patience {fault}", **fault, left=2)
    await as_time_passes(town, lambda: len(cards_of(town, post_id)) > 0)
    assert met.left == 0
    await town.advance(minutes=30)
    assert (len(cards_of(town, post_id)), stuck(town)) == (1, [])


@pytest.mark.parametrize(
    ("fault", "stands"),
    [
        ({"status": 502, "is_done": True}, 1),
        ({"status": 504, "is_done": True}, 1),
        ({"cut": "before"}, 0),
        ({"cut": "after"}, 1),
    ],
    ids=["502-although-done", "504-although-done", "cut-and-nothing-done", "cut-although-done"],
)
async def test_without_a_clear_answer_it_is_listed_and_not_sent_again_by_itself(
    town: TeamsTown, fault: dict[str, Any], stands: int
) -> None:
    post_id, _ = await _announced_while(town, f"Uncertain {fault}", **fault)
    await town.settle()
    town.service.clear_faults()
    await town.advance(minutes=30)
    assert len(cards_of(town, post_id)) == stands
    ((job_id, kind, _),) = stuck(town)
    assert kind == "announce_in"
    told = await heard(town, GRACE, "failures")
    assert f"No. {job_id}: announcing a post in a channel. Uncertain" in told
    assert "Did you look, and is it not there?" in told
    await press_failure(town, "drop_job" if stands else "retry_job", job_id)
    assert (len(cards_of(town, post_id)), stuck(town)) == (1, [])


# Redrawing


async def test_a_redrawing_that_breaks_is_done_again_by_itself(town: TeamsTown) -> None:
    post_id = await announce(town, "Redrawn in the end")
    (card,) = cards_of(town, post_id)
    ways = ({"cut": "before"}, {"status": 412}, {"status": 429}, {"status": 502, "is_done": True}, {"cut": "after"})
    faults = [town.service.fault("update", **one) for one in ways]
    await town.say(NADIA, f"withdraw P{post_id}")
    under_way = "SELECT count(*) FROM job WHERE kind = 'refresh_announcement' AND state IN ('queued', 'running')"
    await as_time_passes(town, lambda: not any(one.left for one in faults) and town.rows(under_way) == [(0,)])
    await town.settle()  # who withdrew it is told so
    assert (cards_of(town, post_id), stuck(town)) == ([], [])
    shown = next(one for one in town.messages(OMAR, PRODUCT) if one.id == card.id)
    assert "has withdrawn this post" in everything_said(shown)


async def test_a_redrawing_that_is_refused_is_listed(town: TeamsTown) -> None:
    post_id = await announce(town, "Too big to redraw")
    town.service.fault("update", status=413)
    await town.say(NADIA, f"withdraw P{post_id}")
    await town.settle()
    ((job_id, kind, error),) = stuck(town)
    assert (kind, error) == ("refresh_announcement", "MessageSizeTooBig")
    assert "refreshing an announcement. Failed" in await heard(town, GRACE, "failures")
    await press_failure(town, "retry_job", job_id)
    assert cards_of(town, post_id) == []


async def test_a_deleted_announcement_is_left_alone_and_its_post_lives_on(town: TeamsTown) -> None:
    post_id = await announce(town, "Deleted in the channel")
    town.service.state.remove(cards_of(town, post_id)[0])
    assert f"P{post_id}" in await heard(town, NADIA, f"withdraw P{post_id}")
    await town.advance(minutes=3)
    assert town.rows("SELECT state FROM post WHERE id = ?", post_id) == [("withdrawn",)]
    assert stuck(town) == []


# Places that come and go


async def test_a_deleted_channel_is_named_to_the_admin_and_gets_its_post_when_it_is_back(town: TeamsTown) -> None:
    await town.service.admin.rename_channel(PRODUCT, "what-we-make", by=GRACE)
    assert "Announced at once in what-we-make" in texts_of((await fill_in(town, "Renamed")).answer.body)
    town.service.people.close(NADIA)
    await town.service.admin.delete_channel(PRODUCT, by=GRACE)
    post_id = await announce(town, "For a channel that is gone")
    ((job_id, _, error),) = stuck(town)
    assert error == "ConversationNotFound"
    assert "It was for what-we-make" in await heard(town, GRACE, "failures")
    await town.service.admin.restore_channel(PRODUCT, by=GRACE)
    await press_failure(town, "retry_job", job_id)
    assert len(cards_of(town, post_id)) == 1
    await town.service.admin.rename_channel(PRODUCT, "product-news", by=GRACE)


async def test_out_of_the_team_it_says_so_and_back_in_it_goes_on(town: TeamsTown) -> None:
    await town.service.admin.uninstall_team(GRACE)
    post_id = await announce(town, "Not in the team")
    ((job_id, _, error),) = stuck(town)
    assert error == "BotNotInConversationRoster"
    assert "nothing can be written there until it is installed again" in town.bot_log
    await town.service.admin.install_team(GRACE)
    await press_failure(town, "retry_job", job_id)
    assert len(cards_of(town, post_id)) == 1
    assert town.rows("SELECT count(*) FROM member WHERE left_at IS NOT NULL") == [(0,)]


async def test_who_blocked_the_bot_or_removed_the_app_is_listed_and_the_others_are_told(town: TeamsTown) -> None:
    trio, link = (OMAR, LENA, SANNE), "https://example.org/three-of-us"
    for who in trio:
        await town.say(who, f"suggest {link}")
    ((number,),) = town.rows("SELECT id FROM suggestion WHERE link = ?", link)
    town.service.admin.block(OMAR)
    await town.service.admin.uninstall(LENA)
    await town.say(NADIA, f"approve S{number}")
    await town.settle()
    await town.to_working_hours()
    assert [(kind, error) for _, kind, error in stuck(town)] == [("tell_decision", "MessageWritesBlocked")] * 2
    assert (await heard(town, GRACE, "failures")).count("telling a member what became of a suggestion. Failed") >= 2
    assert f"S{number}" in everything_said(town.messages(SANNE)[-1])
    town.service.admin.unblock(OMAR)
    await town.service.admin.install(LENA)
    for job_id, _, _ in stuck(town):
        await press_failure(town, "retry_job", job_id)
    told = {who: len([one for one in _said(town, who) if f"S{number} " in one and link in one]) for who in trio}
    assert told == dict.fromkeys(trio, 1)


async def test_after_a_move_of_teams_the_new_address_is_used_from_the_next_activity_on(town: TeamsTown) -> None:
    post_id = await announce(town, "Before the move")
    await town.press(OMAR, cards_of(town, post_id)[0], "dismiss_post")  # now the channel is known by its own address
    await town.say(SANNE, "suggest https://example.org/while-moving")
    await town.settle()  # what was on its way arrives at the old address, or not at all
    town.service.move("elsewhere")
    after = await announce(town, "After the move")
    assert (len(cards_of(town, after)), doors(town, "create")[-1]) == (1, "elsewhere")
    await town.say(NADIA, f"withdraw P{post_id}")
    await town.settle()
    assert (cards_of(town, post_id), doors(town, "update")[-1]) == ([], "elsewhere")
    ((number,),) = town.rows("SELECT id FROM suggestion WHERE link LIKE '%/while-moving'")
    await town.say(NADIA, f"decline S{number} not now")
    await town.settle()
    await town.to_working_hours()
    assert len([one for one in _said(town, SANNE) if f"(S{number})" in one]) == 1
    assert stuck(town) == []


# The token


async def test_while_no_token_can_be_had_announcements_wait(town: TeamsTown) -> None:
    post_id = await review(town, "Waits for a token")
    town.service.parts.tokens.revoke()
    met = town.service.fault("token", status=503, left=3)
    await confirm(town)
    await as_time_passes(town, lambda: met.left == 0)
    assert stuck(town) == []
    await as_time_passes(town, lambda: len(cards_of(town, post_id)) > 0)
    await town.advance(minutes=30)
    assert (len(cards_of(town, post_id)), stuck(town)) == (1, [])


async def test_a_secret_that_is_over_is_said_so_and_clicks_are_kept(town: TeamsTown) -> None:
    shown = await announce(town, "Shared while the secret is over")
    post_id = await review(town, "Waits for a secret")
    town.service.parts.tokens.revoke()
    town.service.fault("token", status=401, code="invalid_client", left=None)
    await confirm(town)
    await town.press(OMAR, cards_of(town, shown)[0], "open_share")  # a dialog is its own answer
    assert town.rows("SELECT count(*) FROM share WHERE post_id = ?", shown) == [(1,)]
    await town.settle()
    ((job_id, kind, error),) = stuck(town)
    assert (kind, error) == ("announce_in", "invalid_client")
    town.service.clear_faults()
    await press_failure(town, "retry_job", job_id)
    assert len(cards_of(town, post_id)) == 1


# Private answers


async def test_a_private_answer_that_is_asked_to_wait_comes_once(town: TeamsTown) -> None:
    town.service.fault("send", status=429, retry_after=1)
    before = len(town.messages(TOM))
    assert "What Vouch understands" in await heard(town, TOM, "help")
    await town.settle()
    assert len([one for one in town.messages(TOM)[before:] if not one.author]) == 1


@pytest.mark.parametrize("fault", [{"status": 502, "is_done": True}, {"cut": "after"}], ids=["502", "cut"])
async def test_a_private_answer_that_may_have_arrived_is_not_sent_again(town: TeamsTown, fault: dict[str, Any]) -> None:
    town.service.fault("send", **fault)
    before, asked = len(town.messages(TOM)), len(town.service.asked("send"))
    assert "What Vouch understands" in await heard(town, TOM, "help")
    await town.settle()
    assert len([one for one in town.messages(TOM)[before:] if not one.author]) == 1
    assert len(town.service.asked("send")) == asked + 1


async def test_in_a_channel_who_cannot_be_written_to_is_told_so_and_their_answer_stays_private(town: TeamsTown) -> None:
    town.service.admin.block(TOM)
    before = {one.id for one in town.messages(TOM, PRODUCT)}
    await town.say(TOM, "me", PRODUCT)
    said = await town.service.newest(TOM, PRODUCT, wanted=lambda one: not one.author and one.id not in before)
    assert "I cannot write to you alone yet" in everything_said(said)
    assert "points" not in everything_said(said)
    town.service.admin.unblock(TOM)
