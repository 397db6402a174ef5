"""Sharing by one's own connected account: *Share now*, and what the member found where nobody could be certain."""

from dataclasses import dataclass, replace

from bot.core import drafting
from bot.core.actions import SayNotThere, SayThere, ShareNow
from bot.core.errors import NotFound
from bot.core.jobs import DeliverShare
from bot.core.networks import NETWORKS
from bot.core.reply import Reply
from bot.core.sharing import ShareState
from bot.core.texts import compose_text
from bot.core.wordings import OWN_WORDS_BELOW, Wording, closest
from handlers.cards import delivering
from handlers.cards.composing import Box
from handlers.cards.share import ShareWindow, share_form
from handlers.context import Context
from handlers.scene import (
    Scene,
    disclosed,
    draw,
    keep_typed,
    kept_box,
    opened,
    own_scene,
    refuse,
    shown,
    suggested_for,
    way_out,
    window_of,
)
from storage.queries import deliveries, jobs, members, shares
from storage.queries.jobs import Plan
from storage.queries.shares import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a text stands beside: the post's wordings and what colleagues wrote."""

    wordings: tuple[Wording, ...]
    colleagues: tuple[str, ...]


async def share_now(ctx: Context, action: ShareNow) -> Reply:
    """Put the share on its way with exactly what its window shows; what has to be looked at first is said there.

    A second click finds it on its way. A text much like a colleague's, or none, is pointed out once and then goes out
    as it is.
    """
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    if action.network not in {"", held.network}:
        return await _on_another(ctx, scene, held, action)
    if held.is_shared:
        return await shown(ctx, scene, held)
    refuse(ctx, scene, held.network)
    typed = replace(held, text=drafting.as_typed(action.text)) if action.network else held
    line, is_raised = await disclosed(ctx, scene, held, text=typed.text, picked=action.disclosure)
    typed = replace(typed, disclosure=line)
    beside = await _beside(ctx, scene)
    is_alike = closest(typed.text, beside.colleagues) >= OWN_WORDS_BELOW
    is_news = (is_alike or not typed.text) and drafting.mark_of(typed.text) != action.seen
    box = replace(kept_box(typed), is_alike=is_alike, is_checked=True)
    window = await window_of(ctx, scene, way_out(ctx, scene, held), box)
    if not window.is_connected or window.over or is_news or is_raised:
        return await _looked_at(ctx, scene, held.network, box)
    return await _queued(ctx, window, beside)


async def _on_another(ctx: Context, scene: Scene, held: Held, action: ShareNow) -> Reply:
    """Show the window for the network that was chosen just now: its link and its room are others.

    Where the post is shared there already the text stays with the share that it was typed in.
    """
    there = scene.mine.get(action.network)
    if there is not None and there.is_shared:
        if not held.is_shared:
            await keep_typed(ctx, scene, held, action.text, picked=action.disclosure)
        return await shown(ctx, scene, there)
    refuse(ctx, scene, action.network)
    await shares.release_wording(ctx.session, share_id=held.id)
    typed = drafting.as_typed(action.text)
    line, _ = await disclosed(ctx, scene, held, text=typed, picked=action.disclosure)
    box = Box(text=typed, wording_id=held.wording_id, disclosure=line)
    return await _looked_at(ctx, scene, action.network, box)


async def _beside(ctx: Context, scene: Scene) -> Beside:
    known, _ = await suggested_for(ctx, scene)
    written = await shares.list_colleague_texts(ctx.session, post_id=scene.post.id, member_id=ctx.member_id)
    return Beside(wordings=tuple(known), colleagues=tuple(written))


async def _looked_at(ctx: Context, scene: Scene, network: str, box: Box) -> Reply:
    """Keep the text and show it in its window, with what there is to say of it; from a message, the way there."""
    way = await draw(ctx, scene, network, box)
    window = await window_of(ctx, scene, way, box)
    kept = delivering.Sent(share_id=way.share_id, title=scene.post.title, network=network, text=box.text)
    back = delivering.failed_card(ctx, kept, delivering.Trouble(fault=""))
    reply = Reply(form=share_form(ctx, window), fallback=back)
    if not window.over or ctx.interaction.window_ref is None:
        return reply
    said = ctx.text("share.too_long", network=NETWORKS[network].label, count=window.over)
    return replace(reply, errors={"text": said})


async def _queued(ctx: Context, window: ShareWindow, beside: Beside) -> Reply:
    """Put the share on its way as its window is, unless another click was first, and say so."""
    own = drafting.in_own_words(
        window.text, disclosure=window.disclosure, wordings=beside.wordings, colleagues=beside.colleagues
    )
    wanted = deliveries.Wanted(
        share_id=window.share_id,
        account_id=window.account_id,
        text=window.text,
        wording_id=drafting.source_of(window.text, beside.wordings),
        is_own_words=own,
        disclosure=window.disclosure,
        sent_text=compose_text(window.disclosure, window.text, window.link, window.network),
    )
    is_first = await deliveries.queue_share(ctx.session, wanted, member_id=ctx.member_id, now=ctx.now)
    scene, held = await own_scene(ctx, window.share_id)
    if held is None:
        raise NotFound
    reply = await shown(ctx, scene, held)
    if is_first:
        await members.note_network(ctx.session, member_id=ctx.member_id, network=held.network, now=ctx.now)
        is_redrawn = ctx.interaction.is_live and reply.form is not None
        ref = reply.form.ref if is_redrawn and reply.form else ""
        job = DeliverShare(share_id=held.id, member_id=ctx.me.identity_id, window=ref)
        await jobs.add_job(ctx.session, job, now=ctx.now, plan=Plan(lane=ctx.me.person_ref))
    return reply


async def say_there(ctx: Context, action: SayThere) -> Reply:
    """Keep the member's word that an uncertain post is there, and ask for its link; without it, it stays their word."""
    return await _told(ctx, action.share_id, is_there=True)


async def say_not_there(ctx: Context, action: SayNotThere) -> Reply:
    """Take the member's word that an uncertain post is not there, and give them their text back to go on with."""
    return await _told(ctx, action.share_id, is_there=False)


async def _told(ctx: Context, share_id: int, *, is_there: bool) -> Reply:
    scene, held = await own_scene(ctx, share_id)
    if held is None:
        raise NotFound
    if held.state != ShareState.UNCERTAIN:  # it is known by now
        return await _as_known(ctx, scene, held)
    if is_there:
        await shares.say_shared(ctx.session, share_id=held.id, member_id=ctx.member_id, now=ctx.now)
    else:
        await deliveries.say_not_there(ctx.session, share_id=held.id, member_id=ctx.member_id)
    scene, held = await own_scene(ctx, share_id)
    if held is None:
        raise NotFound
    if is_there:
        return await shown(ctx, scene, held, ctx.text("deliver.kept_there"))
    return await _as_known(ctx, scene, held)


async def _as_known(ctx: Context, scene: Scene, held: Held) -> Reply:
    """Return what came of a share, or its window with the text as it is kept."""
    if held.is_shared:
        return await shown(ctx, scene, held)
    kept = delivering.Sent(share_id=held.id, title=scene.post.title, network=held.network, text=held.text)
    back = delivering.failed_card(ctx, kept, delivering.Trouble(fault=held.fault))
    return replace(await opened(ctx, scene, held.network), fallback=back)
