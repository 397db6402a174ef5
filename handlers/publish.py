"""Write a post: begin it from a link, keep what is typed, review it, announce it, and change it later."""

import hashlib
import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from bot.core.actions import (
    AnnouncePost,
    DiscardDraft,
    PreviewPost,
    ReviewPost,
    SaveDraft,
    SkipReading,
    StartPost,
)
from bot.core.cards import Card, Form, Text
from bot.core.errors import PageUnreadable, Refused, Unable
from bot.core.jobs import ReadPage, SendPreview, ShowPending
from bot.core.links import UnfitLink, clean_target
from bot.core.moderation import PostEvent, PostState, first_move
from bot.core.ports import Page
from bot.core.post_checks import CheckedPost, Checks, UnfitDraft, check_draft
from bot.core.posts import Draft, PostFace, filled_from, typed_by
from bot.core.reply import SILENCE, Reply
from handlers.cards.post import (
    NEW_POST,
    Plans,
    announcement_card,
    drafts_card,
    edit_button,
    line_card,
    preview_card,
    when_and_where,
)
from handlers.cards.post_form import Opened, Review, opened_by, post_form, reading_window, review_form
from handlers.context import Context, Outside, Record
from storage.models import Post
from storage.queries import announcements, decisions, posts, readers
from storage.queries.decisions import POST, Verdict
from storage.queries.jobs import Plan, add_job

OPEN_STATES = frozenset(
    {PostState.DRAFT, PostState.PENDING, PostState.APPROVED, PostState.SCHEDULED, PostState.PUBLISHED}
)
_LINK = re.compile(r"https?://[^\s<>|]+", re.IGNORECASE)


async def start_post(ctx: Context, action: StartPost) -> Reply:
    """Begin a post: from a link by reading its page, without one at once; open drafts are offered to go on with."""
    typed = action.link.strip()
    if typed and typed.lower() != NEW_POST:
        return await _start_from(ctx, typed)
    mine = await posts.list_posts(ctx.session, state=PostState.DRAFT, author_id=ctx.member_id)
    drafts = [(post, await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)) for post in mine]
    begun = [(post.id, draft.title or draft.link) for post, draft in drafts if not draft.is_blank()]
    if begun and not typed:
        return Reply(card=drafts_card(ctx.words, begun[-10:]))
    blank = next((post.id for post, draft in drafts if draft.is_blank()), None)
    post_id = blank or await posts.add_draft(
        ctx.session, posts.Start(draft=_fresh_draft(ctx), author_id=ctx.member_id), now=ctx.now
    )
    return await _open(ctx, await posts.get_post(ctx.session, post_id=post_id))


async def _start_from(ctx: Context, typed: str) -> Reply:
    found = _LINK.search(typed)
    try:
        link = clean_target(found[0] if found else typed)
    except UnfitLink as error:
        raise Unable(f"link.{error.reason.value}") from None
    begun = await posts.list_posts(ctx.session, state=PostState.DRAFT, author_id=ctx.member_id)
    same = next((post for post in begun if post.link == link), None)
    if same is not None:
        return await _open(ctx, same)
    start = posts.Start(draft=replace(_fresh_draft(ctx), link=link), author_id=ctx.member_id)
    post_id = await posts.add_draft(ctx.session, start, now=ctx.now)
    opened = await _opened(ctx, await posts.get_post(ctx.session, post_id=post_id))
    await add_job(ctx.session, ReadPage(post_id=post_id, window=opened.ref), now=ctx.now)
    return Reply(form=reading_window(ctx.words, opened), fallback=_window_lost(ctx, post_id))


def _fresh_draft(ctx: Context) -> Draft:
    programme = ctx.programme
    spoken = ctx.words.language if ctx.words.language in programme.languages else programme.languages[0]
    return Draft(
        channels=tuple(one.ref for one in programme.channels) if len(programme.channels) == 1 else (),
        networks=tuple(programme.networks),
        language=spoken,
        wording_language=spoken,
        zone=ctx.words.zone.key,
    )


async def _opened(ctx: Context, post: Post, *, ref: str = "") -> Opened:
    """Return the post's form for a new window of this member, or for the one they have, `ref`."""
    draft = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    draft = draft.in_window(ctx.member_id, ref or _new_ref(ctx, post.id))
    await posts.save_draft(ctx.session, draft, post_id=post.id, now=ctx.now)
    return opened_by(ctx, post.id, state=post.state, draft=draft)


