"""Mastodon and what speaks its API: one server of many, each with an app of ours of its own.

A small client of our own (docs/decisions/0015-mastodon-by-our-own-client.md): members name the server, so every call
goes through the guard. Pages: docs.joinmastodon.org/methods/{apps,oauth,accounts,instance,statuses},
docs.joinmastodon.org/api/rate-limits.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from aiohttp.abc import AbstractResolver

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.social import Counts, Door, Draft, Fault, Profile, Published, Tokens
from bot.core.texts import plain
from connectors.guarded import Answer, Call, CallLimits, GuardedCaller, NoAnswer, NothingSent
from connectors.http import DEFAULT_WAIT, retry_after, wait_until
from connectors.social.oauth import WRONG_GRANT, challenge_of, tokens_of

_COUNTS = {
    "likes": "favourites_count",
    "reshares": "reblogs_count",
    "replies": "replies_count",
    "quotes": "quotes_count",  # since 4.5
}
_MAX_URL = 2000
_MAX_CLIENT = 200
_MOST_CHARACTERS = 1_000_000  # some servers say that there is no limit by a number that nothing holds
_POST = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""What a post is called: Mastodon has numbers, other software letters too."""


class Mastodon:
    """The port `SocialNetwork` for any server; tokens have no end there, so there is nothing to refresh."""

    name = "mastodon"
    scopes: tuple[str, ...] = ("read:accounts", "read:statuses", "write:statuses")
    honours_key = False
    """Mastodon notes the key only once the post is there (app/services/post_status_service.rb), so of two requests at
    once both may make one; Pixelfed and GoToSocial long knew no key at all (pixelfed #4405, gotosocial #2723)."""

    can_revoke = True

    def __init__(
        self,
        *,
        app_name: str,
        website: str,
        allow: Collection[str] = (),
        resolver: AbstractResolver | None = None,
        limits: CallLimits | None = None,
    ) -> None:
        """Call ourselves `app_name` of `website` ("" for none), and reach the origins of `allow` though not public."""
        self._app_name = app_name
        self._website = website
        self._caller = GuardedCaller(allow=allow, resolver=resolver, limits=limits)

    async def register(self, server: str, *, redirect_uri: str) -> Door:
        """Return an app of ours, made at `server` now; `Refused("no_server")` if there is no Mastodon."""
        form = {"client_name": self._app_name, "redirect_uris": redirect_uri, "scopes": " ".join(self.scopes)}
        form |= {"website": self._website} if self._website else {}
        try:
            answer = await self._caller.call(Call(method="POST", url=f"{server}/api/v1/apps", form=form))
        except NothingSent as nothing:
            raise (Refused("no_server") if nothing.is_nowhere else _unreachable()) from None
        except NoAnswer:
            raise _unreachable() from None
        if answer.status >= 500 or answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNPROCESSABLE_ENTITY):
            raise _fault(answer, unclear=_unreachable())
        told = (answer.told() if answer.is_done else None) or {}
        client_id, secret = told.get("client_id"), told.get("client_secret")
        if not (
            isinstance(client_id, str) and isinstance(secret, str) and 0 < len(client_id) <= _MAX_CLIENT and secret
        ):
            raise Refused("no_server")
        return Door(server=server, client_id=client_id, client_secret=secret, redirect_uri=redirect_uri)

    def authorization_url(self, door: Door, *, state: str, verifier: str) -> str:
        """Return where a member agrees. Servers before 4.3, which know no PKCE, pass over the challenge."""
        asked = {
            "response_type": "code",
            "client_id": door.client_id,
            "redirect_uri": door.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return f"{door.server}/oauth/authorize?{urlencode(asked, quote_via=quote)}"

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        """Return the tokens for the code; `NotConnected("expired")` if it is wrong, too old or used up."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": door.client_id,
            "client_secret": door.client_secret,
            "redirect_uri": door.redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._send(Call(method="POST", url=f"{door.server}/oauth/token", form=form), _unreachable())
        told = answer.told() or {}
        if 400 <= answer.status < 500 and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise NotConnected(Fault.EXPIRED) if told.get("error") in WRONG_GRANT else Refused(Fault.REJECTED)
        tokens = tokens_of(_done(answer, _unreachable()), scopes=self.scopes, now=datetime.now(UTC))
        if tokens is None:
            raise _unreachable()
        return tokens

    async def refresh(self, door: Door, tokens: Tokens) -> Tokens:
        """Raise `NotConnected("expired")`: a token that has an end all the same cannot be renewed."""
        raise NotConnected(Fault.EXPIRED)

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        """Return whose account it is, with the server's own limit; `None` there if the server does not say."""
        told = await self._ask(door, tokens, "GET", "/api/v1/accounts/verify_credentials")
        remote_id, handle = told.get("id"), told.get("username")
        if not isinstance(remote_id, str) or not isinstance(handle, str):
            raise _unreachable()
        name = told.get("display_name")
        return Profile(
            remote_id=remote_id,
            name=plain(name if isinstance(name, str) and name.strip() else handle),
            url=_address(told, door.server) or f"{door.server}/@{_quoted(handle)}",
            limit=await self._find_limit(door, tokens),
        )

    async def publish(self, door: Door, tokens: Tokens, draft: Draft, *, key: str) -> Published:
        """Publish the text as it is; `key` goes along, for servers that keep one."""
        call = Call(
            method="POST",
            url=f"{door.server}/api/v1/statuses",
            headers={**_bearer(tokens), "Idempotency-Key": key},
            json={"status": draft.text, "visibility": "public", "language": draft.language.partition("_")[0].lower()},
        )
        unclear = Uncertain("no_answer")
        told = _done(await self._send(call, unclear), unclear)
        remote_id, author = told.get("id"), told.get("account")
        if not isinstance(remote_id, str) or _POST.fullmatch(remote_id) is None:
            raise unclear
        handle = author.get("username") if isinstance(author, dict) else None
        url = _address(told, door.server) or f"{door.server}/@{_quoted(handle or draft.author_id)}/{remote_id}"
        return Published(remote_id=remote_id, url=url)

    async def delete(self, door: Door, tokens: Tokens, remote_id: str) -> None:
        """Delete the post; one that is gone is deleted."""
        await self._ask(door, tokens, "DELETE", _path_of(remote_id))

    async def revoke(self, door: Door, tokens: Tokens) -> None:
        """End the token; one that is dead already is ended."""
        form = {"client_id": door.client_id, "client_secret": door.client_secret, "token": tokens.access}
        call = Call(method="POST", url=f"{door.server}/oauth/revoke", form=form)
        answer = await self._send(call, _unreachable())
        if answer.status != HTTPStatus.UNAUTHORIZED:
            _done(answer, _unreachable())

    async def metrics(self, door: Door, tokens: Tokens, remote_ids: Sequence[str]) -> Mapping[str, Counts]:
        """Return likes, reshares, replies and, where the server counts them, quotes, one request after the other.

        When it stops answering midway: what it has told until then.
        """
        found: dict[str, Counts] = {}
        for remote_id in remote_ids:
            try:
                told = await self._ask(door, tokens, "GET", _path_of(remote_id))
            except TryLater:
                if not found:
                    raise
                break
            if told:
                found[remote_id] = _counts(told)
        return found

    async def _find_limit(self, door: Door, tokens: Tokens) -> int | None:
        for path in ("/api/v2/instance", "/api/v1/instance"):
            try:
                told = await self._ask(door, tokens, "GET", path)
            except OutsideError:
                return None  # whose account it is matters more; without a limit the usual one holds
            if (limit := _limit_of(told)) is not None:
                return limit
        return None

    async def _ask(self, door: Door, tokens: Tokens, method: str, path: str) -> Mapping[str, Any]:
        """Return what the server tells; nothing if what was asked about is not there."""
        call = Call(method=method, url=f"{door.server}{path}", headers=_bearer(tokens))
        answer = await self._send(call, _unreachable())
        return {} if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) else _done(answer, _unreachable())

    async def _send(self, call: Call, unclear: OutsideError) -> Answer:
        try:
            return await self._caller.call(call)
        except NothingSent:
            raise _unreachable() from None
        except NoAnswer:
            raise unclear from None


