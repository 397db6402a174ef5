"""Connecting an account over HTTP: a link leads to the network, the network leads back, and no secret stays behind."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.core.errors import OutsideError, Refused, TryLater
from bot.core.jobs import TellConnected
from bot.core.networks import NETWORKS
from bot.core.social import Mode, Profile
from bot.web.app import SERVER_OPTIONS
from storage.models import Account, Connecting, InstanceApp, JobRow
from tests.fakes import FakeNetwork
from tests.handlers.accounts import account_of, connect_account, use_network
from tests.handlers.conftest import World
from tests.web.conftest import Makes, Web
from tests.web.connecting import SERVER, accounts, came_back, cookie_of, go_on, link_for, linked, state_of, web, went

__all__ = ["web"]


# The page of a link


@pytest.mark.parametrize("network", ["linkedin", "x", "mastodon"])
async def test_a_link_says_for_whom_it_is_and_nothing_happens_before_the_button_is_pressed(
    web: Web, network: str
) -> None:
    path, _ = await linked(web.world, network, name="Ada <i>Lovelace</i>")
    before = await everything_kept(web.world)
    page = await web.ask(path)
    label = NETWORKS[network].label
    assert page.status == 200
    assert f"<h1>Connect {label} for Ada &lt;i&gt;Lovelace&lt;/i&gt;</h1>" in page.text
    assert "whether Vouch may see your name" in page.text
    assert "Not you? Close this page; nothing has happened." in page.text
    assert '<form method="post">' in page.text
    assert ('name="server"' in page.text) == (network == "mastodon")
    assert ("location" in page.headers, "set-cookie" in page.headers) == (False, False)
    assert await everything_kept(web.world) == before
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_the_page_of_a_link_lets_its_browser_say_where_the_form_is_from(web: Web) -> None:
    path, _ = await linked(web.world)
    assert (await web.ask(path)).headers["referrer-policy"] == "same-origin"  # else its origin is said to be "null"


async def test_a_member_reads_whose_link_it_is_in_their_own_language(web: Web) -> None:
    path, _ = await linked(web.world, "x", locale="nl-NL")
    page = (await web.ask(path)).text
    assert "X koppelen voor Ada" in page
    assert "Ben jij dit niet?" in page


async def test_a_real_browser_goes_on_from_the_page(web: Web) -> None:
    path, _ = await linked(web.world)
    assert (await go_on(web, path, Sec_Fetch_Site="same-origin", Origin="null")).status == 303


@pytest.mark.parametrize(
    "said",
    [
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://127.0.0.1:2"},
        {"Origin": "null"},
        {"Accept": "text/html"},
    ],
)
async def test_a_form_of_another_page_binds_nothing_and_says_whose_link_it_is(web: Web, said: dict[str, str]) -> None:
    path, _ = await linked(web.world)
    before = await everything_kept(web.world)
    answer = await go_on(web, path, **said)
    assert answer.status == 403
    assert "Connect LinkedIn for Ada" in answer.text
    assert "set-cookie" not in answer.headers
    assert await everything_kept(web.world) == before
    await went(web, path)


# All goes well


@pytest.mark.parametrize("network", ["linkedin", "x"])
async def test_a_link_leads_to_the_network_and_back_to_a_page_that_says_what_is_connected(
    web: Web, network: str
) -> None:
    path, ada = await linked(web.world, network)
    answer = await go_on(web, path)
    assert (answer.status, answer.headers["location"][:28]) == (303, "https://n.example/authorize?")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-store"
    said = answer.headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=lax" in said
    assert "Path=/connect" in said
    assert "Max-Age=600" in said
    page = await came_back(web, state_of(answer), cookie_of(answer), network=network)
    assert page.status == 200
    assert "account, Ada L.," in page.text
    assert "now connected with Ada in your chat" in page.text
    assert "You can close this page" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "private, no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    (held,) = await accounts(web.world)
    assert (held.member_id, held.network, held.state, held.name) == (ada.id, network, "connected", "Ada L.")
    assert TellConnected(account_id=held.id) in await web.world.jobs()


async def test_a_public_https_address_makes_the_cookie_secure_and_its_path_is_ours(makes: Makes) -> None:
    networks = {"x": replace(makes.world.programme.networks["x"], mode=Mode.API)}
    public = "https://intranet.example/vouch/"
    makes.world.programme = replace(makes.world.programme, networks=networks, public_url=public)
    use_network(makes.world, "x")
    async with makes.serve() as served:
        path, _ = await linked(served.world, "x")
        said = (await go_on(served, path)).headers["set-cookie"]
    assert "Secure" in said
    assert "Path=/vouch/connect" in said


async def test_an_instance_is_asked_for_first_and_gets_an_app_once(web: Web) -> None:
    path, ada = await linked(web.world, "mastodon")
    asked = await web.ask(path)
    assert asked.status == 200
    assert "Type its name, such as" in asked.text
    assert 'name="server"' in asked.text
    cookie, state = await went(web, path, server="@ada@social.example")
    page = await came_back(web, state, cookie, network="mastodon")
    assert "Mastodon is connected" in page.text
    (held,) = await accounts(web.world)
    assert held.server == SERVER
    again = await web.ask(await link_for(web.world, ada, "mastodon"))
    assert f'value="{SERVER}"' in again.text
    async with web.world.sessions.reading() as session:
        assert [one.server for one in await session.scalars(select(InstanceApp))] == [SERVER]


async def test_the_instance_that_the_company_set_is_offered_and_believed_as_it_stands(web: Web, makes: Makes) -> None:
    local = "http://127.0.0.1:9/net/mastodon"
    settings = replace(makes.world.programme.networks["mastodon"], server=local)
    networks = {**makes.world.programme.networks, "mastodon": settings}
    makes.world.programme = replace(makes.world.programme, networks=networks)
    async with makes.serve() as served:
        path, _ = await linked(served.world, "mastodon")
        assert f'value="{local}"' in (await served.ask(path)).text
        answer = await go_on(served, path, server=local)
    assert answer.headers["location"].startswith(f"{local}/authorize?")


@pytest.mark.parametrize("typed", ["", "not a server", "http://127.0.0.1/", "x" * 5000, '"><script>alert(1)</script>'])
async def test_what_is_no_server_is_asked_for_again_and_the_link_stays(web: Web, typed: str) -> None:
    path, _ = await linked(web.world, "mastodon")
    answer = await go_on(web, path, server=typed)
    assert answer.status == 422
    assert "There is no Mastodon server by that name" in answer.text
    assert "<script" not in answer.text
    await went(web, path, server=SERVER)


@pytest.mark.parametrize(
    ("error", "said"),
    [(Refused("no_server"), "There is no Mastodon server"), (TryLater(timedelta(1), "unreachable"), "does not answer")],
)
async def test_an_instance_that_is_none_or_does_not_answer_costs_no_link(
    web: Web, error: OutsideError, said: str
) -> None:
    path, _ = await linked(web.world, "mastodon")
    web.world.networks["mastodon"].fail_next = [error]
    assert said in (await go_on(web, path, server=SERVER)).text
    await went(web, path, server=SERVER)


async def test_the_same_account_connected_again_keeps_its_number_and_another_takes_its_place(web: Web) -> None:
    path, ada = await linked(web.world)
    cookie, state = await went(web, path)
    await came_back(web, state, cookie)
    (first,) = await accounts(web.world)
    async with web.world.sessions.begin() as session:
        await session.execute(
            update(Account).values(state="broken", fault="expired", reminded_at=web.world.clock.now())
        )
    cookie, state = await went(web, await link_for(web.world, ada))
    await came_back(web, state, cookie)
    (again,) = await accounts(web.world)
    assert (again.id, again.state, again.fault, again.reminded_at) == (first.id, "connected", "", None)
    network = web.world.networks["linkedin"]
    assert network.revoked == []
    network.profile = Profile(remote_id="r2", name="Ada at home")
    cookie, state = await went(web, await link_for(web.world, ada))
    await came_back(web, state, cookie)
    (other,) = await accounts(web.world)
    assert (other.name, other.remote_hash != first.remote_hash) == ("Ada at home", True)
    assert network.revoked == ["access-2"]  # the account that went; of one that stays the network may know but one


# Secrets


async def test_no_token_code_state_or_cookie_is_kept_in_clear_or_logged(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    network: FakeNetwork = web.world.networks["mastodon"]
    path, _ = await linked(web.world, "mastodon")
    cookie, state = await went(web, path, server=SERVER)
    await came_back(web, state, cookie, network="mastodon")
    await came_back(web, state, cookie, network="mastodon")
    network.fail_next = [Refused("rejected")]
    other, ben = await linked(web.world, "mastodon", name="Ben")
    other_cookie, other_state = await went(web, other, server=SERVER)
    await came_back(web, other_state, other_cookie, network="mastodon")
    await connect_account(web.world, ben, "x")
    secrets = [path.rpartition("/")[2], state, cookie.partition("=")[2], "code-in-clear", "access-1", "refresh-1"]
    secrets += [other.rpartition("/")[2], other_state, other_cookie.partition("=")[2], "not-said"]
    kept = await everything_kept(web.world)
    ours = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("vouch"))
    assert "ended: refused" in ours
    assert SERVER_OPTIONS["access_log"] is False  # pytest gives even a silenced logger a handler
    for secret in secrets:
        assert secret not in kept
        assert secret not in ours


async def everything_kept(world: World) -> str:
    """Return all that the tables of connections and jobs hold, bytes too."""
    lines = []
    async with world.sessions.reading() as session:
        for table in (Account, Connecting, InstanceApp, JobRow):
            for row in await session.scalars(select(table)):
                lines += [repr(getattr(row, column.name)) for column in table.__table__.columns]
    return "\n".join(lines)


async def test_what_is_sealed_opens_to_what_the_network_gave(web: Web) -> None:
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    await came_back(web, state, cookie)
    (held,) = await accounts(web.world)
    row = await account_of(web.world, held.id)
    assert row is not None
    assert web.world.vault.open(row.sealed_access or b"") == "access-1"
    assert web.world.vault.open(row.sealed_remote_id) == "r1"