def _new_ref(ctx: Context, post_id: int) -> str:
    return f"post-{post_id}-{hashlib.sha256(ctx.interaction.key.encode()).hexdigest()[:16]}"


async def _open(ctx: Context, post: Post) -> Reply:
    opened = await _opened(ctx, post)
    return Reply(form=post_form(ctx.words, ctx.programme, opened), fallback=_window_lost(ctx, post.id))


def _window_lost(ctx: Context, post_id: int) -> Card:
    return line_card(ctx.text("post.window_lost"), edit_button(ctx.words, f"P{post_id}"))


async def skip_reading(ctx: Context, action: SkipReading) -> Reply:
    """Show the form at once; what the page says is filled in where nothing was typed, if it comes."""
    post = await _editable(ctx, action.post_id)
    draft = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    opened = opened_by(ctx, post.id, state=post.state, draft=draft)
    return Reply(form=post_form(ctx.words, ctx.programme, opened))


async def _editable(ctx: Context, post_id: int) -> Post:
    post = await posts.get_post(ctx.session, post_id=post_id)
    if PostState(post.state) not in OPEN_STATES:
        raise Unable("post.closed", ref=f"P{post_id}")
    return post


async def save_draft(ctx: Context, action: SaveDraft) -> Reply:
    """Keep what the form holds, as typed; the window is drawn anew only for the wordings of another language."""
    post = await _editable(ctx, action.post_id)
    before = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    draft = typed_by(before, action, shown_language=action.shown_language)
    await posts.save_draft(ctx.session, draft, post_id=post.id, now=ctx.now)
    is_same = draft.wording_language == (action.shown_language or before.wording_language)
    if is_same and ctx.interaction.is_live:
        return SILENCE
    opened = opened_by(ctx, post.id, state=post.state, draft=draft, is_saved=is_same)
    return Reply(form=post_form(ctx.words, ctx.programme, opened))


async def review_post(ctx: Context, action: ReviewPost) -> Reply:
    """Keep what was typed, then tell every fault at its field, or show channels and times before anything happens."""
    post = await _editable(ctx, action.post_id)
    before = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    draft = typed_by(before, action, shown_language=action.shown_language)
    await posts.save_draft(ctx.session, draft, post_id=post.id, now=ctx.now)
    try:
        checked = check_draft(draft, await _checks(ctx, post))
    except UnfitDraft as error:
        errors = {name: ctx.text(fault.key, **fault.params) for name, fault in error.faults.items()}
        opened = opened_by(ctx, post.id, state=post.state, draft=draft)
        return Reply(errors=errors, form=post_form(ctx.words, ctx.programme, opened))
    return Reply(form=_review(ctx, post, draft, checked), is_stacked=True)


async def _checks(ctx: Context, post: Post) -> Checks:
    return Checks(
        programme=ctx.programme,
        zone=ctx.words.zone,
        now=ctx.now,
        locale=ctx.words.language,
        is_published=post.state == PostState.PUBLISHED,
        announced_in=await announcements.list_channels(ctx.session, post_id=post.id),
    )


def _review(ctx: Context, post: Post, draft: Draft, checked: CheckedPost, *, is_sent: bool = False) -> Form:
    opened = opened_by(ctx, post.id, state=post.state, draft=draft)
    review = Review(
        checked=checked, step=_step(ctx, post, checked), ref=f"{_new_ref(ctx, post.id)}-review", is_sent=is_sent
    )
    return review_form(ctx.words, opened, review)


def _step(ctx: Context, post: Post, checked: CheckedPost) -> str:
    match PostState(post.state):
        case PostState.PUBLISHED | PostState.PENDING:
            return "save"
        case PostState.DRAFT if ctx.programme.needs_second_eyes:
            return "ask"
        case _:
            return "announce" if checked.publish_at is None else "schedule"


async def preview_post(ctx: Context, action: PreviewPost) -> Reply:
    """Send the real card to oneself and say so in the review."""
    post = await _editable(ctx, action.post_id)
    job = SendPreview(post_id=post.id, member_id=ctx.me.identity_id)
    await add_job(ctx.session, job, now=ctx.now, plan=Plan(lane=ctx.me.person_ref))
    draft = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    try:
        checked = check_draft(draft, await _checks(ctx, post))
    except UnfitDraft:
        return Reply(card=line_card(ctx.text("post.preview_sent")))
    return Reply(form=_review(ctx, post, draft, checked, is_sent=True))


