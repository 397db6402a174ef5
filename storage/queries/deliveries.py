"""Deliveries: shares on their way by a member's connected account, and what became of them.

Every step is one `UPDATE` that asks for the state before it, so that of two at once one is first. `sent_at` tells one
sending from a later one of the same share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, bindparam, case, func, literal, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.jobs import DeliverShare, JobState, kind_of, unpack_job
from bot.core.sharing import NOT_THERE, UNDER_WAY, ShareEvent, ShareState, states_before
from bot.core.value import millionths
from storage.models import JobRow, Share, Spend, Tick
from storage.prepared import Prepared
from storage.queries.links import touch_link
from storage.tables import LINK, MEMBER, POST, SHARE
from storage.types import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A share that its member wants out now: `sent_text` is all of it, as their window shows it."""

    share_id: int
    account_id: int
    text: str = field(repr=False)
    wording_id: int | None
    is_own_words: bool
    disclosure: str
    sent_text: str = field(repr=False)


async def queue_share(session: AsyncSession, wanted: Wanted, *, member_id: int, now: datetime) -> bool:
    """Put a member's share on its way with these words; `False` if another click was first."""
    mine = (Share.id == wanted.share_id, Share.member_id == member_id)
    queued = await session.execute(
        update(Share)
        .where(*mine, Share.state.in_(states_before(ShareEvent.QUEUE)), Share.said_at.is_(None))
        .values(
            state=ShareState.QUEUED.value,
            account_id=wanted.account_id,
            text=wanted.text,
            typed_at=now,
            wording_id=wanted.wording_id,
            is_own_words=wanted.is_own_words,
            disclosure=wanted.disclosure,
            sent_text=wanted.sent_text,
            sent_at=None,
            fault="",
            later_at=None,
        )
        .returning(Share.id)
    )
    return queued.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A share on its way, with what the network is told of the page behind its link.

    `sent_at` is when it was handed to the network last, `queued_at` when its member asked for it.
    """

    share_id: int
    member_id: int
    post_id: int
    account_id: int
    network: str
    state: ShareState
    text: str = field(repr=False)
    created_at: datetime
    queued_at: datetime | None
    sent_at: datetime | None
    slug: str | None
    link: str
    title: str
    summary: str
    picture: str
    language: str
    post_state: str
    networks: tuple[str, ...]
    expires_at: datetime | None
    has_left: bool


_ON_ITS_WAY = [one.value for one in UNDER_WAY]
_DELIVERY = Prepared(
    select(
        SHARE.c.id.label("share_id"),
        SHARE.c.member_id,
        SHARE.c.post_id,
        func.coalesce(SHARE.c.account_id, 0).label("account_id"),
        SHARE.c.network,
        SHARE.c.state,
        SHARE.c.sent_text.label("text"),
        SHARE.c.created_at,
        SHARE.c.typed_at.label("queued_at"),
        SHARE.c.sent_at,
        LINK.c.slug,
        POST.c.link,
        POST.c.title,
        POST.c.summary,
        POST.c.picture,
        POST.c.language,
        POST.c.state.label("post_state"),
        POST.c.networks,
        POST.c.expires_at,
        (MEMBER.c.left_at.is_not(None) | MEMBER.c.erased_at.is_not(None)).label("has_left"),
    )
    .select_from(
        SHARE.join(POST, POST.c.id == SHARE.c.post_id)
        .join(MEMBER, MEMBER.c.id == SHARE.c.member_id)
        .outerjoin(LINK, LINK.c.share_id == SHARE.c.id)
    )
    .where(SHARE.c.id == bindparam("share_id"), SHARE.c.state.in_(_ON_ITS_WAY))
)


async def find_delivery(session: AsyncSession, *, share_id: int) -> Delivery | None:
    """Return a share that is queued or being sent; `None` if it is neither (any more)."""
    row = await _DELIVERY.first(session, {"share_id": share_id})
    if row is None:
        return None
    return Delivery(**{**row, "state": ShareState(row["state"]), "networks": tuple(row["networks"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A share under way that nobody is at, and the number of its member."""

    share_id: int
    member_id: int


