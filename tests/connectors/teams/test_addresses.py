"""The connector learns from every activity where people and places are, keeps it of members, and forgets what ended."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from bot.core.errors import NOT_REACHED, TryLater
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.remembered import TRUSTED_FOR, UNKEPT_FOR
from connectors.chat.teams.whereabouts import (
    CHANNEL,
    GROUP,
    PersonAddress,
    PlaceAddress,
    as_text,
    kind_of_place,
    lessons_of,
    read_address,
)
from tests.connectors.teams.fake_service import (
    ADA,
    BEN,
    CHAT,
    CHAT_ADA,
    GUS,
    NEWS,
    TEAM,
    USER_ADA,
    FakeTeams,
    Json,
)
from tests.connectors.teams.parts import FakeBook, Ticking, activity_from, addresses, book, clock, personal_from, teams

__all__ = ["addresses", "book", "clock", "teams"]


def event(teams: FakeTeams, kind: str, **told: object) -> Json:
    """Return what Teams tells of a team: its conversation is the team's first channel."""
    data = {"eventType": kind, "team": {"id": TEAM}, **told}
    conversation = {"conversationType": "channel", "isGroup": True, "id": TEAM}
    return activity_from(teams, type="conversationUpdate", conversation=conversation, channelData=data)


def removal(teams: FakeTeams, **changes: object) -> Json:
    return {**activity_from(teams, type="installationUpdate", action="remove"), **changes}


async def itself(url: str) -> str:
    return url


async def handled(addresses: Addresses, *activities: Json) -> None:
    for one in activities:
        addresses.notice(one)
        await addresses.keep(one)


# Learning


async def test_a_person_is_learned_from_a_message_in_a_channel(addresses: Addresses, teams: FakeTeams) -> None:
    addresses.notice(activity_from(teams))
    assert await addresses.person(ADA) == PersonAddress(
        user_id=USER_ADA,
        seen_in=TEAM,
        locale="nl-NL",
        zone="Europe/Amsterdam",
        name="Ada Lovelace",
    )
    assert await addresses.person(BEN) is None


async def test_what_was_known_before_is_kept_beside_what_is_new(addresses: Addresses, teams: FakeTeams) -> None:
    await handled(addresses, personal_from(teams), activity_from(teams, entities=[], locale="de-DE"))
    found = await addresses.person(ADA)
    assert found is not None
    assert (found.conversation_id, found.seen_in) == (CHAT_ADA, TEAM)
    assert (found.locale, found.zone) == ("de-DE", "Europe/Amsterdam")


async def test_places_are_learned_with_their_team_and_names(addresses: Addresses, teams: FakeTeams) -> None:
    created = event(teams, "channelCreated", channel={"id": NEWS, "name": "Nieuws"})
    renamed = event(teams, "teamRenamed", team={"id": TEAM, "name": "Brightwater"})
    chat = {"conversationType": "groupChat", "isGroup": True, "id": CHAT, "name": "Curators"}
    await handled(addresses, activity_from(teams), created, renamed)
    await handled(addresses, activity_from(teams, conversation=chat, channelData={}))
    assert await addresses.places() == {
        TEAM: PlaceAddress(kind=CHANNEL, service_url=teams.service_url, team_id=TEAM, team_name="Brightwater"),
        NEWS: PlaceAddress(kind=CHANNEL, service_url=teams.service_url, team_id=TEAM, name="Nieuws"),
        CHAT: PlaceAddress(kind=GROUP, service_url=teams.service_url, name="Curators"),
    }
    assert addresses.names == {TEAM: "Brightwater", NEWS: "Nieuws", CHAT: "Curators"}
    assert await addresses.teams() == {TEAM}


async def test_a_renamed_channel_has_its_new_name_at_once(addresses: Addresses, teams: FakeTeams) -> None:
    names = addresses.names
    addresses.notice(event(teams, "channelCreated", channel={"id": NEWS, "name": "Nieuws"}))
    addresses.notice(event(teams, "channelRenamed", channel={"id": NEWS, "name": "News"}))
    assert names[NEWS] == "News"


