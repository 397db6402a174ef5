"""Sharing later: picking a time for one's own finished text, and being asked at that time. Nothing is posted by it."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import drafting
from bot.core.actions import CancelLater, OpenLater, SubmitLater
from bot.core.errors import NotFound
from bot.core.jobs import AskLater
from bot.core.later import Diary, Limits, Picked, UnfitTime, free_time, offer_times, time_picked
from bot.core.moderation import PostState
from bot.core.reply import Reply
from bot.core.sharing import Refusal, ShareablePost, Sharer, ShareState, may_share
from bot.core.texts import compose_text
from bot.core.timing import LATE_AFTER
from handlers.cards import later as cards
from handlers.cards import share as windows
from handlers.cards.composing import Box, link_of, next_expiry, token_of
from handlers.context import Context, Outside, Record
from handlers.scene import (
    Scene,
    disclosed,
    draw,
    drawn,
    keep_typed,
    kept_box,
    own_scene,
    refuse,
    shown,
    way_out,
    window_of,
)
from storage.queries import accounts, jobs, later, openings, shares
from storage.queries.jobs import Plan
from storage.queries.openings import Opening
from storage.queries.shares import Held
from storage.types import keyed_hash

_NOTHING_YET = Picked()
HABITS = timedelta(days=90)
"""How far back it is looked when people came by a member's links."""
GO_LIFETIME = timedelta(days=1)
_NOTHING_TO_SAY = {Refusal.MEMBER_LEFT, Refusal.ALREADY_SHARED, Refusal.UNDER_WAY, Refusal.UNCERTAIN}


async def open_later(ctx: Context, action: OpenLater) -> Reply:
    """Keep what was typed, and ask when to be asked; a text that is too long is kept and answered in its window."""
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    if held.is_shared:
        return await shown(ctx, scene, held)
    network = action.network if action.network in scene.networks else held.network
    refuse(ctx, scene, network)
    if network != held.network:
        scene, held = await _moved(ctx, scene, held, action)
    if action.network:
        held, _ = await keep_typed(ctx, scene, held, action.text, picked=action.disclosure)
    window = await window_of(ctx, scene, way_out(ctx, scene, held), kept_box(held))
    if window.over:
        return Reply(form=windows.share_form(ctx, window))
    form = cards.later_form(ctx, await _window(ctx, scene, held))
    return Reply(form=form, is_stacked=ctx.interaction.window_ref is not None)


async def _moved(ctx: Context, scene: Scene, held: Held, action: OpenLater) -> tuple[Scene, Held]:
    """Return the share on the network that was chosen just now, with what was typed."""
    await shares.release_wording(ctx.session, share_id=held.id)
    typed = drafting.as_typed(action.text)
    line, _ = await disclosed(ctx, scene, held, text=typed, picked=action.disclosure)
    box = Box(text=typed, wording_id=held.wording_id, disclosure=line)
    way = await draw(ctx, scene, action.network, box)
    scene, moved = await own_scene(ctx, way.share_id)
    if moved is None:
        raise NotFound
    return scene, moved


async def _window(ctx: Context, scene: Scene, held: Held, picked: Picked = _NOTHING_YET) -> cards.LaterWindow:
    offers = offer_times(await _diary(ctx, scene, held))
    return cards.LaterWindow(
        share_id=held.id,
        title=scene.post.title,
        network=held.network,
        offers=offers,
        at=held.later_at,
        picked=picked,
    )


async def _diary(ctx: Context, scene: Scene, held: Held) -> Diary:
    return Diary(
        now=ctx.now,
        zone=ctx.words.zone,
        hours=ctx.programme.working_hours,
        until=scene.post.expires_at,
        taken=await later.list_picked(
            ctx.session, post_id=scene.post.id, network=held.network, member_id=ctx.member_id, since=ctx.now
        ),
        visits=await later.list_visit_times(ctx.session, member_id=ctx.member_id, since=(ctx.now - HABITS).date()),
        place=ctx.member_id,
    )


async def submit_later(ctx: Context, action: SubmitLater) -> Reply:
    """Ask at the time that was picked instead of any earlier one; a time that cannot be is answered in the window.

    An offered time that a colleague took first moves on a little; one that the member typed stays as it is.
    """
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    if held.is_shared:
        return await shown(ctx, scene, held)
    refuse(ctx, scene, held.network)
    picked = Picked(pick=action.pick, day=action.day, time=action.time)
    limits = Limits(now=ctx.now, zone=ctx.words.zone, locale=ctx.me.locale, until=scene.post.expires_at)
    try:
        wanted = time_picked(picked, limits)
    except UnfitTime as error:
        window = await _window(ctx, scene, held, picked)
        box = "day" if error.box == "pick" and not window.offers else error.box
        return Reply(errors={box: _why(ctx, error)}, form=cards.later_form(ctx, window))
    is_own = bool(picked.day.strip() or picked.time.strip())
    at = wanted if is_own else free_time(wanted, await _diary(ctx, scene, held))
    await _plan(ctx, held, at)
    card = cards.planned_card(ctx, share_id=held.id, network=held.network, at=at, is_moved=at != wanted)
    return Reply(card=card, closes=True)


