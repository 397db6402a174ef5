"""Suggest a link: by command, from somebody's message or by writing to the bot; and what becomes of it."""

import hashlib
import re

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import DirectMessage, SubmitSuggestion, Suggest, SuggestMessage
from bot.core.cards import Card, Spans
from bot.core.errors import Refused, Unable
from bot.core.jobs import RefreshSuggestion, ShowSuggestion, TellDecision
from bot.core.links import UnfitLink, clean_target, same_link_key
from bot.core.moderation import PostState, SuggestionState
from bot.core.reply import Reply
from bot.core.texts import plain, shorten
from handlers.cards.post import done_by, line_card
from handlers.cards.suggestion import MAX_WHY, Proposed, already_card, outcome_card, suggestion_card, suggestion_window
from handlers.context import Context, Outside, Record
from storage.queries import decisions, posts, suggestions
from storage.queries.decisions import SUGGESTION, Decided
from storage.queries.jobs import Plan, add_job
from storage.queries.suggestions import Held, Offer, Outcome

_LINK = re.compile(r"https?://[^\s<>|]+", re.IGNORECASE)
_UNDER_WAY = (PostState.PENDING, PostState.APPROVED, PostState.SCHEDULED)


async def suggest(ctx: Context, action: Suggest) -> Reply:
    """Take a suggestion of a command, its link with or without words around it."""
    line = f"{action.link} {action.why}".strip()
    if not line:
        raise Unable("suggest.no_link")
    found = _find_links(line)
    link = found[0] if found else action.link
    why = _without(line, link) if found else action.why
    return Reply(card=await _take(ctx, _clean(link), why))


def _find_links(text: str) -> list[str]:
    return [one.rstrip(".,;:!?)]}'\"") for one in _LINK.findall(text)]


def _without(text: str, link: str) -> str:
    """Return the words around a link, also where it stands in angle brackets with a name."""
    return " ".join(re.sub(rf"<?{re.escape(link)}(?:\|[^<>]*)?>?", " ", text, count=1).split())


def _clean(link: str) -> str:
    try:
        return clean_target(link.strip("<> "))
    except UnfitLink as error:
        raise Unable(f"link.{error.reason.value}") from None


async def suggest_message(ctx: Context, action: SuggestMessage) -> Reply:
    """Open the window to suggest a link of somebody's message."""
    links = list(dict.fromkeys((*action.links, *_find_links(action.text))))
    form = suggestion_window(ctx.words, ref=_new_ref(ctx), links=links)
    return Reply(form=form, fallback=line_card(ctx.text("suggest.window_lost")))


def _new_ref(ctx: Context) -> str:
    return f"suggest-{hashlib.sha256(ctx.interaction.key.encode()).hexdigest()[:24]}"


async def submit_suggestion(ctx: Context, action: SubmitSuggestion) -> Reply:
    """Take the suggestion of a window; what is no link is told at its field."""
    found = _find_links(action.link)
    try:
        link = clean_target(found[0] if found else action.link.strip())
    except UnfitLink as error:
        form = suggestion_window(ctx.words, ref=_new_ref(ctx), links=[action.link], why=action.why)
        return Reply(errors={"link": ctx.text(f"link.{error.reason.value}")}, form=form)
    return Reply(card=await _take(ctx, link, action.why), closes=True)


async def direct_message(ctx: Context, action: DirectMessage) -> Reply:
    """Take a link sent to the bot as a suggestion; anything else is answered with what the bot understands."""
    found = _find_links(action.text)
    if not found:
        return Reply(card=line_card(ctx.rich("suggest.direct_help")))
    return Reply(card=await _take(ctx, _clean(found[0]), _without(action.text, found[0])))


async def _take(ctx: Context, link: str, why: str) -> Card:
    """Keep a suggestion and return the private answer to it."""
    reason = shorten(plain(why).strip(), MAX_WHY)
    offered = Offer(link=link, link_key=same_link_key(link), member_id=ctx.member_id, why=reason)
    post = await posts.find_by_link(ctx.session, link=link, states=(PostState.PUBLISHED, *_UNDER_WAY))
    if post is not None:
        await suggestions.add_duplicate(ctx.session, offered, post_id=post.id, now=ctx.now)
        if post.state == PostState.PUBLISHED:
            return already_card(ctx.words, post_id=post.id, title=post.title)
        return line_card(ctx.text("suggest.under_way"))
    suggestion_id, outcome = await suggestions.offer(ctx.session, offered, now=ctx.now)
    await _show(ctx, suggestion_id, outcome)
    return line_card(ctx.text(f"suggest.taken_{outcome.value}", ref=f"S{suggestion_id}"))


