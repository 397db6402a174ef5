"""A company with two chats on one database, and the same person in both."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select, update

from bot.app import ROUTES
from bot.core.actions import (
    Action,
    AnswerPairing,
    Interaction,
    Pair,
)
from bot.core.jobs import (
    AskPairing,
    Job,
)
from bot.core.reply import Reply
from bot.dispatch import Dispatcher
from handlers.context import Outside
from handlers.pair import ask_pairing
from storage.models import (
    Member,
)
from tests.fakes import FakeSurface
from tests.handlers.conftest import NOW, SECRET, World
from tests.handlers.windows import words_of

ADDRESS = "ada@brightwater.example"
HERE, THERE = "slack", "there"
ADA, ADA_THERE, EVE = (HERE, "U-ADA"), (THERE, "P-ADA"), (THERE, "P-EVE")

Who = tuple[str, str]


@dataclass
class TwoChats:
    """A company with two chats on one database; what is asked goes the way of every interaction."""

    world: World
    there: FakeSurface = field(default_factory=FakeSurface)
    _keys: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def surfaces(self) -> dict[str, FakeSurface]:
        return {HERE: self.world.surface, THERE: self.there}

    @property
    def out(self) -> Outside:
        return replace(self.world.out, surfaces=self.surfaces, programme=self.world.programme)

    async def say(self, who: Who, action: Action) -> Reply:
        world = self.world
        dispatch = Dispatcher(
            sessions=world.sessions,
            routes=ROUTES,
            surfaces=self.surfaces,
            programme=world.programme,
            composers=world.composers,
            clock=world.clock,
            secret=SECRET,
        )
        return await dispatch(
            Interaction(
                key=f"{who[1]}-{next(self._keys)}",
                platform=who[0],
                tenant_ref="T",
                person_ref=who[1],
                action=action,
                received_at=world.clock.now(),
            )
        )

    async def words(self, who: Who, action: Action) -> str:
        return words_of((await self.say(who, action)).card)

    async def ask(self) -> None:
        """Let the question be asked here, and the job of it be done."""
        await self.say(ADA, Pair())
        await ask_pairing(self.out, self.asked())

    def asked(self) -> AskPairing:
        return AskPairing(asker_id=1, asked_id=2)

    async def join(self) -> None:
        await self.ask()
        await self.say(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))

    async def member(self, who: Who) -> Member:
        async with self.world.sessions.reading() as session:
            wanted = select(Member).where(Member.platform == who[0], Member.person_ref == who[1])
            return (await session.scalars(wanted)).one()

    async def is_joined(self) -> bool:
        async with self.world.sessions.reading() as session:
            return bool(await session.scalar(select(func.count()).where(Member.same_as_id.is_not(None))))

    async def jobs(self, kind: type[Job]) -> list[Job]:
        return [one for one in await self.world.jobs() if isinstance(one, kind)]


@pytest.fixture
async def chats(world: World) -> TwoChats:
    """Ada in both chats, here for longer, and Eve there."""
    world.programme = replace(world.programme, is_on_two=True)
    await world.add_member("Ada", person_ref="U-ADA", email="Ada@Brightwater.example")
    there = {"platform": THERE, "tenant_ref": "T2", "joined_at": NOW - timedelta(days=1)}
    await world.add_member("Ada Lovelace", person_ref="P-ADA", email=ADDRESS, locale="nl-NL", **there)
    await world.add_member("Eve", person_ref="P-EVE", email="eve@brightwater.example", **there)
    return TwoChats(world)


async def change(world: World, who: Who, **values: object) -> None:
    async with world.sessions.begin() as session:
        await session.execute(update(Member).where(Member.person_ref == who[1]).values(**values))
