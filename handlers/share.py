"""Sharing: the window, the way to the network and back, proofs, and taking a share back."""

from dataclasses import replace

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
from bot.core.networks import NETWORKS, NotAPermalink, canonical_permalink
from bot.core.reply import Reply
from bot.core.texts import compose_text
from bot.core.wordings import OWN_WORDS_BELOW, closest
from handlers.cards import outcome
from handlers.cards import share as cards
from handlers.cards import welcome as welcomes
from handlers.cards.composing import Box
from handlers.context import Context
from handlers.scene import (
    disclosed,
    draw,
    drawn,
    filled_box,
    first_network,
    is_untouched,
    keep_typed,
    kept_box,
    languages_for,
    opened,
    own_scene,
    refuse,
    scene_of,
    shown,
    suggested_for,
    view_of,
    way_out,
    window_of,
)
from storage.queries import announcements, jobs, ledger, members, openings, shares
from storage.queries.shares import Held


async def open_share(ctx: Context, action: OpenShare) -> Reply:
    """Open the share window, or show what came of the share where the member has shared that post already."""
    found = await shares.find_shareable(ctx.session, post_id=action.post_id, member_id=ctx.member_id)
    if found is None:
        raise Unable("share.refused_deleted")
    scene = scene_of(ctx, found)
    fallback = cards.again_card(ctx, post_id=scene.post.id, title=scene.post.title)
    return replace(await opened(ctx, scene, first_network(ctx, scene)), fallback=fallback)


async def change_share(ctx: Context, action: ChangeShare) -> Reply:
    """Redraw the window: for another network, or after a look at the text; what was typed is kept."""
    scene, before = await own_scene(ctx, action.share_id)
    network = action.network if action.network in scene.networks else before.network if before else ""
    held = scene.mine.get(network)
    is_typed = bool(action.network) and before is not None and not before.is_shared
    if not is_typed or before is None or (held is not None and held.is_shared):
        return await opened(ctx, scene, network or first_network(ctx, scene))
    refuse(ctx, scene, network)
    typed = drafting.as_typed(action.text)
    known, used = await suggested_for(ctx, scene)
    if network != before.network:
        await shares.release_wording(ctx.session, share_id=before.id)
        if is_untouched(ctx, scene, replace(before, text=typed), known):
            return await drawn(ctx, scene, network, filled_box(ctx, scene, network, (known, used)))
    colleagues = await shares.list_colleague_texts(ctx.session, post_id=scene.post.id, member_id=ctx.member_id)
    line, _ = await disclosed(ctx, scene, before, text=typed, picked=action.disclosure)
    box = Box(
        text=typed,
        wording_id=before.wording_id or drafting.source_of(typed, known),
        disclosure=line,
        inspiration=() if typed else drafting.ideas(known, network=network, languages=languages_for(ctx, scene)),
        is_checked=network == before.network,
        is_alike=closest(typed, colleagues) >= OWN_WORDS_BELOW,
    )
    return await drawn(ctx, scene, network, box)


async def leave_for_network(ctx: Context, action: LeaveForNetwork) -> Reply:
    """Keep what was typed, for `/go` to carry on; a text that is too long is kept and answered in the window.

    Where a followed link is not told, the member is only about to leave: the text is kept now, and the way on shown.
    """
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    if held.state not in shares.EDITABLE or not action.network:
        return await shown(ctx, scene, held)
    if not ctx.interaction.is_live and action.network != held.network:
        return await _leave_for_another(ctx, action)
    refuse(ctx, scene, held.network)
    way = way_out(ctx, scene, held)
    if not ctx.interaction.is_live:  # a way that was used, or is over soon, is made anew
        way = await draw(ctx, scene, held.network, kept_box(replace(held, text=drafting.as_typed(action.text))))
    held, is_alike = await keep_typed(ctx, scene, held, action.text, picked=action.disclosure)
    box = replace(kept_box(held), is_alike=is_alike, is_checked=not ctx.interaction.is_live)
    window = await window_of(ctx, scene, way, box)
    if window.over:
        return Reply(form=cards.share_form(ctx, window))
    if not ctx.interaction.is_live:
        return Reply(form=cards.ready_form(ctx, window))
    if ctx.programme.public_url is None:
        sent_text = compose_text(window.disclosure, window.text, window.link, window.network)
        await openings.note_opened(ctx.session, share_id=held.id, sent_text=sent_text, now=ctx.now)
        await members.note_network(ctx.session, member_id=ctx.member_id, network=held.network, now=ctx.now)
        await announcements.queue_refresh(ctx.session, post_id=scene.post.id, now=ctx.now)
    went = ctx.text("share.went", network=NETWORKS[held.network].label)
    view = replace(await view_of(ctx, scene, held), is_alike=is_alike, note=went)
    return Reply(form=outcome.shared_form(ctx, view))


