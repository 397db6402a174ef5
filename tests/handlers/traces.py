"""A member who has left traces in every table, and everything that stands in the database as text."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import (
    AskShared,
    SendExport,
    TellDecision,
)
from storage.models import (
    Announcement,
    Base,
    Crew,
    Decision,
    Dismissal,
    GoVisitor,
    InboxRow,
    Lane,
    LedgerEntry,
    Member,
    Post,
    Share,
    Suggestion,
    SuggestionAuthor,
    Total,
    TrackedLink,
    Visit,
)
from storage.queries.jobs import Plan, add_job
from storage.queries.ledger import SINCE_EVER
from tests.handlers.conftest import CURATORS, GENERAL, NOW, World

NAME, EMAIL, REF = "Zebedea Quill", "zebedea@brightwater.example", "U0ZEBEDEA"
TEXT, PERMALINK = "My very own words on rain", "https://linkedin.example/posts/zq-77"
WHY, REASON = "because Quills love it", "I, Quill, find it dull"
TODAY = date(2026, 11, 23)
SECRETS = (NAME, "Quill", EMAIL, REF, TEXT, PERMALINK, "zq-77", WHY, REASON, "Europe/Lisbon", "Typed by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """A member who has left traces everywhere, and numbers of what they left."""

    member: Member
    post: Post
    share_id: int
    draft_id: int
    suggestion_id: int


AT = NOW - timedelta(days=3)


async def leave_traces(world: World) -> Traces:
    """Add a curator who shared, suggested, decided, began drafts, and for whom jobs wait."""
    async with world.sessions.begin() as session:
        session.add(Crew(id=1, name="Workshop"))
    member = await world.add_member(
        NAME,
        person_ref=REF,
        email=EMAIL,
        zone="Europe/Lisbon",
        role="curator",
        crew_id=1,
        is_named=True,
        default_network="linkedin",
        chosen_locale="nl",
        muted_topics=["people"],
    )
    other = await world.add_member("Other")
    post = await world.add_post("A wording", author=member)
    theirs = await world.add_post("Another", author=other, title="Not theirs")
    await world.add_post("Typed", author=member, state="draft", published_at=None, typed={"title": "Typed by"})
    await world.add_post(author=member, state="pending", card_channel=CURATORS, card_ref="m9")
    async with world.sessions.begin() as session:
        session.add_all(
            Announcement(post_id=one.id, channel_ref=GENERAL, message_ref=f"m{one.id}", drawn_at=AT, shown=1)
            for one in (post, theirs)
        )
        share_id, draft_id = await _leave_shares(session, member, post, theirs)
        suggestion_id = await _leave_suggestion(session, member, post)
        session.add(Dismissal(member_id=member.id, post_id=theirs.id, at=AT))
        session.add(InboxRow(key=f"T1-{REF}-3", at=AT))
        session.add(Lane(name=f"post/{REF}", next_at=AT))
        mine = TellDecision(suggestion_id=suggestion_id, member_id=member.id)
        await add_job(session, mine, now=AT, plan=Plan(lane=REF))
        await add_job(session, SendExport(member_id=member.id), now=AT)
        await add_job(session, AskShared(share_id=share_id), now=AT)
        others = TellDecision(suggestion_id=suggestion_id, member_id=other.id)
        await add_job(session, others, now=AT, plan=Plan(lane="UOTHER"))
    return Traces(member=member, post=post, share_id=share_id, draft_id=draft_id, suggestion_id=suggestion_id)


async def _leave_shares(session: AsyncSession, member: Member, post: Post, theirs: Post) -> tuple[int, int]:
    """Add a share with its link, visits and points, and a window that was only looked at."""
    share = Share(member_id=member.id, post_id=post.id, network="linkedin", state="evidenced", text=TEXT, created_at=AT)
    share.permalink, share.permalink_key, share.go_hash = PERMALINK, "linkedin:zq-77", b"g" * 16
    share.opened_at = share.evidenced_at = share.sent_at = AT
    share.sent_text, share.remote_id = f"#tag\n\n{TEXT}", "urn:li:share:zq-77"
    looked = Share(member_id=member.id, post_id=theirs.id, network="x", text=TEXT, created_at=AT, go_hash=b"h" * 16)
    session.add_all((share, looked))
    await session.flush()
    link = TrackedLink(share_id=share.id, slug="aaaa2222", target=post.link, created_at=AT)
    session.add_all((link, TrackedLink(share_id=looked.id, slug="bbbb2222", target=post.link, created_at=AT)))
    await session.flush()
    for number in range(3):
        session.add(visit_of(link.id, AT, number))
    session.add(GoVisitor(share_id=share.id, on_day=TODAY, visitor=b"v" * 16))
    points = {"points": 7, "kind": "share", "key": f"share:{share.id}", "rule_version": 1, "share_id": share.id}
    session.add(LedgerEntry(member_id=member.id, at=AT, on_day=AT.date(), **points))
    for period in ("month", "all"):
        session.add(Total(member_id=member.id, period=period, starts_on=SINCE_EVER, points=7, shares=1, visits=3))
    return share.id, looked.id


def visit_of(link_id: int | None, at: datetime, number: int) -> Visit:
    """Return a human visit that is different from those of other numbers."""
    digest = number.to_bytes(16)
    return Visit(link_id=link_id, at=at, on_day=at.date(), kind="human", visitor=digest, prefix=digest)


async def _leave_suggestion(session: AsyncSession, member: Member, post: Post) -> int:
    """Add a suggestion of the member's, which they decided themselves."""
    suggestion = Suggestion(state="approved", link=post.link, link_key="k", post_id=post.id, created_at=AT, note=REASON)
    suggestion.card_channel, suggestion.card_ref = CURATORS, "m7"
    session.add(suggestion)
    await session.flush()
    session.add(SuggestionAuthor(suggestion_id=suggestion.id, member_id=member.id, why=WHY, at=AT))
    decided = {"subject": "suggestion", "subject_id": suggestion.id, "what": "approved", "reason": REASON}
    session.add(Decision(member_id=member.id, at=AT, **decided))
    return suggestion.id


async def all_words(world: World) -> str:
    """Everything that stands in any column of any table, as text."""
    said: list[str] = []
    async with world.sessions.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in await session.execute(select(table)):
                said += [f"{table.name}.{name}={value!r}" for name, value in row._mapping.items()]
    return "\n".join(said)
