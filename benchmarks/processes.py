"""Processes to measure: the playground as Slack, the bot beside it, and one that only imports what the bot imports."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
OURS = ("bot", "handlers", "connectors", "storage")
PATIENCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.004
BOT = (sys.executable, "-m", "bot")

_IMPORTS = """
import importlib, sys
for name in sys.argv[1].split(","):
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # what is asked for and not there is asked for by the bot too
print("imported", flush=True)
sys.stdin.read()
"""


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, errors: IO[str] | int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """Yield a process with its output to read; end it afterwards."""
    with subprocess.Popen(  # noqa: S603 - our own commands
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            if process.stdin is not None:
                process.stdin.close()


def wait_for_line(process: subprocess.Popen[str], word: str) -> None:
    """Return once the process has printed a line with `word`; raise if it ends instead."""
    for line in process.stdout or ():
        if word in line:
            return
    raise RuntimeError(f"{process.args!r} ended before it said {word!r}")


@contextmanager
def slack(data: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of a bot that the playground is Slack for, with this data folder."""
    port, bot_port = free_port(), free_port()
    bot_url = f"http://127.0.0.1:{bot_port}"
    command = [sys.executable, "-m", "playground", "--no-bot", "--port", str(port), "--data", str(data)]
    with running([*command, "--bot-url", bot_url]) as process:
        wait_for_line(process, "ready")
        secrets = json.loads((data / "playground" / "secrets.json").read_text(encoding="utf-8"))
        address = f"http://127.0.0.1:{port}"
        yield {
            "SLACK_BOT_TOKEN": secrets["bot_token"],
            "SLACK_SIGNING_SECRET": secrets["signing_secret"],
            "SLACK_API_URL": f"{address}/slack/api/",
            "PUBLIC_URL": address,
            "VOUCH_CONFIG": str(ROOT / "playground" / "config.yaml"),
            "VOUCH_DATA": str(data),
            "VOUCH_HOST": "127.0.0.1",
            "VOUCH_PORT": str(bot_port),
        }


def wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    """Return when the bot says that it is ready; raise if it ends or takes a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        door = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        with suppress(OSError, http.client.HTTPException):
            door.request("GET", "/readyz")
            if door.getresponse().status == 200:
                return
        door.close()
        time.sleep(LOOK_EVERY_SECONDS)
    raise RuntimeError("the bot did not become ready")


def libraries(environment: Mapping[str, str]) -> Sequence[str]:
    """Return every module of others that a bot has imported when it is ready, in its order."""
    told = Path(environment["VOUCH_DATA"]) / "imports.txt"
    command = [sys.executable, "-X", "importtime", "-m", "bot", "run"]
    with told.open("w") as file, running(command, environment, errors=file) as process:
        wait_until_ready(process, int(environment["VOUCH_PORT"]))
    lines = told.read_text(encoding="utf-8", errors="replace").splitlines()
    names = [line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")]
    return [name for name in names if not _is_ours_or_pythons(name)]


def importing(names: Sequence[str]) -> Sequence[str]:
    """Return the command of a process that imports these modules, says "imported" and waits for its end."""
    return (sys.executable, "-c", _IMPORTS, ",".join(names))


def _is_ours_or_pythons(name: str) -> bool:
    top = name.partition(".")[0]
    return top in OURS or top in sys.stdlib_module_names or not name.replace(".", "").isidentifier()