async def announce_post(ctx: Context, action: AnnouncePost) -> Reply:
    """Make the post what was reviewed and announce it, plan it, ask for approval, or have its announcements follow."""
    post = await _editable(ctx, action.post_id)
    draft = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    try:
        checked = check_draft(draft, await _checks(ctx, post))
    except UnfitDraft as error:
        fault = next(iter(error.faults.values()))
        raise Unable("post.changed", ref=f"P{post.id}", why=ctx.text(fault.key, **fault.params)) from None
    before = PostState(post.state)
    old_link = post.link
    await posts.apply_checked(ctx.session, checked, post_id=post.id, now=ctx.now)
    match before:
        case PostState.PUBLISHED:
            card = await _follow(ctx, checked, post_id=post.id, old_link=old_link)
        case PostState.PENDING:
            card = await _keep_pending(ctx, checked, post_id=post.id)
        case PostState.DRAFT:
            card = await _finish_draft(ctx, checked, post_id=post.id)
        case _:
            card = await _go_out(ctx, checked, post_id=post.id)
    return Reply(card=card, closes=True)


async def _decided(ctx: Context, post_id: int, what: str, *, reason: str = "") -> None:
    verdict = Verdict(subject=POST, subject_id=post_id, what=what, reason=reason)
    await decisions.add_decision(ctx.session, verdict, member_id=ctx.member_id, now=ctx.now)


async def _follow(ctx: Context, checked: CheckedPost, *, post_id: int, old_link: str) -> Card:
    await _decided(ctx, post_id, "edited")
    if checked.link != old_link:
        campaign = ctx.programme.company.campaign
        await posts.repoint(ctx.session, post_id=post_id, link=checked.link, campaign=campaign)
        await _decided(ctx, post_id, "repointed", reason=f"{old_link} → {checked.link}")
    await announcements.announce(ctx.session, post_id=post_id, now=ctx.now)
    await announcements.queue_refresh(ctx.session, post_id=post_id, now=ctx.now)
    return line_card(ctx.text("post.saved_published", ref=f"P{post_id}"))


async def _keep_pending(ctx: Context, checked: CheckedPost, *, post_id: int) -> Card:
    await posts.plan_post(ctx.session, post_id=post_id, publish_at=checked.publish_at)
    await _decided(ctx, post_id, "edited")
    await _show_pending(ctx, post_id)
    return line_card(ctx.text("post.saved", ref=f"P{post_id}"))


async def _show_pending(ctx: Context, post_id: int) -> None:
    if ctx.programme.curators_channel:
        plan = Plan(lane=ctx.programme.curators_channel)
        await add_job(ctx.session, ShowPending(post_id=post_id), now=ctx.now, plan=plan)


async def _finish_draft(ctx: Context, checked: CheckedPost, *, post_id: int) -> Card:
    event = first_move(needs_second_eyes=ctx.programme.needs_second_eyes)
    if not await posts.move_post(ctx.session, event, post_id=post_id, now=ctx.now, only_from=PostState.DRAFT):
        raise Unable("post.closed", ref=f"P{post_id}")
    if event is PostEvent.APPROVE:
        return await _go_out(ctx, checked, post_id=post_id)
    await posts.plan_post(ctx.session, post_id=post_id, publish_at=checked.publish_at)
    await _decided(ctx, post_id, "submitted")
    await _show_pending(ctx, post_id)
    return line_card(ctx.text("post.asked", ref=f"P{post_id}"))


async def _go_out(ctx: Context, checked: CheckedPost, *, post_id: int) -> Card:
    plans = Plans(channels=checked.channels, publish_at=checked.publish_at, author="")
    await posts.plan_post(ctx.session, post_id=post_id, publish_at=checked.publish_at)
    if checked.publish_at is not None:
        await posts.move_post(ctx.session, PostEvent.SCHEDULE, post_id=post_id, now=ctx.now)
        await _decided(ctx, post_id, "scheduled")
    else:
        await announcements.publish(ctx.session, post_id=post_id, now=ctx.now)
        await _decided(ctx, post_id, "announced")
    return Card(body=(Text((f"P{post_id} · ", *when_and_where(ctx.words, plans))),))


