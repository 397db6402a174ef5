"""The demo for Agents Playground without it: the files, what is said, and the way between it and the bot."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml

from playground.parts import make_playground
from playground.ports import free_port, listen
from playground.settings import Settings
from playground.teams import __main__ as command
from playground.teams.agents import CURATORS, GENERAL, SECOND, TYPES, find_person, write_agents, write_demo
from playground.teams.ids import aad_of, channel_of, group_chat_of
from playground.teams.relay import CLOSED, FAILED, Told, as_invoke, shown
from playground.teams.serving import Serving

Json = dict[str, Any]
PLACES = {channel_of(GENERAL), channel_of(SECOND), group_chat_of(CURATORS)}


def read(path: Path) -> Json:
    told: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return told


def test_its_file_has_as_many_people_and_places_as_it_takes(tmp_path: Path) -> None:
    told = read(write_agents(tmp_path))
    assert told["currentUser"]["id"] == aad_of(TYPES)
    assert (len(told["users"]), len(told["team"]["channels"])) == (5, 1)
    ids = [told["currentUser"]["id"], *(one["id"] for one in told["users"])]
    assert len(set(ids)) == 6
    shown_there = {told["team"]["id"], told["groupChat"]["id"], *(one["id"] for one in told["team"]["channels"])}
    assert shown_there == PLACES


def test_anybody_may_be_at_the_keys(tmp_path: Path) -> None:
    tom = find_person("Tom")
    assert tom is not None
    told = read(write_agents(tmp_path, who=tom))
    assert told["currentUser"]["name"] == "Tom Hughes"
    assert (len(told["users"]), told["users"][0]["name"]) == (5, "Nadia Rahman")
    assert told["personalChat"] != read(write_agents(tmp_path))["personalChat"]
    assert find_person(TYPES.lower()) == TYPES
    assert find_person("claire") is None  # a guest
    assert find_person("nobody") is None


def test_the_demo_keeps_to_what_is_shown(tmp_path: Path) -> None:
    company, config = map(read, write_demo(tmp_path))
    assert {place for post in company["posts"] for place in post["channels"]} == PLACES - {group_chat_of(CURATORS)}
    assert all(len(post["channels"]) == len(set(post["channels"])) for post in company["posts"])
    assert {one["id"] for one in config["channels"]} | {config["curators_channel"]} == PLACES
    assert aad_of(TYPES) in config["roles"]["admins"]["ids"]
    assert aad_of(TYPES) in config["roles"]["curators"]["ids"]
    assert Path(config["teams_file"]).is_file()


def test_the_bot_is_led_to_the_demo_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAMS_APP_PASSWORD", "of a real installation")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-real")
    monkeypatch.delenv("VOUCH_CONFIG", raising=False)
    settings = Settings(data=tmp_path, port=8123, bot_url="http://127.0.0.1:4567")
    told = command.environment(settings, config=tmp_path / "config.yaml")
    assert not {"TEAMS_APP_PASSWORD", "SLACK_BOT_TOKEN"} & told.keys()
    assert (told["TEAMS_ANONYMOUS"], told["VOUCH_HOST"], told["VOUCH_PORT"]) == ("1", "127.0.0.1", "4567")
    assert told["PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert told["VOUCH_NETWORKS__X__COMPOSER_URL"] == "http://127.0.0.1:8123/network/x"
    assert told["VOUCH_CONFIG"] == str(tmp_path / "config.yaml")


def test_what_is_missing_is_said_with_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    words = ["open", "--data", str(tmp_path), "--port", str(port)]
    monkeypatch.setattr(command, "CLIENT", tmp_path / "cli.js")
    with pytest.raises(command.CannotOpenError, match="Type: make node"):
        command.client(command.read_words(words))
    assert "  make node" in command.what_to_type(command.PORT)
    (tmp_path / "cli.js").touch()
    (tmp_path / "node").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(command.CannotOpenError, match="Nobody in the demo is called bob"):
        command.client(command.read_words([*words, "--who", "bob"]))
    with pytest.raises(command.CannotOpenError, match=f"type in another terminal: PORT={port} make run-teams"):
        command.client(command.read_words(words))
    with listen(port):
        started, held = command.client(command.read_words(words))
    assert started[:2] == [str(tmp_path / "node"), str(tmp_path / "cli.js")]
    assert started[-2:] == ["--disable-telemetry", "true"]
    assert Path(held["M365_AGENTS_PLAYGROUND_CONFIG_PATH"]).is_file()
    assert command.what_to_type(command.PORT).endswith("\n  make open-teams")


async def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        pipe = asyncio.subprocess.PIPE
        words = (command.sys.executable, "-m", "playground.teams", "--port", str(port), "--data", str(tmp_path))
        process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe)
        _out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, err.decode()) == (
        1,
        f"Port {port} is taken. Choose another: PORT={port + 1} make run-teams\n",
    )


# The way between

ACTIVITY: Json = {
    "type": "message",
    "serviceUrl": "http://localhost:1/_connector",
    "conversation": {"id": "19:x@thread.tacv2;messageid=1"},
    "from": {"id": "me"},
    "recipient": {"id": "28:bot"},
    "replyToId": "7",
}


def test_a_button_that_opens_a_dialog_becomes_the_invoke_of_teams() -> None:
    told = as_invoke({**ACTIVITY, "value": {"opensDialog": True, "vouch": "{}"}})
    assert told is not None
    assert (told["type"], told["name"]) == ("invoke", "task/fetch")
    assert told["value"]["data"] == {"msteams": {"type": "task/fetch"}, "vouch": "{}"}


def test_a_button_in_a_dialog_becomes_a_submit_and_nothing_else_does() -> None:
    told = as_invoke({**ACTIVITY, "value": {"vouch": "{}", "fields": {"text": "text"}, "text": "mine"}})
    assert told is not None
    assert (told["name"], told["value"]["data"]["text"]) == ("task/submit", "mine")
    assert as_invoke({**ACTIVITY, "value": {"vouch": "{}"}}) is None
    assert as_invoke({**ACTIVITY, "text": "help"}) is None
    assert as_invoke({**ACTIVITY, "type": "invoke", "value": {"fields": {}}}) is None


def answered(status: int, body: object = None) -> Json:
    return shown(Told(status=status, kind="application/json", body=b"" if body is None else json.dumps(body).encode()))


def test_a_dialog_is_shown_with_its_title_and_its_end_in_its_place() -> None:
    inside = {"title": "Share this post", "card": {"content": {"type": "AdaptiveCard", "body": [{"type": "Image"}]}}}
    card = answered(200, {"task": {"type": "continue", "value": inside}})
    assert [one.get("text") for one in card["body"]] == ["Teams shows this as a dialog.", "Share this post", None]
    assert answered(200)["body"][0]["text"] == CLOSED
    assert answered(200, {"task": {"type": "message", "value": "Thank you."}})["body"][0]["text"] == "Thank you."
    assert answered(200, {"what": 1})["body"][0]["text"] == FAILED
    assert answered(500)["body"][0]["text"] == f"{FAILED} (500)"


@pytest_asyncio.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """The demo's address without a bot behind it."""
    door = listen(0)
    play = make_playground(
        Settings(data=tmp_path, port=door.getsockname()[1], bot_url=f"http://127.0.0.1:{free_port()}")
    )
    serving = Serving(command.create_app(play), door)
    await serving.start()
    async with aiohttp.ClientSession() as session:
        play.deliverer.session = session
        yield play.settings.address
    await serving.stop()


async def test_until_agents_playground_is_open_the_bot_is_asked_to_wait(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{address}/teams/service/v3/conversations/19%3Ax%40thread.tacv2/activities"
        async with session.post(url, json={"type": "message"}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
        async with session.post(f"{address}/teams/messages", json=ACTIVITY) as answer:
            assert (answer.status, await answer.text()) == (502, "The bot does not answer.")
        async with session.post(url, json={"type": "message"}) as answer:
            assert answer.status == 429  # its address is known now, but nobody answers there
        async with session.get(f"{address}/site/leak-detector.html") as answer:
            assert answer.status == 200
