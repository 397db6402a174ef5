"""Decide: approve and decline suggestions and posts, edit, schedule and withdraw posts; the first to decide counts."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from typing import NoReturn

from bot.core.actions import Approve, Decline, Edit, OpenDecline, Schedule, Withdraw
from bot.core.cards import Card, Text
from bot.core.errors import Unable
from bot.core.jobs import (
    CreditVisits,
    ReadPage,
    RefreshSuggestion,
    ShowPending,
    TellDecision,
    TellPostDecision,
    TellWithdrawal,
)
from bot.core.moderation import Denial, PostEvent, PostState, SuggestionState, may_move_post, post_states_before
from bot.core.posts import Draft, redrawn, typed_time
from bot.core.refs import parse_ref
from bot.core.reply import Reply
from bot.core.texts import plain
from bot.core.timing import NotATime, parse_when
from handlers.cards.post import Plans, edit_button, line_card, open_draft_button, when_and_where
from handlers.cards.post_form import opened_by, post_form, reading_window
from handlers.cards.suggestion import MAX_REASON, decline_window
from handlers.context import Context
from storage.models import Post
from storage.queries import announcements, decisions, pairing, posts, readers, suggestions
from storage.queries.announcements import QUIET
from storage.queries.decisions import POST, SUGGESTION, Verdict
from storage.queries.jobs import Plan, add_job
from storage.queries.suggestions import Held

EDITABLE = post_states_before(PostEvent.EDIT)
ENDS = ("approved", "declined", "announced", "withdrawn")
FIRST_LOOK = 3 * QUIET


async def approve(ctx: Context, action: Approve) -> Reply:
    """Approve a suggestion, which becomes a draft, or a pending post, which then goes out."""
    subject = await _find(ctx, action.ref, states=post_states_before(PostEvent.APPROVE))
    if isinstance(subject, Held):
        post_id = await _approve_suggestion(ctx, subject, window="")
        text = ctx.text("decide.suggestion_approved", ref=f"S{subject.id}", post=f"P{post_id}")
        return Reply(card=line_card(text, open_draft_button(ctx.words, f"P{post_id}", about=subject.link)))
    return Reply(card=await _approve_post(ctx, subject))


async def _find(ctx: Context, typed: str, *, states: Collection[PostState]) -> Held | Post:
    """Return what is named; a bare number is the open suggestion with it, else the post, and asks if it is both."""
    ref = parse_ref(typed)
    if ref is None:
        raise Unable("decide.unclear", ref=typed.strip()[:40] or "…")
    suggestion = post = None
    if ref.kind != "P":
        suggestion = await suggestions.find_suggestion(ctx.session, suggestion_id=ref.number)
    if ref.kind != "S":
        post = await posts.find_post(ctx.session, post_id=ref.number)
    if not ref.kind and suggestion is not None and post is not None:
        is_open, fits = suggestion.state is SuggestionState.RECEIVED, PostState(post.state) in states
        if is_open and fits:
            raise Unable("decide.which", number=str(ref.number))
        return suggestion if is_open or not fits else post
    subject = suggestion or post
    if subject is None:
        raise Unable("decide.unknown", ref=typed.strip()[:40])
    return subject


async def _find_post(ctx: Context, typed: str) -> Post:
    """Return the post that is named; only posts can be meant, so a bare number is one."""
    ref = parse_ref(typed)
    if ref is None:
        raise Unable("decide.unclear", ref=typed.strip()[:40] or "…")
    if ref.kind == "S":
        raise Unable("decide.posts_only", ref=f"S{ref.number}")
    post = await posts.find_post(ctx.session, post_id=ref.number)
    if post is None:
        raise Unable("decide.unknown", ref=typed.strip()[:40])
    return post


async def _approve_suggestion(ctx: Context, held: Held, *, window: str) -> int:
    """Approve a suggestion unless somebody was first; return the draft that it becomes, its page to be read."""
    await _decide_suggestion(ctx, held, SuggestionState.APPROVED, note="")
    languages = ctx.programme.languages
    spoken = ctx.words.language if ctx.words.language in languages else languages[0]
    channels = tuple(one.ref for one in ctx.programme.channels)
    draft = Draft(
        link=held.link,
        channels=channels if len(channels) == 1 else (),
        networks=tuple(ctx.programme.networks),
        language=spoken,
        wording_language=spoken,
        zone=ctx.words.zone.key,
    )
    draft = draft.in_window(ctx.member_id, window) if window else draft
    start = posts.Start(draft=draft, author_id=ctx.member_id, suggestion_id=held.id)
    post_id = await posts.add_draft(ctx.session, start, now=ctx.now)
    await suggestions.set_post(ctx.session, suggestion_id=held.id, post_id=post_id)
    await add_job(ctx.session, ReadPage(post_id=post_id, window=window), now=ctx.now)
    await add_job(ctx.session, CreditVisits(), now=ctx.now)
    return post_id


async def _decide_suggestion(ctx: Context, held: Held, state: SuggestionState, *, note: str) -> None:
    if not await suggestions.decide(ctx.session, suggestion_id=held.id, state=state, note=note, now=ctx.now):
        await _too_late(ctx, SUGGESTION, held.id, state=held.state.value)
    await _write_down(ctx, SUGGESTION, held.id, what=state.value, reason=note)
    if ctx.programme.curators_channel:
        plan = Plan(lane=ctx.programme.curators_channel)
        await add_job(ctx.session, RefreshSuggestion(suggestion_id=held.id), now=ctx.now, plan=plan)
    hours = ctx.programme.working_hours
    authors = (one.member_id for one in held.authors)
    telling = {number: TellDecision(suggestion_id=held.id, member_id=number) for number in authors}
    await readers.tell_all_at_work(ctx.session, telling, hours=hours, now=ctx.now)


async def _write_down(ctx: Context, subject: str, number: int, *, what: str, reason: str = "") -> None:
    verdict = Verdict(subject=subject, subject_id=number, what=what, reason=reason)
    await decisions.add_decision(ctx.session, verdict, member_id=ctx.member_id, now=ctx.now)


async def _too_late(ctx: Context, subject: str, number: int, *, state: str) -> NoReturn:
    """Tell who was first, what they decided and when; raises always."""
    ref = f"{'S' if subject == SUGGESTION else 'P'}{number}"
    first = await decisions.find_latest(ctx.session, subject=subject, subject_id=number, whats=ENDS)
    if first is None:
        raise Unable("decide.wrong_state", ref=ref, state=ctx.text(f"state.{state}"))
    who = ctx.text("decide.you") if first.member_id == ctx.member_id else first.name or ctx.text("suggest.somebody")
    done = ctx.text(f"decide.done_{first.what}", name=who, when=ctx.words.moment(first.at))
    raise Unable("decide.was_first", ref=ref, done=done)


async def _check_move(ctx: Context, post: Post, event: PostEvent) -> None:
    denial = may_move_post(
        PostState(post.state),
        event,
        role=ctx.me.role,
        is_author=await _is_author(ctx, post),
        needs_second_eyes=ctx.programme.needs_second_eyes,
    )
    if denial is Denial.NEEDS_SECOND_EYES and post.state == PostState.PENDING:
        raise Unable("decide.own", ref=f"P{post.id}")
    if denial is not None:
        await _too_late(ctx, POST, post.id, state=post.state)


async def _is_author(ctx: Context, post: Post) -> bool:
    """Say whether who acts wrote the post, also where they did so in another chat and have not said that yet."""
    if post.author_id == ctx.member_id:
        return True
    return await pairing.have_same_address(ctx.session, post.author_id, ctx.member_id)


async def _approve_post(ctx: Context, post: Post) -> Card:
    if post.state == PostState.DRAFT:
        raise Unable("decide.draft", ref=f"P{post.id}")
    await _check_move(ctx, post, PostEvent.APPROVE)
    approved = await posts.move_post(
        ctx.session, PostEvent.APPROVE, post_id=post.id, now=ctx.now, only_from=PostState.PENDING
    )
    if not approved:
        await _too_late(ctx, POST, post.id, state=post.state)
    await _write_down(ctx, POST, post.id, what="approved")
    is_later = post.publish_at is not None and post.publish_at > ctx.now
    if is_later:
        await posts.move_post(ctx.session, PostEvent.SCHEDULE, post_id=post.id, now=ctx.now)
    else:
        await announcements.publish(ctx.session, post_id=post.id, now=ctx.now)
    await _tell_of_post(ctx, post)
    return _plans_card(ctx, post, is_later=is_later)


def _plans_card(ctx: Context, post: Post, *, is_later: bool) -> Card:
    plans = Plans(channels=post.channels, publish_at=post.publish_at if is_later else None, author="")
    return Card(body=(Text((f"P{post.id} · ", *when_and_where(ctx.words, plans))),))


async def _tell_of_post(ctx: Context, post: Post) -> None:
    """Have the curators' card redrawn, and its author told unless they decided themselves."""
    if ctx.programme.curators_channel:
        plan = Plan(lane=ctx.programme.curators_channel)
        await add_job(ctx.session, ShowPending(post_id=post.id), now=ctx.now, plan=plan)
    if post.author_id != ctx.member_id:
        job, hours = TellPostDecision(post_id=post.id), ctx.programme.working_hours
        await readers.tell_at_work(ctx.session, job, member_id=post.author_id, hours=hours, now=ctx.now)