def _unreachable() -> OutsideError:
    return TryLater(DEFAULT_WAIT, Fault.UNREACHABLE)


def _bearer(tokens: Tokens) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {tokens.access}"}


def _quoted(handle: object) -> str:
    return quote(str(handle)[:_MAX_CLIENT], safe="")


def _path_of(remote_id: str) -> str:
    return f"/api/v1/statuses/{quote(remote_id, safe='')}"


def _done(answer: Answer, unclear: OutsideError) -> Mapping[str, Any]:
    """Return what the answer tells if it was done; raises what it says instead, `unclear` where that is unclear."""
    if not answer.is_done:
        raise _fault(answer, unclear=unclear)
    told = answer.told()
    if told is None:
        raise unclear
    return told


def _fault(answer: Answer, *, unclear: OutsideError) -> OutsideError:
    words = str((answer.told() or {}).get("error", "")).lower()
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return NotConnected(Fault.EXPIRED if "expired" in words else Fault.REVOKED)
        case HTTPStatus.FORBIDDEN:
            return NotConnected(Fault.SCOPE) if "scope" in words else Refused(Fault.REJECTED)
        case HTTPStatus.UNPROCESSABLE_ENTITY if "character limit" in words or "too long" in words:
            return Refused(Fault.TOO_LONG)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return TryLater(_wait(answer.headers), Fault.RATE_LIMITED)
        case HTTPStatus.REQUEST_TIMEOUT:
            return unclear
        case status if 400 <= status < 500:
            return Refused(Fault.REJECTED)
        case _:
            return unclear


def _wait(headers: Mapping[str, str]) -> timedelta:
    """Return how long until `X-RateLimit-Reset`, a moment of ISO 8601."""
    try:
        moment = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return retry_after(headers)
    return wait_until(moment if moment.tzinfo else moment.replace(tzinfo=UTC), headers)


def _address(told: Mapping[str, Any], server: str) -> str:
    """Return the address that the server gives, if it is one of its own; else ""."""
    url = told.get("url")
    if not isinstance(url, str) or len(url) > _MAX_URL or not url.isprintable() or " " in url:
        return ""
    return url if _origin(url) == _origin(server) else ""


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc.lower()


def _limit_of(told: Mapping[str, Any]) -> int | None:
    """Return `configuration.statuses.max_characters`; old and other servers call it `max_toot_chars`."""
    found: Any = told
    for name in ("configuration", "statuses", "max_characters"):
        found = found.get(name) if isinstance(found, dict) else None
    limit = found if isinstance(found, int) else told.get("max_toot_chars")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit <= 0:
        return None
    return min(limit, _MOST_CHARACTERS)


def _counts(told: Mapping[str, Any]) -> Counts:
    return {name: number for name, key in _COUNTS.items() if isinstance(number := told.get(key), int)}
