"""A real database, a small programme, members and posts, and a way to act as one of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import Action, Interaction, ShowHelp
from bot.core.jobs import Job, unpack_job
from bot.core.people import Role
from bot.core.points import PointsPolicy
from bot.core.programme import AnnounceChannel, Company, NetworkSettings, Programme
from bot.core.reply import Reply
from bot.i18n.translator import words_for
from handlers.context import Context, Me, Outside, Record
from handlers.recount import recount_boards, recount_days
from storage.engine import Sessions
from storage.models import JobRow, Member, Post, Wording
from storage.queries.group_totals import SINCE_EVER, recount_members
from storage.vault import Vault
from tests.fakes import FakeCharts, FakeClock, FakeComposers, FakeNetwork, FakePages, FakeSurface

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday morning
VAULT_KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="  # gitleaks:allow - of these tests
SECRET = b"0123456789abcdef0123456789abcdef"
AMSTERDAM = "Europe/Amsterdam"
GENERAL, NEWS, CURATORS = "C-GENERAL", "C-NEWS", "C-CURATORS"

A = TypeVar("A", bound=Action)
UseCase = Callable[[Context, A], Awaitable[Reply]]


@pytest.fixture
def programme() -> Programme:
    """The programme of a small company with two channels, all networks and two topics."""
    networks = ("linkedin", "x", "mastodon", "bluesky", "facebook", "whatsapp", "xing", "email")
    return Programme(
        company=Company(
            name="Brightwater",
            sponsor="Mara Lind",
            sponsor_word="Share what you are proud of, and nothing else.",
            policy_url="https://intranet.brightwater.example/policy",
        ),
        zone=ZoneInfo(AMSTERDAM),
        public_url="https://vouch.brightwater.example",
        channels=(
            AnnounceChannel(ref=GENERAL, name="general", language="en", topics=("water", "people")),
            AnnounceChannel(ref=NEWS, name="nieuws", language="nl", topics=("water",)),
        ),
        curators_channel=CURATORS,
        networks={name: NetworkSettings(name=name) for name in networks},
        topics=("water", "people"),
        points=(PointsPolicy(),),
    )


@dataclass
class World:
    """Everything a use case meets, and short ways to fill the database and to act.

    `is_live` says whether the platform tells of changes and followed links.
    `act` opens one transaction as the dispatcher does, so that what one click did is committed before the next.
    """

    sessions: Sessions
    programme: Programme
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    surface: FakeSurface = field(default_factory=FakeSurface)
    pages: FakePages = field(default_factory=FakePages)
    charts: FakeCharts = field(default_factory=FakeCharts)
    composers: FakeComposers = field(default_factory=FakeComposers)
    networks: dict[str, FakeNetwork] = field(default_factory=dict)
    vault: Vault = field(default_factory=lambda: Vault(Path(), given=[VAULT_KEY]))
    is_live: bool = True
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def add_member(self, name: str = "Ada", **changes: object) -> Member:
        """Add a member; `changes` are columns."""
        values: dict[str, object] = {
            "platform": "slack",
            "tenant_ref": "T1",
            "person_ref": f"U{next(self._numbers)}",
            "name": name,
            "locale": "en-GB",
            "zone": AMSTERDAM,
            "joined_at": NOW - timedelta(days=100),
            "welcomed_at": NOW - timedelta(days=99),
            "muted_topics": [],
        }
        member = Member(**(values | changes))
        async with self.sessions.begin() as session:
            session.add(member)
        return member

    async def add_post(self, *wordings: str, author: Member | None = None, **changes: object) -> Post:
        """Add a published post with `wordings` in English ("nl:…" in Dutch, "en@x:…" for one network)."""
        author_id = (author or await self.add_member("Cura", role="curator")).id
        values: dict[str, object] = {
            "state": "published",
            "title": "Winter report",
            "summary": "How the water fared.",
            "link": "https://brightwater.example/winter?ref=home",
            "source": "brightwater.example",
            "picture": "https://brightwater.example/winter.jpg",
            "language": "en",
            "channels": [GENERAL],
            "topics": ["water"],
            "networks": ["linkedin", "x", "facebook"],
            "author_id": author_id,
            "created_at": NOW - timedelta(days=1),
            "updated_at": NOW - timedelta(days=1),
            "published_at": NOW - timedelta(hours=2),
        }
        post = Post(**(values | changes))
        async with self.sessions.begin() as session:
            session.add(post)
            await session.flush()
            session.add_all(_wording(post.id, place, one) for place, one in enumerate(wordings))
        return post

    def context(
        self, session: AsyncSession, member: Member, action: Action | None = None, *, window: str | None = None
    ) -> Context:
        """Return the context of one interaction of `member` in an open transaction; `window` is where it came from."""
        interaction = Interaction(
            key=f"k{next(self._numbers)}",
            platform=member.platform,
            tenant_ref=member.tenant_ref,
            person_ref=member.person_ref,
            action=action or ShowHelp(),
            received_at=self.clock.now(),
            channel_ref=GENERAL,
            window_ref=window,
            is_live=self.is_live,
        )
        locale = member.chosen_locale or member.locale
        return Context(
            session=session,
            interaction=interaction,
            me=me_of(member),
            now=self.clock.now(),
            programme=self.programme,
            words=words_for(locale, member.zone),
            composers=self.composers,
            secret=SECRET,
        )

    async def act(self, use_case: UseCase[A], member: Member, action: A, *, window: str | None = None) -> Reply:
        """Run `use_case` for `member` as the database now has them, in one committed transaction."""
        async with self.sessions.begin() as session:
            fresh = (await session.scalars(select(Member).where(Member.id == member.id))).one()
            return await use_case(self.context(session, fresh, action, window=window), action)

    @property
    def out(self) -> Outside:
        """What a job gets."""
        return Outside(
            networks=self.networks,
            vault=self.vault,
            sessions=self.sessions,
            surfaces={"slack": self.surface},
            pages=self.pages,
            charts=self.charts,
            composers=self.composers,
            clock=self.clock,
            programme=self.programme,
            words=words_for,
            secret=SECRET,
        )

    async def count_together(self) -> None:
        """Let boards know of members, running sums and visits that a test wrote by itself."""
        async with self.sessions.begin() as session:
            await recount_members(session)
        await recount_boards(self.sessions, since=SINCE_EVER)
        await recount_days(self.sessions, first=SINCE_EVER, end=date.max)

    async def jobs(self) -> list[Job]:
        """Return the jobs of the outbox, oldest first."""
        async with self.sessions.reading() as session:
            rows = (await session.scalars(select(JobRow).order_by(JobRow.id))).all()
        return [unpack_job(row.kind, row.held) for row in rows]


def me_of(member: Member) -> Me:
    """Return a member's row as use cases get it."""
    return Me(
        id=member.id,
        identity_id=member.id,
        platform=member.platform,
        tenant_ref=member.tenant_ref,
        person_ref=member.person_ref,
        name=member.name,
        role=Role(member.role or "member"),
        locale=member.chosen_locale or member.locale,
        zone=member.zone,
        crew_id=member.crew_id,
        default_network=member.default_network,
        disclosure=member.disclosure,
        is_named=member.is_named,
        muted_topics=tuple(member.muted_topics),
        joined_at=member.joined_at,
        welcomed_at=member.welcomed_at,
        left_at=member.left_at,
    )


def _wording(post_id: int, position: int, given: str) -> Wording:
    head, colon, text = given.partition(":")
    if not colon or len(head.partition("@")[0]) != 2:
        head, text = "en", given
    language, _, network = head.partition("@")
    return Wording(post_id=post_id, language=language, network=network or None, position=position, text=text)


@pytest.fixture
def world(sessions: Sessions, programme: Programme, monkeypatch: pytest.MonkeyPatch) -> World:
    """A company with a database, a programme and fakes of everything outside; crediting takes no rest."""
    monkeypatch.setattr("handlers.credit.REST", 0.0)
    return World(sessions=sessions, programme=programme)


J = TypeVar("J", bound=Job)


class Worked(Protocol):
    """What a job is done in."""

    @property
    def out(self) -> Outside: ...


async def run_job(world: Worked, handler: Callable[[Outside, J], Awaitable[Record | None]], job: J) -> None:
    """Do a job as the worker does: the call first, then what it brought in one transaction."""
    record = await handler(world.out, job)
    if record is not None:
        async with world.out.sessions.begin() as session:
            await record(session)