async def open_decline(ctx: Context, action: OpenDecline) -> Reply:
    """Open the window that asks why, unless it is decided already."""
    subject = await _find(ctx, action.ref, states=post_states_before(PostEvent.DECLINE))
    if isinstance(subject, Held):
        if subject.state is not SuggestionState.RECEIVED:
            await _too_late(ctx, SUGGESTION, subject.id, state=subject.state.value)
        ref = f"S{subject.id}"
    else:
        await _check_move(ctx, subject, PostEvent.DECLINE)
        ref = f"P{subject.id}"
    form = decline_window(ctx.words, window=_window_ref(ctx, ref), ref=ref)
    return Reply(form=form, fallback=line_card(ctx.rich("decide.window_lost", ref=ref)))


def _window_ref(ctx: Context, ref: str) -> str:
    return f"{ref}-{hashlib.sha256(ctx.interaction.key.encode()).hexdigest()[:16]}"


async def decline(ctx: Context, action: Decline) -> Reply:
    """Decline a suggestion or a pending post with a reason, which those who made it are told."""
    reason = plain(action.reason).strip()
    is_window = ctx.interaction.window_ref is not None
    if not reason or len(reason) > MAX_REASON:
        empty = "decide.reason_missing" if is_window else "decide.reason_empty"
        key = "decide.reason_long" if reason else empty
        if is_window:
            form = decline_window(ctx.words, window=_window_ref(ctx, action.ref), ref=action.ref, reason=reason)
            return Reply(errors={"reason": ctx.text(key, most=MAX_REASON)}, form=form)
        raise Unable(key, most=MAX_REASON)
    subject = await _find(ctx, action.ref, states=post_states_before(PostEvent.DECLINE))
    if isinstance(subject, Held):
        await _decide_suggestion(ctx, subject, SuggestionState.DECLINED, note=reason)
        text = ctx.text("decide.suggestion_declined", ref=f"S{subject.id}")
    else:
        await _decline_post(ctx, subject, reason)
        text = ctx.text("decide.post_declined", ref=f"P{subject.id}")
    return Reply(card=line_card(text), closes=is_window)


