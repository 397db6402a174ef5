"""The bot as the playground's child: its environment, when it is ready, what it said last, and its end."""

import asyncio
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from playground.settings import FOLDER, Settings
from playground.social.settings import MODES, SocialSettings

NETWORKS = ("linkedin", "x", "mastodon", "bluesky", "threads", "facebook", "whatsapp", "xing")
PATIENCE_S = 25.0  # the bot itself waits 20 s for what it has begun
LEFT_OUT = (
    "SLACK_APP_TOKEN",
    "METRICS_TOKEN",
    "DATABASE_URL",
    "VOUCH_TOKEN_KEYS",
)  # a real installation's, which is none of the demo's
PLATFORMS = ("SLACK_", "TEAMS_")
LAST_WORDS = 40


PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Ask Linux to end this process when its parent dies by a signal that nobody can catch."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def bot_command(settings: Settings) -> tuple[str, ...]:
    """Return the command that starts the bot with the demo company."""
    return sys.executable, "-m", "bot", "run", "--demo", str(settings.company)


def child_environment(settings: Settings, bot_port: int) -> dict[str, str]:
    """Return the environment of the bot: this one's, with everything that leads it to the playground."""
    known = settings.secrets
    if known is None:
        raise ValueError("the child needs secrets")
    told = {
        "SLACK_BOT_TOKEN": known.bot_token,
        "SLACK_SIGNING_SECRET": known.signing_secret,
        "SLACK_API_URL": f"{settings.address}/slack/api/",
        "PUBLIC_URL": settings.address,
        "VOUCH_HOST": "127.0.0.1",
        "VOUCH_PORT": str(bot_port),
        "VOUCH_DATA": str(settings.data),
        "VOUCH_CLOCK_URL": f"{settings.address}/api/clock",
        "TRUSTED_PROXIES": "127.0.0.1",
        "PREVIEW_ALLOW": settings.address,
    }
    if settings.is_socket_mode:
        told["SLACK_APP_TOKEN"] = known.app_token
    config = {"VOUCH_CONFIG": os.environ.get("VOUCH_CONFIG", str(FOLDER / "config.yaml"))}
    return {**MODES, **own_environment(), **config, **networks(settings), **told}


def own_environment() -> dict[str, str]:
    """Return this process's environment without what belongs to a real installation."""
    return {key: value for key, value in os.environ.items() if key not in LEFT_OUT and not key.startswith(PLATFORMS)}


def networks(settings: Settings) -> dict[str, str]:
    """Return what leads the bot to the networks, to their composers and by their APIs."""
    return {
        **composers(settings.address),
        **SocialSettings(apps=settings.apps, address=settings.address).environment(),
    }


def composers(address: str) -> dict[str, str]:
    """Return what leads the bot to the networks' composers at that address."""
    return {f"VOUCH_NETWORKS__{one.upper()}__COMPOSER_URL": f"{address}/network/{one}" for one in NETWORKS}


@dataclass(slots=True)
class Child:
    """One run of the bot. What it prints goes to `log`; the last lines are kept.

    Its environment leads it to a Slack workspace, unless another is given.
    """

    settings: Settings
    bot_port: int
    log: Path
    command: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the bot in a session of its own, so that Ctrl-C reaches it only through `stop`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            cwd=FOLDER.parent,
            env=self.environment or child_environment(self.settings, self.bot_port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        stream = self._process.stdout if self._process is not None else None
        if stream is None:
            return
        with self.log.open("ab", buffering=0) as log:
            while part := await stream.read(65_536):
                log.write(part)
                self.words.extend(part.decode(errors="replace").splitlines())

    async def wait(self) -> int:
        """Return the bot's exit code once it has ended."""
        if self._process is None:
            raise RuntimeError("not started")
        code = await self._process.wait()
        if self._reader is not None:
            await self._reader
        return code

    async def stop(self) -> None:
        """Ask the bot to end, and after some seconds make it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
        await self.wait()


async def watch(child: Child, ready: asyncio.Task[None], ended: asyncio.Event, *, words: str) -> int:
    """Print the words once the bot is ready, and return the exit code when it died by itself or was told to end."""
    dying, ending = asyncio.create_task(child.wait()), asyncio.create_task(ended.wait())
    await asyncio.wait([dying, ending, ready], return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        say(words)
        await asyncio.wait([dying, ending], return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    ending.cancel()
    if ended.is_set():
        await child.stop()
        await dying
        return 0
    last = "\n".join(child.words)
    sys.stderr.write(f"The bot ended unexpectedly (exit code {dying.result()}). Its last words:\n{last}\n{child.log}\n")
    return 1


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
