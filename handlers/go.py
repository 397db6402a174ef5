"""Following a window's one-time link to the network: `follow_go` looks, `use_go` goes and notes that it went."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import drafting
from bot.core.jobs import AskShared
from bot.core.moderation import PostState
from bot.core.networks import NETWORKS
from bot.core.ports import ComposerAddresses
from bot.core.programme import Programme
from bot.core.sharing import ShareablePost, Sharer, ShareState, may_share
from bot.core.social import Mode
from bot.core.texts import compose_text
from bot.core.timing import next_working_time
from bot.i18n.translator import words_for
from handlers.cards.composing import Piece, composer_address, link_of
from handlers.context import SessionMaker
from storage.engine import at_once
from storage.queries import announcements, jobs, members, openings
from storage.queries.jobs import Plan
from storage.queries.openings import Opening
from storage.types import keyed_hash

ASK_AFTER = timedelta(minutes=10)


class GoState(StrEnum):
    """What becomes of a one-time link.

    READY: redirect. COPY: the network takes no text, or the company wants it so: a page gives it to copy and leads on.
    WAITING: what was typed has not arrived, or what arrived is too long; it may come yet. After `finish_go` that has
    become NO_TEXT_YET (a page with the text last known, which leads on) or TOO_LONG (nothing opened, nothing used).
    USED and EXPIRED: a page with the text; never a redirect. REFUSED: the post cannot be shared any more. UNKNOWN: no
    such link.
    """

    READY = "ready"
    COPY = "copy"
    WAITING = "waiting"
    NO_TEXT_YET = "no_text_yet"
    TOO_LONG = "too_long"
    USED = "used"
    EXPIRED = "expired"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoAsk:
    """A one-time link that was followed, and what is needed to answer."""

    token: str
    secret: bytes
    now: datetime
    programme: Programme
    composers: ComposerAddresses


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOutcome:
    """The answer to a one-time link.

    `redirect` only when READY. `address` is where a page's *Continue* leads, `None` where it must not. `text` is all
    that goes out, to copy; `network` the network's name; `over` by how many characters the text is too long. `reason`
    says why a post is REFUSED ("withdrawn", "expired", ...). `language` is the member's.
    """

    state: GoState
    redirect: str | None = None
    address: str | None = None
    text: str = ""
    title: str = ""
    network: str = ""
    link: str = ""
    link_id: int | None = None
    over: int = 0
    reason: str = ""
    language: str = "en"
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoVisit:
    """Who follows the link, so that their own visits are known as theirs: the day, and their hash for a link's id."""

    on_day: date
    hash_for: Callable[[int], bytes]


async def follow_go(session: AsyncSession, ask: GoAsk) -> GoOutcome:
    """Return what the link leads to, changing nothing; while it is WAITING, asking again shortly may tell more."""
    found = await openings.find_opening(session, go_hash=keyed_hash(ask.secret, ask.token))
    return GoOutcome(state=GoState.UNKNOWN) if found is None else _outcome(ask, found)


async def use_go(sessions: SessionMaker, ask: GoAsk, visit: GoVisit | None = None) -> GoOutcome:
    """Do as `finish_go` in a transaction of its own, and again at once where the database has taken that back."""

    async def use() -> GoOutcome:
        async with sessions.begin(is_next=True) as session:
            return await finish_go(session, ask, visit)

    return await at_once(use)


async def finish_go(session: AsyncSession, ask: GoAsk, visit: GoVisit | None = None) -> GoOutcome:
    """Use the link and note that the member went; needs a writing transaction. A link is used at most once."""
    go_hash = keyed_hash(ask.secret, ask.token)
    found = await openings.find_opening(session, go_hash=go_hash)
    if found is None:
        return GoOutcome(state=GoState.UNKNOWN)
    outcome = _outcome(ask, found)
    if outcome.state is GoState.WAITING:
        outcome = _without_more(outcome)
    if outcome.state not in {GoState.READY, GoState.COPY, GoState.NO_TEXT_YET}:
        return outcome
    if not await openings.use_token(session, go_hash=go_hash, sent_text=outcome.text, now=ask.now):
        return replace(outcome, state=GoState.USED, redirect=None)
    await _note(session, ask, found, visit)
    return outcome


def _without_more(outcome: GoOutcome) -> GoOutcome:
    """Return what a link that waited has become, now that nothing more is waited for."""
    if outcome.over:
        return replace(outcome, state=GoState.TOO_LONG, address=None)
    return replace(outcome, state=GoState.NO_TEXT_YET)


def _outcome(ask: GoAsk, found: Opening) -> GoOutcome:
    share, post = found.share, found.post
    link = link_of(ask.programme, target=post.link, network=share.network, slug=share.slug)
    sizes = drafting.Sizes(network=share.network, disclosure=share.disclosure, link=link)
    state, reason = _state(ask, found, over=drafting.too_many(share.text, sizes))
    address = None
    if state in {GoState.READY, GoState.COPY, GoState.WAITING, GoState.USED}:
        piece = Piece(network=share.network, title=post.title, disclosure=share.disclosure, text=share.text, link=link)
        address = composer_address(ask.composers, piece)
    return GoOutcome(
        state=state,
        redirect=address if state is GoState.READY else None,
        address=address,
        text=compose_text(share.disclosure, share.text, link, share.network),
        title=post.title,
        network=NETWORKS[share.network].label,
        link=link,
        link_id=share.link_id,
        over=drafting.too_many(share.text, sizes),
        reason=reason,
        language=found.locale,
        zone=found.zone,
    )


def _state(ask: GoAsk, found: Opening, *, over: int) -> tuple[GoState, str]:
    share = found.share
    if share.go_used_at is not None:
        return GoState.USED, ""
    if share.go_expires_at is None or share.go_expires_at <= ask.now:
        return GoState.EXPIRED, ""
    post = ShareablePost(
        state=PostState(found.post.state), networks=tuple(found.post.networks), expires_at=found.post.expires_at
    )
    sharer = Sharer(has_left=found.has_left)
    refusal = may_share(post, share.network, sharer=sharer, earlier=ShareState(share.state), now=ask.now)
    if refusal is not None:
        return GoState.REFUSED, refusal.value
    if share.typed_at is None or over:
        return GoState.WAITING, ""
    settings = ask.programme.networks.get(share.network)
    is_always_copied = settings is not None and settings.mode is Mode.COPY
    is_copied = is_always_copied or (not NETWORKS[share.network].takes_text and bool(share.text))
    return (GoState.COPY if is_copied else GoState.READY), ""


async def _note(session: AsyncSession, ask: GoAsk, found: Opening, visit: GoVisit | None) -> None:
    """Note everything that follows from a member having gone to the network."""
    share = found.share
    await members.note_network(session, member_id=found.member_id, network=share.network, now=ask.now)
    if visit is not None and share.link_id is not None:
        visitor = visit.hash_for(share.link_id)
        await openings.add_go_visitor(session, share_id=share.id, visitor=visitor, on_day=visit.on_day)
    zone = words_for(found.locale, found.zone).zone
    run_at = next_working_time(ask.now + ASK_AFTER, zone, ask.programme.working_hours)
    plan = Plan(lane=found.person_ref, run_at=run_at)
    await jobs.add_job(session, AskShared(share_id=share.id), now=ask.now, key=f"ask-share-{share.id}", plan=plan)
    await announcements.queue_refresh(session, post_id=found.post.id, now=ask.now)
