"""A file that was wanted is put into the person's store once; of one that was not, nothing is kept."""

from collections.abc import AsyncIterator

import pytest

from bot.core.cards import Card
from bot.core.ports import Attachment
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.files import INFO_CARD, Files, consent_message
from connectors.chat.teams.guard import Admission, Answer, Rejected
from connectors.chat.teams.private import PersonalChats
from tests.connectors.teams.fake_service import CHAT_ADA, TENANT, FakeTeams, Json
from tests.connectors.teams.parts import (
    FakeShelf,
    activity_from,
    addresses,
    book,
    calls,
    clock,
    credentials,
    personal_from,
    session,
    shelf,
    teams,
)

__all__ = ["addresses", "book", "calls", "clock", "credentials", "session", "shelf", "teams"]
BODY = b'{"name": "Ada"}'
FILE = Attachment(name="vouch.json", body=BODY, note="Here it is.")


@pytest.fixture
async def files(calls: TeamsCalls, addresses: Addresses, shelf: FakeShelf) -> AsyncIterator[Files]:
    shelf.files["token"] = BODY
    chats = PersonalChats(calls, addresses=addresses, tenant=TENANT)
    found = Files(
        calls, shelf=shelf, chats=chats, addresses=addresses, sorry=lambda locale: Card(title=f"Sorry ({locale})")
    )
    yield found
    await found.drain()


def invoked(teams: FakeTeams, **changes: object) -> Json:
    """Return the answer to a card of consent, as Teams sends it (msteams-docs bots-filesv4)."""
    context = consent_message(FILE, token="token")["attachments"][0]["content"]["acceptContext"]  # noqa: S106
    info = {
        "contentUrl": "https://brightwater.sharepoint.com/personal/ada/Documents/Applications/vouch.json",
        "name": "vouch.json",
        "uploadUrl": f"{teams.url}/store/vouch.json",
        "uniqueId": "1150D938-8870-4044-9F2C-5BBDEBA70C8C",
        "fileType": "json",
    }
    value = {"type": "fileUpload", "action": "accept", "context": context, "uploadInfo": info, **changes}
    return personal_from(teams, type="invoke", name="fileConsent/invoke", value=value, replyToId="17")


async def settled(files: Files, activity: Json) -> Answer:
    answer = await files.consent(activity)
    await files.drain()
    return answer


async def test_a_file_that_is_wanted_is_put_where_teams_says_and_shown(
    files: Files, teams: FakeTeams, shelf: FakeShelf
) -> None:
    teams.messages[CHAT_ADA, "17"] = {}
    answer = await settled(files, invoked(teams))
    assert (answer.status, answer.body) == (200, {})
    assert teams.uploads == [("bytes 0-14/15", BODY)]
    assert teams.names == ["upload", "send", "delete"]
    (shown,) = teams.asked("send")[0].body["attachments"]
    assert shown == {
        "contentType": INFO_CARD,
        "contentUrl": "https://brightwater.sharepoint.com/personal/ada/Documents/Applications/vouch.json",
        "name": "vouch.json",
        "content": {"uniqueId": "1150D938-8870-4044-9F2C-5BBDEBA70C8C", "fileType": "json"},
    }
    assert (CHAT_ADA, "17") not in teams.messages
    assert shelf.files == {}


async def test_of_a_file_that_is_not_wanted_nothing_is_kept(files: Files, teams: FakeTeams, shelf: FakeShelf) -> None:
    answer = await settled(files, invoked(teams, action="decline", uploadInfo=None))
    assert answer.status == 200
    assert (teams.names, teams.uploads, shelf.files) == (["delete"], [], {})


async def test_a_second_yes_is_told_that_the_file_is_gone(files: Files, teams: FakeTeams) -> None:
    await settled(files, invoked(teams))
    await settled(files, invoked(teams))
    assert len(teams.uploads) == 1
    assert teams.asked("send")[-1].body["summary"] == "Sorry (nl-NL)"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_store_that_asks_for_patience_gets_it(files: Files, teams: FakeTeams, status: int) -> None:
    for _ in range(2):
        teams.will("upload", status=status, headers={"Retry-After": "0"})
    await settled(files, invoked(teams))
    assert len(teams.uploads) == 1
    assert teams.names == ["upload"] * 3 + ["send", "delete"]


