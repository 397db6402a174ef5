"""Fills an empty database with the demo company: people, posts, two weeks of shares, visits and suggestions.

Nothing is made up here: who did what stands in `playground/company.yaml`, and points come from the real rules. The
announcements and the cards of open suggestions are posted by the real connector, from the outbox.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.disclosure import default_line
from bot.core.jobs import ShowSuggestion
from bot.core.leaderboard import local_date
from bot.core.links import new_slug, same_link_key, with_utm
from bot.core.moderation import PostState, SuggestionState
from bot.core.people import Role
from bot.core.programme import Programme
from bot.core.sharing import ShareState
from bot.core.visits import VisitClass
from handlers.context import Outside
from handlers.credit import BATCH, credit_some
from storage.models import (
    Crew,
    Member,
    Post,
    Share,
    Suggestion,
    SuggestionAuthor,
    TrackedLink,
    Wording,
)
from storage.queries import announcements, decisions, posts
from storage.queries.decisions import POST, SUGGESTION, Verdict
from storage.queries.group_totals import recount_members
from storage.queries.jobs import Plan, add_job
from storage.queries.visits import NewVisit, add_known_visits

SEED = 20261121
GROUP = 200
LONGEST_ECHO = timedelta(days=4)
"""For so long after a share people follow its link, most of them early."""

_ROLES = {"curator": Role.CURATOR, "admin": Role.ADMIN}
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

Told = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class _Filling:
    """The transaction that fills, what was told, and what is there already, by its name in the story."""

    session: AsyncSession
    told: Told
    out: Outside
    programme: Programme
    now: datetime
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - the same demo every time
    members: dict[str, Member] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    wordings: dict[tuple[str, str, int], Wording] = field(default_factory=dict)

    def ago(self, days: float) -> datetime:
        """Return the instant so many days ago."""
        return self.now - timedelta(days=days)

    def address(self, path: str) -> str:
        """Return an address of the story; paths are pages of the playground."""
        return f"{self.programme.public_url}{path}" if path.startswith("/") else path


async def fill_demo(path: Path, out: Outside, programme: Programme) -> bool:
    """Fill the database with the company of `path`; `False`, and nothing done, if there are posts in it already.

    Times count back from now; the same file at the same time always gives the same rows. Without a public address
    there are no pages to share, hence no demo.
    """
    async with out.sessions.reading() as session:
        if programme.public_url is None or await _has_posts(session):
            return False
    told = _read(path)
    async with out.sessions.begin() as session:
        filling = _Filling(session=session, told=told, out=out, programme=programme, now=out.clock.now())
        await _add_members(filling)
        await _add_posts(filling)
        await _add_suggestions(filling)
        await _add_shares(filling)
        while await credit_some(session, now=filling.now, programme=programme) >= BATCH:
            pass
        await recount_members(session)
    return True


def _read(path: Path) -> Told:
    """Return the story; the loader written in C is ten times as fast, where there is one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    told: Told = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506 - both loaders are safe ones
    return told


async def _has_posts(session: AsyncSession) -> bool:
    for state in PostState:
        if await posts.list_posts(session, state=state, limit=1):
            return True
    return False


async def _add_members(filling: _Filling) -> None:
    people = [one for one in filling.told["people"] if one["role"] != "guest"]
    crews = {name: Crew(name=name) for name in dict.fromkeys(one["crew"] for one in people) if name}
    filling.session.add_all(crews.values())
    await filling.session.flush()
    last_network = {one["who"]: one["network"] for one in filling.told["shares"]}
    for one in people:
        is_welcomed = one["welcomed"]
        filling.members[one["id"]] = Member(
            platform=filling.out.platform,
            tenant_ref=filling.told["company"]["team"]["id"],
            person_ref=one["id"],
            name=one["name"],
            email=one["email"],
            locale=one["locale"],
            zone=one["tz"],
            role=_ROLES.get(one["role"], Role.MEMBER).value,
            role_at=filling.now,
            crew_id=crews[one["crew"]].id if one["crew"] else None,
            default_network=last_network.get(one["id"]),
            is_named=one["named"] if is_welcomed else None,
            muted_topics=[],
            joined_at=filling.ago(30),
            welcomed_at=filling.ago(20) if is_welcomed else None,
        )
    filling.session.add_all(filling.members.values())
    await filling.session.flush()


