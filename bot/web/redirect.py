"""The fast path for tracked links: answers `/l/{slug}` before the rest of the web application sees the request.

The visit is kept before the answer goes out. Links that this process knows are answered while the database is away.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.links import is_slug
from bot.web.doubts import Doubts
from bot.web.journal import Journal
from bot.web.pages import POLICY, Notice, language_wanted, notice_page
from bot.web.recording import OverloadedError, Recorder
from bot.web.tallies import Tallies
from bot.web.visitors import KnownLink, Tracking, Visitors
from storage.queries import links
from storage.queries.links import Link

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = "/l/"
REMEMBERED = 100_000
WARMED_AT_ONCE = 5_000
STRANGERS_REMEMBERED = 10_000
STRANGER_SECONDS = 5.0
LOOK_UPS_AT_ONCE = 2
LOOK_UP_SECONDS = 1.0
LOOK_SECONDS = 5.0
LOOK_PAUSE = 0.05
LOOKED_AT_AT_ONCE = 500
OVERLAP = timedelta(seconds=5)
LOOKED_BACK = timedelta(minutes=1)
"""So far another machine's clock may be behind this one's; what is older was seen."""

_HIDDEN = ((b"cache-control", b"private, no-store"), (b"x-robots-tag", b"noindex"))
_EMPTY = ((b"content-length", b"0"), *_HIDDEN)
_NO_BODY = {"type": "http.response.body", "body": b""}

log = logging.getLogger("vouch.links")


class LinksAwayError(Exception):
    """A link cannot be looked up now."""


class TrackedLinks:
    """An ASGI application in front of another: answers tracked links, and hands everything else on."""

    def __init__(self, app: App, tracking: Tracking, *, visitors: Visitors, tallies: Tallies) -> None:
        """Stand in front of `app`; nothing is read or written before `start`."""
        self._app = app
        self._tallies = tallies
        self._sessions = tracking.sessions
        self.visitors = visitors
        self.recorder = Recorder(tracking.sessions, Journal(tracking.journal))
        self._doubts = Doubts(tracking.sessions, self.recorder)
        self._known: dict[str, KnownLink] = {}
        self._strangers: dict[str, float] = {}
        self._look_ups = asyncio.Semaphore(LOOK_UPS_AT_ONCE)
        self._warming: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._is_look_due = False
        self._looked_at = 0.0
        self._since = datetime.min.replace(tzinfo=UTC)

    async def start(self) -> None:
        """Read the day's salt and the newest links, bring back what was journalled; wait for none of it for long."""
        self._since = datetime.now(UTC) - OVERLAP
        self.recorder.start()
        self._warming = asyncio.create_task(self._warm())
        self._sessions.on_jobs.append(self.look_for_changes)
        await self.visitors.turn_to(self.visitors.now())
        await asyncio.wait({self._warming}, timeout=LOOK_UP_SECONDS)

    async def stop(self) -> None:
        """Keep what waits; call it when nothing is served any more."""
        self._sessions.on_jobs.remove(self.look_for_changes)
        reading = [task for task in (self._warming, self._looking) if task is not None]
        for task in reading:
            task.cancel()
        if reading:
            await asyncio.wait(reading)  # or the engine would close under them, and their connections for ever
        await self.recorder.stop()
        await self._doubts.stop()
        await self.visitors.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a tracked link; hand any other on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = await self._answer(scope, send)
        self._tallies.redirects[status] += 1
        self._tallies.redirect_seconds.add(time.perf_counter() - started)
        if started - self._looked_at > LOOK_SECONDS:
            self.look_for_changes()

    async def _answer(self, scope: Scope, send: Send) -> int:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            return await _send_page(scope, send, Notice.WRONG_METHOD)
        try:
            slug = scope["path"][len(PREFIX) :]
            link = self._known.get(slug) or await self._look_up(slug.lower())
            if link is None:
                return await _send_page(scope, send, Notice.NO_LINK)
            if method == "GET":
                await self._keep(link, scope)
            else:
                self.visitors.note_head(link[0], headers=scope["headers"], peer=peer_of(scope))
        except (LinksAwayError, OverloadedError):
            return await _send_page(scope, send, Notice.AWAY)
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", link[1]), *_EMPTY]})
        await send(_NO_BODY)
        return 302

    async def _keep(self, link: KnownLink, scope: Scope) -> None:
        visitors = self.visitors
        now = visitors.now()
        if not visitors.is_today(now):
            await visitors.turn_to(now)
        visit, burst = visitors.visit(link, headers=scope["headers"], peer=peer_of(scope), now=now)
        await self.recorder.keep(visit)
        self._tallies.visits[visit.kind] += 1
        if burst:
            self._doubts.add(burst)

    async def _look_up(self, slug: str) -> KnownLink | None:
        """Return a link that is not known yet; `None` for one that is not there; raises `LinksAwayError`."""
        now = time.monotonic()
        if not is_slug(slug) or self._strangers.get(slug, 0) > now:
            return None
        if slug in self._known:
            return self._known[slug]
        if self.recorder.is_away:
            raise LinksAwayError
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS), self._look_ups, self._sessions.reading() as session:
                found = await links.find_link(session, slug=slug)
        except Exception as error:
            log.warning("a link could not be looked up: %s", type(error).__name__)
            raise LinksAwayError from error
        if found is not None:
            return self._remember(found)
        while len(self._strangers) >= STRANGERS_REMEMBERED:
            del self._strangers[next(iter(self._strangers))]
        self._strangers[slug] = now + STRANGER_SECONDS
        return None

    def _remember(self, link: Link) -> KnownLink:
        while len(self._known) >= REMEMBERED and link.slug not in self._known:
            del self._known[next(iter(self._known))]
        self._known[link.slug] = kept = (link.id, link.target.encode("ascii", "ignore"), link.out_at)
        return kept

    async def _warm(self) -> None:
        """Read the newest links, patiently, and put the oldest of them first in line to be forgotten."""
        newest: list[Link] = []
        while len(newest) < REMEMBERED:
            before = newest[-1].id if newest else None
            try:
                async with self._sessions.reading() as session:
                    more = await links.list_newest_links(session, before_id=before, limit=WARMED_AT_ONCE)
            except Exception as error:  # the database is away: links are looked up once it is back
                log.warning("links could not be read yet: %s", type(error).__name__)
                await asyncio.sleep(LOOK_UP_SECONDS)
                continue
            newest.extend(more)
            for link in more:
                self._remember(link)
            if len(more) < WARMED_AT_ONCE:
                break
        warmed = [link.slug for link in reversed(newest) if link.slug in self._known]
        self._known = {**{slug: self._known[slug] for slug in warmed}, **self._known}

    def look_for_changes(self) -> None:
        """Look soon for links that were repointed and visitors who are the members themselves, here or elsewhere."""
        self._is_look_due = True
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while self._is_look_due:
            self._is_look_due = False
            self._looked_at = time.perf_counter()
            try:
                await self._look_once()
            except Exception as error:  # the next look sees what this one did not
                log.warning("changed links could not be read: %s", type(error).__name__)
            await asyncio.sleep(LOOK_PAUSE)

    async def _look_once(self) -> None:
        """Read what changed since the last look; in portions, so that nobody who follows a link waits for all of it."""
        longest_ago = datetime.now(UTC) - LOOKED_BACK
        place, is_more = (self._since - OVERLAP, 0), True
        while is_more:
            async with self._sessions.reading() as session:
                changed = await links.list_changed_links(session, after=place, limit=LOOKED_AT_AT_ONCE)
            for link in changed:
                self._remember(link)
                place = (link.changed_at or place[0], link.id)
            if changed:
                await self.visitors.read_own([link.id for link in changed])
            is_more = len(changed) == LOOKED_AT_AT_ONCE
        self._since = max(self._since, place[0], longest_ago)


def peer_of(scope: Scope) -> str:
    """Return the address at the other end of the connection, "" where there is none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _send_page(scope: Scope, send: Send, notice: Notice) -> int:
    wanted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    body = notice_page(notice, language=language_wanted(wanted.decode("latin-1")))
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", POLICY.encode()),
        *_HIDDEN,
    ]
    if notice is Notice.WRONG_METHOD:
        headers.append((b"allow", b"GET, HEAD"))
    if notice is Notice.AWAY:
        headers.append((b"retry-after", b"5"))
    status = notice.status
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
    return status
