"""A town to act in: the playground and the bot as real processes, and short ways to do what people do there."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import aiohttp

from benchmarks.fleet.asking import Asking, Json
from tests.scenarios.rows import read_rows

NADIA, THOMAS, GRACE = "U0NADIA", "U0THOMAS", "U0GRACE"  # two curators and the admin
OMAR, LENA, PRIYA, MARCUS, SANNE, JORIS = "U0OMAR", "U0LENA", "U0PRIYA", "U0MARCUS", "U0SANNE", "U0JORIS"
IRIS, TOM, ELIF, CLAIRE = "U0IRIS", "U0TOM", "U0ELIF", "U0CLAIRE"  # three newcomers and a guest
PRODUCT, GENERAL, ENGINEERING, CURATORS = "C0PRODUCT", "C0GENERAL", "C0ENGINEER", "C0CURATORS"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
# The demo's first announcements need not wait for one another; the playground's own limits stay as they are.
PATIENCE_S = 4
BRISK = {"VOUCH_LIMITS__CHANNEL_PAUSE_SECONDS": "0.2"}
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Town(Asking):
    """The playground with its child, at `address`; use it as an async context manager."""

    data: Path
    options: Sequence[str] = ()
    more_environment: Mapping[str, str] | None = None

    async def __aenter__(self) -> Self:
        """Start both and wait until they are usable."""
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        anew = aiohttp.TCPConnector(force_close=True)  # one that is kept may end just when it is used
        self.http = aiohttp.ClientSession(connector=anew, timeout=aiohttp.ClientTimeout(total=90))
        try:
            await self.start()
        except BaseException:
            await self.http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End both."""
        await self.http.close()
        await self.stop()

    async def start(self) -> None:
        """Start the playground, which starts the bot; raises with its last words if it does not come up."""
        command = [
            sys.executable,
            "-m",
            "playground",
            "--port",
            str(self.port),
            "--data",
            str(self.data),
            *self.options,
        ]
        environment = {**os.environ, **(self.more_environment or {})}
        self.process = await asyncio.create_subprocess_exec(
            *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment
        )
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(60):
                line = await self.process.stdout.readline()
        except TimeoutError:
            self.process.kill()
            raise
        if b"ready" not in line:
            assert self.process.stderr is not None
            raise RuntimeError((await self.process.stderr.read()).decode()[-4000:])

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End both with a signal and return the playground's exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
            async with asyncio.timeout(60):
                await self.process.wait()
        return self.process.returncode or 0

    @property
    def bot_log(self) -> str:
        """What the bot has printed."""
        path = self.data / "playground" / "bot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return rows of the bot's database."""
        return read_rows((self.more_environment or {}).get("DATABASE_URL", self.data), statement, values)

    # What people do

    async def post(self, route: str, **body: object) -> Json:
        """Ask the playground to do something; raises if it says that it went wrong."""
        told = await self.ask(route, **body)
        assert told["ok"], told
        return told

    async def command(self, who: str, text: str, channel: str = PRODUCT) -> Json:
        """Type a slash command; what is shown for it may take a while on a busy machine."""
        text = f"/vouch {text}".strip()
        return await self.post("command", who=who, channel=channel, text=text, wait_s=PATIENCE_S)

    async def messages(self, channel: str, who: str) -> list[Json]:
        """Return what a person sees in a channel, oldest first."""
        told = await self.read("messages", channel=channel, who=who)
        found: list[Json] = told["messages"]
        return found

    async def direct(self, who: str) -> list[Json]:
        """Return a person's conversation with the bot."""
        state = await self.read("state", who=who)
        channel = next(one["id"] for one in state["channels"] if one["kind"] == "im")
        return await self.messages(channel, who)

    async def direct_channel(self, who: str) -> str:
        """Return the id of a person's conversation with the bot."""
        state = await self.read("state", who=who)
        return str(next(one["id"] for one in state["channels"] if one["kind"] == "im"))

    async def view(self, who: str) -> Json | None:
        """Return the window that a person sees."""
        found: Json | None = (await self.read("view", who=who))["view"]
        return found

    async def find(self, channel: str, who: str, words: str) -> Json:
        """Return the newest message with `words` in it, waiting for it for some seconds."""
        return await self._newest(channel, who, lambda message: words in everything_said(message))

    async def announcement(self, who: str, title: str, channel: str = PRODUCT) -> Json:
        """Return what stands in a channel for a post, not a board that names it."""
        begin = f"To share if you like: {title}"
        return await self._newest(channel, who, lambda message: unescape(message["text"]).startswith(begin))

    async def _newest(self, channel: str, who: str, is_wanted: Callable[[Json], bool]) -> Json:
        async with asyncio.timeout(40):
            while True:
                for message in reversed(await self.messages(channel, who)):
                    if is_wanted(message):
                        return message
                await asyncio.sleep(0.1)

    async def card(self, ref: str, who: str = NADIA) -> Json:
        """Return the curators' card of a suggestion ("S6") or of a pending post ("P6")."""
        return await self.find(CURATORS, who, f"{ref} " if ref[0] == "P" else f"Suggestion {ref} ")

    async def press(self, who: str, channel: str, message: Json, action: str, **more: object) -> Json:
        """Press a button on a message, by the beginning of its action id."""
        element = find_element(message["blocks"], action)
        where = {"channel": channel, "ts": message["ts"], "action_id": element["action_id"], "wait_s": PATIENCE_S}
        return await self.post("click", who=who, **(where | more))

    async def press_in_view(self, who: str, action: str, **more: object) -> Json:
        """Press a button in the open window, or change an element in it."""
        view = await self.view(who)
        assert view is not None
        element = find_element(view["blocks"], action)
        return await self.post("click", who=who, view_id=view["id"], action_id=element["action_id"], **more)

    async def must_view(self, who: str) -> Json:
        """Return the window that a person sees; there must be one."""
        view = await self.view(who)
        assert view is not None
        return view

    async def home(self, who: str) -> Json:
        """Return a person's Home tab."""
        told = await self.read("home", who=who)
        found: Json = told["view"]
        return found

    async def press_in_home(self, who: str, action: str) -> Json:
        """Press a button on a person's Home tab."""
        home = await self.home(who)
        element = find_element(home["blocks"], action)
        return await self.post("click", who=who, view_id=home["id"], action_id=element["action_id"])

    async def change_view(self, who: str, view: Json, name: str, **fields: object) -> Json:
        """Choose in an element of the window that tells the bot at once, with the other fields as typed."""
        block = find_block(view, name)
        wait = {"wait_s": fields.pop("wait_s")} if "wait_s" in fields else {}
        return await self.post(
            "click",
            **wait,
            who=who,
            view_id=view["id"],
            block_id=block["block_id"],
            action_id=block["element"]["action_id"],
            value=fields[name],
            state=values_of(view, fields),
        )

    async def hears(self, who: str, words: str) -> Json:
        """Return the newest message with `words` in a person's conversation with the bot, waiting for it."""
        return await self.find(await self.direct_channel(who), who, words)

    async def submit(self, who: str, **fields: object) -> Json:
        """Submit the open window with what is in it, changed by `fields` (name to value)."""
        view = await self.view(who)
        assert view is not None
        return await self.ask("submit", who=who, view_id=view["id"], values=values_of(view, fields))

    async def get(self, path: str, who: str = "someone-else", **headers: str) -> aiohttp.ClientResponse:
        """Get an address as a person, without following redirects; the body is read."""
        url = path if path.startswith("http") else self.address + path
        told = {"X-Playground-As": who, "User-Agent": BROWSER} | {
            key.replace("_", "-"): value for key, value in headers.items()
        }
        async with self.http.get(url, headers=told, allow_redirects=False) as response:
            await response.read()
            return response

    async def settle(self) -> None:
        """Wait until the bot has nothing to do."""
        await self.post("settle", timeout_s=60)

    async def advance(self, **by: float) -> None:
        """Move the clock, and wait until the bot has done what became due."""
        seconds = (
            by.get("seconds", 0) + 60 * by.get("minutes", 0) + 3600 * by.get("hours", 0) + 86400 * by.get("days", 0)
        )
        await self.post("clock", advance_s=seconds)
        await self.settle()

    async def to(self, moment: str) -> None:
        """Move the clock to an instant."""
        await self.post("clock", to=moment)
        await self.settle()

    async def now(self) -> datetime:
        """Return what time it is in town."""
        return datetime.fromisoformat((await self.read("clock"))["now"])

    async def next_moment(self, weekdays: Sequence[int], at: time) -> datetime:
        """Return the next such time in Amsterdam on one of the weekdays (0 is Monday), never one of today's."""
        local = (await self.now()).astimezone(AMSTERDAM)
        days = (local.date() + timedelta(days=ahead) for ahead in range(1, 8))
        return datetime.combine(next(day for day in days if day.weekday() in weekdays), at, AMSTERDAM)

    async def to_working_hours(self) -> None:
        """Move the clock to ten o'clock on the next working day, so that members may be written to."""
        await self.to((await self.next_moment(range(5), time(10))).isoformat())

    async def open_share(self, who: str, words: str = "Nine litres", channel: str = PRODUCT) -> Json:
        """Press Share on the post with `words` in its announcement, and return the window."""
        told = await self.press(who, channel, await self.announcement(who, words, channel), "open_share")
        view: Json = told["view"]
        return view

    def points(self, who: str) -> int:
        """Return what a person's ledger entries add up to."""
        statement = "SELECT coalesce(sum(points), 0) FROM ledger_entry JOIN member ON member.id = member_id"
        return int(self.rows(f"{statement} WHERE person_ref = ?", who)[0][0])

    async def share(self, who: str, message: Json, text: str, channel: str = PRODUCT, network: str = "linkedin") -> str:
        """Share a post with one's own text, in two clicks (three to another network); the address."""
        view = (await self.press(who, channel, message, "open_share"))["view"]
        if chosen(view, "network") != network:
            await self.change_view(who, view, "network", network=network, text=text)
            view = await self.must_view(who)
        button = find_element(view["blocks"], "leave_for_network")
        state = values_of(view, {"text": text})
        clicked, went = await asyncio.gather(
            self.post("click", who=who, view_id=view["id"], action_id=button["action_id"], state=state),
            self.get(button["url"], who),
        )
        assert went.status == 302, (went.status, clicked)
        return went.headers["Location"]


