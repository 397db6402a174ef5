"""Delivering a share by its member's connected account: claim, one call, record; what came of it is told by a job.

A share stands as *sending* from just before the call until its answer is kept. Whoever finds it so (the process that
sent it died) asks the network again only where that honours our key; else nobody knows, and the member is to look.
"""

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.errors import RATE_LIMITED, NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.jobs import CreditVisits, DeliverShare, TellDelivered, WatchDeliveries
from bot.core.moderation import PostState
from bot.core.networks import NotAPermalink, canonical_permalink
from bot.core.ports import SocialNetwork
from bot.core.programme import Programme
from bot.core.sharing import NOT_IN_TIME, NOT_SHARABLE, ShareablePost, Sharer, ShareState, may_share
from bot.core.social import Draft, Fault, Published
from handlers.cards.composing import link_of
from handlers.cards.delivering import MENDED_BY_CONNECTING
from handlers.context import Outside
from handlers.tokens import Access, network_of, renewed_access, tokens_for
from storage.engine import AWAY, patiently
from storage.queries import accounts, announcements, deliveries, jobs
from storage.queries.deliveries import Delivery
from storage.queries.jobs import Plan

TRIES_WITH_KEY = 3
IN_TIME = timedelta(minutes=15)
"""So soon after the click a share goes out, or not at all."""

MEASURED_AFTER = timedelta(hours=1)
DRAWN_AFTER = timedelta(seconds=1)
"""So long a platform may take to draw the window that says a share is on its way: a job must not draw it before."""

