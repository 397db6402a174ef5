"""The command itself: one address line, a clean end, and what is said when the bot dies."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from playground.child import Child, bot_command, child_environment
from playground.ports import free_port
from playground.settings import Settings
from tests.playground.conftest import SECRETS

ROOT = Path(__file__).parent.parent.parent


async def begin(tmp_path: Path, *words: str) -> tuple[asyncio.subprocess.Process, int]:
    port = free_port()
    command = [sys.executable, "-m", "playground", "--port", str(port), "--data", str(tmp_path), *words]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    return process, port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_prints_one_address_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    process, port = await begin(tmp_path, "--no-bot")
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    assert line == f"The playground is ready: http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/api/state") as response:
        assert response.status == 200
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 15)
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "playground", "--port", str(port), "--data", str(tmp_path), "--no-bot"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
        _out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert f"Port {port} is taken" in err.decode()


def child(tmp_path: Path, script: str) -> Child:
    settings = Settings(data=tmp_path, secrets=SECRETS)
    return Child(settings, 3000, tmp_path / "bot.log", (sys.executable, "-c", script))


async def test_a_dead_child_leaves_its_last_words(tmp_path: Path) -> None:
    made = child(tmp_path, "import sys; print('one'); sys.exit('the database is not there')")
    await made.start()
    assert await made.wait() == 1
    assert "the database is not there" in made.words
    assert "the database is not there" in made.log.read_text()


async def test_a_child_is_asked_to_end(tmp_path: Path) -> None:
    script = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up'); signal.pause()"
    made = child(tmp_path, f"import functools; print = functools.partial(print, flush=True); {script}")
    await made.start()
    for _ in range(500):
        if "up" in made.words:
            break
        await asyncio.sleep(0.02)
    await made.stop()
    assert await made.wait() == 0


def test_the_child_is_led_to_the_playground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-real")
    monkeypatch.setenv("DATABASE_URL", "postgresql://vouch@db.example/vouch")
    monkeypatch.setenv("TEAMS_APP_ID", "0c6f1a9e-3b1d-4d56-9a86-5c3e0f7f0a11")
    monkeypatch.delenv("VOUCH_CONFIG", raising=False)
    settings = Settings(data=tmp_path, port=8123, secrets=SECRETS)
    told = child_environment(settings, 4567)
    assert told["SLACK_API_URL"] == "http://127.0.0.1:8123/slack/api/"
    assert told["VOUCH_CLOCK_URL"] == "http://127.0.0.1:8123/api/clock"
    assert told["VOUCH_NETWORKS__LINKEDIN__COMPOSER_URL"] == "http://127.0.0.1:8123/network/linkedin"
    assert (told["VOUCH_PORT"], told["TRUSTED_PROXIES"], told["PREVIEW_ALLOW"]) == (
        "4567",
        "127.0.0.1",
        settings.address,
    )
    assert not {"SLACK_APP_TOKEN", "DATABASE_URL", "TEAMS_APP_ID"} & told.keys()
    assert told["VOUCH_CONFIG"].endswith("playground/config.yaml")
    assert bot_command(settings)[1:5] == ("-m", "bot", "run", "--demo")
    over_socket = child_environment(Settings(data=tmp_path, secrets=SECRETS, is_socket_mode=True), 1)
    assert over_socket["SLACK_APP_TOKEN"] == "xapp-test"  # noqa: S105 - made up