def values_of(view: Json, fields: Mapping[str, Any]) -> Json:
    """Return the values of a window's inputs as they stand, changed by `fields` (a field's name to its value)."""
    held: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            name = block["element"]["action_id"]
            stands = view.get("state", {}).get("values", {}).get(block["block_id"], {}).get(name)
            value = fields[name] if name in fields else plain_of(stands) if stands else initial_of(block["element"])
            held[block["block_id"]] = {name: value}
    return held


def plain_of(state: Json) -> Any:  # noqa: ANN401
    """Return what a window's state says that an input holds: a text, an option's value, or a list of them."""
    if "selected_options" in state:
        return [one["value"] for one in state["selected_options"]]
    if "selected_option" in state:
        return (state["selected_option"] or {}).get("value")
    return state.get("value") or state.get("selected_date") or state.get("selected_time")


def initial_of(element: Json) -> Any:  # noqa: ANN401
    """Return what an input shows before anybody touched it."""
    if "initial_value" in element:
        return element["initial_value"]
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [one["value"] for one in element["initial_options"]]
    return element.get("initial_date") or element.get("initial_time")


def find_element(blocks: Sequence[Json], action: str) -> Json:
    """Return the first element whose action id is `action`, maybe numbered ("open_share#2")."""
    for block in blocks:
        elements = [*block.get("elements", ()), *filter(None, [block.get("accessory"), block.get("element")])]
        for element in elements:
            if str(element.get("action_id", "")).partition("#")[0] == action:
                return dict(element)
    raise AssertionError(f"no {action} in {json.dumps(blocks)[:1500]}")