_TOLD_TO_OPERATORS = (Fault.SUNSET, Fault.NO_CREDITS)
log = logging.getLogger("vouch.deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A share to deliver, as it was found."""

    out: Outside
    job: DeliverShare
    found: Delivery

    @property
    def was_sent(self) -> bool:
        """Whether it was handed to the network before, and no answer kept."""
        return self.found.state is ShareState.SENDING

    @property
    def is_late(self) -> bool:
        """Whether its member's click is too long ago, as after a stop of the bot."""
        asked_at = self.found.queued_at
        return asked_at is not None and self.out.clock.now() - asked_at > IN_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why nothing was published; without `sent_at` the network was not called, `access` is what it was called with."""

    fault: str
    until: datetime | None = None
    earlier: str = ""
    sent_at: datetime | None = None
    access: Access | None = field(default=None, repr=False)


Outcome = Published | Failure | None
"""What the network answered; `None`: nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """All that it takes to hand a share to its network."""

    network: SocialNetwork
    access: Access = field(repr=False)
    draft: Draft = field(repr=False)


class OvertakenError(Exception):
    """The share was taken back, or is known to be out, before it was handed to the network."""


async def deliver_share(out: Outside, job: DeliverShare) -> None:
    """Publish a queued share once; what came of it is kept, and told by a job of its own.

    Afterwards it fails with what only an operator can mend, so that they see it.
    """
    async with out.sessions.reading() as session:
        found = await deliveries.find_delivery(session, share_id=job.share_id)
    if found is None:
        return
    errand = Errand(out=out, job=job, found=found)
    try:
        outcome = await _outcome(errand)
    except OvertakenError:
        return
    await patiently(partial(_record, errand, outcome, now=out.clock.now()))
    if isinstance(outcome, Failure) and outcome.fault in _TOLD_TO_OPERATORS:
        raise Refused(outcome.fault)


async def watch_deliveries(out: Outside, job: WatchDeliveries) -> None:
    """Let every share that should be out by now, and that nobody is at, come to its end: by then nothing is sent."""
    now = out.clock.now()
    async with out.sessions.begin() as session:
        for one in await deliveries.list_left(session, before=now - IN_TIME):
            again = DeliverShare(share_id=one.share_id, member_id=one.member_id)
            lane = await deliveries.find_lane(session, member_id=one.member_id)
            await jobs.add_job(session, again, now=now, plan=Plan(lane=lane))


async def _outcome(errand: Errand) -> Outcome:
    """Hand the share to the network as far as that can make no double, and return what came of it."""
    ready = await _made_ready(errand)
    sent_at = errand.out.clock.now()
    if isinstance(ready, Ready) and not await patiently(partial(_claim, errand, sent_at)):
        ready = Failure(fault=NOT_SHARABLE)
    if isinstance(ready, Failure):
        return None if errand.was_sent else ready
    outcome = await _publish(errand, ready)
    if isinstance(outcome, Failure) and outcome.fault == Fault.EXPIRED and ready.access.tokens.refresh:
        outcome, ready = await _published_anew(errand, ready)
    return replace(outcome, sent_at=sent_at, access=ready.access) if isinstance(outcome, Failure) else outcome


async def _published_anew(errand: Errand, ready: Ready) -> tuple[Outcome, Ready]:
    """Ask once more with renewed tokens: the network took nothing by those that it had ended before their time."""
    try:
        access = await renewed_access(errand.out, ready.access)
    except OutsideError as error:
        return _failure(error, now=errand.out.clock.now()), ready
    except AWAY:  # tried again, the job would find a share that was sent, and nobody would know that it is not out
        return Failure(fault=Fault.UNREACHABLE), ready
    renewed = replace(ready, access=access)
    return await _publish(errand, renewed), renewed


async def _made_ready(errand: Errand) -> Ready | Failure:
    """Return what it takes to hand the share to the network, or why that is not done (now); nothing is sent by this.

    A database that is away is left to the next try of the job.
    """
    out, found = errand.out, errand.found
    if errand.is_late:
        return Failure(fault=NOT_IN_TIME)
    try:
        network = network_of(out, found.network)
        if errand.was_sent and not network.honours_key:
            return Failure(fault=Fault.UNREACHABLE)  # not even a question: what was sent before stays unknown
        access = await tokens_for(out, account_id=found.account_id)
        return Ready(network=network, access=access, draft=_draft(errand, access))
    except OutsideError as error:
        return _failure(error, now=out.clock.now())
    except AWAY:
        raise
    except Exception:
        log.exception("share %d met a defect before it was sent", found.share_id)
        return Failure(fault=Fault.UNREACHABLE)


async def _claim(errand: Errand, sent_at: datetime) -> bool:
    """Note that the share is handed to the network now; `False` if its post may not be shared any more.

    A second call with the same instant finds its note, if the first one was kept and its answer lost: nothing is sent
    before an answer came.
    """
    async with errand.out.sessions.begin() as session:
        found = await deliveries.find_delivery(session, share_id=errand.found.share_id)
        if found is None:
            raise OvertakenError
        if found.state is ShareState.SENDING and found.sent_at == sent_at:
            return True
        post = ShareablePost(state=PostState(found.post_state), networks=found.networks, expires_at=found.expires_at)
        sharer = Sharer(has_left=found.has_left)
        if may_share(post, found.network, sharer=sharer, earlier=None, now=sent_at) is not None:
            return False
        claim = deliveries.claim_again if errand.was_sent else deliveries.claim_share
        if not await claim(session, share_id=found.share_id, now=sent_at):
            raise OvertakenError
    return True


async def _publish(errand: Errand, ready: Ready) -> Outcome:
    """Ask the network: once, or again with the same key where it honours that and an answer was lost.

    Once an answer was lost, what a later try is told says nothing of the first.
    """
    network, access, now = ready.network, ready.access, errand.out.clock.now
    key, is_lost = key_of(errand.found), errand.was_sent
    for _ in range(TRIES_WITH_KEY if network.honours_key else 1):
        try:
            return await network.publish(access.door, access.tokens, ready.draft, key=key)
        except Uncertain:
            is_lost = True
        except OutsideError as error:
            return None if is_lost else _failure(error, now=now())
        except Exception:  # a defect: the request may have left
            log.exception("share %d met a defect on its way", errand.found.share_id)
            return None
    return None


def key_of(found: Delivery) -> str:
    """Return the key of a share with its text: the same for every try of it, and of no other, in no other database.

    Other words are another post: a network that took the first words must not give that post back for the second.
    """
    words = blake2b(found.text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"vouch-{found.share_id}-{int(found.created_at.timestamp() * 1000)}-{words}"


def _draft(errand: Errand, access: Access) -> Draft:
    found = errand.found
    return Draft(
        author_id=access.remote_id,
        text=found.text,
        link=link_of(errand.out.programme, target=found.link, network=found.network, slug=found.slug),
        title=found.title,
        summary=found.summary,
        picture=found.picture,
        language=found.language,
    )


def _failure(error: OutsideError, *, now: datetime) -> Failure:
    """Return what an error says; a word that is none of ours counts as the plainest of its kind."""
    is_known = error.code in set(Fault)
    match error:
        case TryLater(after=after) if error.code in (RATE_LIMITED, Fault.RATE_LIMITED):
            return Failure(fault=Fault.RATE_LIMITED, until=now + after)
        case TryLater():
            return Failure(fault=Fault.UNREACHABLE)
        case NotConnected():
            return Failure(fault=error.code if is_known else Fault.REVOKED)
        case _:
            fault = error.code if is_known else Fault.REJECTED
            return Failure(fault=fault, earlier=str(error.params.get("earlier", "")))


# Keeping what came of it


async def _record(errand: Errand, outcome: Outcome, *, now: datetime) -> None:
    """Keep what came of it at `now`; a second call, after an answer that was lost, adds nothing."""
    async with errand.out.sessions.begin() as session:
        match outcome:
            case Published():
                is_news = await _confirm(session, errand, outcome, now=now)
            case Failure():
                is_news = await _fail(session, errand, outcome)
            case None:
                is_news = await deliveries.lose_sent(session, share_id=errand.found.share_id)
        if is_news:
            await _tell_later(session, errand, outcome)


async def _confirm(session: AsyncSession, errand: Errand, published: Published, *, now: datetime) -> bool:
    found, programme = errand.found, errand.out.programme
    proven = deliveries.Proven(
        share_id=found.share_id,
        remote_id=published.remote_id,
        url=published.url,
        key=_key_of_post(programme, found.network, published.url),
        measure_at=now + MEASURED_AFTER,
    )
    cost = programme.networks[found.network].cost_per_post if found.network in programme.networks else None
    await deliveries.add_spend(session, share_id=found.share_id, network=found.network, amount=cost, now=now)
    if not await deliveries.confirm_sent(session, proven, now=now):
        return False
    await jobs.add_job(session, CreditVisits(), now=now)
    await announcements.queue_refresh(session, post_id=found.post_id, now=now)
    return True


def _key_of_post(programme: Programme, network: str, url: str) -> str | None:
    settings = programme.networks.get(network)
    try:
        return canonical_permalink(network, url, extra_hosts=settings.post_hosts if settings else ())
    except NotAPermalink:
        return None


async def _fail(session: AsyncSession, errand: Errand, failure: Failure) -> bool:
    found, now = errand.found, errand.out.clock.now()
    if failure.fault in MENDED_BY_CONNECTING:
        await _note_broken(session, errand, failure)
    settings = errand.out.programme.networks.get(found.network)
    version = settings.api_version if settings else ""
    is_sunset = failure.fault == Fault.SUNSET
    if is_sunset and await deliveries.note_sunset(session, network=found.network, version=version, now=now):
        log.error(
            "%s no longer answers this version of its API, so members go by its composer: "
            "set networks.%s.api_version to a newer one (docs/configuration.md#networks)",
            found.network,
            found.network,
        )
    if failure.sent_at is None:
        return await deliveries.fail_queued(session, share_id=found.share_id, fault=failure.fault)
    return await deliveries.fail_sent(session, share_id=found.share_id, sent_at=failure.sent_at, fault=failure.fault)


async def _note_broken(session: AsyncSession, errand: Errand, failure: Failure) -> None:
    """Note that the member has to connect anew, and that they are told so with their share."""
    now = errand.out.clock.now()
    if failure.access is not None:
        await accounts.mark_broken(session, failure.access.account, failure.fault, told_at=now)
        return
    account = await accounts.find_account_by_id(session, account_id=errand.found.account_id)
    if account is not None and not account.is_connected:
        await accounts.note_told(session, account, now=now)


async def _tell_later(session: AsyncSession, errand: Errand, outcome: Outcome) -> None:
    job, now = errand.job, errand.out.clock.now()
    until, earlier = (outcome.until, outcome.earlier) if isinstance(outcome, Failure) else (None, "")
    told = TellDelivered(
        share_id=job.share_id,
        member_id=job.member_id,
        window=job.window,
        until=until.isoformat() if until else "",
        earlier=earlier,
    )
    asked_at = errand.found.queued_at or now
    lane = await deliveries.find_lane(session, member_id=job.member_id)
    plan = Plan(lane=lane, run_at=max(now, asked_at + DRAWN_AFTER) if job.window else now)
    key = f"told-{job.share_id}-{asked_at:%Y%m%dT%H%M%S%f}-{type(outcome).__name__}"  # each is told once
    await jobs.add_job(session, told, now=now, key=key, plan=plan)
