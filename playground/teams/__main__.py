"""`python -m playground.teams`: starts the demo for Microsoft's Agents Playground; with `open` it starts that one.

Agents Playground is Microsoft's own client for trying bots of Teams offline. The demo takes its requests without proof
of who sends them, from this machine alone, so neither account nor token is needed.
"""

import argparse
import asyncio
import os
import shutil
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from playground.child import Child, bot_command, networks, own_environment, watch
from playground.parts import Playground, make_playground
from playground.ports import free_port, listen
from playground.server import lifespan, make_server, until_ready
from playground.settings import FOLDER, Settings
from playground.social.settings import MODES, keep_apps
from playground.teams.agents import TYPES, find_person, write_agents, write_demo
from playground.teams.around import around
from playground.teams.relay import PATH, Relay

CLIENT = FOLDER.parent / "tools" / "node" / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"
NEEDS = "needs Node 20 or newer, with npm"
PORT = 3978
KEPT = "playground"


def read_words(words: list[str]) -> argparse.Namespace:
    """Return what a command line and the environment ask for."""
    parser = argparse.ArgumentParser(prog="python -m playground.teams", description="Vouch for Agents Playground.")
    parser.add_argument("what", nargs="?", choices=("run", "open"), default="run", help="start Vouch, or the client")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or str(PORT), help="the port of Vouch")
    data = Path(os.environ.get("VOUCH_DATA") or "data") / "teams"
    parser.add_argument("--data", type=Path, default=data, help="data folder")
    parser.add_argument("--who", default=os.environ.get("WHO") or TYPES, help="who types there, by first name")
    return parser.parse_args(words)


def environment(settings: Settings, *, config: Path) -> dict[str, str]:
    """Return the bot's environment: this one's, with everything that leads it to the demo."""
    told = {
        "TEAMS_ANONYMOUS": "1",
        "PUBLIC_URL": settings.address,
        "VOUCH_HOST": "127.0.0.1",
        "VOUCH_PORT": settings.bot_url.rpartition(":")[2],
        "VOUCH_DATA": str(settings.data),
        "VOUCH_CLOCK_URL": f"{settings.address}/api/clock",
        "TRUSTED_PROXIES": "127.0.0.1",
        "PREVIEW_ALLOW": settings.address,
    }
    kept = own_environment()
    return {**MODES, **kept, "VOUCH_CONFIG": kept.get("VOUCH_CONFIG", str(config)), **networks(settings), **told}


def create_app(play: Playground) -> Starlette:
    """Return the app: what is around every chat, and the way of activities to the bot."""
    return Starlette(
        routes=[*Relay(play).routes(), *around(play)],
        lifespan=lifespan(play),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


async def run(settings: Settings, door: socket.socket) -> int:
    """Serve on that socket until a signal or the bot's end; return the exit code."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    folder = settings.data / KEPT
    company, config = write_demo(folder)
    settings = replace(settings, company=company)
    child = Child(
        settings=settings,
        bot_port=int(settings.bot_url.rpartition(":")[2]),
        log=folder / "bot.log",
        command=bot_command(settings),
        environment=environment(settings, config=config),
    )
    await child.start()  # before anything else: it needs longest, and waits at the door if it comes first
    play = make_playground(settings)
    server = make_server(create_app(play))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        return await watch(child, asyncio.create_task(until_ready(settings)), ended, words=what_to_type(settings.port))
    finally:
        await child.stop()
        await play.end()
        server.should_exit = True
        await serving


def what_to_type(port: int) -> str:
    """Return what is said once the bot is ready."""
    command = "make open-teams" if port == PORT else f"make open-teams PORT={port}"
    first = "" if CLIENT.exists() else f"  make node     ({NEEDS})\n"
    return f"Vouch is ready for Microsoft's Agents Playground. In a second terminal type:\n{first}  {command}"


class CannotOpenError(Exception):
    """Agents Playground cannot be started; the message says why, and what to type."""


def client(told: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Return the command that starts Agents Playground and its environment; raises `CannotOpenError`."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None or not CLIENT.exists():
        raise CannotOpenError(f"Agents Playground is not installed. Type: make node     ({NEEDS})")
    person = find_person(told.who)
    if person is None:
        raise CannotOpenError(f"Nobody in the demo is called {told.who}. Try WHO=nadia, WHO=omar or WHO=tom.")
    try:
        socket.create_connection(("127.0.0.1", told.port), timeout=2).close()
    except OSError:
        first = "make run-teams" if told.port == PORT else f"PORT={told.port} make run-teams"
        raise CannotOpenError(f"Nothing answers on port {told.port}. First type in another terminal: {first}") from None
    folder = told.data.absolute() / KEPT
    paths = {"CONFIG_PATH": write_agents(folder, who=person), "LOGFILE": folder / "agentsplayground.log"}
    endpoint = f"http://127.0.0.1:{told.port}{PATH}"
    command = [node, str(CLIENT), "--app-endpoint", endpoint, "--channel-id", "msteams", "--disable-telemetry", "true"]
    return command, {**os.environ, **{f"M365_AGENTS_PLAYGROUND_{name}": str(path) for name, path in paths.items()}}


def become_client(told: argparse.Namespace) -> NoReturn:
    """Become Agents Playground, or end with what is in the way."""
    try:
        command, held = client(told)
    except CannotOpenError as error:
        sys.exit(str(error))
    os.execve(command[0], command, held)  # noqa: S606 - the program that was looked for


def main() -> int:
    """Do what this command line asks for."""
    told = read_words(sys.argv[1:])
    if told.what == "open":
        become_client(told)
    try:
        door = listen(told.port)
    except OSError:
        sys.stderr.write(f"Port {told.port} is taken. Choose another: PORT={told.port + 1} make run-teams\n")
        return 1
    data = told.data.absolute()
    bot_url = f"http://127.0.0.1:{free_port()}"
    settings = Settings(data=data, port=told.port, bot_url=bot_url, apps=keep_apps(data))
    return asyncio.run(run(settings, door))


if __name__ == "__main__":
    sys.exit(main())
