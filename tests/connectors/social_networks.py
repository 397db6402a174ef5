"""The three networks' connectors, each before the test network that the playground has: what the contract drives."""

import secrets
import traceback
from collections.abc import Awaitable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.core.errors import OutsideError
from bot.core.ports import SocialNetwork
from bot.core.social import Door, Draft, NetworkApp, Tokens
from bot.core.texts import compose_text
from connectors.guarded import CallLimits
from connectors.http import GuardedFetcher
from connectors.social.linkedin import LinkedIn
from connectors.social.mastodon import Mastodon
from connectors.social.x import X
from playground.social.app import Post, SocialApp
from playground.social.visiting import agree

WORDS = "Zeven molens in de mist."
NAMES = ("linkedin", "x", "mastodon")
VERSION = "202607"
LINK = "https://go.example/l/abcd2345"
OPERATIONS = {
    "exchange": "token",
    "identify": "userinfo",
    "publish": "publish",
    "delete": "delete",
    "metrics": "metrics",
    "revoke": "revoke",
}
"""What the port calls an operation: what the test network calls it."""
HASTE = 0.4
"""Seconds within which the connectors that are in a hurry want an answer."""

_people = count(1)


@dataclass(kw_only=True)
class Account:
    """A person's account at a network, connected: every test has people of its own."""

    who: str
    author_id: str
    tokens: Tokens = field(repr=False)

    def draft(self, text: str, *, network: str = "", link: str = LINK, picture: str = "") -> Draft:
        """Return a post with the link in its text, as members see it in the window."""
        whole = compose_text("#BrightwaterEmployee", text, link, network or "x")
        return Draft(
            author_id=self.author_id,
            text=whole,
            link=link,
            title="We measure the wind",
            summary="And why.",
            picture=picture,
            language="nl",
        )


@dataclass(kw_only=True)
class Bench:
    """One network: our connector, the same in a hurry, the same before a door that nobody opens."""

    name: str
    app: SocialApp
    site: str
    browser: aiohttp.ClientSession
    door: Door
    network: SocialNetwork
    hasty: SocialNetwork
    lost: SocialNetwork
    lost_door: Door

    @property
    def client(self) -> SocialNetwork:
        """Return the connector."""
        return self.network

    async def agreed(self, verifier: str, *, who: str = "", without: Collection[str] = ()) -> dict[str, str]:
        """Return what a person comes back with who agreed to all but `without`."""
        address = self.network.authorization_url(self.door, state="s-1", verifier=verifier)
        back = await agree(self.browser, address, who=who or self.someone(), without=without)
        assert back.startswith(f"{self.door.redirect_uri}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    async def connect(self) -> Account:
        """Return the connected account of somebody new."""
        verifier, who = new_verifier(), self.someone()
        came_back = await self.agreed(verifier, who=who)
        tokens = await self.network.exchange(self.door, code=came_back["code"], verifier=verifier)
        return Account(who=who, author_id=self.app.parts.account(self.name, who).id, tokens=tokens)

    def someone(self) -> str:
        """Return somebody whom nobody has heard of."""
        return f"U{self.name[:1].upper()}{next(_people):05}"

    def posts(self, account: Account) -> list[Post]:
        """Return what stands there of the person, oldest first."""
        return [one for one in self.app.posts(self.name, account.who) if not one.is_deleted]


def new_verifier() -> str:
    """Return a new PKCE secret."""
    return secrets.token_urlsafe(48)


def benches(app: SocialApp, browser: aiohttp.ClientSession, closed_port: int, site: str) -> Iterator[Bench]:
    """Yield the benches; Mastodon's door is not open yet: its app has to be registered. `site` has pictures."""
    origin, lost = app.settings.address, f"http://127.0.0.1:{closed_port}"
    allow = (origin, lost, site)
    for name in NAMES:
        made = [
            _connector(name, _app_of(app, name, address), allow=allow, haste=haste)
            for address, haste in ((origin, None), (origin, HASTE), (lost, None))
        ]
        own = app.settings.apps.of(name)
        door = Door(
            server=app.settings.base(name) if name == "mastodon" else "",
            client_id=own.client_id if own else "",
            client_secret=own.client_secret if own else "",
            redirect_uri=app.redirect_uri(name),
        )
        lost_door = Door(
            server=f"{lost}/net/mastodon" if name == "mastodon" else "",
            client_id="nobody",
            client_secret="s3cret-of-nobody",  # noqa: S106
            redirect_uri=door.redirect_uri,
        )
        yield Bench(
            name=name,
            app=app,
            site=site,
            browser=browser,
            door=door,
            network=made[0],
            hasty=made[1],
            lost=made[2],
            lost_door=lost_door,
        )


def _app_of(app: SocialApp, name: str, address: str) -> NetworkApp:
    own, base = app.settings.apps.of(name), f"{address}/net/{name}"
    return NetworkApp(
        client_id=own.client_id if own else "",
        client_secret=own.client_secret if own else "",
        login_url=base,
        api_url=f"{base}/api",
    )


def _connector(name: str, app: NetworkApp, *, allow: Collection[str], haste: float | None) -> SocialNetwork:
    timeout = (haste or 5.0, haste or 20.0)
    if name == "linkedin":
        pictures = GuardedFetcher(allow=allow)
        return LinkedIn(app, version=VERSION, is_vetted=True, pictures=pictures, timeout=timeout)
    if name == "x":
        return X(app, timeout=timeout)
    limits = CallLimits(deadline=timedelta(seconds=timeout[1]))
    return Mastodon(app_name="Vouch", website="https://vouch.example", allow=allow, limits=limits)


async def failure(work: Awaitable[object], bench: Bench) -> OutsideError:
    """Return what the work raises; nothing that the network gave out stands in it, however it is shown."""
    with pytest.raises(OutsideError) as caught:
        await work
    error = caught.value
    shown = f"{error!r} {error.params!r} {vars(error)!r} {''.join(traceback.format_exception(error))}"
    assert not any(secret in shown for secret in bench.app.secrets)
    assert WORDS not in shown
    return error


async def do(operation: str, bench: Bench, account: Account, network: SocialNetwork | None = None) -> object:
    """Do something that the port can, with words of its own where there are any."""
    network, door, tokens = network or bench.network, bench.door, account.tokens
    match operation:
        case "exchange":
            verifier = new_verifier()
            code = (await bench.agreed(verifier))["code"]
            return await network.exchange(door, code=code, verifier=verifier)
        case "identify":
            return await network.identify(door, tokens)
        case "publish":
            draft = account.draft(WORDS, network=bench.name)
            return await network.publish(door, tokens, draft, key=f"share-{account.who}")
        case "delete":
            return await network.delete(door, tokens, a_post(bench))
        case "metrics":
            return await network.metrics(door, tokens, [a_post(bench)])
        case _:
            return await network.revoke(door, tokens)


def a_post(bench: Bench) -> str:
    """Return the form of a post's name."""
    return "urn:li:share:7000000000000000001" if bench.name == "linkedin" else "7000000000000000001"