async def test_the_newest_service_address_counts(book: FakeBook, clock: Ticking) -> None:
    addresses = Addresses(book, may_call=lambda url: url.startswith("https://smba.example/"), now=clock)
    with pytest.raises(TryLater, match=NOT_REACHED):
        await addresses.service_url()
    fake = FakeTeams(url="https://smba.example")
    await handled(addresses, activity_from(fake), activity_from(fake, serviceUrl="https://smba.example/new/"))
    assert await addresses.service_url() == await addresses.ask_place(NEWS, itself) == "https://smba.example/new/"
    assert await addresses.ask_place("19:never-heard-of@thread.tacv2", itself) == "https://smba.example/new/"
    assert await addresses.ask_person(ADA, itself) == "https://smba.example/new/"


async def test_a_name_that_was_given_counts_until_teams_tells_one(
    addresses: Addresses, teams: FakeTeams, clock: Ticking
) -> None:
    addresses.names |= {NEWS: "as configured", TEAM: "team"}
    await handled(addresses, event(teams, "channelCreated", channel={"id": NEWS, "name": "Nieuws"}))
    clock.at += TRUSTED_FOR
    await addresses.places()
    assert addresses.names == {NEWS: "Nieuws", TEAM: "team"}


@pytest.mark.parametrize("url", ["https://evil.example/", "", None, 7, ["x"]])
async def test_from_a_service_address_that_is_not_allowed_nothing_is_learned(
    addresses: Addresses, teams: FakeTeams, url: object
) -> None:
    addresses.notice(activity_from(teams, serviceUrl=url))
    await addresses.keep()
    assert (await addresses.person(ADA), dict(await addresses.places())) == (None, {})


async def test_an_address_that_is_no_longer_allowed_is_not_called(teams: FakeTeams, book: FakeBook) -> None:
    before = Addresses(book, may_call=lambda url: True)
    await handled(before, activity_from(teams))
    after = Addresses(book, may_call=lambda url: False)
    found, place = await after.person(ADA), await after.place(NEWS)
    assert found is not None
    assert place is not None
    assert (found.user_id, found.service_url, place.service_url) == (USER_ADA, "", "")
    with pytest.raises(TryLater, match=NOT_REACHED):
        await after.ask_place(NEWS, itself)


STRANGE: list[dict[str, Any]] = [
    {"from": {"id": "28:another-bot", "name": "Bot"}},
    {"from": {"id": "29:x", "role": "bot", "aadObjectId": ADA}},
    {"from": {}},
    {"from": None},
    {"from": {"id": 7}},
    {"from": {"id": "29:" + "x" * 600}},
    {"from": {"id": "29:x", "aadObjectId": "x" * 200}},
]


@pytest.mark.parametrize("changes", STRANGE)
async def test_who_is_nobody_is_not_learned(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, changes: dict[str, Any]
) -> None:
    await handled(addresses, activity_from(teams, **changes))
    assert {one.partition(" ")[2].partition(":")[0] for one in book.asked} == {"service", "place"}


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation": None},
        {"conversation": {"id": 7}},
        {"conversation": {"id": "", "conversationType": "channel"}},
        {"conversation": {"id": "x" * 600, "conversationType": "channel"}, "channelData": {}},
        {"channelData": None},
        {"channelData": {"team": "x", "channel": ["y"]}},
        {"channelData": {"team": {"id": 7}, "channel": {"id": {}, "name": 3}}},
        {"entities": None},
        {"entities": ["x", {"type": "clientInfo", "locale": 7, "timezone": []}]},
        {"entities": [{"type": "clientInfo", "locale": "../../x", "timezone": "../../etc/x"}], "locale": "x" * 99},
        {"entities": [{"type": "clientInfo", "locale": "", "timezone": "Mars/Olympus"}], "locale": "!"},
    ],
)
async def test_what_is_strange_in_an_activity_is_left_out(
    addresses: Addresses, teams: FakeTeams, changes: dict[str, Any]
) -> None:
    await handled(addresses, activity_from(teams, **changes))
    found = await addresses.person(ADA)
    assert found is not None
    assert found.user_id == USER_ADA
    assert found.zone in ("Europe/Amsterdam", "")
    assert found.locale in ("nl-NL", "")
    assert all(isinstance(name, str) and len(name) < 600 for name in await addresses.places())


