"""Sharing: the window, the way to the network and back, proofs, and taking a share back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom

from bot.core import drafting
from bot.core.actions import (
    AnswerWelcome,
    ChangeShare,
    LeaveForNetwork,
    OpenPermalink,
    OpenShare,
    SayShared,
    SubmitPermalink,
    UndoShare,
)
from bot.core.errors import NotFound, Unable
from bot.core.jobs import CreditVisits
from bot.core.links import new_slug, with_utm
from bot.core.moderation import PostState
from bot.core.networks import NETWORKS, NotAPermalink, canonical_permalink
from bot.core.reply import Reply
from bot.core.sharing import Refusal, ShareablePost, ShareEvent, Sharer, ShareState, may_share, states_before
from bot.core.texts import disclosure_line
from bot.core.wordings import OWN_WORDS_BELOW, Wording, closest
from handlers.cards import share as cards
from handlers.cards import welcome as welcomes
from handlers.cards.composing import Box, Piece, Way, fresh_box, leading_to, link_of, next_expiry, one_time_token
from handlers.context import Context
from storage.queries import announcements, jobs, ledger, members, openings, shares, wordings
from storage.queries.shares import Held, Shareable
from storage.types import keyed_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """A post, the member's live shares of it by network, and the networks that the programme has for it."""

    post: Shareable
    mine: Mapping[str, Held]
    networks: tuple[str, ...]

    def by_id(self, share_id: int) -> Held | None:
        return next((one for one in self.mine.values() if one.id == share_id), None)


async def open_share(ctx: Context, action: OpenShare) -> Reply:
    """Open the share window, or show what came of the share where the member has shared that post already."""
    found = await shares.find_shareable(ctx.session, post_id=action.post_id, member_id=ctx.member_id)
    if found is None:
        raise Unable("share.refused_deleted")
    scene = _scene(ctx, found)
    fallback = cards.again_card(ctx, post_id=scene.post.id, title=scene.post.title)
    return replace(await _opened(ctx, scene, _first_network(ctx, scene)), fallback=fallback)


async def change_share(ctx: Context, action: ChangeShare) -> Reply:
    """Redraw the window: for another network, or after a look at the text; what was typed is kept."""
    scene, before = await _own(ctx, action.share_id)
    network = action.network if action.network in scene.networks else before.network if before else ""
    held = scene.mine.get(network)
    is_typed = bool(action.network) and before is not None and not before.is_shared
    if not is_typed or before is None or (held is not None and held.is_shared):
        return await _opened(ctx, scene, network or _first_network(ctx, scene))
    _refuse(ctx, scene, network)
    typed = drafting.as_typed(action.text)
    known, used = await _suggested(ctx, scene)
    if network != before.network:
        await shares.release_wording(ctx.session, share_id=before.id)
        if _is_untouched(ctx, scene, replace(before, text=typed), known):
            return await _drawn(ctx, scene, network, _fresh(ctx, scene, network, (known, used)))
    colleagues = await shares.list_colleague_texts(ctx.session, post_id=scene.post.id, member_id=ctx.member_id)
    box = Box(
        text=typed,
        wording_id=before.wording_id or drafting.source_of(typed, known),
        disclosure=before.disclosure,
        inspiration=() if typed else drafting.ideas(known, network=network, languages=_languages(ctx, scene)),
        is_checked=network == before.network,
        is_alike=closest(typed, colleagues) >= OWN_WORDS_BELOW,
    )
    return await _drawn(ctx, scene, network, box)


