"""Shares: the member's own share of a post on a network, from the open window to what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import ModuleType

from sqlalchemy import Executable, Select, and_, bindparam, case, false, func, literal, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.sharing import ShareEvent, ShareState, states_before
from bot.core.visits import VisitClass
from storage.models import LedgerEntry, Post, Share, TrackedLink, Visit
from storage.prepared import Prepared, Row
from storage.queries.visits import IS_SEEN
from storage.tables import LINK, POST, SHARE

LIVE = Share.state != literal(ShareState.UNDONE.value, literal_execute=True)
"""Written out in the statement, so that the partial unique index is used."""

EDITABLE = states_before(ShareEvent.OPEN)
COLLEAGUES_COMPARED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shareable:
    """What a share window needs of a post."""

    id: int
    state: str
    title: str
    link: str
    picture: str
    language: str
    networks: list[str]
    disclosure: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A member's live share of a post on one network; `slug` and `link_id` are those of its tracked link."""

    id: int
    network: str
    state: str
    text: str
    disclosure: str
    wording_id: int | None
    go_expires_at: datetime | None
    go_used_at: datetime | None
    typed_at: datetime | None
    created_at: datetime
    opened_at: datetime | None
    said_at: datetime | None
    confirmed_at: datetime | None
    evidenced_at: datetime | None
    later_at: datetime | None
    permalink: str | None
    sent_text: str = field(repr=False)
    sent_at: datetime | None
    remote_id: str | None
    fault: str
    slug: str | None
    link_id: int | None

    @property
    def is_shared(self) -> bool:
        """Whether the member has shared it already, by what is known or by their own word."""
        return self.state not in EDITABLE or self.said_at is not None


_ASKED = SHARE.alias("asked")
_OF_POST = tuple((one.name, f"post_{one.name}") for one in fields(Shareable))
_OF_SHARE = tuple(one.name for one in fields(Held))
_POST = tuple(POST.c[name].label(label) for name, label in _OF_POST)
_SHARE = tuple(SHARE.c[name] for name in _OF_SHARE if name not in {"slug", "link_id"})
_HELD = (*_SHARE, LINK.c.slug, LINK.c.id.label("link_id"))


def held_of(row: Row) -> Held:
    """Return the share of a row that has its columns."""
    return Held(**{name: row[name] for name in _OF_SHARE})


def post_of(row: Row) -> Shareable:
    """Return the post of a row that has its columns under "post_…"."""
    return Shareable(**{name: row[label] for name, label in _OF_POST})


async def find_shareable(
    session: AsyncSession, *, post_id: int, member_id: int
) -> tuple[Shareable, Mapping[str, Held]] | None:
    """Return a post and the member's live shares of it by network; `None` for a post that is not there."""
    return await _find(session, _SHAREABLE, {"post_id": post_id, "member_id": member_id})


async def find_by_share(
    session: AsyncSession, *, share_id: int, member_id: int
) -> tuple[Shareable, Mapping[str, Held]] | None:
    """Return the post of a member's own share and all their live shares of it; `None` if it is not theirs."""
    return await _find(session, _BY_SHARE, {"share_id": share_id, "member_id": member_id})


def with_post_and_share() -> Select[*tuple[object, ...]]:
    """Return a selection of what `post_of` and `held_of` need; the caller says from where."""
    return select(*_POST, *_HELD)


def _shareable() -> Select[*tuple[object, ...]]:
    live = SHARE.c.state != literal(ShareState.UNDONE.value, literal_execute=True)
    mine = and_(SHARE.c.post_id == POST.c.id, SHARE.c.member_id == bindparam("member_id"), live)
    places = POST.outerjoin(SHARE, mine).outerjoin(LINK, LINK.c.share_id == SHARE.c.id)
    return with_post_and_share().select_from(places)


# Built once: putting a statement together costs more than running it.
_SHAREABLE = Prepared(_shareable().where(POST.c.id == bindparam("post_id")))
_OWN = select(_ASKED.c.post_id).where(
    _ASKED.c.id == bindparam("share_id"), _ASKED.c.member_id == bindparam("member_id")
)
_BY_SHARE = Prepared(_shareable().where(POST.c.id == _OWN.scalar_subquery()))


