"""What the use cases of sharing have in common: the post and the member's shares of it, the window, what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom

from bot.core import drafting
from bot.core.cards import Card, Form, Spans
from bot.core.errors import NotFound, Unable
from bot.core.links import new_slug, with_utm
from bot.core.moderation import PostState
from bot.core.networks import NETWORKS
from bot.core.reply import Reply
from bot.core.sharing import (
    UNDER_WAY,
    Refusal,
    ShareablePost,
    ShareEvent,
    Sharer,
    ShareState,
    may_share,
    states_before,
)
from bot.core.social import Fault
from bot.core.wordings import OWN_WORDS_BELOW, Wording, closest
from handlers.cards import delivering, outcome
from handlers.cards import share as cards
from handlers.cards.composing import Box, Piece, Way, fresh_box, leading_to, link_of, next_expiry, one_time_token
from handlers.cards.disclosing import PostLine, choices_in, line_for, lines_known, picked_anew
from handlers.context import Context
from storage.queries import accounts, deliveries, figures, members, shares, wordings
from storage.queries.accounts import AccountRow
from storage.queries.shares import Held, Shareable
from storage.types import keyed_hash

_BY_COMPOSER = (Fault.SUNSET, Fault.NO_CREDITS)
"""After these the member goes on by the network's composer: trying again would not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A post, the member's live shares of it by network, and the networks that the programme has for it.

    `trouble` is what just became of posting it, where more is known of that than is kept.
    """

    post: Shareable
    mine: Mapping[str, Held]
    networks: tuple[str, ...]
    trouble: delivering.Trouble | None = None

    @property
    def line(self) -> PostLine:
        """What the post says of the line before a text."""
        return PostLine(own=self.post.disclosure, language=self.post.language)

    def by_id(self, share_id: int) -> Held | None:
        """Return the live share with this number, if it is among them."""
        return next((one for one in self.mine.values() if one.id == share_id), None)


def scene_of(ctx: Context, found: tuple[Shareable, Mapping[str, Held]]) -> Scene:
    """Return the scene of a post and the member's shares of it."""
    post, mine = found
    networks = tuple(one for one in NETWORKS if one in post.networks and one in ctx.programme.networks)
    return Scene(post=post, mine=mine, networks=networks)


async def own_scene(ctx: Context, share_id: int) -> tuple[Scene, Held | None]:
    """Return the scene of a member's own share, and the share itself unless it was undone."""
    found = await shares.find_by_share(ctx.session, share_id=share_id, member_id=ctx.member_id)
    if found is None:
        raise NotFound
    scene = scene_of(ctx, found)
    return scene, scene.by_id(share_id)


def first_network(ctx: Context, scene: Scene) -> str:
    """Return the member's remembered network, if the post may go there, or the best known one; "" if there is none."""
    remembered = ctx.me.default_network
    if remembered in scene.networks:
        return remembered
    return scene.networks[0] if scene.networks else ""


def refusal_of(ctx: Context, scene: Scene, network: str) -> Refusal | None:
    """Return why the member cannot share the post on this network now, or `None`."""
    post = ShareablePost(state=PostState(scene.post.state), networks=scene.networks, expires_at=scene.post.expires_at)
    held = scene.mine.get(network)
    sharer = Sharer(has_left=ctx.me.left_at is not None)
    return may_share(post, network, sharer=sharer, earlier=ShareState(held.state) if held else None, now=ctx.now)


def refuse(ctx: Context, scene: Scene, network: str) -> None:
    """Return if the member can share the post on this network now, else say why not."""
    refusal = refusal_of(ctx, scene, network)
    if refusal is not None:
        raise Unable(f"share.refused_{refusal.value}")


