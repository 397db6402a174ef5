"""The JSON API's reading half and its stream; docs/playground.md describes every route."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from playground.looks import NETWORKS
from playground.parts import Playground
from playground.refused import PersonError
from playground.shown import COMMANDS, SHORTCUTS, shown_bot, shown_channel, shown_list, shown_person

Json = dict[str, Any]
Read = Callable[[Playground, Request], Awaitable[Json]]
KEEP_ALIVE_S = 15.0


def reading(play: Playground, read: Read) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that answers what `read` returns, or the refusal it raises."""

    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await read(play, request))
        except PersonError as error:
            return JSONResponse(error.answer)
        except ValueError:
            return JSONResponse(PersonError("invalid_request").answer, status_code=400)

    return answer


def _number(request: Request, name: str, default: int) -> int:
    return int(request.query_params.get(name) or default)


def _word(request: Request, name: str) -> str:
    return request.query_params.get(name, "")


async def company(play: Playground, _request: Request) -> Json:
    """Return the company: names, people, channels, commands, shortcuts, networks."""
    told = play.company
    return {
        "name": told.name,
        "tagline": told.tagline,
        "logo": told.logo,
        "people": [shown_person(person) for person in told.people.values()],
        "channels": [shown_channel(channel) for channel in play.workspace.channels.values()],
        "bot": shown_bot(play),
        "commands": list(COMMANDS),
        "shortcuts": list(SHORTCUTS),
        "networks": list(NETWORKS),
        "user_groups": [{key: group[key] for key in ("id", "handle", "name")} for group in told.groups],
    }


async def state(play: Playground, request: Request) -> Json:
    """Return people and channels; with `as` only what that person sees."""
    channels = list(play.workspace.channels.values())
    if viewer := _word(request, "as"):
        person = play.workspace.person(viewer)
        channels = [channel for channel in channels if play.workspace.may_see(person, channel)]
    people = [shown_person(person) for person in play.company.people.values()]
    return {"people": people, "channels": [shown_channel(channel) for channel in channels]}


async def messages(play: Playground, request: Request) -> Json:
    """Return a channel's messages as one person sees them."""
    person = play.workspace.person(_word(request, "as"))
    return {"messages": shown_list(play, person, _word(request, "channel"), _number(request, "limit", 500))}


async def thread(play: Playground, request: Request) -> Json:
    """Return a message and its replies."""
    person = play.workspace.person(_word(request, "as"))
    parent = play.workspace.seen_message(person, _word(request, "channel"), _word(request, "ts"))
    rows = shown_list(play, person, parent.channel, 10**9)
    return {"messages": [row for row in rows if parent.ts in (row["ts"], row.get("thread_ts"))]}


async def view(play: Playground, request: Request) -> Json:
    """Return the person's topmost window."""
    person = play.workspace.person(_word(request, "as"))
    depth, errors = len(play.windows.stacks.get(person.id, [])), play.windows.errors.get(person.id, {})
    return {"view": play.windows.top(person.id), "stack": depth, "errors": errors}


async def home(play: Playground, request: Request) -> Json:
    """Return the person's Home tab."""
    return {"view": play.windows.homes.get(play.workspace.person(_word(request, "as")).id)}


async def clock(play: Playground, request: Request) -> Json:
    """Return the clock, at once or when it was moved."""
    after = request.query_params.get("after")
    return await play.clock.ask(int(after) if after is not None else None)


async def ledger(play: Playground, request: Request) -> Json:
    """Return entries and counts of the ledger."""
    entries = play.ledger.listed(
        since=_number(request, "since", 0),
        method=_word(request, "method"),
        direction=_word(request, "direction"),
        limit=_number(request, "limit", 1000),
    )
    return {"entries": entries, "counts": dict(play.ledger.counts), "last": play.ledger.last}


async def composers(play: Playground, request: Request) -> Json:
    """Return what reached the networks' composers, oldest first."""
    network, person = _word(request, "network"), _word(request, "as")
    rows = [row for row in play.composers if network in ("", row["network"]) and person in ("", row["as"])]
    return {"composers": rows}


async def posts(play: Playground, _request: Request) -> Json:
    """Return what was published on the networks, oldest first."""
    return {"posts": list(play.posts.values())}


async def faults(play: Playground, _request: Request) -> Json:
    """Return the faults in force."""
    return {"faults": {**play.faults.shown(), "scopes": list(play.scopes), "rates_on": play.limiter.rates.is_on}}


async def health(play: Playground, _request: Request) -> Json:
    """Return whether the bot says that it is ready."""
    if play.deliverer.session is None or not play.settings.bot_url:
        return {"ok": True, "bot": False}
    try:
        async with play.deliverer.session.get(play.settings.bot_url + "/readyz") as response:
            return {"ok": True, "bot": response.status == 200}
    except OSError:
        return {"ok": True, "bot": False}


def stream(play: Playground) -> Callable[[Request], Awaitable[Response]]:
    """Return the route of server-sent events."""

    async def answer(request: Request) -> Response:
        viewer = _word(request, "as")
        return StreamingResponse(
            _events(play, viewer), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return answer


async def _events(play: Playground, viewer: str) -> AsyncIterator[str]:
    queue: asyncio.Queue[Json] = asyncio.Queue()
    play.workspace.listeners.add(queue)
    try:
        yield ": hello\n\n"
        while True:
            try:
                told = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if told.get("kind") == "end":
                return
            if not viewer or viewer in told.get("users", [viewer]):
                yield f"data: {json.dumps(told)}\n\n"
    finally:
        play.workspace.listeners.discard(queue)


READS: dict[str, Read] = {
    "company": company,
    "state": state,
    "messages": messages,
    "thread": thread,
    "view": view,
    "home": home,
    "clock": clock,
    "ledger": ledger,
    "composers": composers,
    "posts": posts,
    "faults": faults,
    "health": health,
}