async def leave_for_network(ctx: Context, action: LeaveForNetwork) -> Reply:
    """Keep what was typed, for `/go` to carry on; a text that is too long is kept and answered in the window.

    Where a followed link is not told, the member is only about to leave: the text is kept now, and the way on shown.
    """
    scene, held = await _own(ctx, action.share_id)
    if held is None:
        raise NotFound
    if held.state not in shares.EDITABLE or not action.network:
        return await _show(ctx, scene, held)
    if not ctx.interaction.is_live and action.network != held.network:
        return await _leave_for_another(ctx, action)
    _refuse(ctx, scene, held.network)
    held = replace(held, text=drafting.as_typed(action.text), typed_at=ctx.now)
    way = _way(ctx, scene, held)
    if not ctx.interaction.is_live:  # a way that was used, or is over soon, is made anew
        way = await _draw(ctx, scene, held.network, _box(held))
    known, _ = await _suggested(ctx, scene)
    colleagues = await shares.list_colleague_texts(ctx.session, post_id=scene.post.id, member_id=ctx.member_id)
    typed = shares.Typed(
        share_id=held.id,
        text=held.text,
        wording_id=drafting.source_of(held.text, known),
        is_own_words=drafting.in_own_words(
            held.text, disclosure=held.disclosure, wordings=known, colleagues=colleagues
        ),
    )
    await shares.keep_text(ctx.session, typed, now=ctx.now)
    is_alike = closest(held.text, colleagues) >= OWN_WORDS_BELOW
    box = replace(_box(held), is_alike=is_alike, is_checked=not ctx.interaction.is_live)
    window = _window(ctx, scene, way, box)
    if window.over:
        return Reply(form=cards.share_form(ctx, window))
    if not ctx.interaction.is_live:
        return Reply(form=cards.ready_form(ctx, window))
    if ctx.programme.public_url is None:
        await openings.note_opened(ctx.session, share_id=held.id, now=ctx.now)
        await members.note_network(ctx.session, member_id=ctx.member_id, network=held.network, now=ctx.now)
        await announcements.queue_refresh(ctx.session, post_id=scene.post.id, now=ctx.now)
    went = ctx.text("share.went", network=NETWORKS[held.network].label)
    view = replace(await _view(ctx, scene, held), is_alike=is_alike, note=went)
    return Reply(form=cards.shared_form(ctx, view))


async def _leave_for_another(ctx: Context, action: LeaveForNetwork) -> Reply:
    """Change to another network, and go on to it at once if that shows the member nothing new in the box."""
    shown = await change_share(ctx, ChangeShare(share_id=action.share_id, network=action.network, text=action.text))
    scene, _ = await _own(ctx, action.share_id)
    moved = scene.mine.get(action.network)
    if moved is None or moved.is_shared or moved.text != drafting.as_typed(action.text):
        return shown
    return await leave_for_network(ctx, replace(action, share_id=moved.id))


async def say_shared(ctx: Context, action: SayShared) -> Reply:
    """Keep the member's word; it earns nothing by itself, and says so."""
    if not await shares.say_shared(ctx.session, share_id=action.share_id, member_id=ctx.member_id, now=ctx.now):
        raise NotFound
    scene, held = await _own(ctx, action.share_id)
    if held is None:
        raise NotFound
    return await _show(ctx, scene, held, note=ctx.text("share.thanks_said"))


async def open_permalink(ctx: Context, action: OpenPermalink) -> Reply:
    """Open the window that takes the link of the member's own post, over the share window if that is open."""
    _, held = await _own(ctx, action.share_id)
    if held is None:
        raise NotFound
    if not NETWORKS[held.network].permalinks:
        raise Unable("permalink.none", network=NETWORKS[held.network].label)
    form = cards.permalink_form(ctx, share_id=held.id, network=held.network)
    return Reply(form=form, is_stacked=ctx.interaction.window_ref is not None)


async def submit_permalink(ctx: Context, action: SubmitPermalink) -> Reply:
    """Confirm a share by the link of the member's post: one of that network, used for no other share."""
    scene, held = await _own(ctx, action.share_id)
    if held is None:
        raise NotFound
    settings = ctx.programme.networks.get(held.network)
    url = action.url.strip()
    try:
        key = canonical_permalink(held.network, url, extra_hosts=settings.post_hosts if settings else ())
    except NotAPermalink:
        return _wrong_permalink(ctx, held, url, ctx.text("permalink.wrong", network=NETWORKS[held.network].label))
    proof = shares.Proof(share_id=held.id, permalink=url, key=key[:500])
    confirmed = await shares.confirm_share(ctx.session, proof, member_id=ctx.member_id, now=ctx.now)
    if confirmed is None:
        return _wrong_permalink(ctx, held, url, ctx.text("permalink.taken"))
    if not confirmed:
        raise Unable("share.refused_under_way")
    await jobs.add_job(ctx.session, CreditVisits(), now=ctx.now)
    await announcements.queue_refresh(ctx.session, post_id=scene.post.id, now=ctx.now)
    view = await _view(ctx, scene, replace(held, permalink=url, confirmed_at=held.confirmed_at or ctx.now))
    thanks = replace(view, note=ctx.text("permalink.thanks"), can_open=False)
    return Reply(card=cards.shared_card(ctx, thanks), closes=True)