async def opened(ctx: Context, scene: Scene, network: str) -> Reply:
    """Return what came of the share on this network, or its window with the text kept so far or a wording."""
    held = scene.mine.get(network)
    if held is not None and held.is_shared:
        return Reply(form=await outcome_form(ctx, scene, held))
    refuse(ctx, scene, network)
    known, used = await suggested_for(ctx, scene)
    is_idle = held is not None and held.state == ShareState.DRAFT and held.wording_id in used
    if held is None or not held.text or (is_idle and is_untouched(ctx, scene, held, known)):
        return await drawn(ctx, scene, network, filled_box(ctx, scene, network, (known, used)))
    return await drawn(ctx, scene, network, kept_box(held))


def kept_box(held: Held) -> Box:
    """Return the box with what is kept of a share."""
    return Box(text=held.text, wording_id=held.wording_id, disclosure=held.disclosure)


async def disclosed(ctx: Context, scene: Scene, held: Held, *, text: str, picked: str) -> tuple[str, bool]:
    """Return the line before a typed text, and whether the text made it another; what was picked anew is remembered."""
    anew = picked_anew(ctx, scene.line, current=held.disclosure, picked=picked)
    if anew is not None:
        await members.note_disclosure(ctx.session, member_id=ctx.member_id, disclosure=anew)
    return line_for(ctx, scene.line, current=held.disclosure, text=text, picked=picked)


async def keep_typed(ctx: Context, scene: Scene, held: Held, text: str, *, picked: str = "") -> tuple[Held, bool]:
    """Keep a typed text as what it is; return the share with it, and whether it is much like a colleague's.

    `picked` is the wording of the line before it that the window had.
    """
    typed = drafting.as_typed(text)
    line, _ = await disclosed(ctx, scene, held, text=typed, picked=picked)
    known, _ = await suggested_for(ctx, scene)
    colleagues = await shares.list_colleague_texts(ctx.session, post_id=scene.post.id, member_id=ctx.member_id)
    kept = shares.Typed(
        share_id=held.id,
        text=typed,
        disclosure=line,
        wording_id=drafting.source_of(typed, known),
        is_own_words=drafting.in_own_words(typed, disclosure=line, wordings=known, colleagues=colleagues),
    )
    await shares.keep_text(ctx.session, kept, now=ctx.now)
    held = replace(held, text=typed, disclosure=line, typed_at=ctx.now)
    return held, closest(typed, colleagues) >= OWN_WORDS_BELOW


def way_out(ctx: Context, scene: Scene, held: Held) -> Way:
    """Return the way out of a window that is open, as it was drawn."""
    token = None
    if held.go_used_at is None and held.go_expires_at is not None:
        token = one_time_token(ctx, post_id=scene.post.id, network=held.network, expires_at=held.go_expires_at)
    return Way(share_id=held.id, network=held.network, slug=held.slug, token=token)


def is_untouched(ctx: Context, scene: Scene, held: Held, known: Sequence[Wording]) -> bool:
    """Say whether the box holds just the wording that it was filled with, perhaps with a disclosure before it."""
    languages = (ctx.me.locale, *(one.language for one in known))
    lines = lines_known(ctx, scene.line, languages)
    return drafting.is_untouched(held.text, held.wording_id, known, lines=lines)


async def suggested_for(ctx: Context, scene: Scene) -> tuple[Sequence[Wording], frozenset[int]]:
    """Return the wordings of the post, and which of them somebody uses."""
    return await wordings.list_wordings(ctx.session, post_id=scene.post.id, member_id=ctx.member_id, now=ctx.now)


def languages_for(ctx: Context, scene: Scene) -> tuple[str, ...]:
    """Return which languages a wording for this member may be in, the best first."""
    return (ctx.me.locale, ctx.words.language, scene.post.language)


def filled_box(ctx: Context, scene: Scene, network: str, suggested: tuple[Sequence[Wording], frozenset[int]]) -> Box:
    """Return the box with a wording that nobody uses yet, or with ideas."""
    filling = drafting.fill(*suggested, network=network, languages=languages_for(ctx, scene))
    return fresh_box(ctx, filling, post=scene.line)


async def drawn(ctx: Context, scene: Scene, network: str, box: Box) -> Reply:
    """Keep the window as it is drawn, and return it."""
    way = await draw(ctx, scene, network, box)
    return Reply(form=cards.share_form(ctx, await window_of(ctx, scene, way, box)))