@pytest.mark.parametrize(
    "url",
    [
        "http://brightwater.sharepoint.com/x",
        "https://sharepoint.com.evil.example/x",
        "https://10.0.0.1/x",
        "https://[::1",
        "file:///etc/passwd",
        "",
        None,
    ],
)
async def test_a_file_goes_to_nobody_elses_store(
    files: Files, teams: FakeTeams, url: object, caplog: pytest.LogCaptureFixture
) -> None:
    await settled(files, invoked(teams, uploadInfo={"uploadUrl": url}))
    assert teams.uploads == []
    assert teams.names == ["send"]
    assert "store_not_allowed" in caplog.text


async def test_a_store_that_refuses_is_told_to_the_person(
    files: Files, teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    teams.will("upload", status=404, body={"error": {"code": "itemNotFound"}})
    await settled(files, invoked(teams))
    assert teams.asked("send")[0].body["summary"] == "Sorry (nl-NL)"
    assert "itemNotFound" in caplog.text


async def test_a_person_who_cannot_be_told_either_is_only_logged(
    files: Files, teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    teams.refuse("upload", 404, "itemNotFound")
    teams.refuse("send", 403, "MessageWritesBlocked")
    await settled(files, invoked(teams))
    assert "MessageWritesBlocked" in caplog.text


async def test_a_card_that_cannot_be_taken_away_stays(files: Files, teams: FakeTeams) -> None:
    teams.refuse("delete", 403, "NotEnoughPermissions")
    await settled(files, invoked(teams))
    assert len(teams.uploads) == 1
    assert [call.body.get("summary") for call in teams.asked("send")] == [None]


@pytest.mark.parametrize(
    "value", [None, "x", [], {"action": "accept"}, {"context": {"vouch_file": 7}}, {"context": "x"}]
)
async def test_an_answer_to_no_card_of_ours_is_refused(files: Files, teams: FakeTeams, value: object) -> None:
    with pytest.raises(Rejected):
        await files.consent({**invoked(teams), "value": value})
    assert teams.calls == []


@pytest.mark.parametrize("where", ["activity_from", "a chat of two"])
async def test_nobody_takes_a_file_anywhere_but_in_their_own_chat(
    files: Files, teams: FakeTeams, shelf: FakeShelf, where: str
) -> None:
    chat = {"conversationType": "personal", "id": "19:ada_ben@unq.gbl.spaces", "tenantId": TENANT}
    place = {"conversation": chat} if where == "a chat of two" else activity_from(teams)
    told = {**invoked(teams), **{name: place[name] for name in ("conversation", "channelData") if name in place}}
    with pytest.raises(Rejected) as caught:
        await files.consent(told)
    assert caught.value.status == 400
    assert (shelf.files, teams.calls) == ({"token": BODY}, [])


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379/", "https://127.0.0.1/", "http://localhost:8080/admin"])
async def test_a_file_goes_to_no_other_service_of_this_machine(
    calls: TeamsCalls, files: Files, teams: FakeTeams, url: str
) -> None:
    calls.may_put = Admission(tenants=frozenset({TENANT})).is_store
    await settled(files, invoked(teams, uploadInfo={"uploadUrl": url}))
    assert teams.names == ["send"]
    assert teams.asked("send")[0].body["summary"] == "Sorry (nl-NL)"


@pytest.mark.parametrize("url", ["https://evil.example/vouch.json", "javascript:alert(1)", "", None])
async def test_nobody_is_led_elsewhere_to_see_their_file(files: Files, teams: FakeTeams, url: object) -> None:
    told = invoked(teams)
    told["value"]["uploadInfo"]["contentUrl"] = url
    await settled(files, told)
    assert (len(teams.uploads), teams.names) == (1, ["upload", "delete"])


async def test_what_is_being_delivered_is_waited_for(files: Files, teams: FakeTeams) -> None:
    teams.will("upload", delay_s=0.1, status=201, body={})
    await files.consent(invoked(teams))
    await files.drain()
    assert teams.names == ["upload", "send", "delete"]
