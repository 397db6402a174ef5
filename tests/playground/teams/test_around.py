"""What happens around the chats: installing, channels, files, the clock, the site and the bot's own links."""

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import yaml

from playground.refused import PersonError
from playground.teams.ids import aad_of, channel_of, tenant_of
from playground.teams.rewriting import write_company, write_config
from tests.playground.teams.conftest import CLAIRE, GENERAL, NADIA, PRODUCT, SANNE, World


async def test_a_person_gets_the_app_and_loses_it(world: World) -> None:
    answers = await world.service.admin.install(CLAIRE)
    assert all(one.is_ok for one in answers)
    first, second = world.bot.received
    assert (first["type"], first["action"]) == ("installationUpdate", "add")
    assert [one.get("aadObjectId") for one in second["membersAdded"]] == [None, aad_of(CLAIRE)]
    assert second["conversation"]["conversationType"] == "personal"
    await world.service.admin.uninstall(CLAIRE)
    assert world.bot.received[2]["action"] == "remove"


async def test_the_team_gets_the_app_through_a_channel(world: World) -> None:
    await world.service.admin.uninstall_team(NADIA)
    await world.service.admin.install_team(NADIA)
    *_, installed, added = world.bot.received
    assert installed["channelData"]["settings"]["selectedChannel"]["id"] == world.service.ref(GENERAL)
    assert installed["channelData"]["team"]["id"] == world.service.state.team
    assert (added["channelData"]["eventType"], added["membersAdded"]) == (
        "teamMemberAdded",
        [{"id": added["recipient"]["id"]}],
    )


async def test_channels_come_go_and_change_their_names(world: World) -> None:
    admin = world.service.admin
    await admin.create_channel("C0NEW", "new", by=NADIA)
    await admin.rename_channel("C0NEW", "newer", by=NADIA)
    await admin.delete_channel("C0NEW", by=NADIA)
    await admin.restore_channel("C0NEW", by=NADIA)
    told = [one["channelData"] for one in world.bot.received]
    assert [one["eventType"] for one in told] == [
        "channelCreated",
        "channelRenamed",
        "channelDeleted",
        "channelRestored",
    ]
    assert told[1]["channel"] == {"id": channel_of("C0NEW"), "name": "newer"}
    assert world.service.state.place("C0NEW").is_deleted is False
    await admin.rename_team("Clearwater", by=NADIA)
    assert world.bot.received[-1]["channelData"]["team"]["name"] == "Clearwater"


async def test_people_join_and_leave_the_team(world: World) -> None:
    await world.service.admin.leave(SANNE, by=NADIA)
    with pytest.raises(PermissionError):
        world.service.seen(SANNE, PRODUCT)
    await world.service.admin.join(SANNE, by=NADIA)
    assert world.service.seen(SANNE, PRODUCT) == []
    told = [one["channelData"]["eventType"] for one in world.bot.received]
    assert told == ["teamMemberRemoved", "teamMemberAdded"]


def offer(size: int) -> dict[str, object]:
    content = {"description": "Your data", "sizeInBytes": size, "acceptContext": {"k": 1}, "declineContext": {"k": 2}}
    kind = "application/vnd.microsoft.teams.card.file.consent"
    return {"type": "message", "attachments": [{"contentType": kind, "name": "mine.json", "content": content}]}


async def test_a_file_goes_where_the_person_let_it(world: World) -> None:
    chat = await world.connector.chat_with(NADIA)
    await world.connector.write(chat, offer(6))
    world.bot.answers["fileConsent/invoke"] = {}
    outcome = await world.service.people.consent(NADIA, world.service.seen(NADIA)[0])
    assert outcome.is_ok
    value = world.bot.received[0]["value"]
    assert (value["action"], value["context"]) == ("accept", {"k": 1})
    put = world.connector.session.put
    url = value["uploadInfo"]["uploadUrl"]
    tries = [("bytes 0-2/6", b"one"), ("bytes 4-6/6", b"two"), ("", b"two"), ("bytes 3-5/6", b"two")]
    statuses = [(await put(url, data=body, headers={"Content-Range": told})).status for told, body in tries]
    assert statuses == [202, 416, 400, 201]
    (upload,) = world.service.uploads
    assert (upload.name, upload.content, upload.is_whole, upload.who) == ("mine.json", b"onetwo", True, NADIA)
    async with world.connector.session.get(value["uploadInfo"]["contentUrl"]) as response:
        assert await response.read() == b"onetwo"
    assert (await put(url, data=b"x", headers={"Content-Range": "bytes 0-0/1"})).status == 404