def chosen(view: Json, name: str) -> Any:  # noqa: ANN401
    """Return what stands in a field of a window."""
    return next(iter(values_of(view, {})[find_block(view, name)["block_id"]].values()))


def has_element(blocks: Sequence[Json], action: str) -> bool:
    """Say whether there is such an element."""
    try:
        find_element(blocks, action)
    except AssertionError:
        return False
    return True


def find_block(view: Json, name: str) -> Json:
    """Return the input of a window by the name of its field."""
    for block in view["blocks"]:
        if block["type"] == "input" and block["element"]["action_id"] == name:
            return dict(block)
    raise AssertionError(f"no field {name} in {[one.get('block_id') for one in view['blocks']]}")


def everything_said(thing: Any) -> str:  # noqa: ANN401
    """Return every text in a message or view, joined, blanks and breaks as one blank."""
    return " ".join(texts_of(thing).split())


def texts_of(thing: Any) -> str:  # noqa: ANN401
    """Return every text in a message or view, one after the other."""
    if isinstance(thing, dict):
        own = [thing[key] for key in ("text", "fallback", "alt_text") if isinstance(thing.get(key), str)]
        return " ".join([*own, *(texts_of(value) for value in thing.values())])
    if isinstance(thing, list):
        return " ".join(texts_of(one) for one in thing)
    return ""


def composed(address: str) -> str:
    """Return the text that a composer's address carries."""
    query = parse_qs(urlsplit(address).query)
    return (query.get("text") or [""])[0]


def link_in(text: str) -> str:
    """Return the tracked link in a text."""
    found = re.search(r"http://\S+/l/\w+", text)
    assert found, text
    return found.group(0)