def _wrong_permalink(ctx: Context, held: Held, url: str, why: str) -> Reply:
    form = cards.permalink_form(ctx, share_id=held.id, network=held.network, url=url)
    return Reply(errors={"url": why}, form=form)


async def undo_share(ctx: Context, action: UndoShare) -> Reply:
    """Take a share back: its points are reversed, its link keeps working, its post may be shared anew."""
    scene, held = await _own(ctx, action.share_id)
    if held is None:
        raise Unable("share.undone_already")
    view = await _view(ctx, scene, held)
    if not await shares.undo_share(ctx.session, share_id=held.id, member_id=ctx.member_id, now=ctx.now):
        raise Unable("share.refused_under_way")
    await ledger.reverse_share(ctx.session, share_id=held.id, now=ctx.now, programme=ctx.programme)
    await announcements.queue_refresh(ctx.session, post_id=scene.post.id, now=ctx.now)
    if ctx.interaction.window_ref is not None:
        return Reply(form=cards.undone_form(ctx, view=view))
    return Reply(card=cards.undone_card(ctx, view=view))


async def answer_welcome(ctx: Context, action: AnswerWelcome) -> Reply:
    """Keep whether the member's name may stand on boards, and give the window back as it was typed."""
    is_named = action.names == "yes"
    await members.answer_welcome(ctx.session, member_id=ctx.member_id, is_named=is_named, now=ctx.now)
    if not action.share_id:
        return Reply(card=welcomes.named_card(ctx, is_named=is_named))
    welcomed = replace(ctx, me=replace(ctx.me, is_named=is_named, welcomed_at=ctx.now))
    typed = ChangeShare(share_id=action.share_id, network=action.network, text=action.text)
    return welcomes.with_answer(ctx, await change_share(welcomed, typed), is_named=is_named)


def _scene(ctx: Context, found: tuple[Shareable, Mapping[str, Held]]) -> _Scene:
    post, mine = found
    networks = tuple(one for one in NETWORKS if one in post.networks and one in ctx.programme.networks)
    return _Scene(post=post, mine=mine, networks=networks)


async def _own(ctx: Context, share_id: int) -> tuple[_Scene, Held | None]:
    """Return the scene of a member's own share, and the share itself unless it was undone."""
    found = await shares.find_by_share(ctx.session, share_id=share_id, member_id=ctx.member_id)
    if found is None:
        raise NotFound
    scene = _scene(ctx, found)
    return scene, scene.by_id(share_id)


def _first_network(ctx: Context, scene: _Scene) -> str:
    """Return the member's remembered network, if the post may go there, or the best known one; "" if there is none."""
    remembered = ctx.me.default_network
    if remembered in scene.networks:
        return remembered
    return scene.networks[0] if scene.networks else ""


def _refusal(ctx: Context, scene: _Scene, network: str) -> Refusal | None:
    post = ShareablePost(state=PostState(scene.post.state), networks=scene.networks, expires_at=scene.post.expires_at)
    held = scene.mine.get(network)
    sharer = Sharer(has_left=ctx.me.left_at is not None)
    return may_share(post, network, sharer=sharer, earlier=ShareState(held.state) if held else None, now=ctx.now)


def _refuse(ctx: Context, scene: _Scene, network: str) -> None:
    refusal = _refusal(ctx, scene, network)
    if refusal is not None:
        raise Unable(f"share.refused_{refusal.value}")


async def _opened(ctx: Context, scene: _Scene, network: str) -> Reply:
    """Return what came of the share on this network, or its window with the text kept so far or a wording."""
    held = scene.mine.get(network)
    if held is not None and held.is_shared:
        return Reply(form=cards.shared_form(ctx, await _view(ctx, scene, held)))
    _refuse(ctx, scene, network)
    known, used = await _suggested(ctx, scene)
    is_idle = held is not None and held.state == ShareState.DRAFT and held.wording_id in used
    if held is None or not held.text or (is_idle and _is_untouched(ctx, scene, held, known)):
        return await _drawn(ctx, scene, network, _fresh(ctx, scene, network, (known, used)))
    return await _drawn(ctx, scene, network, _box(held))


