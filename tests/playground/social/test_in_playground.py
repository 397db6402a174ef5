"""The test network inside the playground: on its one address, under its clock, driven by its JSON API, and kept."""

import stat
from pathlib import Path

import aiohttp
import pytest

from playground.child import child_environment
from playground.clock import Clock
from playground.settings import Settings
from playground.social.app import SocialApp
from playground.social.settings import SocialSettings, keep_apps
from playground.store import Store
from tests.playground.conftest import SECRETS, World, start, world
from tests.playground.social.visits import NADIA, Visits

__all__ = ["start", "world"]
PUBLIC = "http://127.0.0.1:8080"


def at_networks(world: World) -> Visits:
    return Visits(world.play.social, world.session)


async def test_it_is_driven_by_the_json_api(world: World) -> None:
    visits = at_networks(world)
    headers = await visits.connect("x")
    assert (await world.do("net/faults", network="x", operation="publish", status=503))["ok"]
    assert (await visits.publish("x", headers, "one")).status == 503
    assert (await visits.publish("x", headers, "one")).status == 201
    (post,) = (await world.see("net/posts", network="x", as_=NADIA))["posts"]
    assert (post["text"], post["as"], post["local"]) == ("one", NADIA, f"{world.address}/net/x{post['path']}")
    told = await world.do("net/counts", id=post["id"], counts={"likes": 2})
    assert told["post"]["counts"] == {"likes": 2}
    assert (await world.do("net/limits", x_posts=1))["limits"]["x_posts"] == 1
    assert (await visits.publish("x", headers, "two")).status == 429
    assert [one["status"] for one in (await world.see("net/calls", operation="publish"))["calls"]] == [503, 201, 429]
    assert headers["Authorization"].removeprefix("Bearer ") in (await world.see("net/secrets"))["secrets"]
    for act, status in (("narrow", 403), ("expire", 401), ("revoke", 401)):
        await world.do("net/grants", network="x", **{"as": NADIA}, do=act, scope="tweet.write")
        assert (await visits.publish("x", headers, "three")).status == status


NONSENSE: tuple[tuple[str, dict[str, object]], ...] = (
    ("net/faults", {"network": "x", "operation": "like"}),
    ("net/faults", {"speed": 1}),
    ("net/limits", {"nothing": 1}),
    ("net/counts", {"id": "1", "counts": {}}),
    ("net/counts", {"id": "1", "counts": 3}),
    ("net/grants", {"network": "y", "as": NADIA, "do": "expire"}),
    ("net/grants", {"network": "x", "as": NADIA, "do": "sing"}),
)


async def test_the_json_api_refuses_what_makes_no_sense(world: World) -> None:
    assert [(await world.do(act, **body))["ok"] for act, body in NONSENSE] == [False] * len(NONSENSE)


async def test_tokens_end_by_the_playgrounds_clock(world: World) -> None:
    visits = at_networks(world)
    headers = await visits.connect("x")
    await world.do("clock", advance_s=7100)
    assert await visits.me("x", headers) == 200
    await world.do("clock", advance_s=101)
    assert await visits.me("x", headers) == 401


async def test_the_bots_own_cookies_pass_and_the_playgrounds_do_not(world: World) -> None:
    cookies = {"Cookie": "playground_as=U0NADIA; vouch_connect=abc"}
    async with world.session.get(f"{world.address}/connect/xyz", headers=cookies) as response:
        assert response.status == 404  # the small bot has no such page; a page of the playground would be another
    async with world.session.get(f"{world.address}/go/xyz", headers=cookies) as response:
        assert response.status == 200
    assert world.bot.visited[-1]["headers"]["cookie"] == "vouch_connect=abc"


async def test_a_restart_keeps_tokens_posts_and_apps(tmp_path: Path) -> None:
    settings, path = SocialSettings(apps=keep_apps(tmp_path), public_url=PUBLIC), tmp_path / "kept.db"
    store = Store(path)
    store.open()
    first = SocialApp(settings, store=store)
    async with first.serve(), aiohttp.ClientSession() as http:
        visits = Visits(first, http)
        headers = await visits.connect("mastodon")
        await visits.publish("mastodon", headers, "kept")
        app = visits.mastodon_app
    store.close()
    token = headers["Authorization"].removeprefix("Bearer ").encode()
    assert token not in path.read_bytes()
    store.open()
    again = SocialApp(SocialSettings(apps=keep_apps(tmp_path), public_url=PUBLIC), clock=Clock(), store=store)
    again.load()
    async with again.serve(), aiohttp.ClientSession() as http:
        visits = Visits(again, http, app)
        assert [one.text for one in again.posts("mastodon", NADIA)] == ["kept"]
        assert await visits.me("mastodon", headers) == 200
        assert (await visits.exchange("mastodon", await visits.code("mastodon"))).status == 200
    store.close()


def test_the_child_is_led_to_the_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKEDIN_CLIENT_SECRET", "a-real-one")
    monkeypatch.setenv("VOUCH_TOKEN_KEYS", "a-real-one")
    monkeypatch.setenv("VOUCH_NETWORKS__X__MODE", "composer")
    settings = Settings(data=tmp_path, port=8123, secrets=SECRETS, apps=keep_apps(tmp_path))
    told = child_environment(settings, 4567)
    assert told["LINKEDIN_API_URL"] == "http://127.0.0.1:8123/net/linkedin/api"
    assert told["X_LOGIN_URL"] == "http://127.0.0.1:8123/net/x"
    assert told["VOUCH_NETWORKS__MASTODON__SERVER"] == "http://127.0.0.1:8123/net/mastodon"
    assert told["LINKEDIN_CLIENT_SECRET"] == settings.apps.linkedin.client_secret
    assert "a-real-one" not in told.values()
    assert (told["VOUCH_NETWORKS__LINKEDIN__MODE"], told["VOUCH_NETWORKS__X__MODE"]) == ("api", "composer")


def test_the_apps_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    made = keep_apps(tmp_path)
    assert keep_apps(tmp_path) == made
    mode = (tmp_path / "playground" / "apps.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert made.x.client_secret not in repr(made)