async def _decline_post(ctx: Context, post: Post, reason: str) -> None:
    await _check_move(ctx, post, PostEvent.DECLINE)
    if not await posts.move_post(ctx.session, PostEvent.DECLINE, post_id=post.id, now=ctx.now):
        await _too_late(ctx, POST, post.id, state=post.state)
    await _write_down(ctx, POST, post.id, what="declined", reason=reason)
    await _tell_of_post(ctx, post)


async def edit(ctx: Context, action: Edit) -> Reply:
    """Open the form of a post; an open suggestion is approved by that and its page read into the form."""
    subject = await _find(ctx, action.ref, states=EDITABLE)
    if isinstance(subject, Post):
        return await _open_form(ctx, subject)
    if subject.state is SuggestionState.RECEIVED:
        window = _window_ref(ctx, f"S{subject.id}")
        post_id = await _approve_suggestion(ctx, subject, window=window)
        draft = Draft(link=subject.link).in_window(ctx.member_id, window)
        opened = opened_by(ctx, post_id, state=PostState.DRAFT, draft=draft)
        return Reply(form=reading_window(ctx.words, opened), fallback=_window_lost(ctx, post_id))
    post = await posts.find_post(ctx.session, post_id=subject.post_id) if subject.post_id else None
    if post is None or subject.state is not SuggestionState.APPROVED:
        await _too_late(ctx, SUGGESTION, subject.id, state=subject.state.value)
    return await _open_form(ctx, post)