_UNDER_WAY = Share.state.in_([literal(one, literal_execute=True) for one in sorted(_ON_ITS_WAY)])
"""Written out in the statement, so that the partial index is used."""


async def list_left(session: AsyncSession, *, before: datetime) -> Sequence[Left]:
    """Return the shares that were asked for `before`, are neither out nor given up, and have no job to come."""
    is_late = func.coalesce(Share.typed_at, Share.created_at) < before
    found = await session.execute(select(Share.id, Share.member_id).where(_UNDER_WAY, is_late).order_by(Share.id))
    late = [Left(share_id=row.id, member_id=row.member_id) for row in found]
    if not late:
        return ()
    is_open = JobRow.state.in_((JobState.QUEUED, JobState.RUNNING))
    kind = kind_of(DeliverShare)
    waiting = await session.scalars(select(JobRow.held).where(JobRow.kind == kind, is_open))
    delivered = {job.share_id for held in waiting if isinstance(job := unpack_job(kind, held), DeliverShare)}
    return [one for one in late if one.share_id not in delivered]


def _moving(*wanted: ColumnElement[bool], **values: object) -> Prepared:
    """Return the statement that moves a share from the states that are wanted."""
    return Prepared(
        update(SHARE).where(SHARE.c.id == bindparam("share_id"), *wanted).values(**values).returning(SHARE.c.id)
    )


_NOW = bindparam("now", type_=Instant)
_CLAIM = _moving(SHARE.c.state == ShareState.QUEUED.value, state=ShareState.SENDING.value, sent_at=_NOW)
_CLAIM_AGAIN = _moving(SHARE.c.state == ShareState.SENDING.value, sent_at=_NOW)
_FAIL_QUEUED = _moving(SHARE.c.state == ShareState.QUEUED.value, state=ShareState.FAILED.value, fault=bindparam("why"))
_FAIL_SENT = _moving(
    SHARE.c.state.in_([ShareState.SENDING.value, ShareState.UNCERTAIN.value]),
    SHARE.c.sent_at == bindparam("since", type_=Instant),
    SHARE.c.said_at.is_(None),
    state=ShareState.FAILED.value,
    fault=bindparam("why"),
)
_LOSE = _moving(SHARE.c.state == ShareState.SENDING.value, state=ShareState.UNCERTAIN.value)


async def claim_share(session: AsyncSession, *, share_id: int, now: datetime) -> bool:
    """Note that a queued share is handed to the network now; `False` if it is not queued (any more)."""
    if await _CLAIM.first(session, {"share_id": share_id, "now": now}) is None:
        return False
    await touch_link(session, share_id=share_id)
    return True


async def claim_again(session: AsyncSession, *, share_id: int, now: datetime) -> bool:
    """Note that a share which was being sent is handed to the network once more; `False` if an answer came."""
    return await _CLAIM_AGAIN.first(session, {"share_id": share_id, "now": now}) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A share that is published: the network's id, the post's address and, if it has one, that address's one form."""

    share_id: int
    remote_id: str
    url: str
    key: str | None
    measure_at: datetime


def _kept(value: BindParameter[Any]) -> ColumnElement[Any]:
    """Return a value to keep of a share; nothing of one whose member was erased."""
    return case((SHARE.c.sent_text == "", null()), else_=value)


_CONFIRM = _moving(
    SHARE.c.state.in_([one.value for one in states_before(ShareEvent.CONFIRM)]),
    state=case(
        (SHARE.c.state == ShareState.EVIDENCED.value, ShareState.EVIDENCED.value),
        else_=ShareState.CONFIRMED.value,
    ),
    confirmed_at=func.coalesce(SHARE.c.confirmed_at, _NOW),
    remote_id=_kept(bindparam("at_network", type_=String)),
    permalink=_kept(bindparam("url", type_=String)),
    permalink_key=_kept(bindparam("form", type_=String)),
    measure_at=_kept(bindparam("measured_at", type_=Instant)),
    fault="",
)