async def _find(
    session: AsyncSession, wanted: Prepared, asked: Mapping[str, int]
) -> tuple[Shareable, Mapping[str, Held]] | None:
    rows = await wanted.all(session, asked)
    if not rows:
        return None
    return post_of(rows[0]), {row["network"]: held_of(row) for row in rows if row["id"] is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What the window of a share shows as it is drawn; `go_hash` is new or that of a token not yet used."""

    member_id: int
    post_id: int
    network: str
    text: str
    disclosure: str
    wording_id: int | None
    go_hash: bytes
    go_expires_at: datetime


_OF_DRAW = tuple(one.name for one in fields(Draw))


def _drawing(dialect: ModuleType) -> Executable:
    insert = dialect.insert(SHARE)
    redrawn = {name: insert.excluded[name] for name in ("text", "disclosure", "wording_id", "go_hash", "go_expires_at")}
    redrawn["is_own_words"] = case((SHARE.c.text == insert.excluded.text, SHARE.c.is_own_words), else_=false())
    is_same_token = SHARE.c.go_hash == insert.excluded.go_hash
    drawing: Executable = insert.on_conflict_do_update(
        index_elements=["member_id", "post_id", "network"],
        index_where=text("state <> 'undone'"),
        set_={**redrawn, "go_used_at": case((is_same_token, SHARE.c.go_used_at), else_=None), "typed_at": None},
        where=SHARE.c.state.in_([one.value for one in EDITABLE]),
    ).returning(SHARE.c.id)
    return drawing


_DRAW = Prepared(_drawing(sqlite), postgresql=_drawing(postgresql))
_ADD_LINK = Prepared(
    sqlite.insert(LINK).on_conflict_do_nothing().returning(LINK.c.slug),
    postgresql=postgresql.insert(LINK).on_conflict_do_nothing().returning(LINK.c.slug),
)


async def draw_share(session: AsyncSession, draw: Draw, *, now: datetime) -> int | None:
    """Keep a window as drawn, with a new draft where there is no live share; `None` if that can no longer be changed.

    Nothing typed since then is known yet. A second call for the same member, post and network redraws the first.
    """
    shown = {name: getattr(draw, name) for name in _OF_DRAW}
    values = {**shown, "state": ShareState.DRAFT.value, "is_own_words": False, "created_at": now}
    drawn = await _DRAW.first(session, values)
    return None if drawn is None else int(drawn["id"])


async def add_link(session: AsyncSession, *, share_id: int, slug: str, target: str, now: datetime) -> str | None:
    """Give a share its tracked link and return the slug it has; `None` if another share's link has this slug."""
    values = {"share_id": share_id, "slug": slug, "target": target, "created_at": now}
    added = await _ADD_LINK.first(session, values)
    if added is not None:
        return str(added["slug"])
    return await session.scalar(select(TrackedLink.slug).where(TrackedLink.share_id == share_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a member typed and the line before it; what it is: a wording (nearly) as it was, or their own words."""

    share_id: int
    text: str
    disclosure: str
    wording_id: int | None
    is_own_words: bool


async def keep_text(session: AsyncSession, typed: Typed, *, now: datetime) -> bool:
    """Keep what was typed; `False` if the share can no longer be changed."""
    kept = await session.execute(
        update(Share)
        .where(Share.id == typed.share_id, Share.state.in_(EDITABLE))
        .values(
            text=typed.text,
            disclosure=typed.disclosure,
            typed_at=now,
            wording_id=typed.wording_id,
            is_own_words=typed.is_own_words,
        )
        .returning(Share.id)
    )
    return kept.first() is not None


async def release_wording(session: AsyncSession, *, share_id: int) -> None:
    """Let others have the wording of a draft whose window has moved on to another network."""
    draft = (Share.id == share_id, Share.state == ShareState.DRAFT)
    await session.execute(update(Share).where(*draft).values(wording_id=None))


async def list_colleague_texts(session: AsyncSession, *, post_id: int, member_id: int) -> Sequence[str]:
    """Return what colleagues wrote for a post, newest first, at most `COLLEAGUES_COMPARED`, without their names."""
    written = (Share.post_id == post_id, Share.member_id != member_id, Share.text != "")
    left = Share.state.not_in((ShareState.DRAFT, ShareState.UNDONE))
    wanted = select(Share.text).where(*written, left).order_by(Share.id.desc()).limit(COLLEAGUES_COMPARED)
    return (await session.scalars(wanted)).all()


async def say_shared(session: AsyncSession, *, share_id: int, member_id: int, now: datetime) -> bool:
    """Keep the member's word that they shared it, the first time as of now; `False` if it is not theirs or undone."""
    said = await session.execute(
        update(Share)
        .where(Share.id == share_id, Share.member_id == member_id, LIVE)
        .values(said_at=func.coalesce(Share.said_at, literal(now, Share.said_at.type)))
        .returning(Share.id)
    )
    return said.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The address of a member's post on the network as pasted, and its one canonical form."""

    share_id: int
    permalink: str
    key: str


async def confirm_share(session: AsyncSession, proof: Proof, *, member_id: int, now: datetime) -> bool | None:
    """Confirm a share by the link of its post; `None` if that link confirms another share, `False` if it cannot be.

    What is evidenced stays so. A second link corrects the first.
    """
    evidenced = ShareState.EVIDENCED.value
    confirmed = (
        update(Share)
        .where(
            Share.id == proof.share_id,
            Share.member_id == member_id,
            Share.state.in_(states_before(ShareEvent.CONFIRM)),
        )
        .values(
            state=case((Share.state == evidenced, evidenced), else_=ShareState.CONFIRMED.value),
            confirmed_at=func.coalesce(Share.confirmed_at, literal(now, Share.confirmed_at.type)),
            permalink=proof.permalink,
            permalink_key=proof.key,
        )
        .returning(Share.id)
    )
    try:
        async with session.begin_nested():
            return (await session.execute(confirmed)).first() is not None
    except IntegrityError:
        return None


async def undo_share(session: AsyncSession, *, share_id: int, member_id: int, now: datetime) -> bool:
    """Take a share back; its link keeps working and its post may be shared anew. `False` if somebody was first."""
    undone = await session.execute(
        update(Share)
        .where(Share.id == share_id, Share.member_id == member_id, Share.state.in_(states_before(ShareEvent.UNDO)))
        .values(state=ShareState.UNDONE.value, undone_at=now, go_hash=None, permalink_key=None)
        .returning(Share.id)
    )
    return undone.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a share brought: different human visitors, and points."""

    visits: int = 0
    points: int = 0


async def find_brought(session: AsyncSession, *, share_ids: Sequence[int]) -> Mapping[int, Brought]:
    """Return what each of the shares brought, as far as visits are still kept and were looked at for points."""
    visits = (
        select(TrackedLink.share_id, func.count(func.distinct(Visit.visitor)).label("people"))
        .join(Visit, Visit.link_id == TrackedLink.id)
        .where(TrackedLink.share_id.in_(share_ids), Visit.kind == VisitClass.HUMAN, IS_SEEN)
        .group_by(TrackedLink.share_id)
    )
    points = (
        select(LedgerEntry.share_id, func.sum(LedgerEntry.points).label("total"))
        .where(LedgerEntry.share_id.in_(share_ids))
        .group_by(LedgerEntry.share_id)
    )
    seen = {row.share_id: row.people for row in await session.execute(visits)}
    earned = {row.share_id: int(row.total) for row in await session.execute(points)}
    return {one: Brought(visits=seen.get(one, 0), points=earned.get(one, 0)) for one in share_ids}


async def list_mine(session: AsyncSession, *, member_id: int, limit: int) -> Sequence[tuple[str, Held]]:
    """Return a member's newest shares with the titles of their posts, windows that were only looked at left out."""
    is_real = or_(Share.state != ShareState.DRAFT, Share.said_at.is_not(None))
    wanted: Select[*tuple[object, ...]] = select(Post.title.label("title"), *_HELD)
    rows = await session.execute(
        wanted.select_from(Share)
        .join(Post, Post.id == Share.post_id)
        .outerjoin(TrackedLink, TrackedLink.share_id == Share.id)
        .where(Share.member_id == member_id, LIVE, is_real)
        .order_by(Share.created_at.desc(), Share.id.desc())
        .limit(limit)
    )
    return [(row["title"], held_of(row)) for row in rows.mappings()]
