"""The demo as `make run-teams` starts it and Microsoft's Agents Playground as `make open-teams` does, as processes.

People act by the calls that its page makes (`/_conversation/v1/…`, which are nowhere documented); what the bot writes
is heard where the page hears it.
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from playground.teams.agents import BOT, CURATORS, GENERAL, SECOND, TYPES
from playground.teams.cards import actions_of, texts_of
from playground.teams.ids import aad_of, bot_of, channel_of, chat_of, group_chat_of
from tests.scenarios.teams_town import BRISK, does
from tests.scenarios.town import ROOT, free_port

Json = dict[str, Any]
ME = aad_of(TYPES)
CHAT, TEAM, NEWS, ROOM = chat_of(TYPES, BOT), channel_of(GENERAL), channel_of(SECOND), group_chat_of(CURATORS)
WAIT_S = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message of the bot as the page would show it now."""

    id: str
    where: str
    conversation: str
    card: Json
    version: int

    @property
    def words(self) -> str:
        """Every text in it."""
        return texts_of(self.card)


@dataclass
class AgentsTown:
    """Both processes; use it as an async context manager. `page` is the address of Agents Playground's page."""

    data: Path
    heard: dict[str, Heard] = field(default_factory=dict, init=False)

    async def __aenter__(self) -> Self:
        """Start both and wait until they are usable."""
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        self._started: list[asyncio.subprocess.Process] = []
        self._changed = asyncio.Event()
        try:
            self.bot, self.greeting = await self._start("run", "ready", BRISK)
            self.client, line = await self._start("open", "Listening", {"TEAMSAPPTESTER_BROWSER": "none"})
            self.page = "http://localhost:" + re.findall(r"\d+", line)[-1]
            self._wire = await connect(
                self.page.replace("http", "ws") + "/_ws_conversation/v1/conversations/stream", proxy=None, max_size=None
            )
            self._listening = asyncio.create_task(self._listen(self._wire))
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End both."""
        self._listening.cancel()
        await self._wire.close()
        await self._end()

    async def _end(self) -> None:
        await self.http.close()
        for process in reversed(self._started):
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), 25)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _start(self, what: str, word: str, more: Mapping[str, str]) -> tuple[asyncio.subprocess.Process, str]:
        """Start one of the two, and return it with the line that has `word` in it and the next one."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "playground.teams", what, "--port", str(self.port), "--data", str(self.data)),
            cwd=ROOT,
            env={**os.environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._started.append(process)
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(60):
            while word not in said:
                line = await process.stdout.readline()
                if not line:
                    raise RuntimeError(f"{what} ended:\n{said}")
                said += line.decode(errors="replace")
        return process, said

    # What people see

    async def _listen(self, wire: ClientConnection) -> None:
        async for text in wire:
            told = json.loads(text)
            if told.get("action") in ("createMessage", "updateMessage") and told["message"]["attachments"]:
                self._hear(told)

    def _hear(self, told: Json) -> None:
        message, where = told["message"], told["actionConversationId"]
        before = self.heard.get(message["messageId"])
        self.heard[message["messageId"]] = Heard(
            id=message["messageId"],
            where=before.where if before else where,
            conversation=before.conversation if before else message.get("postConversationId") or where,
            card=message["attachments"][0]["content"],
            version=before.version + 1 if before else 1,
        )
        self._changed.set()

    async def find(self, words: str, where: str = CHAT, *, after: Heard | None = None) -> Heard:
        """Return the newest message there with `words` in it, waiting for it; with `after` that very one, redrawn."""

        def is_wanted(one: Heard) -> bool:
            is_it = one.id == after.id and one.version > after.version if after else one.conversation.startswith(where)
            return is_it and words in one.words

        return await self.until(lambda: next(filter(is_wanted, reversed(self.heard.values())), None))

    async def until(self, find: Callable[[], Heard | None]) -> Heard:
        """Return what `find` finds, as soon as it does."""
        async with asyncio.timeout(WAIT_S):
            while (found := find()) is None:
                self._changed.clear()
                await self._changed.wait()
        return found

    # What people do

    async def say(self, text: str, where: str = CHAT, *, to_bot: bool = False) -> None:
        """Write a message, with the bot's name before it if it is for the bot."""
        body: Json = {"from": {"id": ME}, "textFormat": "plain", "text": text}
        if to_bot:
            name = "<at>Vouch</at>"
            body |= {"text": f"{name} {text}", "mentions": [{"mentioned": {"id": bot_of(BOT)}, "text": name}]}
        await self.ask(f"conversations/{where}/messages", body)

    async def press(self, message: Heard, action: str, **typed: str) -> Json:
        """Press the button of a message that asks for `action`, with that in its fields; return what is answered."""
        button = next(one.action for one in actions_of(message.card) if does(action)(one.action))
        about = {"from": {"id": ME}, "conversation": {"id": message.conversation}, "replyToId": message.id}
        if button["type"] == "Action.Submit":
            return await self.ask("submit", {**about, "value": {**button["data"], **typed}})
        value = {"action": {name: button[name] for name in ("type", "title", "verb", "data")}}
        return await self.ask("invoke", {**about, "name": "adaptiveCard/action", "value": value})

    async def extend(self, name: str, value: Json, where: str = CHAT) -> Json:
        """Use the app's message extension, and return what the page would show."""
        about = {"from": {"id": ME}, "conversation": {"id": where}, "name": f"composeExtension/{name}"}
        return await self.ask("invoke", {**about, "value": {"commandContext": "message", **value}})

    async def ask(self, path: str, body: Json) -> Json:
        """Ask Agents Playground as its page does."""
        async with self.http.post(f"{self.page}/_conversation/v1/{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status == 200, (answer.status, text)
            told: Json = json.loads(text) if text.startswith("{") else {}
            return told

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return rows of the bot's database."""
        with closing(sqlite3.connect(self.data / "vouch.db")) as connection:
            return connection.execute(statement, values).fetchall()