async def confirm_sent(session: AsyncSession, proven: Proven, *, now: datetime) -> bool:
    """Confirm a share by the network's answer, whatever was thought of it meanwhile; `False` if it was taken back.

    What is evidenced stays so. Of somebody who was erased neither id nor address is kept.
    """
    values = {
        "share_id": proven.share_id,
        "at_network": proven.remote_id,
        "url": proven.url or None,
        "form": proven.key,
        "measured_at": proven.measure_at,
        "now": now,
    }
    if proven.key is None:
        return await _CONFIRM.first(session, values) is not None
    try:
        async with session.begin_nested():
            return await _CONFIRM.first(session, values) is not None
    except IntegrityError:  # another share was confirmed by that address: it is theirs
        return await _CONFIRM.first(session, {**values, "form": None}) is not None


async def fail_queued(session: AsyncSession, *, share_id: int, fault: str) -> bool:
    """Note that a queued share was not handed to the network at all; `False` if it is not queued (any more)."""
    return await _FAIL_QUEUED.first(session, {"share_id": share_id, "why": fault}) is not None


async def fail_sent(session: AsyncSession, *, share_id: int, sent_at: datetime, fault: str) -> bool:
    """Note that what was sent at that instant was certainly not published; `False` if something else is known."""
    return await _FAIL_SENT.first(session, {"share_id": share_id, "since": sent_at, "why": fault}) is not None


async def lose_sent(session: AsyncSession, *, share_id: int) -> bool:
    """Note that nobody knows whether a share was published; `False` if that is known by now."""
    return await _LOSE.first(session, {"share_id": share_id}) is not None


async def say_not_there(session: AsyncSession, *, share_id: int, member_id: int) -> bool:
    """Take the member's word that an uncertain share is not there; `False` if it is not uncertain (any more)."""
    said = await session.execute(
        update(Share)
        .where(Share.id == share_id, Share.member_id == member_id, Share.state == ShareState.UNCERTAIN)
        .values(state=ShareState.FAILED.value, fault=NOT_THERE, said_at=None)
        .returning(Share.id)
    )
    return said.first() is not None


_LANE = Prepared(select(MEMBER.c.person_ref).where(MEMBER.c.id == bindparam("member_id")))


async def find_lane(session: AsyncSession, *, member_id: int) -> str:
    """Return the lane of what is told to the identity with this number; "" if it is gone."""
    row = await _LANE.first(session, {"member_id": member_id})
    return "" if row is None else str(row["person_ref"])


async def add_spend(
    session: AsyncSession, *, share_id: int, network: str, amount: Decimal | None, now: datetime
) -> None:
    """Note once what the network billed for a post at `now`; `None`, what nobody entered, is not noted."""
    known = select(Spend.id).where(Spend.share_id == share_id, Spend.at == now)
    if amount is not None and await session.scalar(known) is None:
        session.add(Spend(network=network, kind="post", share_id=share_id, amount=millionths(amount), at=now))


# A network that no longer answers this version of its API


RESTED = timedelta(hours=12)
"""So long nobody is offered an API that is not answered; then one member tries whether it is again."""


async def note_sunset(session: AsyncSession, *, network: str, version: str, now: datetime) -> bool:
    """Note that a network no longer answers this version of its API; `False` if that was noted lately."""
    if await is_sunset(session, network=network, version=version, now=now):
        return False
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    add = dialect.insert(Tick).values(name=_sunset(network), period=version, at=now)
    await session.execute(add.on_conflict_do_update(index_elements=["name", "period"], set_={"at": now}))
    return True


async def is_sunset(session: AsyncSession, *, network: str, version: str, now: datetime) -> bool:
    """Say whether a network lately did not answer this version of its API."""
    wanted = (Tick.name == _sunset(network), Tick.period == version, Tick.at > now - RESTED)
    return await session.scalar(select(Tick.name).where(*wanted)) is not None


def _sunset(network: str) -> str:
    return f"sunset-{network}"