async def draw(ctx: Context, scene: Scene, network: str, box: Box) -> Way:
    """Keep the window as it is drawn, with its link where it is new, and return the way out of it."""
    held = scene.mine.get(network)
    is_used = held is not None and held.go_used_at is not None
    before = held.go_expires_at if held else None
    expires_at = next_expiry(ctx.now, ctx.programme.go_lifetime, before=before, is_used=is_used)
    token = one_time_token(ctx, post_id=scene.post.id, network=network, expires_at=expires_at)
    draw = shares.Draw(
        member_id=ctx.member_id,
        post_id=scene.post.id,
        network=network,
        text=box.text,
        disclosure=box.disclosure,
        wording_id=box.wording_id,
        go_hash=keyed_hash(ctx.secret, token),
        go_expires_at=expires_at,
    )
    share_id = await shares.draw_share(ctx.session, draw, now=ctx.now)
    if share_id is None:
        raise Unable("share.refused_under_way")
    slug = held.slug if held else None
    if slug is None and ctx.programme.public_url is not None:
        slug = await _add_link(ctx, scene.post, share_id, draw)
    return Way(share_id=share_id, network=network, slug=slug, token=token)


async def _add_link(ctx: Context, post: Shareable, share_id: int, draw: shares.Draw) -> str:
    variant = f"w{draw.wording_id}" if draw.wording_id else "own"
    target = with_utm(post.link, network=draw.network, campaign=ctx.programme.company.campaign, variant=variant)
    while True:
        slug = new_slug(SystemRandom())
        added = await shares.add_link(ctx.session, share_id=share_id, slug=slug, target=target, now=ctx.now)
        if added is not None:
            return added


async def account_on(ctx: Context, network: str) -> AccountRow | None:
    """Return the member's account at a network that is used by accounts, connected or broken; `None` without one."""
    settings = ctx.programme.networks.get(network)
    if settings is None or not settings.can_connect:
        return None
    return await accounts.find_account(ctx.session, member_id=ctx.member_id, network=network)


async def connection_of(ctx: Context, held: Held | None, network: str, account: AccountRow | None) -> cards.Connection:
    """Return how the member stands with a network; while its API is of no use, as if it were not used by accounts."""
    settings = ctx.programme.networks.get(network)
    if settings is None or not settings.can_connect:
        return cards.Connection.NONE
    if account is None:
        return cards.Connection.OFFERED
    if not account.is_connected:
        return cards.Connection.BROKEN
    is_useless = held is not None and held.state == ShareState.FAILED and held.fault in _BY_COMPOSER
    if is_useless or await deliveries.is_sunset(
        ctx.session, network=network, version=settings.api_version, now=ctx.now
    ):
        return cards.Connection.NONE
    return cards.Connection.CONNECTED


async def window_of(ctx: Context, scene: Scene, way: Way, box: Box) -> cards.ShareWindow:
    """Return what the window of a box shows."""
    held, account = scene.mine.get(way.network), await account_on(ctx, way.network)
    connection = await connection_of(ctx, held, way.network, account)
    link = link_of(ctx.programme, target=scene.post.link, network=way.network, slug=way.slug)
    piece = Piece(network=way.network, title=scene.post.title, disclosure=box.disclosure, text=box.text, link=link)
    limit = account.limit if account else None
    sizes = drafting.Sizes(network=way.network, disclosure=box.disclosure, link=link, limit=limit)
    over = drafting.too_many(box.text, sizes)
    return cards.ShareWindow(
        share_id=way.share_id,
        title=scene.post.title,
        picture=scene.post.picture,
        network=way.network,
        networks=scene.networks,
        text=box.text,
        edition=box.wording_id or 0,
        inspiration=box.inspiration,
        disclosure=box.disclosure,
        link=link,
        address=leading_to(ctx, way, piece, is_ready=box.is_checked and not over),
        room=drafting.room_for(sizes),
        over=over,
        is_alike=box.is_alike,
        is_checked=box.is_checked,
        is_welcome=ctx.me.welcomed_at is None,
        opened_at=held.opened_at if held else None,
        later_at=held.later_at if held else None,
        allowed=choices_in(ctx, scene.line, current=box.disclosure, text=box.text),
        connection=connection,
        account_id=account.id if account else 0,
        account=account.name if account else "",
        trouble=trouble_of(ctx, scene, held),
        seen=drafting.mark_of(box.text) if box.is_alike or (box.is_checked and not box.text) else "",
    )


