"""The service as a test holds it: it serves on a free port in the test's own loop, and people act in it by calls."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from playground.controls import CONTROLS, settle
from playground.ports import listen
from playground.teams import connector, files, login
from playground.teams.around import around
from playground.teams.delivering import Answer, deliver, send_raw
from playground.teams.faults import Fault
from playground.teams.ids import aad_of, channel_of
from playground.teams.keys import GENUINE, Forgery
from playground.teams.lifecycle import Lifecycle
from playground.teams.outcomes import Dialog
from playground.teams.parts import Parts, Upload, make_parts
from playground.teams.people import People
from playground.teams.serving import Serving
from playground.teams.settings import Limits, TeamsSettings
from playground.teams.state import Message, Tenancy

Json = dict[str, Any]


class TeamsService:
    """Microsoft Teams for one bot; an async context manager.

    `people` do what members do, `admin` what happens around the app, `state` is what everybody sees.
    """

    def __init__(self, settings: TeamsSettings, *, bot_url: str = "") -> None:
        """Take the address of the bot, if it is known yet; nothing is served before `start`."""
        self.settings = settings
        door = listen(0)
        self.parts: Parts = make_parts(settings, port=int(door.getsockname()[1]), bot_url=bot_url)
        self.people = People(self.parts)
        self.admin = Lifecycle(self.parts)
        self._serving = Serving(_create_app(self.parts), door)

    @classmethod
    def at(cls, data: Path, *, bot_url: str = "") -> Self:
        """Return a service with the usual settings and this data folder."""
        return cls(TeamsSettings(data=data), bot_url=bot_url)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Serve from now on."""
        timeout = aiohttp.ClientTimeout(total=60)
        self.parts.play.deliverer.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout
        )
        await self._serving.start()

    async def stop(self) -> None:
        """Answer whoever waits, and end."""
        await self.parts.play.end()
        await self.parts.play.social.close()
        if self.parts.play.deliverer.session is not None:
            await self.parts.play.deliverer.session.close()
        await self._serving.stop()

    # Addresses

    @property
    def address(self) -> str:
        """Return the address of everything, the bot's public one included, without a trailing slash."""
        return self.parts.address

    @property
    def service_url(self) -> str:
        """Return the connector's address, as deliveries name it."""
        return self.parts.service_url

    @property
    def bot_url(self) -> str:
        """Return where the bot listens."""
        return self.parts.play.settings.bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self.parts.play.settings = replace(self.parts.play.settings, bot_url=url)

    def environment(self) -> dict[str, str]:
        """Return what leads a bot here: the registration and the addresses of login, keys and clock."""
        return {
            "TEAMS_APP_ID": self.settings.app_id,
            "TEAMS_APP_PASSWORD": self.settings.secret,
            "TEAMS_TENANT_ID": self.settings.tenant,
            "TEAMS_LOGIN_URL": f"{self.address}/teams/login",
            "TEAMS_OPENID_URL": f"{self.address}/teams/login/v1/.well-known/openidconfiguration",
            "TEAMS_SERVICE_HOSTS": "127.0.0.1",
            "PUBLIC_URL": self.address,
            "VOUCH_CLOCK_URL": f"{self.address}/api/clock",
            "TRUSTED_PROXIES": "127.0.0.1",
            "PREVIEW_ALLOW": self.address,
            **self.parts.play.social.environment(),
        }

    def move(self, door: str) -> None:
        """Move the connector to another address, which the next deliveries name; the old one answers no more."""
        self.parts.door = door

    # What everybody sees

    @property
    def state(self) -> Tenancy:
        """Return the tenant's memory."""
        return self.parts.tenancy

    @property
    def uploads(self) -> list[Upload]:
        """Return the files that people took, oldest first."""
        return list(self.parts.uploads.values())

    def dialog(self, who: str) -> Dialog | None:
        """Return the dialog that a person sees, or None."""
        return self.people.dialogs.get(who)

    def seen(self, who: str, where: str = "") -> list[Message]:
        """Return what a person sees in a place, in their chat with the bot if none is named; oldest first."""
        return self.state.seen(who, where)

    async def newest(
        self, who: str, where: str = "", *, wanted: Callable[[Message], bool], seconds: float = 10.0
    ) -> Message:
        """Return the newest message that fits, as soon as there is one; `TimeoutError` if none comes."""

        def find() -> Message | None:
            return next((one for one in reversed(self.seen(who, where)) if wanted(one)), None)

        return await self.state.until(find, seconds)

    @staticmethod
    def ref(key: str) -> str:
        """Return what the bot calls a person ("U0NADIA") or a channel ("C0PRODUCT")."""
        return channel_of(key) if key.startswith("C") else aad_of(key)

    # Deliveries by hand

    async def deliver(self, activity: Json, forgery: Forgery = GENUINE) -> Answer:
        """Deliver any activity, once more for instance, or with a forged token."""
        return await deliver(self.parts, activity, forgery=forgery)

    async def send_raw(self, body: bytes, **headers: str) -> Answer:
        """Post any bytes to the bot; without an `Authorization` they have none."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        entry = self.parts.ledger.begin("out", "raw", body.decode(errors="replace"))
        answer = await send_raw(self.parts, body, headers=told)
        self.parts.ledger.finish(entry, answer.status, answer.text, answer.error or "ok")
        return answer

    def token(self, forgery: Forgery = GENUINE) -> str:
        """Return a token for a delivery from here."""
        return self.parts.keys.token(self.service_url, forgery)

    # Controls

    def fault(self, method: str, **told: Any) -> Fault:  # noqa: ANN401 - the fields of a Fault
        """Misbehave in the next call of this method ("*": of any), or as long as `left` says; see `Fault`."""
        made = Fault(**told)
        self.parts.faults.add(method, made)
        return made

    def clear_faults(self) -> None:
        """Behave again."""
        self.parts.faults.clear()

    def limit(self, **told: Any) -> None:  # noqa: ANN401 - the fields of Limits
        """Change the connector's limits and forget what was counted; see `Limits`."""
        self.parts.limiter.replace(replace(self.parts.limiter.limits, **told))

    def no_limits(self) -> None:
        """Let the bot ask as often as it likes."""
        self.parts.limiter.replace(Limits(is_on=False))

    def asked(self, method: str = "") -> list[Json]:
        """Return the ledger of what the bot asked, oldest first, in one method or in all."""
        return self.parts.ledger.listed(since=0, method=method, direction="in", limit=self.settings.ledger_size)

    def told(self, name: str = "") -> list[Json]:
        """Return the ledger of what the bot was told, by the invoke's name or the activity's type."""
        return self.parts.ledger.listed(since=0, method=name, direction="out", limit=self.settings.ledger_size)

    async def settle(self, seconds: float = 20.0) -> None:
        """Wait until the bot has nothing to do; a `PersonError` after that time."""
        await settle(self.parts.play, {"timeout_s": seconds})

    async def advance(self, by: timedelta) -> None:
        """Move the clock forward, and return once the bot has taken the new time."""
        await CONTROLS["clock"](self.parts.play, {"advance_s": by.total_seconds()})


def _create_app(parts: Parts) -> Starlette:
    return Starlette(
        routes=[*login.routes(parts), *connector.routes(parts), *files.routes(parts), *around(parts.play)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
