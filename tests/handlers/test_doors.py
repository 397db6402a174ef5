"""The company's apps: one made at an instance, for who agrees; to act and to revoke, those that there are will do."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.core.errors import Refused, TryLater
from bot.core.social import Door, Tokens
from handlers.tokens import door_of, revoke_tokens, tokens_for
from tests.fakes import FakeNetwork
from tests.handlers.accounts import ACCESS, account_of, connect_account
from tests.handlers.conftest import World

INSTANCE = "https://m.example"
SAID = "kept-to-ourselves-{}"


async def test_an_instance_gets_an_app_once_and_its_secret_is_kept_sealed(world: World) -> None:
    network = world.networks["mastodon"] = CountedNetwork(name="mastodon", clock=world.clock)
    for _ in range(2):
        door = await door_of(world.out, network, INSTANCE)
        assert (door.server, door.client_id, door.client_secret) == (INSTANCE, "client-1", SAID.format(1))
    assert network.asked == [INSTANCE]


async def at_instance(world: World, name: str = "Ada") -> int:
    member = await world.add_member(name)
    return await connect_account(world, member, "mastodon", server=INSTANCE, expires_at=None)


async def test_to_act_at_an_instance_no_app_is_made_there_whatever_our_address_is_by_now(world: World) -> None:
    network = world.networks["mastodon"] = CountedNetwork(name="mastodon", clock=world.clock)
    never_asked = (await tokens_for(world.out, account_id=await at_instance(world))).door
    assert (never_asked.server, network.asked) == (INSTANCE, [])
    await door_of(world.out, network, INSTANCE)
    number = await at_instance(world, "Bob")
    for address in ("https://elsewhere.example", None):
        world.programme = replace(world.programme, public_url=address)
        network.fail_next = [TryLater(timedelta(minutes=1), "unreachable")]
        access = await tokens_for(world.out, account_id=number)
        assert (access.tokens.access, access.door.client_id) == (ACCESS, "client-1")
    assert network.asked == [INSTANCE]


async def test_without_a_public_address_what_is_connected_can_still_be_used(world: World) -> None:
    number = await connect_account(world, await world.add_member())
    world.programme = replace(world.programme, public_url=None)
    assert (await tokens_for(world.out, account_id=number)).tokens.access == ACCESS


async def test_tokens_are_revoked_by_the_app_that_they_were_given_to(world: World) -> None:
    network = world.networks["mastodon"] = OwnTokensOnly(name="mastodon", clock=world.clock)
    for address in ("https://first.example", "https://second.example"):
        world.programme = replace(world.programme, public_url=address)
        await door_of(world.out, network, INSTANCE)
        world.clock.advance(timedelta(days=1))
    number = await at_instance(world)
    row = await account_of(world, number)
    assert row is not None
    for client_id, tried in (("client-2", ["client-2"]), ("client-1", ["client-2", "client-1"])):
        network.owner, network.tried = client_id, []
        await revoke_tokens(world.out, row, Tokens(access=ACCESS))  # type: ignore[arg-type]
        assert network.tried == tried
    network.owner = "somebody else's"
    with pytest.raises(Refused):
        await revoke_tokens(world.out, row, Tokens(access=ACCESS))  # type: ignore[arg-type]
    assert (network.revoked, len(network.asked)) == ([ACCESS, ACCESS], 2)


@dataclass
class CountedNetwork(FakeNetwork):
    """A network that makes another app each time it is asked."""

    asked: list[str] = field(default_factory=list)

    async def register(self, server: str, *, redirect_uri: str) -> Door:
        self.asked.append(server)
        made = await super().register(server, redirect_uri=redirect_uri)
        number = len(self.asked)
        return replace(made, client_id=f"client-{number}", client_secret=SAID.format(number))


@dataclass
class OwnTokensOnly(CountedNetwork):
    """A network that lets nobody revoke but the app that the tokens were given to."""

    owner: str = ""
    tried: list[str] = field(default_factory=list)

    async def revoke(self, door: Door, tokens: Tokens) -> None:
        self.tried.append(door.client_id)
        if door.client_id != self.owner:
            raise Refused("rejected")
        await super().revoke(door, tokens)
