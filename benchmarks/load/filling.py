"""The company's database on the morning: its members, a month of shares, suggestions to decide, a post to announce."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import SystemRandom
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.crowd import know_tables
from benchmarks.load.plan import CURATORS, IDEAS, POSTS_OF_HISTORY, SLACK, TITLE, Plan
from benchmarks.load.town import channel_ref, person_ref, tenant
from bot.core.leaderboard import local_date
from bot.core.links import new_slug, same_link_key
from bot.core.moderation import PostState, SuggestionState
from bot.core.people import Role
from bot.core.points import EntryKind
from bot.core.programme import Company, Programme
from bot.core.sharing import ShareState
from connectors.chat.teams.whereabouts import CHANNEL, PersonAddress, PlaceAddress, as_text
from playground.teams.ids import account_of, chat_of
from storage.engine import Sessions
from storage.models import (
    Address,
    Base,
    LedgerEntry,
    Member,
    Post,
    Share,
    Suggestion,
    SuggestionAuthor,
    TrackedLink,
    Wording,
)
from storage.queries.totals import rebuild_totals
from storage.schema import create_schema

ZONE = ZoneInfo("Europe/Amsterdam")
SHARES_EACH = 2
AT_ONCE = 2_000

Row = dict[str, Any]


def fill(plan: Plan, url: str, *, slugs: Path, service: Mapping[str, str]) -> None:
    """Make the tables at `url`, fill them, and write the tracked links' slugs to a file.

    `service` says where Teams is reached and by which app, which the bot knows of everybody by then.
    """
    asyncio.run(_fill(plan, url, slugs, service))


async def _fill(plan: Plan, url: str, slugs: Path, service: Mapping[str, str]) -> None:
    sessions = Sessions(url)
    now = datetime.now(UTC)
    try:
        await create_schema(sessions)
        for model, rows in _everything(plan, now, slugs):
            async with sessions.begin() as session:
                await _add(session, model, rows)
        if plan.platform != SLACK:
            async with sessions.begin() as session:
                await _add(session, Address, _addresses(plan, service, now))
        async with sessions.begin() as session:
            await rebuild_totals(session, now=now, programme=_programme())
        async with sessions.writer.begin() as connection:
            await connection.run_sync(know_tables)
    finally:
        await sessions.close()


def _programme() -> Programme:
    return Programme(
        company=Company(name="River"), zone=ZONE, public_url=None, channels=(), curators_channel=None, networks={}
    )


async def _add(session: AsyncSession, model: type[Base], rows: Iterable[Row]) -> None:
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        await session.execute(insert(model), some)


def _everything(plan: Plan, now: datetime, slugs: Path) -> Iterator[tuple[type[Base], Iterable[Row]]]:
    yield Member, _members(plan, now)
    yield Post, _posts(plan, now)
    yield Wording, _wordings(plan)
    yield Suggestion, _suggestions(plan, now)
    yield SuggestionAuthor, _authors(plan, now)
    yield Share, _shares(plan, now)
    random = SystemRandom()
    names = [new_slug(random) for _ in range(plan.members * SHARES_EACH)]
    slugs.write_text("\n".join(names), encoding="utf-8")
    yield TrackedLink, _links(names, now)
    yield LedgerEntry, _entries(plan, now)


def _members(plan: Plan, now: datetime) -> Iterator[Row]:
    for number in range(plan.members):
        yield {
            "platform": plan.platform,
            "tenant_ref": tenant(plan),
            "person_ref": person_ref(plan, number),
            "name": f"Member {number}",
            "email": f"member{number}@river.example",
            "locale": "en-GB",
            "zone": ZONE.key,
            "role": (Role.CURATOR if number < CURATORS else Role.MEMBER).value,
            "is_named": number % 3 == 0,
            "looked_up_at": now,
            "joined_at": now - timedelta(days=60),
            "welcomed_at": now - timedelta(days=60),
        }


def _posts(plan: Plan, now: datetime) -> Iterator[Row]:
    every = [channel_ref(plan, number) for number in range(plan.channels)]
    for number in range(1, plan.post_id + 1):
        is_old = number <= POSTS_OF_HISTORY
        at = now - timedelta(days=30 if is_old else 0)
        yield {
            "state": (PostState.PUBLISHED if is_old else PostState.PENDING).value,
            "title": f"An earlier story {number}" if is_old else TITLE,
            "summary": "Four hundred pupils, one roof, and a litre of drinking water saved every second of the day.",
            "link": f"https://www.river.example/stories/{number}",
            "link_key": same_link_key(f"https://www.river.example/stories/{number}"),
            "source": "River",
            "channels": [] if is_old else every,
            "networks": ["linkedin", "mastodon", "bluesky"],
            "author_id": 1,
            "created_at": at,
            "updated_at": at,
            "published_at": at if is_old else None,
        }


def _wordings(plan: Plan) -> Iterator[Row]:
    for position in range(1, 6):
        text = f"Wording {position}: a river teaches patience, and then it teaches engineering."
        yield {"post_id": plan.post_id, "language": "en", "position": position, "text": text}


def _suggestions(plan: Plan, now: datetime) -> Iterator[Row]:
    for number in range(plan.suggestions_before):
        link = f"{IDEAS}{number}"
        yield {
            "state": SuggestionState.RECEIVED.value,
            "link": link,
            "link_key": same_link_key(link),
            "created_at": now - timedelta(days=1),
        }


def _authors(plan: Plan, now: datetime) -> Iterator[Row]:
    for number in range(plan.members):
        at = now - timedelta(days=1) + timedelta(seconds=number)
        yield {"suggestion_id": number // plan.authors + 1, "member_id": number + 1, "at": at}


def _shares(plan: Plan, now: datetime) -> Iterator[Row]:
    for number in range(plan.members * SHARES_EACH):
        at = _shared_at(number, now)
        yield {
            "member_id": number // SHARES_EACH + 1,
            "post_id": number % POSTS_OF_HISTORY + 1,
            "network": "linkedin",
            "state": ShareState.EVIDENCED.value,
            "text": f"What we learned there, in my own words and for the {number}th time. Have a look yourself.",
            "created_at": at,
            "opened_at": at,
            "evidenced_at": at,
            "credited_at": at,
        }


def _shared_at(number: int, now: datetime) -> datetime:
    return now - timedelta(days=1 + number % 29, minutes=number % 600)


def _links(names: Iterable[str], now: datetime) -> Iterator[Row]:
    for number, slug in enumerate(names):
        target = f"https://www.river.example/stories/{number % POSTS_OF_HISTORY + 1}?utm_source=linkedin"
        yield {"share_id": number + 1, "slug": slug, "target": target, "created_at": _shared_at(number, now)}


def _entries(plan: Plan, now: datetime) -> Iterator[Row]:
    for number in range(plan.members * SHARES_EACH):
        at = _shared_at(number, now)
        yield {
            "member_id": number // SHARES_EACH + 1,
            "at": at,
            "on_day": local_date(at, ZONE),
            "kind": EntryKind.SHARE.value,
            "points": 7,
            "key": f"{EntryKind.SHARE.value}:{number + 1}",
            "rule_version": 1,
            "share_id": number + 1,
        }


def _addresses(plan: Plan, service: Mapping[str, str], now: datetime) -> Iterator[Row]:
    """Yield what the bot learned of people and channels when the app was installed."""
    for number in range(plan.members):
        key = plan.member(number)
        person = PersonAddress(
            user_id=account_of(key, service["app"]),
            service_url=service["url"],
            conversation_id=chat_of(key, service["app"]),
            locale="en-GB",
            zone=ZONE.key,
            name=f"Member {number}",
        )
        yield _address(person_ref(plan, number), as_text(person), now)
    team = channel_ref(plan, 0)
    for number in range(plan.channels + 1):
        place = PlaceAddress(kind=CHANNEL, service_url=service["url"], team_id=team, name=f"channel-{number}")
        yield _address(f"place:{channel_ref(plan, number)}", as_text(place), now)
    yield _address("service:", as_text(PlaceAddress(service_url=service["url"])), now)


def _address(ref: str, held: str, now: datetime) -> Row:
    return {"platform": "teams", "ref": ref, "held": held, "kept_at": now}