# Posts and suggestions


async def _add_posts(filling: _Filling) -> None:
    """Add the posts, oldest first, so that they are announced in that order."""
    for one in sorted(filling.told["posts"], key=lambda one: -one["days_ago"]):
        post = filling.posts[one["key"]] = _post(filling, one)
        filling.session.add(post)
        await filling.session.flush()
        for language, texts in one["wordings"].items():
            for number, text in enumerate(texts, start=1):
                wording = Wording(post_id=post.id, language=language, network=None, position=number, text=text)
                filling.wordings[one["key"], language, number] = wording
        verdict = Verdict(subject=POST, subject_id=post.id, what="announced")
        at = post.published_at or filling.now
        await decisions.add_decision(filling.session, verdict, member_id=post.author_id, now=at)
        await announcements.announce(filling.session, post_id=post.id, now=filling.now)
    filling.session.add_all(filling.wordings.values())
    await filling.session.flush()


def _post(filling: _Filling, one: Told) -> Post:
    published_at = filling.ago(one["days_ago"])
    return Post(
        state=PostState.PUBLISHED.value,
        title=one["title"],
        summary=one["summary"],
        link=filling.address(one["page"]),
        source=filling.told["company"]["name"],
        picture=filling.address(one["picture"]),
        language=one["language"],
        channels=list(one["channels"]),
        topics=list(one["topics"]),
        networks=[name for name in one["networks"] if name in filling.programme.networks],
        author_id=filling.members[one["by"]].id,
        created_at=published_at - timedelta(minutes=20),
        updated_at=published_at,
        published_at=published_at,
    )


async def _add_suggestions(filling: _Filling) -> None:
    for one in sorted(filling.told["suggestions"], key=lambda one: -one["days_ago"]):
        suggestion = _suggestion(filling, one)
        filling.session.add(suggestion)
        await filling.session.flush()
        author = filling.members[one["who"]].id
        at = suggestion.created_at
        filling.session.add(
            SuggestionAuthor(suggestion_id=suggestion.id, member_id=author, why=one.get("why", ""), at=at)
        )
        if suggestion.state == SuggestionState.RECEIVED:
            await _show(filling, suggestion.id)
            continue
        if (post := filling.posts.get(one.get("post", ""))) is not None:
            post.suggestion_id = suggestion.id
        verdict = Verdict(subject=SUGGESTION, subject_id=suggestion.id, what=suggestion.state, reason=suggestion.note)
        decider, decided_at = filling.members[one["by"]].id, suggestion.decided_at or filling.now
        await decisions.add_decision(filling.session, verdict, member_id=decider, now=decided_at)


def _suggestion(filling: _Filling, one: Told) -> Suggestion:
    """Return a suggestion; it was decided halfway to its post, or some hours after it came."""
    at, link = filling.ago(one["days_ago"]), filling.address(one["link"])
    state, post = SuggestionState(one["state"]), filling.posts.get(one.get("post", ""))
    decided_at = None
    if state is not SuggestionState.RECEIVED:
        decided_at = at + timedelta(hours=3)
        if post is not None and post.published_at is not None:
            decided_at = at + (post.published_at - at) / 2
    return Suggestion(
        state=state.value,
        link=link,
        link_key=same_link_key(link),
        post_id=post.id if post is not None else None,
        created_at=at,
        decided_at=decided_at,
        note=one.get("reason", ""),
    )


async def _show(filling: _Filling, suggestion_id: int) -> None:
    channel = filling.programme.curators_channel
    if channel is not None:
        job, key = ShowSuggestion(suggestion_id=suggestion_id), f"suggestion-{suggestion_id}"
        await add_job(filling.session, job, now=filling.now, key=key, plan=Plan(lane=channel))