def _why(ctx: Context, error: UnfitTime) -> str:
    said = {name: ctx.words.moment(one) if isinstance(one, datetime) else one for name, one in error.params.items()}
    return ctx.text(error.key, **said)


def _key(share_id: int, at: datetime) -> str:
    return f"later-{share_id}-{at:%Y%m%dT%H%M%S}"


async def _plan(ctx: Context, held: Held, at: datetime) -> None:
    """Plan the question for that time, and take back the one that was planned before."""
    if held.later_at is not None:
        await jobs.cancel_queued(ctx.session, key=_key(held.id, held.later_at), now=ctx.now)
    found = await openings.find_opening_of(ctx.session, share_id=held.id)
    if found is None or not await later.set_later(ctx.session, share_id=held.id, at=at):
        raise NotFound
    plan = Plan(lane=found.person_ref, run_at=at)
    await jobs.add_job(ctx.session, AskLater(share_id=held.id), now=ctx.now, key=_key(held.id, at), plan=plan)


async def cancel_later(ctx: Context, action: CancelLater) -> Reply:
    """Ask no more; the text stays, in its window if that is open. A second time changes nothing."""
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    if held.later_at is not None:
        await jobs.cancel_queued(ctx.session, key=_key(held.id, held.later_at), now=ctx.now)
        await later.clear_later(ctx.session, share_id=held.id, at=held.later_at)
    if ctx.interaction.window_ref is None or held.is_shared:
        return Reply(card=cards.cancelled_card(ctx, post_id=scene.post.id, title=scene.post.title))
    if action.network == held.network:
        held, _ = await keep_typed(ctx, scene, held, action.text)
    scene, held = await own_scene(ctx, action.share_id)
    if held is None:
        raise NotFound
    return await drawn(ctx, scene, held.network, kept_box(held))


async def ask_later(out: Outside, job: AskLater) -> Record | None:
    """Ask once, at the time that was picked, whether to share the kept text now; late after a stop, and saying so.

    The member picked the time, so it counts as working hours; a late question waits for theirs. Where there is nothing
    to share any more they are told why, unless they know.
    """
    now = out.clock.now()
    async with out.sessions.reading() as session:
        found = await openings.find_opening_of(session, share_id=job.share_id)
        if found is None or found.share.later_at is None or found.share.later_at > now:
            return None
        account = await accounts.find_account(session, member_id=found.member_id, network=found.share.network)
    at, words = found.share.later_at, out.words(found.locale, found.zone)
    refusal = _refusal(found, now=now)
    if found.share.is_shared or refusal in _NOTHING_TO_SAY:
        return _asked(job.share_id, at)
    is_late = now - at > LATE_AFTER
    if is_late:
        out.check_hours(words.zone)
    if refusal is not None:
        card = cards.gone_card(words, title=found.post.title, network=found.share.network, reason=refusal.value)
    else:
        settings = out.programme.networks.get(found.share.network)
        is_connected = account is not None and account.is_connected and settings is not None and settings.can_connect
        url = None if is_connected else await _way(out, found)
        card = cards.asking_card(words, _asking(out, found, url, is_connected=is_connected, is_late=is_late))
    await out.surface_on(found.platform).tell(found.person_ref, card, key=_key(job.share_id, at))
    return _asked(job.share_id, at)


def _refusal(found: Opening, *, now: datetime) -> Refusal | None:
    networks = tuple(found.post.networks)
    post = ShareablePost(state=PostState(found.post.state), networks=networks, expires_at=found.post.expires_at)
    sharer = Sharer(has_left=found.has_left)
    return may_share(post, found.share.network, sharer=sharer, earlier=ShareState(found.share.state), now=now)


def _asked(share_id: int, at: datetime) -> Record:
    async def record(session: AsyncSession) -> None:
        await later.clear_later(session, share_id=share_id, at=at)

    return record


async def _way(out: Outside, found: Opening) -> str | None:
    """Return a fresh one-time way to the composer for a day, with the text as it is kept; `None` without an address."""
    if out.programme.public_url is None:
        return None
    share, now = found.share, out.clock.now()
    expires_at = next_expiry(now, GO_LIFETIME, before=share.go_expires_at, is_used=True)
    token = token_of(
        out.secret, member_id=found.member_id, post_id=found.post.id, network=share.network, expires_at=expires_at
    )
    way = later.Way(go_hash=keyed_hash(out.secret, token), expires_at=expires_at)
    async with out.sessions.begin() as session:
        await later.renew_way(session, way, share_id=share.id, now=now)
    return f"{out.programme.public_url.rstrip('/')}/go/{token}"


def _asking(out: Outside, found: Opening, url: str | None, *, is_connected: bool, is_late: bool) -> cards.Asking:
    share = found.share
    link = link_of(out.programme, target=found.post.link, network=share.network, slug=share.slug)
    return cards.Asking(
        share_id=share.id,
        title=found.post.title,
        network=share.network,
        text=compose_text(share.disclosure, share.text, link, share.network),
        is_connected=is_connected,
        url=url,
        late_from=share.later_at if is_late else None,
        opened_at=share.opened_at,
    )