async def _show(ctx: Context, suggestion_id: int, outcome: Outcome) -> None:
    channel = ctx.programme.curators_channel
    if channel is None or outcome is Outcome.AGAIN:
        return
    if outcome is Outcome.NEW:
        job = ShowSuggestion(suggestion_id=suggestion_id)
        await add_job(ctx.session, job, now=ctx.now, key=f"suggestion-{suggestion_id}", plan=Plan(lane=channel))
    else:
        job_again = RefreshSuggestion(suggestion_id=suggestion_id)
        await add_job(ctx.session, job_again, now=ctx.now, plan=Plan(lane=channel))


# After the commit


async def show_suggestion(out: Outside, job: ShowSuggestion) -> Record | None:
    """Post a suggestion's card in the curators' channel, once."""
    channel_ref = out.programme.curators_channel
    async with out.sessions.reading() as session:
        held = await suggestions.find_suggestion(session, suggestion_id=job.suggestion_id)
        decided = await _decided(session, job.suggestion_id)
    if held is None or held.card_ref is not None or channel_ref is None:
        return None
    card = _card(out, held, decided, channel_ref=channel_ref)
    message_ref = await out.surface_of(channel_ref).post(channel_ref, card, key=f"suggestion-{held.id}")

    async def record(session: AsyncSession) -> None:
        await suggestions.keep_card(session, suggestion_id=held.id, channel_ref=channel_ref, message_ref=message_ref)
        now_held = await suggestions.get_suggestion(session, suggestion_id=held.id)
        if (now_held.state, now_held.authors) != (held.state, held.authors):
            again = RefreshSuggestion(suggestion_id=held.id)
            await add_job(session, again, now=out.clock.now(), plan=Plan(lane=channel_ref))

    return record


async def refresh_suggestion(out: Outside, job: RefreshSuggestion) -> Record | None:
    """Redraw a suggestion's card as it now is; a card that was deleted, or does not stand yet, is left alone."""
    async with out.sessions.reading() as session:
        held = await suggestions.find_suggestion(session, suggestion_id=job.suggestion_id)
        decided = await _decided(session, job.suggestion_id)
    if held is None or held.card_ref is None or held.card_channel is None:
        return None
    card = _card(out, held, decided, channel_ref=held.card_channel)
    try:
        await out.surface_of(held.card_channel).update(held.card_channel, held.card_ref, card)
    except Refused as error:
        if error.code != "message_not_found":
            raise
    return None


async def _decided(session: AsyncSession, suggestion_id: int) -> Decided | None:
    return await decisions.find_latest(
        session, subject=SUGGESTION, subject_id=suggestion_id, whats=("approved", "declined")
    )


def _card(out: Outside, held: Held, decided: Decided | None, *, channel_ref: str) -> Card:
    channel = out.programme.channel(channel_ref)
    words = out.words(channel.language if channel else out.programme.languages[0], out.programme.zone.key)
    return suggestion_card(words, proposed_of(held, decided=done_by(words, decided) if decided else ()))


def proposed_of(held: Held, *, decided: Spans = ()) -> Proposed:
    """Return what a card shows of a suggestion."""
    authors = tuple((one.name, one.why) for one in held.authors)
    return Proposed(suggestion_id=held.id, link=held.link, authors=authors, decided=decided)


async def tell_decision(out: Outside, job: TellDecision) -> Record | None:
    """Tell one who suggested it what became of a suggestion, with the curator's note."""
    async with out.sessions.reading() as session:
        told = await suggestions.find_told(session, suggestion_id=job.suggestion_id, member_id=job.member_id)
    if told is None or told[0].state is SuggestionState.RECEIVED:
        return None
    fate, reader = told
    words = out.words(reader.locale, reader.zone)
    out.check_hours(words.zone)
    is_approved = fate.state is SuggestionState.APPROVED
    proposed = Proposed(suggestion_id=fate.id, link=fate.link, authors=())
    card = outcome_card(words, proposed, is_approved=is_approved, note=fate.note)
    await out.surface_on(reader.platform).tell(reader.person_ref, card, key=f"decision-{fate.id}-{job.member_id}")
    return None