def _box(held: Held) -> Box:
    return Box(text=held.text, wording_id=held.wording_id, disclosure=held.disclosure)


def _way(ctx: Context, scene: _Scene, held: Held) -> Way:
    """Return the way out of a window that is open, as it was drawn."""
    token = None
    if held.go_used_at is None and held.go_expires_at is not None:
        token = one_time_token(ctx, post_id=scene.post.id, network=held.network, expires_at=held.go_expires_at)
    return Way(share_id=held.id, network=held.network, slug=held.slug, token=token)


def _is_untouched(ctx: Context, scene: _Scene, held: Held, known: Sequence[Wording]) -> bool:
    """Say whether the box holds just the wording that it was filled with, perhaps with a disclosure before it."""
    languages = (ctx.me.locale, *(one.language for one in known))
    lines = [disclosure_line(ctx.programme.company.name, one, ctx.programme.disclosure.lines) for one in languages]
    return drafting.is_untouched(held.text, held.wording_id, known, lines=(scene.post.disclosure, *lines))


async def _suggested(ctx: Context, scene: _Scene) -> tuple[Sequence[Wording], frozenset[int]]:
    return await wordings.list_wordings(ctx.session, post_id=scene.post.id, member_id=ctx.member_id, now=ctx.now)


def _languages(ctx: Context, scene: _Scene) -> tuple[str, ...]:
    """Return which languages a wording for this member may be in, the best first."""
    return (ctx.me.locale, ctx.words.language, scene.post.language)


def _fresh(ctx: Context, scene: _Scene, network: str, suggested: tuple[Sequence[Wording], frozenset[int]]) -> Box:
    filling = drafting.fill(*suggested, network=network, languages=_languages(ctx, scene))
    return fresh_box(ctx, filling, disclosure=scene.post.disclosure)


async def _drawn(ctx: Context, scene: _Scene, network: str, box: Box) -> Reply:
    """Keep the window as it is drawn, and return it."""
    way = await _draw(ctx, scene, network, box)
    return Reply(form=cards.share_form(ctx, _window(ctx, scene, way, box)))


async def _draw(ctx: Context, scene: _Scene, network: str, box: Box) -> Way:
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


def _window(ctx: Context, scene: _Scene, way: Way, box: Box) -> cards.ShareWindow:
    link = link_of(ctx.programme, target=scene.post.link, network=way.network, slug=way.slug)
    piece = Piece(network=way.network, title=scene.post.title, disclosure=box.disclosure, text=box.text, link=link)
    sizes = drafting.Sizes(network=way.network, disclosure=box.disclosure, link=link)
    over = drafting.too_many(box.text, sizes)
    held = scene.mine.get(way.network)
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
    )


async def _view(ctx: Context, scene: _Scene, held: Held) -> cards.SharedView:
    """Return what came of a share; visits that were never counted, or are no longer kept, are not known."""
    brought = (await shares.find_brought(ctx.session, share_ids=[held.id]))[held.id]
    is_counted = ctx.programme.public_url is not None and held.slug is not None
    is_kept = ctx.now - held.created_at <= ctx.programme.retention.visits
    shared = {name for name, one in scene.mine.items() if one.is_shared} | {held.network}
    others = tuple(one for one in scene.networks if one not in shared and _refusal(ctx, scene, one) is None)
    return cards.SharedView(
        share_id=held.id,
        post_id=scene.post.id,
        title=scene.post.title,
        network=held.network,
        others=others,
        text=held.text,
        opened_at=held.opened_at,
        said_at=held.said_at,
        confirmed_at=held.confirmed_at,
        evidenced_at=held.evidenced_at,
        permalink=held.permalink,
        visits=brought.visits if is_counted and is_kept else None,
        points=brought.points,
        can_open=not held.is_shared and _refusal(ctx, scene, held.network) is None,
        can_undo=held.state in states_before(ShareEvent.UNDO),
    )


async def _show(ctx: Context, scene: _Scene, held: Held, note: str = "") -> Reply:
    """Return what came of a share where the member asked: in the window, or else as a private message."""
    view = replace(await _view(ctx, scene, held), note=note)
    if ctx.interaction.window_ref is not None:
        return Reply(form=cards.shared_form(ctx, view))
    return Reply(card=cards.shared_card(ctx, view))