async def _leave_for_another(ctx: Context, action: LeaveForNetwork) -> Reply:
    """Change to another network, and go on to it at once if that shows the member nothing new in the box."""
    change = ChangeShare(
        share_id=action.share_id, network=action.network, text=action.text, disclosure=action.disclosure
    )
    changed = await change_share(ctx, change)
    scene, _ = await own_scene(ctx, action.share_id)
    moved = scene.mine.get(action.network)
    if moved is None or moved.is_shared or moved.text != drafting.as_typed(action.text):
        return changed
    return await leave_for_network(ctx, replace(action, share_id=moved.id))


async def say_shared(ctx: Context, action: SayShared) -> Reply:
    """Keep the member's word; it earns nothing by itself, and says so."""
    if not await shares.say_shared(ctx.session, share_id=action.share_id, member_id=ctx.member_id, now=ctx.now):
        raise NotFound
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    return await shown(ctx, scene, held, note=ctx.text("share.thanks_said"))


async def open_permalink(ctx: Context, action: OpenPermalink) -> Reply:
    """Open the window that takes the link of the member's own post, over the share window if that is open."""
    _, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    if not NETWORKS[held.network].permalinks:
        raise Unable("permalink.none", network=NETWORKS[held.network].label)
    form = outcome.permalink_form(ctx, share_id=held.id, network=held.network)
    return Reply(form=form, is_stacked=ctx.interaction.window_ref is not None)


async def submit_permalink(ctx: Context, action: SubmitPermalink) -> Reply:
    """Confirm a share by the link of the member's post: one of that network, used for no other share."""
    scene, held = await own_scene(ctx, action.share_id)
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
    view = await view_of(ctx, scene, replace(held, permalink=url, confirmed_at=held.confirmed_at or ctx.now))
    thanks = replace(view, note=ctx.text("permalink.thanks"), can_open=False)
    return Reply(card=outcome.shared_card(ctx, thanks), closes=True)


def _wrong_permalink(ctx: Context, held: Held, url: str, why: str) -> Reply:
    form = outcome.permalink_form(ctx, share_id=held.id, network=held.network, url=url)
    return Reply(errors={"url": why}, form=form)


async def undo_share(ctx: Context, action: UndoShare) -> Reply:
    """Take a share back: its points are reversed, its link keeps working, its post may be shared anew."""
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise Unable("share.undone_already")
    view = await view_of(ctx, scene, held)
    if not await shares.undo_share(ctx.session, share_id=held.id, member_id=ctx.member_id, now=ctx.now):
        raise Unable("share.refused_under_way")
    await ledger.reverse_share(ctx.session, share_id=held.id, now=ctx.now, programme=ctx.programme)
    await announcements.queue_refresh(ctx.session, post_id=scene.post.id, now=ctx.now)
    if ctx.interaction.window_ref is not None:
        return Reply(form=outcome.undone_form(ctx, view=view))
    return Reply(card=outcome.undone_card(ctx, view=view))


async def answer_welcome(ctx: Context, action: AnswerWelcome) -> Reply:
    """Keep whether the member's name may stand on boards, and give the window back as it was typed."""
    is_named = action.names == "yes"
    await members.answer_welcome(ctx.session, member_id=ctx.member_id, is_named=is_named, now=ctx.now)
    if not action.share_id:
        return Reply(card=welcomes.named_card(ctx, is_named=is_named))
    welcomed = replace(ctx, me=replace(ctx.me, is_named=is_named, welcomed_at=ctx.now))
    typed = ChangeShare(share_id=action.share_id, network=action.network, text=action.text)
    return welcomes.with_answer(ctx, await change_share(welcomed, typed), is_named=is_named)