def trouble_of(ctx: Context, scene: Scene, held: Held | None) -> Spans:
    """Return what became of the last try to post a share, if nothing was posted."""
    if held is None or held.state != ShareState.FAILED:
        return ()
    return delivering.trouble_line(ctx, held.network, scene.trouble or delivering.Trouble(fault=held.fault))


async def view_of(ctx: Context, scene: Scene, held: Held) -> outcome.SharedView:
    """Return what came of a share; visits that were never counted, or are no longer kept, are not known."""
    brought = (await shares.find_brought(ctx.session, share_ids=[held.id]))[held.id]
    is_counted = ctx.programme.public_url is not None and held.slug is not None
    is_kept = ctx.now - held.created_at <= ctx.programme.retention.visits
    shared = {name for name, one in scene.mine.items() if one.is_shared} | {held.network}
    others = tuple(one for one in scene.networks if one not in shared and refusal_of(ctx, scene, one) is None)
    return outcome.SharedView(
        share_id=held.id,
        post_id=scene.post.id,
        title=scene.post.title,
        network=held.network,
        others=others,
        text=held.text,
        opened_at=held.opened_at,
        posted_at=held.sent_at if held.remote_id is not None else None,
        said_at=held.said_at,
        confirmed_at=held.confirmed_at,
        evidenced_at=held.evidenced_at,
        permalink=held.permalink,
        visits=brought.visits if is_counted and is_kept else None,
        points=brought.points,
        can_open=not held.is_shared and refusal_of(ctx, scene, held.network) is None,
        can_undo=held.state in states_before(ShareEvent.UNDO),
        is_queued=held.state == ShareState.QUEUED,
        measured=await figures.find_measured(ctx.session, share_id=held.id),
    )


async def sent_of(ctx: Context, scene: Scene, held: Held) -> delivering.Sent:
    """Return a share as it was handed to the network, or is about to be."""
    account = await account_on(ctx, held.network)
    return delivering.Sent(
        share_id=held.id,
        title=scene.post.title,
        network=held.network,
        text=held.sent_text or held.text,
        profile=account.url if account else "",
        can_undo=held.state == ShareState.QUEUED,
    )


async def outcome_form(ctx: Context, scene: Scene, held: Held, note: str = "") -> Form:
    """Return the window of what came of a share: shared, on its way, or to be looked for."""
    if held.state in UNDER_WAY:
        return delivering.posting_form(ctx, await sent_of(ctx, scene, held))
    if held.state == ShareState.UNCERTAIN and held.said_at is None:
        return delivering.look_form(ctx, await sent_of(ctx, scene, held))
    return outcome.shared_form(ctx, replace(await view_of(ctx, scene, held), note=note))


async def outcome_card(ctx: Context, scene: Scene, held: Held, note: str = "") -> Card:
    """Return the same as a private message."""
    if held.state in UNDER_WAY:
        return delivering.posting_card(ctx, await sent_of(ctx, scene, held))
    if held.state == ShareState.UNCERTAIN and held.said_at is None:
        return delivering.look_card(ctx, await sent_of(ctx, scene, held))
    return outcome.shared_card(ctx, replace(await view_of(ctx, scene, held), note=note))


async def shown(ctx: Context, scene: Scene, held: Held, note: str = "") -> Reply:
    """Return what came of a share where the member asked: in the window, or else as a private message."""
    if ctx.interaction.window_ref is not None:
        return Reply(form=await outcome_form(ctx, scene, held, note))
    return Reply(card=await outcome_card(ctx, scene, held, note))
