"""Connecting an account that ends otherwise: each time a plain page with a way out, and nothing is connected."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.jobs import TellConnected
from bot.core.social import Door, Mode, Profile, Tokens
from handlers.tokens import callback_address
from storage.models import Account, Member
from tests.fakes import FakeNetwork
from tests.handlers.accounts import ACCESS, connect_account
from tests.handlers.conftest import World
from tests.postgres import ON_SQLITE
from tests.web.conftest import BROWSER, Makes, Web, locked
from tests.web.connecting import SERVER, accounts, came_back, cookie_of, go_on, link_for, linked, state_of, web, went

__all__ = ["web"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("access_denied", "Nothing was connected"),
        ("user_cancelled_login", "Nothing was connected"),
        ("user_cancelled_authorize", "Nothing was connected"),
        ("server_error", "LinkedIn did not connect"),
    ],
)
async def test_who_says_no_at_the_network_reads_that_this_is_fine(web: Web, error: str, said: str) -> None:
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    answer = await came_back(web, state, cookie, query=f"error={error}")
    assert said in answer.text
    assert await accounts(web.world) == []
    assert "You have been here before" in (await came_back(web, state, cookie)).text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NotConnected("scope"), 403, "A permission is missing"),
        (NotConnected("revoked"), 502, "LinkedIn did not connect"),
        (Refused("rejected"), 502, "LinkedIn did not connect"),
        (TryLater(timedelta(minutes=1), "unreachable"), 503, "LinkedIn does not answer just now"),
        (Uncertain("lost"), 503, "LinkedIn does not answer just now"),
    ],
)
async def test_what_the_network_answers_instead_of_tokens_is_said_with_a_way_out(
    web: Web, error: OutsideError, status: int, said: str
) -> None:
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    web.world.networks["linkedin"].fail_next = [error]
    answer = await came_back(web, state, cookie)
    assert answer.status == status
    assert said in answer.text
    assert "/vouch accounts" in answer.text
    assert await accounts(web.world) == []


async def test_a_state_that_was_used_is_not_used_again(web: Web) -> None:
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    pages = await asyncio.gather(*(came_back(web, state, cookie) for _ in range(3)))
    assert sorted(page.status for page in pages) == [200, 410, 410]
    assert len(await accounts(web.world)) == 1
    assert sum(isinstance(one, TellConnected) for one in await web.world.jobs()) == 1


@pytest.mark.parametrize("state", ["", "made-up", "x" * 5000])
async def test_a_state_that_we_did_not_give_connects_nothing(web: Web, state: str) -> None:
    path, _ = await linked(web.world)
    cookie, _ = await went(web, path)
    answer = await came_back(web, state, cookie)
    assert answer.status == 404
    assert "Vouch did not ask for this" in answer.text
    assert await accounts(web.world) == []


async def test_a_state_given_for_one_network_is_none_for_another(web: Web) -> None:
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    assert (await came_back(web, state, cookie, network="x")).status == 404
    assert (await came_back(web, state, cookie, network="nowhere")).status == 404
    assert (await came_back(web, state, cookie)).status == 200


async def test_whoever_comes_back_in_another_browser_connects_nothing_and_learns_nothing(web: Web) -> None:
    path, _ = await linked(web.world, locale="nl-NL")
    cookie, state = await went(web, path)
    others, _ = await linked(web.world)
    other_cookie, _ = await went(web, others)
    for one in ("", "vouch-connect=made-up", other_cookie):
        answer = await came_back(web, state, one)
        assert answer.status == 403
        assert "This was begun in another browser" in answer.text
        assert "Ada" not in answer.text
    assert await accounts(web.world) == []
    assert (await came_back(web, state, cookie)).status == 200  # the right one may still go on


async def test_after_ten_minutes_link_and_state_are_over(web: Web) -> None:
    path, ada = await linked(web.world)
    cookie, state = await went(web, path)
    unused = await link_for(web.world, ada, "x")
    web.world.clock.advance(timedelta(minutes=10))
    for answer in (await web.ask(unused), await came_back(web, state, cookie)):
        assert answer.status == 410
        assert "within 10 minutes" in answer.text or "works for 10 minutes" in answer.text
    assert await accounts(web.world) == []


async def test_a_link_works_in_the_browser_that_opened_it_and_no_more_once_it_is_done(web: Web) -> None:
    path, _ = await linked(web.world)
    first, _ = await went(web, path)
    for answer in (await web.ask(path), await go_on(web, path)):
        assert answer.status == 403
        assert "Ada" not in answer.text
    again = await go_on(web, path, cookie=first)
    assert again.status == 303
    await came_back(web, state_of(again), cookie_of(again))
    for done in (await web.ask(path, Cookie=cookie_of(again)), await go_on(web, path, cookie=cookie_of(again))):
        assert done.status == 410
        assert "was used already" in done.text


async def test_two_networks_can_be_connected_side_by_side_in_one_browser(web: Web) -> None:
    path, ada = await linked(web.world)
    other = await link_for(web.world, ada, "x")
    first = await go_on(web, path)
    second = await go_on(web, other, cookie=cookie_of(first))
    cookie = cookie_of(second)
    assert (await came_back(web, state_of(first), cookie)).status == 200
    assert (await came_back(web, state_of(second), cookie, network="x")).status == 200
    assert {one.network for one in await accounts(web.world)} == {"linkedin", "x"}


async def test_of_many_browsers_at_once_one_gets_to_the_network(web: Web) -> None:
    path, _ = await linked(web.world)
    answers = await asyncio.gather(*(go_on(web, path) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [303, 403, 403, 403]


@pytest.mark.parametrize("path", ["/connect/made-up", "/connect/" + "x" * 5000, "/connect/%00", "/connect/é"])
async def test_a_made_up_link_leads_nowhere(web: Web, path: str) -> None:
    answer = await web.ask(path, Accept_Language="nl")
    assert answer.status == 404
    assert "Deze link leidt nergens heen" in answer.text


async def test_an_account_that_a_colleague_connected_is_not_taken_over(web: Web) -> None:
    bob = await web.world.add_member("Bob")
    cookie, state = await went(web, await link_for(web.world, bob))
    await came_back(web, state, cookie)
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    answer = await came_back(web, state, cookie)
    assert answer.status == 409
    assert "A colleague has connected this very LinkedIn account" in answer.text
    assert "Bob" not in answer.text
    (held,) = await accounts(web.world)
    assert (held.member_id, web.world.networks["linkedin"].revoked) == (bob.id, [])


async def test_what_a_colleague_has_just_disconnected_can_be_connected(web: Web) -> None:
    bob = await web.world.add_member("Bob")
    cookie, state = await went(web, await link_for(web.world, bob))
    await came_back(web, state, cookie)
    async with web.world.sessions.begin() as session:
        await session.execute(update(Account).values(state="ending"))
    path, ada = await linked(web.world)
    cookie, state = await went(web, path)
    assert (await came_back(web, state, cookie)).status == 200
    assert [one.member_id for one in await accounts(web.world)] == [ada.id]


async def test_who_has_left_meanwhile_connects_nothing(web: Web) -> None:
    path, ada = await linked(web.world)
    cookie, state = await went(web, path)
    async with web.world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.id == ada.id).values(left_at=web.world.clock.now()))
    for answer in (await came_back(web, state, cookie), await web.ask(path, Cookie=cookie)):
        assert answer.status == 410
        assert "not part of the programme" in answer.text
    assert await accounts(web.world) == []


async def test_who_becomes_one_with_a_colleague_row_meanwhile_has_the_account_there(web: Web) -> None:
    counting = await web.world.add_member("Ada on another platform")
    path, ada = await linked(web.world)
    cookie, state = await went(web, path)
    network = web.world.networks["linkedin"] = JoinedMeanwhile(clock=web.world.clock)
    network.world, network.pair = web.world, (ada.id, counting.id)
    assert (await came_back(web, state, cookie)).status == 200
    assert [one.member_id for one in await accounts(web.world)] == [counting.id]


async def test_who_leaves_while_the_network_answers_connects_nothing_and_the_tokens_are_revoked(web: Web) -> None:
    path, ada = await linked(web.world)
    cookie, state = await went(web, path)
    network = web.world.networks["linkedin"] = LeftMeanwhile(clock=web.world.clock)
    network.world, network.member_id = web.world, ada.id
    answer = await came_back(web, state, cookie)
    assert (answer.status, await accounts(web.world)) == (410, [])
    assert network.revoked == ["access-1"]


class LeftMeanwhile(FakeNetwork):
    """A network during whose answer the member leaves."""

    world: World
    member_id: int

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        async with self.world.sessions.begin() as session:
            left = update(Member).where(Member.id == self.member_id).values(left_at=self.world.clock.now())
            await session.execute(left)
        return await super().identify(door, tokens)


@pytest.mark.parametrize("network", ["linkedin", "mastodon"])
@pytest.mark.parametrize("revoking", [None, TryLater(timedelta(1), "unreachable"), ValueError("a defect")])
async def test_tokens_of_somebody_whom_the_network_does_not_name_are_revoked(
    web: Web, network: str, revoking: Exception | None
) -> None:
    nameless = web.world.networks[network] = Nameless(name=network, clock=web.world.clock)
    path, _ = await linked(web.world, network)
    cookie, state = await went(web, path, server=SERVER)
    nameless.fail_next = [revoking] if revoking else []  # type: ignore[list-item]
    answer = await came_back(web, state, cookie, network=network)
    assert (answer.status, nameless.revoked) == (503, [] if revoking else ["access-1"])
    assert await accounts(web.world) == []


class Nameless(FakeNetwork):
    """A network that gives tokens and does not say whose they are; `same` tokens, if they are given again."""

    same: Tokens | None = None

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        return self.same or self._tokens()

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        raise TryLater(timedelta(minutes=1), "unreachable")


async def test_tokens_that_an_instance_has_given_twice_are_not_revoked_while_an_account_has_them(web: Web) -> None:
    path, ada = await linked(web.world, "mastodon")
    number = await connect_account(web.world, ada, "mastodon", server=SERVER)
    nameless = web.world.networks["mastodon"] = Nameless(name="mastodon", clock=web.world.clock)
    nameless.same = Tokens(access=ACCESS)
    cookie, state = await went(web, path, server=SERVER)
    assert (await came_back(web, state, cookie, network="mastodon")).status == 503
    assert nameless.revoked == []
    assert [one.id for one in await accounts(web.world)] == [number]


class JoinedMeanwhile(FakeNetwork):
    """A network during whose answer two rows become one person."""

    world: World
    pair: tuple[int, int]

    async def identify(self, door: Door, tokens: Tokens) -> Profile:
        other, counting = self.pair
        async with self.world.sessions.begin() as session:
            await session.execute(update(Member).where(Member.id == other).values(same_as_id=counting))
        return await super().identify(door, tokens)


async def test_a_scanner_that_calls_itself_a_browser_uses_nothing_up(web: Web) -> None:
    path, _ = await linked(web.world)
    for _ in range(3):
        assert (await web.ask(path)).status == 200
    cookie, state = await went(web, path)
    assert (await came_back(web, state, cookie)).status == 200


async def test_what_another_instance_sends_back_connects_nothing_and_its_code_goes_to_nobody(web: Web) -> None:
    network = web.world.networks["mastodon"] = Recording(name="mastodon", clock=web.world.clock)
    evil, good = "https://evil.example", "https://social.example"
    path, ada = await linked(web.world, "mastodon")
    cookie, state = await went(web, path, server=evil)
    for answer in (
        await came_back(web, state, cookie, network=f"mastodon@{good}"),
        await came_back(web, state, cookie, network=f"mastodon@{evil}"),
    ):
        assert answer.status in (404, 410)
        assert "onnected" in answer.text
    assert (network.exchanged, await accounts(web.world)) == ([], [])
    for place in ("", "/made-up", "/%00", "/" + "x" * 3000):
        cookie, state = await went(web, await link_for(web.world, ada, "mastodon"), server=good)
        answer = await web.ask(f"/connect/callback/mastodon{place}?state={state}&code=c", Cookie=cookie)
        assert answer.status == 404
        assert "Vouch did not ask for this" in answer.text
    cookie, state = await went(web, await link_for(web.world, ada, "mastodon"), server=good)
    assert (await came_back(web, state, cookie, network=f"mastodon@{good}")).status == 200
    assert network.exchanged == [good]


async def test_one_site_has_one_address_and_each_instance_its_own(web: Web) -> None:
    where = [
        callback_address(web.world.out, *one)
        for one in (("x", ""), ("mastodon", "https://a"), ("mastodon", "https://b"))
    ]
    assert where[0] == "http://127.0.0.1:1/connect/callback/x"
    assert re.fullmatch(r"http://127\.0\.0\.1:1/connect/callback/mastodon/[0-9a-f]{16}", where[1])
    assert len(set(where)) == 3


@dataclass
class Recording(FakeNetwork):
    """A network that knows to which instances codes were taken."""

    exchanged: list[str] = field(default_factory=list)

    async def exchange(self, door: Door, *, code: str, verifier: str) -> Tokens:
        self.exchanged.append(door.server)
        return await super().exchange(door, code=code, verifier=verifier)


async def test_machines_that_look_at_links_use_nothing_up(web: Web) -> None:
    path, _ = await linked(web.world)
    for agent, method in (("Slackbot-LinkExpanding 1.0", "GET"), (BROWSER, "HEAD")):
        answer = await web.ask(path, agent=agent, method=method)
        assert (answer.status, answer.body) == (200, b"")
    cookie, state = await went(web, path)
    looked = await web.ask(f"/connect/callback/linkedin?state={state}&code=c", agent="Slackbot-LinkExpanding 1.0")
    assert looked.body == b""
    assert (await came_back(web, state, cookie)).status == 200


@ON_SQLITE
async def test_while_another_process_holds_the_database_a_state_is_not_used_up(web: Web, tmp_path: Path) -> None:
    path, _ = await linked(web.world)
    cookie, state = await went(web, path)
    async with locked(tmp_path / "vouch.db"):
        assert (await came_back(web, state, cookie)).status == 503
    assert (await came_back(web, state, cookie)).status == 200
    assert len(await accounts(web.world)) == 1


async def test_everything_from_outside_is_escaped(web: Web) -> None:
    web.world.networks["linkedin"].profile = Profile(remote_id="r", name="<b>Ada</b>")
    path, _ = await linked(web.world, name="<i>Ada</i>")
    cookie, state = await went(web, path)
    page = (await came_back(web, state, cookie)).text
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert "&lt;i&gt;Ada&lt;/i&gt;" in page


async def test_a_member_is_answered_in_their_own_language(web: Web) -> None:
    path, _ = await linked(web.world, locale="nl-NL")
    cookie, state = await went(web, path)
    page = (await came_back(web, state, cookie)).text
    assert '<html lang="nl">' in page
    assert "is nu gekoppeld met Ada" in page


@pytest.mark.parametrize("what", ["address", "mode"])
async def test_without_a_public_address_or_any_api_there_is_no_such_page(makes: Makes, what: str) -> None:
    programme = makes.world.programme
    networks = {"x": replace(programme.networks["x"], mode=Mode.API)} if what == "address" else programme.networks
    public = None if what == "address" else programme.public_url
    makes.world.programme = replace(programme, networks=networks, public_url=public)
    async with makes.serve() as served:
        for path in ("/connect/abc", "/connect/callback/x?state=a&code=b"):
            assert "There is no such page" in (await served.ask(path)).text
