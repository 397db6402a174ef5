"""The JSON API of the test network: what was posted and asked there, faults, tokens that end, limits and figures."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request

from playground.acting import Act, word
from playground.parts import Playground
from playground.refused import PersonError
from playground.social.faults import NETWORKS, BadFault

Json = dict[str, Any]
Read = Callable[[Playground, Request], Awaitable[Json]]


async def posts(play: Playground, request: Request) -> Json:
    """Return what was posted by the APIs, oldest first, deleted posts too."""
    told = request.query_params
    found = play.social.posts(told.get("network", ""), told.get("as", ""))
    return {"posts": [play.social.shown(one) for one in found]}


async def calls(play: Playground, request: Request) -> Json:
    """Return the calls that reached the networks, oldest first, and which secrets stood in their addresses."""
    told = request.query_params
    return {
        "calls": play.social.calls(told.get("network", ""), told.get("operation", "")),
        "leaked": play.social.leaked(),
    }


async def secrets(play: Playground, _request: Request) -> Json:
    """Return every token, code and client secret there has been since the start, to look for them elsewhere."""
    return {"secrets": play.social.secrets}


async def faults(play: Playground, body: Json) -> Json:
    """Misbehave as told beside what is told already; an empty body behaves again."""
    told = dict(body)
    if not told:
        play.social.clear_faults()
        return {}
    network, operation = str(told.pop("network", "*")), str(told.pop("operation", "*"))
    try:
        play.social.fault(network, operation, **told)
    except (BadFault, TypeError) as error:
        raise PersonError("invalid_faults", detail=str(error)) from None
    rules = play.social.parts.faults.rules
    return {"faults": [{"network": n, "operation": o, **asdict(one)} for (n, o), all_ in rules.items() for one in all_]}


async def grants(play: Playground, body: Json) -> Json:
    """Let a person's tokens at a network expire, take them back, or take one permission away from them."""
    network, who, act = word(body, "network"), word(body, "as"), word(body, "do")
    if network not in NETWORKS:
        raise PersonError("invalid_request", field="network")
    match act:
        case "expire":
            play.social.expire(network, who)
        case "revoke":
            play.social.revoke(network, who)
        case "narrow":
            play.social.narrow(network, who, word(body, "scope"))
        case _:
            raise PersonError("invalid_request", field="do")
    return {"grants": len(play.social.parts.memory.grants_of(network, who))}


async def limits(play: Playground, body: Json) -> Json:
    """Change the networks' numbers and return them all."""
    try:
        play.social.limit(**body)
    except ValueError as error:
        raise PersonError("invalid_request", detail=str(error)) from None
    return {"limits": asdict(play.social.settings.limits)}


async def counts(play: Playground, body: Json) -> Json:
    """Set figures of a post."""
    given = body.get("counts")
    if not isinstance(given, dict) or not all(isinstance(one, int) for one in given.values()):
        raise PersonError("invalid_request", field="counts")
    if word(body, "id") not in play.social.parts.memory.posts:
        raise PersonError("not_found")
    return {"post": play.social.shown(play.social.count(word(body, "id"), **given))}


NET_READS: dict[str, Read] = {"net/posts": posts, "net/calls": calls, "net/secrets": secrets}
NET_ACTS: dict[str, Act] = {
    "net/faults": faults,
    "net/grants": grants,
    "net/limits": limits,
    "net/counts": counts,
}
