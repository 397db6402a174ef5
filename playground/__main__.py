"""`python -m playground`: starts the workspace and its child, the bot, and prints the address once both are usable."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

from playground.child import Child, bot_command, say, watch
from playground.ports import free_port, listen
from playground.settings import Settings, keep_secrets
from playground.social.settings import keep_apps


def read_settings(words: list[str]) -> tuple[Settings, bool]:
    """Return the settings of a command line and the environment, and whether to start the bot."""
    parser = argparse.ArgumentParser(
        prog="python -m playground", description="A local Slack workspace with Vouch in it."
    )
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8080", help="the address's port")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("VOUCH_DATA") or "data"), help="data folder")
    parser.add_argument("--no-bot", action="store_true", help="do not start the bot")
    parser.add_argument("--bot-url", default="", help="where a bot listens that someone else started")
    parser.add_argument("--socket-mode", action="store_true", help="deliver over Socket Mode instead of HTTP")
    told = parser.parse_args(words)
    is_ours = not told.no_bot and not told.bot_url
    bot_url = told.bot_url.rstrip("/") or (f"http://127.0.0.1:{free_port()}" if is_ours else "")
    data = told.data.absolute()
    settings = Settings(data=data, port=told.port, bot_url=bot_url, is_socket_mode=told.socket_mode)
    return replace(settings, secrets=keep_secrets(data), apps=keep_apps(data)), is_ours


async def run(settings: Settings, door: socket.socket, *, is_ours: bool) -> int:
    """Serve on that socket until a signal or the bot's end; return the exit code."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if not is_ours:
        return await _serve(settings, door, None, ended)
    child = Child(settings, bot_port(settings), settings.data / "playground" / "bot.log", bot_command(settings))
    await child.start()  # before anything else: it needs longest, and waits at the door if it comes first
    try:
        return await _serve(settings, door, child, ended)
    finally:
        await child.stop()


async def _serve(settings: Settings, door: socket.socket, child: Child | None, ended: asyncio.Event) -> int:
    from playground.server import create_app, make_server, until_ready

    app = create_app(settings)
    server = make_server(app)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        if child is not None:
            ready = asyncio.create_task(until_ready(settings))
            return await watch(child, ready, ended, words=f"Vouch is ready: {settings.address}")
        await server.serves.wait()
        say(f"The playground is ready: {settings.address}")
        await ended.wait()
        return 0
    finally:
        await app.state.playground.end()
        server.should_exit = True
        await serving


def bot_port(settings: Settings) -> int:
    """Return the port the child listens on."""
    return int(settings.bot_url.rpartition(":")[2])


def main() -> int:
    """Run the playground of this command line."""
    settings, is_ours = read_settings(sys.argv[1:])
    try:
        door = listen(settings.port)
    except OSError:
        sys.stderr.write(f"Port {settings.port} is taken. Choose another: PORT={settings.port + 1} make run\n")
        return 1
    return asyncio.run(run(settings, door, is_ours=is_ours))


if __name__ == "__main__":
    sys.exit(main())