async def discard_draft(ctx: Context, action: DiscardDraft) -> Reply:
    """Throw one's own draft away."""
    post = await posts.get_post(ctx.session, post_id=action.post_id)
    if post.author_id != ctx.member_id:
        raise Unable("post.not_yours", ref=f"P{post.id}")
    if not await posts.discard_draft(ctx.session, post_id=post.id):
        raise Unable("post.no_draft", ref=f"P{action.post_id}")
    return Reply(card=line_card(ctx.text("post.discarded", ref=f"P{action.post_id}")))


# After the commit


async def read_page(out: Outside, job: ReadPage) -> Record | None:
    """Read the page of a draft, keep what it says where nothing was typed, and draw the form into its window."""
    async with out.sessions.reading() as session:
        post = await posts.find_post(session, post_id=job.post_id)
        link = post.link if post is not None else ""
    if not link:
        return None
    page, trouble = await _read(out, link)
    opened = await _keep_page(out, job, page=page, trouble=trouble)
    if opened is None or not job.window:
        return None
    async with out.sessions.reading() as session:
        reader = await readers.find_reader(session, member_id=opened.member_id)
    if reader is None:
        return None
    form = post_form(out.words(reader.locale, reader.zone), out.programme, opened)
    for surface in out.surfaces.values():  # who is on two platforms may have opened it on either
        with suppress(Refused):  # the window was closed: the draft is there when it is opened again
            await surface.redraw_window(job.window, form)
            break
    return None


async def _read(out: Outside, link: str) -> tuple[Page | None, str]:
    try:
        return await out.pages.read(link), ""
    except PageUnreadable as error:
        return None, error.reason


async def _keep_page(out: Outside, job: ReadPage, *, page: Page | None, trouble: str) -> Opened | None:
    """Fill the draft as it is by now; `None` if it is gone or begun with another link."""
    async with out.sessions.begin() as session:
        post = await posts.find_post(session, post_id=job.post_id)
        if post is None or PostState(post.state) not in OPEN_STATES:
            return None
        draft = await posts.get_draft(session, post, zone=str(post.typed.get("zone", "UTC")))
        if draft.link != post.link:
            return None
        if page is None:
            draft = replace(draft, trouble=trouble)
        else:
            draft = filled_from(draft, page, languages=out.programme.languages)
        await posts.save_draft(session, draft, post_id=post.id, now=out.clock.now())
    member_id = next((int(number) for number, ref in draft.windows.items() if ref == job.window), post.author_id)
    state = PostState(post.state)
    return Opened(post_id=post.id, member_id=member_id, state=state, draft=draft, is_live=True)  # as what is redrawn


async def send_preview(out: Outside, job: SendPreview) -> Record | None:
    """Send the real card of a post, as it was typed, to one curator alone."""
    async with out.sessions.reading() as session:
        post = await posts.find_post(session, post_id=job.post_id)
        reader = await readers.find_asker(session, member_id=job.member_id)
        if post is None or reader is None:
            return None
        draft = await posts.get_draft(session, post, zone=out.programme.zone.key)
        author = await readers.find_reader(session, member_id=post.author_id)
        authors = await posts.list_author_names(session, suggestion_id=post.suggestion_id)
    face = PostFace(
        post_id=post.id,
        state=PostState.PUBLISHED,
        title=draft.title[:300],
        summary=draft.summary[:2000],
        link=draft.link,
        source=draft.source,
        picture=draft.picture,
        curator=author.name if author else "",
        authors=authors,
    )
    shown_in = next((one for ref in draft.channels if (one := out.programme.channel(ref))), None)
    words = out.words(shown_in.language if shown_in else draft.language, out.programme.zone.key)
    card = announcement_card(words, face, is_tracked=out.programme.public_url is not None)
    mine = preview_card(out.words(reader.locale, reader.zone), card)
    await out.surface_on(reader.platform).tell(
        reader.person_ref, mine, key=f"preview-{job.post_id}-{_stamp(out.clock.now())}"
    )
    return None


def _stamp(now: datetime) -> str:
    return now.strftime("%Y%m%d%H%M%S%f")
