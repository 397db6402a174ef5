"""What the scenarios of bad input do again and again: announce a post, sign a request by hand, count what there is."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
import sqlite3
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.scenarios.town import NADIA, PRODUCT, Json, Town, everything_said, find_element

TABLES = ("member", "post", "wording", "announcement", "share", "link", "suggestion", "decision", "ledger_entry")
ARTICLES = ("green-roof", "leak-detector", "open-sensor", "trade-fair")


def held(town: Town) -> dict[str, int]:
    """Return how many rows each table of the programme has."""
    return {name: town.rows(f"SELECT count(*) FROM {name}")[0][0] for name in TABLES}  # noqa: S608 - our own names


def write(town: Town, statement: str, *values: object) -> None:
    """Change the bot's database from outside, as a given of a scenario."""
    with contextlib.closing(sqlite3.connect(town.data / "vouch.db", timeout=10)) as connection, connection:
        connection.execute(statement, values)


def said(answer: Json) -> str:
    """Return what a person reads at once after what they did: private messages and the open window."""
    return everything_said(answer.get("ephemeral") or []) + " " + everything_said(answer.get("view") or {})


async def to_working_hours(town: Town) -> None:
    """Move the clock to the middle of the next working day."""
    now = datetime.fromisoformat((await town.read("clock"))["now"])
    day = now + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    await town.to(day.replace(hour=11, minute=0, second=0, microsecond=0).isoformat())


async def fill_in(town: Town, title: str, *, who: str = NADIA, **fields: Any) -> Json:  # noqa: ANN401 - values of inputs
    """Open a new post's form, fill it in and submit it, and return the playground's answer."""
    before = await town.view(who)  # an earlier scenario may have left one open
    await town.command(who, "post new")
    await another_view(town, who, before)
    typed = {
        "link": f"{town.address}/site/{ARTICLES[0]}.html",
        "title": title,
        "channels": [PRODUCT],
        "networks": ["linkedin"],
    }
    return await town.submit(who, **(typed | fields))


async def another_view(town: Town, who: str, before: Json | None) -> Json:
    """Return the window that a person sees once it is another than `before`."""
    async with asyncio.timeout(40):
        while True:
            view = await town.view(who)
            if view is not None and (before is None or view["id"] != before["id"]):
                return view
            await asyncio.sleep(0.05)


async def announce(town: Town, title: str, *, who: str = NADIA, **fields: Any) -> tuple[int, Json]:  # noqa: ANN401
    """Announce a new post by the form, and return its number and its message in the channel."""
    told = await fill_in(town, title, who=who, **fields)
    assert told.get("response_action") == "push", told
    post_id = json.loads(told["view"]["private_metadata"])["submit"]["post_id"]
    assert (await town.submit(who))["ok"]
    await town.settle()
    return post_id, await message_of(town, post_id)


async def message_of(town: Town, post_id: int, *, channel: str = PRODUCT, who: str = NADIA) -> Json:
    """Return the newest message of a channel that has the Share button of a post."""
    for message in reversed(await town.messages(channel, who)):
        if f'"post_id":{post_id}' in json.dumps(message["blocks"]).replace("\\", ""):
            return message
    raise AssertionError(f"no announcement of P{post_id}")


async def share_button(town: Town, who: str, message: Json) -> tuple[Json, str]:
    """Press Share, and return the window with the address of its link button."""
    opened = await town.press(who, PRODUCT, message, "open_share")
    assert opened["view"], opened
    return opened["view"], str(find_element(opened["view"]["blocks"], "leave_for_network")["url"])


# Straight to the bot, past the playground


def bot_address(town: Town) -> str:
    """Return where the bot itself listens."""
    ports = re.findall(r"ready on 127\.0\.0\.1 port (\d+)", town.bot_log)
    return f"http://127.0.0.1:{ports[-1]}"


def signed(town: Town, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """Return the headers with which Slack would send `body`."""
    secret = json.loads((town.data / "playground" / "secrets.json").read_text())["signing_secret"]
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def typed_command(text: str, *, who: str = NADIA, trigger: str = "1.2.made") -> bytes:
    """Return the body of a slash command, as Slack sends it."""
    form = {
        "command": "/vouch",
        "text": text,
        "user_id": who,
        "user_name": "somebody",
        "team_id": "T0BRIGHT",
        "channel_id": PRODUCT,
        "trigger_id": trigger,
        "response_url": "http://127.0.0.1:9/nowhere",
        "api_app_id": "A0VOUCH",
    }
    return urlencode(form).encode()


async def send(
    town: Town, body: bytes, headers: Mapping[str, str], *, path: str = "/slack/commands"
) -> tuple[int, str]:
    """Send a request to the bot itself, and return the status and the text of its answer."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    url, told = bot_address(town) + path, kind | dict(headers)
    async with aiohttp.ClientSession() as http, http.post(url, data=BytesIO(body), headers=told) as answer:
        return answer.status, await answer.text()  # kept alive, or what was not read cuts the answer off


async def get_directly(town: Town, path: str, **headers: str) -> aiohttp.ClientResponse:
    """Get an address of the bot itself, without following a redirect; the body is read."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    async with town.http.get(bot_address(town) + path, headers=named, allow_redirects=False) as answer:
        await answer.read()
        return answer