# Shares and visits


async def _add_shares(filling: _Filling) -> None:
    told = sorted(filling.told["shares"], key=lambda one: -one["days_ago"])
    shares = [_share(filling, one) for one in told]
    filling.session.add_all(shares)
    await filling.session.flush()
    links = [_link(filling, one, share) for one, share in zip(told, shares, strict=True)]
    filling.session.add_all(links)
    await filling.session.flush()
    visits = [visit for one, link in zip(told, links, strict=True) for visit in _visits(filling, one, link)]
    visits.sort(key=lambda visit: visit.at)
    kept = [visit._replace(id=_number(visit.at, place)) for place, visit in enumerate(visits)]
    for start in range(0, len(kept), GROUP):
        await add_known_visits(filling.session, visits=kept[start : start + GROUP])


def _share(filling: _Filling, one: Told) -> Share:
    """Return a share whose composer was opened, or that was confirmed; visits are what evidences it."""
    at, member = filling.ago(one["days_ago"]), filling.members[one["who"]]
    wording, text, language = None, one.get("own_words", ""), member.locale
    if "wording" in one:
        language = one["wording"]["language"]
        wording = filling.wordings[one["post"], language, one["wording"]["number"]]
        text = wording.text
    is_confirmed = one["confirmed"]
    disclosure = filling.programme.disclosure
    line = default_line(filling.programme.company.name, disclosure, language=language, locale=member.locale)
    return Share(
        member_id=member.id,
        post_id=filling.posts[one["post"]].id,
        network=one["network"],
        state=(ShareState.CONFIRMED if is_confirmed else ShareState.OPENED).value,
        text=text,
        disclosure=line if disclosure.is_required else "",
        wording_id=wording.id if wording is not None else None,
        is_own_words=wording is None,
        typed_at=at,
        created_at=at - timedelta(minutes=2),
        opened_at=at,
        said_at=at + timedelta(minutes=1) if is_confirmed else None,
        confirmed_at=at + timedelta(minutes=2) if is_confirmed else None,
    )


def _link(filling: _Filling, one: Told, share: Share) -> TrackedLink:
    variant = f"w{share.wording_id}" if share.wording_id else "own"
    campaign = filling.programme.company.campaign
    link = filling.posts[one["post"]].link
    return TrackedLink(
        share_id=share.id,
        slug=new_slug(filling.random),
        target=with_utm(link, network=share.network, campaign=campaign, variant=variant),
        created_at=share.created_at,
    )


def _visits(filling: _Filling, one: Told, link: TrackedLink) -> list[NewVisit]:
    """Return the visits of a link: previews at once, people most of all early, and sometimes a crawler a day later."""
    shared_at = filling.ago(one["days_ago"])
    span = min(filling.now - shared_at, LONGEST_ECHO) - timedelta(minutes=4)
    first = shared_at + timedelta(minutes=3)
    previews = [first - timedelta(seconds=100 - number) for number in range(one["previews"])]
    people = [first + span * filling.random.random() ** 2 for _ in range(one["visits"])]
    crawlers = [first + timedelta(days=1)] if filling.random.random() < 0.4 and span > timedelta(days=2) else []
    kinds = ((VisitClass.PREVIEW, previews), (VisitClass.HUMAN, people), (VisitClass.CRAWLER, crawlers))
    return [_visit(filling, link.id, kind, at) for kind, times in kinds for at in times]


def _visit(filling: _Filling, link_id: int, kind: VisitClass, at: datetime) -> NewVisit:
    """Return a visit by somebody else than all others, from an address of their own."""
    visitor, prefix = filling.random.randbytes(16), filling.random.randbytes(16)
    on_day = local_date(at, filling.programme.zone)
    return NewVisit(id=0, link_id=link_id, at=at, on_day=on_day, kind=kind.value, visitor=visitor, prefix=prefix)


def _number(at: datetime, place: int) -> int:
    """Return the number of a visit, which rises with time as those of the web do."""
    return ((at - _EPOCH) // timedelta(microseconds=10) << 16) + place
