"""One person on two platforms: asked here, answered there, and then one ledger."""

from bot.core.actions import AnswerPairing, Pair
from bot.core.errors import Unable
from bot.core.jobs import AskPairing, RefreshSuggestion
from bot.core.pairing import OPEN_FOR, YES, Party, Refusal, is_open, may_ask, who_counts, whom_to_ask
from bot.core.reply import Reply
from handlers.cards import pair as cards
from handlers.context import Context, Outside, Record
from storage.queries import announcements, jobs, joining, pairing, readers
from storage.queries.jobs import Plan
from storage.queries.joining import Joined


async def pair(ctx: Context, action: Pair) -> Reply:
    """Ask whoever has the member's address on the other platform; show the question that waits for the member first.

    Nothing is joined before the answer from there. A question waits for a day, and comes once a day.
    """
    if not ctx.programme.is_on_two:
        raise Unable("pair.one_chat")
    me = await pairing.get_party(ctx.session, member_id=ctx.member_id)
    for asker in await pairing.list_askers(ctx.session, asked_id=me.member_id, since=ctx.now - OPEN_FOR):
        if may_ask(asker, me) is None:
            return Reply(card=cards.question_card(ctx.words, asker))
    asked = whom_to_ask(me, await pairing.list_others(ctx.session, me))
    if asked is Refusal.PAIRED:
        return Reply(card=cards.paired_card(ctx.words, is_new=False))
    if isinstance(asked, Refusal):
        raise Unable(f"pair.{asked.value}", email=me.address)
    return await _ask(ctx, me, asked)


async def _ask(ctx: Context, me: Party, asked: Party) -> Reply:
    asked_at = await pairing.find_asked_at(ctx.session, asker_id=me.member_id, asked_id=asked.member_id)
    if asked_at is not None and is_open(asked_at, ctx.now):
        raise Unable("pair.waits", until=ctx.words.moment(asked_at + OPEN_FOR))
    job = AskPairing(asker_id=me.member_id, asked_id=asked.member_id)
    key = f"pair-{me.member_id}-{asked.member_id}-{ctx.now.date().isoformat()}"
    if not await jobs.add_job(ctx.session, job, now=ctx.now, key=key, plan=Plan(lane=asked.person_ref)):
        raise Unable("pair.tomorrow")
    await pairing.ask(ctx.session, asker_id=me.member_id, asked_id=asked.member_id, now=ctx.now)
    return Reply(card=cards.asked_card(ctx.words, email=me.address))


async def answer_pairing(ctx: Context, action: AnswerPairing) -> Reply:
    """Join both sides if the one that was asked says yes; a question is answered once, by nobody else, within a day."""
    me = await pairing.get_party(ctx.session, member_id=ctx.member_id)
    if me.is_paired:  # so whoever goes on from here acts as the very row that they are known by
        return Reply(card=cards.paired_card(ctx.words, is_new=False))
    asked_at = await pairing.take_question(ctx.session, asker_id=action.asker_id, asked_id=me.member_id)
    if asked_at is None:
        return await _taken(ctx)
    if not is_open(asked_at, ctx.now):
        raise Unable("pair.over")
    if action.answer != YES:
        return Reply(card=cards.declined_card(ctx.words))
    return await _join(ctx, action.asker_id)


async def _taken(ctx: Context) -> Reply:
    """Say that both are one if the question was answered by a click at the same moment, and else that it is over."""
    me = await pairing.get_party(ctx.session, member_id=ctx.member_id)
    if not me.is_paired:
        raise Unable("pair.over")
    return Reply(card=cards.paired_card(ctx.words, is_new=False))


async def _join(ctx: Context, asker_id: int) -> Reply:
    await joining.hold(ctx.session, asker_id, ctx.member_id)
    asker = await pairing.get_party(ctx.session, member_id=asker_id)
    me = await pairing.get_party(ctx.session, member_id=ctx.member_id)
    if may_ask(asker, me) is not None:
        raise Unable("pair.over")
    counting, other = who_counts(asker, me)
    joined = await joining.join(ctx.session, counting, other, now=ctx.now, programme=ctx.programme)
    if joined is None:
        raise Unable("pair.under_way")
    await _redraw(ctx, joined)
    return Reply(card=cards.paired_card(ctx.words, is_new=True))


async def _redraw(ctx: Context, joined: Joined) -> None:
    """Have the cards redrawn that still show one person as two."""
    for post_id in joined.posts:
        await announcements.queue_refresh(ctx.session, post_id=post_id, now=ctx.now)
    for suggestion_id, channel_ref in joined.suggestions:
        job = RefreshSuggestion(suggestion_id=suggestion_id)
        await jobs.add_job(ctx.session, job, now=ctx.now, plan=Plan(lane=channel_ref))


# After the commit


async def ask_pairing(out: Outside, job: AskPairing) -> Record | None:
    """Ask the one side privately; nothing if the question is over by then, or can be asked no more."""
    async with out.sessions.reading() as session:
        asked_at = await pairing.find_asked_at(session, asker_id=job.asker_id, asked_id=job.asked_id)
        reader = await readers.find_reader(session, member_id=job.asked_id)
        if asked_at is None or reader is None or not is_open(asked_at, out.clock.now()):
            return None
        asker = await pairing.get_party(session, member_id=job.asker_id)
        asked = await pairing.get_party(session, member_id=job.asked_id)
    if may_ask(asker, asked) is not None:
        return None
    card = cards.question_card(out.words(reader.locale, reader.zone), asker)
    key = f"pair-{job.asker_id}-{job.asked_id}-{asked_at.isoformat()}"
    await out.surface_on(reader.platform).tell(reader.person_ref, card, key=key)
    return None
