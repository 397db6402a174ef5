"""What `ChatSurface` promises, kept by every platform: certainly done, certainly not done, or uncertain."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import permutations

import aiohttp
import pytest

from bot.core.cards import Card, Form, Text
from bot.core.errors import RATE_LIMITED, OutsideError, Refused, TryLater, Uncertain
from bot.core.ports import Attachment, ChatSurface
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.chat_platforms import (
    CREATING,
    LIMITED,
    UNCLEAR,
    WAIT_SECONDS,
    Deed,
    Fault,
    OnSlack,
    OnTeams,
    Platform,
    on_slack,
    on_teams,
)

CARD, CHANGED = Card(title="Wind"), Card(title="Wind, changed")
FILE = Attachment(name="vouch.json", body=b'{"a": 1}', note="Here it is.")
FORM = Form(ref="post-9", title="Post", body=(Text(("Read",)),))
LONGEST_REF = 128  # storage.models.Announcement.message_ref


@pytest.fixture(params=[on_slack, on_teams], ids=["slack", "teams"])
async def platform(request: pytest.FixtureRequest, unused_tcp_port: int) -> AsyncIterator[Platform]:
    async with (
        aiohttp.ClientSession() as session,
        request.param(session, f"http://127.0.0.1:{unused_tcp_port}") as found,
    ):
        yield found


async def do(deed: Deed, platform: Platform, surface: ChatSurface | None = None) -> object:
    """Ask a surface for one deed and return what it returns."""
    asked = surface or platform.surface
    if deed is Deed.UPDATE:
        ref = await platform.surface.post(platform.channel, CARD, key="k")
        return await asked.update(platform.channel, ref, CHANGED)
    work: dict[Deed, Callable[[], Awaitable[object]]] = {
        Deed.POST: lambda: asked.post(platform.channel, CARD, key="k"),
        Deed.TELL: lambda: asked.tell(platform.ada, CARD, key="k"),
        Deed.SEND_FILE: lambda: asked.send_file(platform.ada, FILE),
        Deed.LOOK_UP: lambda: asked.look_up(platform.ada),
        Deed.FIND_BY_EMAIL: lambda: asked.find_by_email(platform.email),
        Deed.LIST_GROUP: lambda: asked.list_group(platform.group),
        Deed.LIST_CHANNELS: lambda: asked.list_channels(),
    }
    return await work[deed]()


async def failure(work: Awaitable[object]) -> OutsideError:
    """Return how `work` fails; anything but one of our errors is a defect."""
    with pytest.raises(OutsideError) as caught:
        await work
    return caught.value


# References


@pytest.mark.parametrize(("one", "other"), list(permutations([OnSlack, OnTeams], 2)))
def test_no_reference_is_known_to_two_platforms(one: type[Platform], other: type[Platform]) -> None:
    surfaces = {OnSlack: SlackSurface.knows, OnTeams: TeamsSurface.knows}
    unbound = object()
    assert [ref for ref in one.refs if not surfaces[one](unbound, ref)] == []
    assert [ref for ref in one.refs if surfaces[other](unbound, ref)] == []


def test_what_a_person_might_type_is_no_reference(platform: Platform) -> None:
    typed = ("", " ", "general", "#general", "Anna Visser", "anna@brightwater.example", "https://brightwater.example/")
    assert [one for one in typed if platform.surface.knows(one)] == []


# Messages


async def test_a_post_returns_a_reference_that_an_update_takes(platform: Platform) -> None:
    ref = await platform.surface.post(platform.channel, CARD, key="announce-1")
    assert platform.shown(ref) == ["Wind"]
    await platform.surface.update(platform.channel, ref, CHANGED)
    assert platform.shown(ref) == ["Wind, changed"]
    assert 0 < len(ref) <= LONGEST_REF


async def test_an_update_done_twice_is_harmless(platform: Platform) -> None:
    ref = await platform.surface.post(platform.channel, CARD, key="k")
    for _ in range(2):
        await platform.surface.update(platform.channel, ref, CHANGED)
    assert platform.shown(ref) == ["Wind, changed"]
    assert platform.asked(Deed.POST) == 1


async def test_a_private_message_can_be_redrawn_by_its_reference(platform: Platform) -> None:
    ref = await platform.surface.tell(platform.ada, CARD, key="k")
    await platform.surface.update(platform.ada, ref, CHANGED)
    assert platform.shown(ref) == ["Wind, changed"]
    assert 0 < len(ref) <= LONGEST_REF


async def test_a_message_is_marked_with_its_key_and_the_key_dedupes_nothing(platform: Platform) -> None:
    for _ in range(2):
        await platform.surface.post(platform.channel, CARD, key="announce-1")
    await platform.surface.tell(platform.ada, CARD, key="decision-2")
    assert platform.keys() == ["announce-1", "announce-1", "decision-2"]


async def test_a_message_that_was_deleted_is_called_so_everywhere(platform: Platform) -> None:
    ref = await platform.surface.post(platform.channel, CARD, key="k")
    platform.fail(Deed.UPDATE, Fault.MESSAGE_DELETED)
    error = await failure(platform.surface.update(platform.channel, ref, CARD))
    assert (type(error), error.code) == (Refused, "message_not_found")


async def test_a_file_is_sent_once(platform: Platform) -> None:
    await platform.surface.send_file(platform.ada, FILE)
    assert platform.files() == [FILE.body]


# Failures


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("fault", LIMITED)
async def test_too_much_may_be_asked_again_after_a_while(platform: Platform, deed: Deed, fault: Fault) -> None:
    platform.fail(deed, fault)
    error = await failure(do(deed, platform))
    assert isinstance(error, TryLater)
    assert error.code == RATE_LIMITED
    if fault is Fault.LIMITED:
        assert error.after == timedelta(seconds=WAIT_SECONDS)
    else:
        assert timedelta(0) < error.after <= timedelta(minutes=1)
    assert platform.asked(deed) == 1


@pytest.mark.parametrize("deed", CREATING)
@pytest.mark.parametrize("fault", UNCLEAR)
async def test_after_an_unclear_answer_what_must_not_be_done_twice_is_uncertain(
    platform: Platform, deed: Deed, fault: Fault
) -> None:
    platform.fail(deed, fault)
    assert isinstance(await failure(do(deed, platform)), Uncertain)
    assert platform.asked(deed) == 1


@pytest.mark.parametrize("deed", [one for one in Deed if one not in CREATING])
@pytest.mark.parametrize("fault", [one for one in UNCLEAR if one is not Fault.NOT_JSON])
async def test_after_an_unclear_answer_all_else_may_be_asked_again(
    platform: Platform, deed: Deed, fault: Fault
) -> None:
    platform.fail(deed, fault)
    error = await failure(do(deed, platform))
    assert isinstance(error, TryLater)
    assert error.after > timedelta(0)


@pytest.mark.parametrize("deed", Deed)
async def test_a_refusal_is_told_in_the_platforms_own_word_and_is_final(platform: Platform, deed: Deed) -> None:
    platform.fail(deed, Fault.REFUSED)
    error = await failure(do(deed, platform))
    assert isinstance(error, Refused)
    assert error.code in ("no_permission", "BotDisabledByAdmin")
    assert platform.asked(deed) == 1


@pytest.mark.parametrize("deed", [one for one in Deed if one is not Deed.LIST_CHANNELS])
async def test_a_connection_that_never_stood_did_nothing(platform: Platform, deed: Deed) -> None:
    assert isinstance(await failure(do(deed, platform, platform.unreachable)), TryLater)


async def test_after_a_failure_the_same_can_be_asked_again(platform: Platform) -> None:
    platform.fail(Deed.POST, Fault.LIMITED)
    await failure(do(Deed.POST, platform))
    assert platform.shown(str(await do(Deed.POST, platform)))[-1:] == ["Wind"]


# Windows


async def test_a_window_that_is_closed_or_cannot_be_redrawn_is_not_found(platform: Platform) -> None:
    platform.close_window()
    error = await failure(platform.surface.redraw_window("post-9", FORM))
    assert (type(error), error.code) == (Refused, "not_found")


# People and places


async def test_a_member_is_looked_up_with_what_a_member_has(platform: Platform) -> None:
    platform.prepare(Deed.LOOK_UP, platform.ada)
    person = await platform.surface.look_up(platform.ada)
    assert (person.ref, person.name, person.email) == (platform.ada, "Ada Lovelace", platform.email)
    assert person.locale
    assert person.zone
    assert (person.is_full_member, person.is_active) == (True, True)


async def test_a_guest_is_no_full_member(platform: Platform) -> None:
    platform.prepare(Deed.LOOK_UP, platform.gus)
    person = await platform.surface.look_up(platform.gus)
    assert (person.ref, person.is_full_member, person.is_active) == (platform.gus, False, True)


async def test_who_has_left_the_company_is_not_active(platform: Platform) -> None:
    platform.prepare(Deed.LOOK_UP, platform.nora)
    assert not (await platform.surface.look_up(platform.nora)).is_active


async def test_who_never_was_is_refused(platform: Platform) -> None:
    stranger = platform.nora[:-1] + "9"
    platform.prepare(Deed.LOOK_UP, stranger)
    assert isinstance(await failure(platform.surface.look_up(stranger)), Refused)


async def test_a_person_is_found_by_address_or_not_at_all(platform: Platform) -> None:
    platform.prepare(Deed.FIND_BY_EMAIL, platform.email)
    found = await platform.surface.find_by_email(platform.email)
    assert found is not None
    assert (found.ref, found.email) == (platform.ada, platform.email)
    platform.prepare(Deed.FIND_BY_EMAIL, "nobody@brightwater.example")
    assert await platform.surface.find_by_email("nobody@brightwater.example") is None


async def test_a_group_and_the_channels_are_lists_of_known_references(platform: Platform) -> None:
    for deed in (Deed.LIST_GROUP, Deed.LIST_CHANNELS):
        platform.prepare(deed)
    people, channels = await platform.surface.list_group(platform.group), await platform.surface.list_channels()
    assert (list(people), platform.channel in channels) == ([platform.ada], True)
    assert all(platform.surface.knows(ref) for ref in (*people, *channels))