async def test_a_file_can_be_declined_and_is_offered_in_personal_chats_only(world: World) -> None:
    await world.connector.write(await world.connector.chat_with(NADIA), offer(3))
    world.bot.answers["fileConsent/invoke"] = {}
    await world.service.people.consent(NADIA, world.service.seen(NADIA)[0], accepts=False)
    assert world.bot.received[0]["value"] == {"type": "fileUpload", "action": "decline", "context": {"k": 2}}
    assert (await world.connector.write(world.service.ref(PRODUCT), offer(3)))[0] == 400


async def test_the_service_ends_although_somebody_waits_for_an_answer(world: World) -> None:
    world.service.fault("team", delay_s=30.0)
    asking = asyncio.create_task(world.connector.ask("GET", f"teams/{world.service.state.team}"))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(3):
        await world.service.stop()
    with pytest.raises(aiohttp.ClientError):
        await asking


async def test_the_newest_message_is_waited_for(world: World) -> None:
    waiting = asyncio.create_task(world.service.newest(SANNE, PRODUCT, wanted=lambda message: "water" in message.text))
    await world.posted({"type": "message", "text": "About water"})
    assert (await waiting).text == "About water"
    with pytest.raises(TimeoutError):
        await world.service.newest(SANNE, PRODUCT, wanted=lambda _message: False, seconds=0.01)


async def test_the_clock_moves_and_messages_follow_it(world: World) -> None:
    async with world.connector.session.get(world.service.environment()["VOUCH_CLOCK_URL"]) as response:
        before = await response.json()
    await world.service.advance(timedelta(days=1))
    async with world.connector.session.get(f"{world.service.address}/api/clock?after=0") as response:
        after = await response.json()
    assert (before["offset_s"], after["offset_s"], after["version"]) == (0, 86_400, 1)
    await world.service.people.say(NADIA, "help")
    assert world.bot.received[0]["timestamp"] > before["now"]


async def test_the_service_settles_when_the_bot_has_nothing_to_do(world: World) -> None:
    await world.service.settle()
    world.bot.metrics = world.bot.metrics.replace("due 0", "due 3")
    with pytest.raises(PersonError):
        await world.service.settle(0.1)


async def test_a_persons_browser_reaches_the_bots_links_the_site_and_the_composers(world: World) -> None:
    visit = await world.service.people.follow(NADIA, f"{world.service.address}/l/abc")
    assert '"for": "198.18.1.10"' in visit.text
    redirect = await world.service.people.follow(NADIA, f"{world.service.address}/l/x")
    assert (redirect.status, redirect.location) == (302, "/")
    page = await world.service.people.follow(NADIA, f"{world.service.address}/site/dry-summer.html")
    assert "{{address}}" not in page.text
    await world.service.people.follow(
        SANNE, f"{world.service.address}/network/linkedin/feed/?shareActive=true&text=Look"
    )
    async with world.connector.session.get(f"{world.service.address}/api/composers") as response:
        (composed,) = (await response.json())["composers"]
    assert (composed["text"], composed["as"]) == ("Look", SANNE)


def test_the_demos_files_are_written_with_the_ids_of_teams(tmp_path: Path) -> None:
    company = yaml.safe_load(write_company(tmp_path / "company.yaml").read_text())
    assert company["company"]["team"]["id"] == tenant_of("T0BRIGHT")
    assert company["people"][0]["id"] == aad_of(NADIA)
    assert company["posts"][0]["channels"] == [channel_of(PRODUCT), channel_of(GENERAL)]
    assert company["shares"][0]["who"] == aad_of(SANNE)
    config = yaml.safe_load(write_config(tmp_path / "config.yaml").read_text())
    assert config["channels"][0]["id"] == channel_of(PRODUCT)
    assert config["channels"][0]["board"]["time"] == "09:00"
    assert config["curators_channel"] == channel_of("C0CURATORS")
    assert config["roles"]["curators"] == {"ids": [aad_of(NADIA), aad_of("U0THOMAS")]}
    assert Path(config["teams_file"]).is_file()
    assert "U0" not in str(company["people"]) + str(config)