def _window_lost(ctx: Context, post_id: int) -> Card:
    return line_card(ctx.text("post.window_lost"), edit_button(ctx.words, f"P{post_id}"))


async def _open_form(ctx: Context, post: Post) -> Reply:
    if PostState(post.state) not in EDITABLE:
        raise Unable("post.closed", ref=f"P{post.id}")
    draft = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    draft = draft.in_window(ctx.member_id, _window_ref(ctx, f"P{post.id}"))
    await posts.save_draft(ctx.session, draft, post_id=post.id, now=ctx.now)
    opened = opened_by(ctx, post.id, state=post.state, draft=draft)
    return Reply(form=post_form(ctx.words, ctx.programme, opened), fallback=_window_lost(ctx, post.id))


async def schedule(ctx: Context, action: Schedule) -> Reply:
    """Have an approved or scheduled post announced at a time in the curator's words and zone."""
    post = await _find_post(ctx, action.ref)
    ref = f"P{post.id}"
    if post.state in (PostState.DRAFT, PostState.PENDING):
        raise Unable(f"decide.schedule_{post.state}", ref=ref)
    await _check_move(ctx, post, PostEvent.SCHEDULE)
    try:
        when = parse_when(action.when, ctx.words.zone, ctx.now, ctx.words.language)
    except NotATime as error:
        raise Unable(f"when.{error.reason.value}", hint=error.hint) from None
    if post.expires_at is not None and post.expires_at <= when:
        raise Unable("post.expires_first")
    if not await posts.move_post(ctx.session, PostEvent.SCHEDULE, post_id=post.id, now=ctx.now):
        await _too_late(ctx, POST, post.id, state=post.state)
    await posts.plan_post(ctx.session, post_id=post.id, publish_at=when)
    draft = await posts.get_draft(ctx.session, post, zone=ctx.words.zone.key)
    on, at = typed_time(when, ctx.words.zone)
    draft = redrawn(replace(draft, publish_on=on, publish_at=at), "times")
    await posts.save_draft(ctx.session, draft, post_id=post.id, now=ctx.now)
    await _write_down(ctx, POST, post.id, what="scheduled")
    plans = Plans(channels=post.channels, publish_at=when, author="")
    return Reply(card=Card(body=(Text((f"{ref} · ", *when_and_where(ctx.words, plans))),)))


async def withdraw(ctx: Context, action: Withdraw) -> Reply:
    """Stop the sharing of a post at once and have every announcement say so, first in line."""
    post = await _find_post(ctx, action.ref)
    ref = f"P{post.id}"
    if post.state in (PostState.DRAFT, PostState.PENDING):
        raise Unable(f"decide.withdraw_{post.state}", ref=ref)
    await _check_move(ctx, post, PostEvent.WITHDRAW)
    if not await posts.move_post(ctx.session, PostEvent.WITHDRAW, post_id=post.id, now=ctx.now):
        await _too_late(ctx, POST, post.id, state=post.state)
    await _write_down(ctx, POST, post.id, what="withdrawn")
    total = await announcements.refresh_first(ctx.session, post_id=post.id, now=ctx.now)
    if not total:
        return Reply(card=line_card(ctx.text("decide.withdrawn_quietly", ref=ref)))
    plan = Plan(lane=ctx.me.person_ref, run_at=ctx.now + FIRST_LOOK)
    job = TellWithdrawal(post_id=post.id, member_id=ctx.me.identity_id)
    await add_job(ctx.session, job, now=ctx.now, plan=plan)
    return Reply(card=line_card(ctx.text("decide.withdrawn", ref=ref, count=total)))
