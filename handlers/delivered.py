"""Showing a member what came of a share that went out by their connected account."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import ChangeShare, Interaction
from bot.core.cards import Card, Form
from bot.core.errors import NotFound, Refused, Unable, Uncertain
from bot.core.jobs import TellDelivered
from bot.core.networks import NETWORKS
from bot.core.people import Role
from bot.core.sharing import UNDER_WAY, ShareState
from handlers.cards import delivering
from handlers.cards.delivering import Trouble
from handlers.context import Context, Me, Outside
from handlers.scene import Scene, opened, outcome_card, outcome_form, own_scene
from storage.queries import members, readers
from storage.queries.readers import Reader
from storage.queries.shares import Held

log = logging.getLogger("vouch.deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What came of a share, as a window and as a private message."""

    form: Form | None
    card: Card


async def tell_delivered(out: Outside, job: TellDelivered) -> None:
    """Show the member what came of their share: in the window that is open for it, else by one private message."""
    async with out.sessions.begin() as session:
        reader = await readers.find_asker(session, member_id=job.member_id)
        what = None if reader is None else await _what_came(out, session, job, reader)
    if reader is None or what is None:
        return
    surface = out.surface_on(reader.platform)
    if job.window and what.form is not None:
        try:
            await surface.redraw_window(job.window, what.form)
        except (Refused, Uncertain):  # it was closed, or nobody knows whether it shows it
            log.debug("the window of share %d is not open any more", job.share_id)
        else:
            return
    await surface.tell(reader.person_ref, what.card, key=f"delivered-{job.share_id}")


async def _what_came(out: Outside, session: AsyncSession, job: TellDelivered, reader: Reader) -> Shown | None:
    """Return what to show; `None` where there is nothing, or nothing yet, to say."""
    ctx = await _context(out, session, job, reader)
    if ctx is None:
        return None
    try:
        scene, held = await own_scene(ctx, job.share_id)
    except NotFound:
        return None
    if held is None or held.state in UNDER_WAY:
        return None
    if held.state == ShareState.FAILED:
        return await _what_failed(ctx, scene, held, job)
    label = NETWORKS[held.network].label
    note = ctx.text("deliver.posted", network=label) if held.remote_id is not None else ""
    return Shown(
        form=await outcome_form(ctx, scene, held, note),
        card=await outcome_card(ctx, scene, held, note),
    )


async def _what_failed(ctx: Context, scene: Scene, held: Held, job: TellDelivered) -> Shown:
    """Return the share window with the text untouched, and the way to it."""
    until = ctx.words.moment(datetime.fromisoformat(job.until)) if job.until else ""
    trouble = Trouble(fault=held.fault, until=until, earlier=job.earlier)
    kept = delivering.Sent(share_id=held.id, title=scene.post.title, network=held.network, text=held.text)
    card = delivering.failed_card(ctx, kept, trouble)
    try:
        reply = await opened(ctx, replace(scene, trouble=trouble), held.network)
    except Unable:  # the post may not be shared any more
        return Shown(form=None, card=card)
    return Shown(form=reply.form, card=card)


async def _context(out: Outside, session: AsyncSession, job: TellDelivered, reader: Reader) -> Context | None:
    """Return the context in which the member would look at their share themselves; `None` if they are gone."""
    found = await members.find_me(session, platform=reader.platform, person_ref=reader.person_ref)
    if found is None:
        return None
    now, known = out.clock.now(), dict(found)
    known["locale"] = known.pop("chosen_locale") or known["locale"]
    known |= {"role": Role(known["role"]), "muted_topics": tuple(known["muted_topics"])}
    me = Me(**known)
    interaction = Interaction(
        key=f"delivered-{job.share_id}-{now:%Y%m%dT%H%M%S%f}",
        platform=me.platform,
        tenant_ref=me.tenant_ref,
        person_ref=me.person_ref,
        action=ChangeShare(share_id=job.share_id),
        received_at=now,
        window_ref=job.window or None,
        is_live=bool(job.window),
    )
    return Context(
        session=session,
        interaction=interaction,
        me=me,
        now=now,
        programme=out.programme,
        words=out.words(me.locale, me.zone),
        composers=out.composers,
        secret=out.secret,
    )
