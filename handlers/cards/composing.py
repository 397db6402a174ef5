"""Composing what goes out: the link in a text, the one-time way to a network, and the address of its composer."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from bot.core.drafting import Filling
from bot.core.links import with_utm
from bot.core.ports import ComposerAddresses
from bot.core.programme import Programme
from bot.core.texts import compose_text
from handlers.cards.disclosing import PostLine, fresh_line
from handlers.context import Context

# The longest address that every chat takes for a button.
MAX_BUTTON_URL = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What goes out on a network: the member's words, what stands before them, and the link of the post."""

    network: str
    title: str
    disclosure: str
    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What the box of a share window holds when it is drawn; `is_checked` after a look at what was typed."""

    text: str
    wording_id: int | None
    disclosure: str
    inspiration: tuple[str, ...] = ()
    is_checked: bool = False
    is_alike: bool = False


def fresh_box(ctx: Context, filling: Filling, *, post: PostLine) -> Box:
    """Return a box in which nobody has typed yet, with the post's own line or else the company's.

    It stands before the text where it is required, else in it, to be taken out.
    """
    line = fresh_line(ctx, post, language=filling.language, text=filling.text)
    is_required = ctx.programme.disclosure.is_required
    return Box(
        text=filling.text if is_required else f"{line}\n\n{filling.text}".strip(),
        wording_id=filling.wording_id,
        disclosure=line if is_required else "",
        inspiration=filling.inspiration,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way out of a window: its share, the slug of its link, and its one-time token unless that is used."""

    share_id: int
    network: str
    slug: str | None
    token: str | None


def link_of(programme: Programme, *, target: str, network: str, slug: str | None) -> str:
    """Return the link that goes out: the member's tracked one, or without a public address the post's own."""
    if programme.public_url is not None and slug is not None:
        return f"{programme.public_url.rstrip('/')}/l/{slug}"
    return with_utm(target, network=network, campaign=programme.company.campaign, variant="")


def composer_address(composers: ComposerAddresses, piece: Piece, *, max_length: int | None = None) -> str:
    """Return the address of the composer with the whole text; with the link alone where that would be too long."""
    whole = compose_text(piece.disclosure, piece.text, piece.link, piece.network)
    address = composers.address(piece.network, text=whole, link=piece.link, title=piece.title)
    if max_length is None or len(address) <= max_length:
        return address
    return composers.address(piece.network, text=piece.link, link=piece.link, title=piece.title)


def next_expiry(now: datetime, life: timedelta, *, before: datetime | None, is_used: bool) -> datetime:
    """Return until when a window's one-time link leads on; one that was used or is half over is replaced.

    So two windows opened at once hold the same link, which still works once; no link is ever made twice.
    """
    if before is None:
        return now + life
    if not is_used and before - now > life / 2:
        return before
    return max(now + life, before + timedelta(microseconds=1))


def one_time_token(ctx: Context, *, post_id: int, network: str, expires_at: datetime) -> str:
    """Return the token of a window: the same whenever the window is redrawn, made only with our secret."""
    return token_of(ctx.secret, member_id=ctx.member_id, post_id=post_id, network=network, expires_at=expires_at)


def token_of(secret: bytes, *, member_id: int, post_id: int, network: str, expires_at: datetime) -> str:
    """Return the token of a member's way to a network until then, for whoever has our secret."""
    drawn = f"go:{member_id}:{post_id}:{network}:{expires_at.isoformat()}"
    return urlsafe_b64encode(blake2b(drawn.encode(), key=secret[:64], digest_size=18).digest()).decode()


def leading_to(ctx: Context, way: Way, piece: Piece, *, is_ready: bool) -> str | None:
    """Return where a window's button leads; `None` if the member must go on once more before that is known.

    That is our own page; without a public address the composer itself, once the text `is_ready`.
    """
    if ctx.programme.public_url is None:
        return composer_address(ctx.composers, piece, max_length=MAX_BUTTON_URL) if is_ready else None
    return None if way.token is None else f"{ctx.programme.public_url.rstrip('/')}/go/{way.token}"