def test_the_zone_of_a_client_that_tells_it_otherwise_is_read_too(teams: FakeTeams) -> None:
    told = lessons_of(activity_from(teams, entities=[], localTimezone="America/Los_Angeles", locale="en_US"))
    assert (told.person.zone, told.person.locale) == ("America/Los_Angeles", "en-US")


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        (NEWS, CHANNEL),
        ("19:033451497ea84fcc83d17ed7fb08a1b6@thread.skype", CHANNEL),
        (CHAT, GROUP),
        ("19:meeting_N2QzYTA3YmItYmMwOC00OTJmLThkYzMtZWMzZGU0NGIyZGI0@thread.v2", GROUP),
        ("19:7faf8ab2_76b0b09f@unq.gbl.spaces", GROUP),
    ],
)
def test_the_form_of_an_id_tells_a_group_chat_from_a_channel(ref: str, kind: str) -> None:
    assert kind_of_place(ref) == kind


# Keeping


async def test_learning_asks_nobody_and_keeping_writes_once(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    addresses.notice(activity_from(teams))
    assert book.asked == []
    await addresses.keep()
    assert set(book.held) == {ADA, f"place:{TEAM}", f"place:{NEWS}", "service:"}
    before = list(book.asked)
    for _ in range(3):
        await handled(addresses, activity_from(teams))
    assert book.asked == before


async def test_what_the_book_holds_already_is_not_written_again(teams: FakeTeams, book: FakeBook) -> None:
    for _ in range(2):
        await handled(Addresses(book, may_call=lambda url: True), personal_from(teams))
    assert [one for one in book.asked if one.startswith("keep")] == ["keep " + key for key in (ADA, "service:")]


async def test_another_process_knows_what_this_one_learned(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    await handled(addresses, personal_from(teams), activity_from(teams))
    other = Addresses(book, may_call=lambda url: True)
    assert await other.person(ADA) == await addresses.person(ADA)
    assert await other.places() == await addresses.places()
    assert await other.service_url() == teams.service_url


async def test_a_guest_is_known_for_an_answer_and_kept_nowhere(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, clock: Ticking
) -> None:
    await handled(addresses, activity_from(teams, GUS))
    assert GUS not in book.held
    clock.at += TRUSTED_FOR
    assert await addresses.person(GUS) is not None
    clock.at += UNKEPT_FOR
    assert await addresses.person(GUS) is None


async def test_who_becomes_a_member_by_what_they_do_is_kept_after_it(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    activity = activity_from(teams, GUS)
    addresses.notice(activity)
    book.members.add(GUS)
    await addresses.keep(activity)
    assert read_address(PersonAddress, book.held[GUS]) == await addresses.person(GUS)


async def test_a_guest_who_becomes_a_member_later_is_kept_then(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    await handled(addresses, activity_from(teams, GUS))
    book.members.add(GUS)
    await handled(addresses, personal_from(teams, GUS))
    held = read_address(PersonAddress, book.held[GUS])
    assert held is not None
    assert (held.conversation_id, held.seen_in) == (f"a:1{GUS}", TEAM)


async def test_whom_the_book_has_forgotten_is_forgotten_within_a_minute(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, clock: Ticking
) -> None:
    await handled(addresses, personal_from(teams))
    await book.forget(ADA)
    clock.at += TRUSTED_FOR
    assert await addresses.person(ADA) is None
    await handled(addresses, personal_from(teams))
    assert ADA in book.held


async def test_a_book_that_is_away_loses_nothing_and_breaks_nothing(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, clock: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    book.error = TryLater(timedelta(seconds=5), "database_away")
    await handled(addresses, activity_from(teams))
    await addresses.forget(removal(teams))
    assert "database_away" in caplog.text
    clock.at += TRUSTED_FOR
    assert (await addresses.person(ADA) or PersonAddress()).user_id == USER_ADA
    with pytest.raises(TryLater):
        await addresses.person(BEN)
    book.error = None
    await addresses.keep()
    assert set(book.held) == {ADA, f"place:{TEAM}", f"place:{NEWS}", "service:"}


async def test_what_is_learned_while_it_is_written_is_written_after_it(teams: FakeTeams) -> None:
    class SlowBook(FakeBook):
        async def keep(self, ref: str, held: str, *, is_person: bool) -> None:
            await asyncio.sleep(0.01)
            await super().keep(ref, held, is_person=is_person)

    book = SlowBook()
    addresses = Addresses(book, may_call=lambda url: True)
    addresses.notice(activity_from(teams))
    writing = asyncio.create_task(addresses.keep())
    await asyncio.sleep(0.005)
    addresses.notice(personal_from(teams))
    await asyncio.gather(writing, addresses.keep())
    assert json.loads(book.held[ADA])["conversation_id"] == CHAT_ADA


async def test_what_is_remembered_stays_within_its_limit(teams: FakeTeams, book: FakeBook) -> None:
    addresses = Addresses(book, may_call=lambda url: True, most=50)
    for number in range(200):
        addresses.notice(personal_from(teams, f"{number:08d}-0000-4000-8000-000000000000"))
    assert len(addresses._remembered._held) <= 50
    assert len(addresses._remembered._due) <= 50


def test_what_another_version_wrote_is_read_as_far_as_it_is_known() -> None:
    assert read_address(PersonAddress, '{"user_id": "29:x", "colour": "red", "zone": 7}') == PersonAddress(
        user_id="29:x"
    )
    assert [read_address(PlaceAddress, one) for one in (None, "", "[1]", "not json", "7")] == [None] * 5
    assert as_text(PersonAddress(user_id="29:x", name="Ada")) == '{"user_id": "29:x", "name": "Ada"}'


# Forgetting


async def test_a_deleted_channel_is_forgotten_and_its_team_is_not(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    await handled(addresses, activity_from(teams))
    deleted = event(teams, "channelDeleted", channel={"id": NEWS, "name": "Nieuws"})
    addresses.notice(deleted)
    await addresses.forget(deleted)
    await addresses.keep(deleted)
    assert set(await addresses.places()) == {TEAM}
    assert (await addresses.place(NEWS), f"place:{NEWS}" in book.held) == (None, False)


@pytest.mark.parametrize("kind", ["teamDeleted", "teamHardDeleted", "teamArchived"])
async def test_with_a_team_its_channels_are_forgotten(
    addresses: Addresses, teams: FakeTeams, book: FakeBook, kind: str
) -> None:
    other = {"id": "19:other@thread.tacv2"}
    await handled(addresses, activity_from(teams), event(teams, "channelCreated", team=other, channel=other))
    gone = event(teams, kind)
    addresses.notice(gone)
    await addresses.forget(gone)
    await addresses.keep(gone)
    assert set(await addresses.places()) == {"19:other@thread.tacv2"}
    assert [key for key in book.held if key.startswith("place:")] == ["place:19:other@thread.tacv2"]


async def test_with_the_app_goes_the_team_the_group_chat_or_the_persons_chat(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    chat = {"conversationType": "groupChat", "isGroup": True, "id": CHAT}
    await handled(addresses, activity_from(teams), personal_from(teams))
    await handled(addresses, activity_from(teams, conversation=chat, channelData={}))
    for gone in (removal(teams), removal(teams, conversation=chat, channelData={})):
        addresses.notice(gone)
        await addresses.forget(gone)
    assert await addresses.places() == {}
    personal = removal(teams, conversation=personal_from(teams)["conversation"], channelData={})
    addresses.notice(personal)
    await addresses.forget(personal)
    await addresses.keep()
    found = await addresses.person(ADA)
    assert found is not None
    assert (found.conversation_id, found.user_id, found.zone) == ("", USER_ADA, "Europe/Amsterdam")
    assert "conversation_id" not in book.held[ADA]
    await addresses.forget(personal)


async def test_an_app_that_is_installed_again_is_reached_again(
    addresses: Addresses, teams: FakeTeams, book: FakeBook
) -> None:
    await handled(addresses, activity_from(teams))
    await addresses.forget(removal(teams))
    await handled(addresses, removal(teams, action="add"))
    assert set(await addresses.places()) == {TEAM, NEWS}
    assert f"place:{NEWS}" in book.held


async def test_an_upgrade_of_the_app_forgets_nothing(addresses: Addresses, teams: FakeTeams) -> None:
    await handled(addresses, activity_from(teams, type="installationUpdate", action="add-upgrade"))
    assert set(await addresses.places()) == {TEAM, NEWS}
