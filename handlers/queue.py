"""The queue: what waits for a decision, the card of a pending post, and telling its author what was decided."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import ShowQueue
from bot.core.cards import Bold, Buttons, Card, Divider, Element, Spans, Text
from bot.core.errors import Refused
from bot.core.jobs import ShowPending, TellPostDecision
from bot.core.moderation import PostState
from bot.core.posts import read_draft
from bot.core.reply import Reply
from handlers.cards.post import (
    Plans,
    decide_buttons,
    done_by,
    draft_rows,
    edit_button,
    line_card,
    pending_card,
    when_and_where,
    withdraw_button,
)
from handlers.cards.suggestion import Proposed, suggestion_row
from handlers.context import Context, Outside, Record
from storage.models import Post
from storage.queries import decisions, posts, readers, suggestions
from storage.queries.decisions import POST

MOST = 5
_TOLD = ("approved", "declined", "missed")


async def show_queue(ctx: Context, action: ShowQueue) -> Reply:
    """List what waits: suggestions, pending and scheduled posts, posts without a time, and one's own drafts."""
    body: list[Element] = [*await _suggestions(ctx)]
    for state in (PostState.PENDING, PostState.APPROVED, PostState.SCHEDULED):
        body += await _posts(ctx, state)
    drafts = await posts.list_posts(ctx.session, state=PostState.DRAFT, author_id=ctx.member_id)
    mine = [(post.id, draft.title or draft.link) for post in drafts if not (draft := read_draft(post.typed)).is_blank()]
    if mine:
        body.append(_heading(ctx, "queue.drafts", len(mine)))
        body += draft_rows(ctx.words, mine[-MOST:])
    if not body:
        return Reply(card=line_card(ctx.text("queue.empty")))
    return Reply(card=Card(title=ctx.text("queue.title"), body=tuple(body)))


def _heading(ctx: Context, key: str, count: int) -> Text:
    return Text((Bold(f"{ctx.text(key)} ({ctx.words.number(count)})"),))


async def _suggestions(ctx: Context) -> list[Element]:
    held, total = await suggestions.list_open(ctx.session, limit=MOST)
    if not held:
        return []
    rows: list[Element] = [_heading(ctx, "queue.suggestions", total)]
    for one in held:
        authors = tuple((author.name, author.why) for author in one.authors)
        rows += suggestion_row(ctx.words, Proposed(suggestion_id=one.id, link=one.link, authors=authors))
    return rows + _more(ctx, total - len(held))


async def _posts(ctx: Context, state: PostState) -> list[Element]:
    found = await posts.list_posts(ctx.session, state=state)
    if not found:
        return []
    headings = {PostState.PENDING: "queue.pending", PostState.APPROVED: "queue.approved"}
    rows: list[Element] = [_heading(ctx, headings.get(state, "queue.scheduled"), len(found))]
    for post in found[:MOST]:
        rows += _post_row(ctx, post)
    return rows + _more(ctx, len(found) - MOST)


def _more(ctx: Context, left: int) -> list[Element]:
    return [Text((ctx.text("queue.more", count=left),), "quiet")] if left > 0 else []


def _post_row(ctx: Context, post: Post) -> tuple[Element, ...]:
    ref = f"P{post.id}"
    plans = Plans(channels=post.channels, publish_at=post.publish_at, author="")
    lines: list[Element] = [Divider(), Text((Bold(ref), f" {post.title}"))]
    if post.state == PostState.PENDING:
        buttons = decide_buttons(ctx.words, ref, about=post.title)
    else:
        edit = edit_button(ctx.words, ref, about=post.title)
        buttons = (edit, withdraw_button(ctx.words, ref, about=post.title))
    if post.state == PostState.APPROVED:
        return (*lines, Text(ctx.rich("queue.no_time", ref=ref), "quiet"), Buttons(buttons))
    return (*lines, Text(when_and_where(ctx.words, plans), "quiet"), Buttons(buttons))


# After the commit


async def show_pending(out: Outside, job: ShowPending) -> Record | None:
    """Post a pending post's card in the curators' channel, or redraw it with what was decided."""
    channel_ref = out.programme.curators_channel
    async with out.sessions.reading() as session:
        post = await posts.find_post(session, post_id=job.post_id)
        face = await posts.find_face(session, post_id=job.post_id)
        decided = await decisions.find_latest(session, subject=POST, subject_id=job.post_id, whats=_TOLD[:2])
    if post is None or face is None or channel_ref is None:
        return None
    channel = out.programme.channel(channel_ref)
    words = out.words(channel.language if channel else out.programme.languages[0], out.programme.zone.key)
    said: Spans = (
        () if post.state == PostState.PENDING else done_by(words, decided) if decided else words.rich("decide.over")
    )
    plans = Plans(channels=post.channels, publish_at=post.publish_at, author=face.curator, decided=said)
    card = pending_card(words, face, plans)
    if post.card_ref is not None and post.card_channel is not None:
        await _redraw(out, post.card_channel, post.card_ref, card)
        return None
    if post.state != PostState.PENDING:
        return None
    message_ref = await out.surface_of(channel_ref).post(channel_ref, card, key=f"pending-{post.id}")

    async def record(session: AsyncSession) -> None:
        await posts.keep_card(session, post_id=job.post_id, channel_ref=channel_ref, message_ref=message_ref)

    return record


async def _redraw(out: Outside, channel_ref: str, message_ref: str, card: Card) -> None:
    try:
        await out.surface_of(channel_ref).update(channel_ref, message_ref, card)
    except Refused as error:
        if error.code != "message_not_found":
            raise


async def tell_post_decision(out: Outside, job: TellPostDecision) -> Record | None:
    """Tell the curator of a post what a colleague decided, or that its time went by while nothing ran."""
    async with out.sessions.reading() as session:
        post = await posts.find_post(session, post_id=job.post_id)
        decided = await decisions.find_latest(session, subject=POST, subject_id=job.post_id, whats=_TOLD)
        reader = await readers.find_reader(session, member_id=post.author_id) if post else None
    if post is None or reader is None or decided is None:
        return None
    words, ref = out.words(reader.locale, reader.zone), f"P{post.id}"
    out.check_hours(words.zone)
    if decided.what == "missed":
        text: Spans = words.rich("post.missed", ref=ref, title=post.title)
    else:
        text = (f"{ref} · {post.title}: ", *done_by(words, decided))
    card = line_card(text, edit_button(words, ref, about=post.title)) if decided.what == "missed" else line_card(text)
    await out.surface_on(reader.platform).tell(reader.person_ref, card, key=f"post-decision-{post.id}-{decided.what}")
    return None
