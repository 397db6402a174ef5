"""Failed and uncertain jobs, and those of a restored database: an admin sees them, sends them again or drops them."""

from bot.core.actions import DropJob, ReleaseHeld, RetryJob, ShowFailures
from bot.core.cards import Button, Buttons, Card, Channel, Confirm, Divider, Element, Spans, Text
from bot.core.errors import Unreadable
from bot.core.jobs import JobState
from bot.core.reply import Reply
from bot.core.restoring import Release
from handlers.cards.post import line_card
from handlers.context import Context
from storage.queries import installation, jobs
from storage.queries.installation import Holding


async def show_failures(ctx: Context, action: ShowFailures) -> Reply:
    """List what failed and what is uncertain, the newest ten, each with what may be done about it."""
    stuck, count = await jobs.list_stuck(ctx.session)
    holding = await installation.find_holding(ctx.session)
    held = [] if holding.since is None else _held(ctx, holding)
    if not stuck:
        return Reply(card=Card(body=tuple(held)) if held else line_card(ctx.rich("failures.none")))
    body: list[Element] = [*held, Text((ctx.text("failures.intro"),), style="quiet")]
    for job in stuck:
        body += [Divider(), *_stuck(ctx, job)]
    if count > len(stuck):
        body.append(Text((ctx.text("failures.more", count=count - len(stuck)),), style="quiet"))
    return Reply(card=Card(title=ctx.text("failures.title", count=count), body=tuple(body)))


async def retry_job(ctx: Context, action: RetryJob) -> Reply:
    """Send a failed or uncertain job again; somebody else may have been first."""
    if await jobs.retry_job(ctx.session, job_id=action.job_id, now=ctx.now):
        return Reply(card=line_card(ctx.rich("failures.retried", job=str(action.job_id))))
    return Reply(card=line_card(ctx.rich("failures.gone", job=str(action.job_id))))


async def drop_job(ctx: Context, action: DropJob) -> Reply:
    """Give a failed or uncertain job up; somebody else may have been first."""
    if await jobs.drop_job(ctx.session, job_id=action.job_id, now=ctx.now):
        return Reply(card=line_card(ctx.rich("failures.dropped", job=str(action.job_id))))
    return Reply(card=line_card(ctx.rich("failures.gone", job=str(action.job_id))))


async def release_held(ctx: Context, action: ReleaseHeld) -> Reply:
    """Decide what becomes of all that was open in a restored database; somebody else may have been first."""
    try:
        how = Release(action.how)
    except ValueError:
        raise Unreadable from None
    holding = await installation.find_holding(ctx.session)
    if holding.since is None and not holding.waiting:
        return Reply(card=line_card(ctx.rich("failures.not_held")))
    count = await installation.release(ctx.session, how, now=ctx.now)
    return Reply(card=line_card(ctx.rich(f"failures.released_{how}", count=count)))


def _held(ctx: Context, holding: Holding) -> list[Element]:
    """Return that nothing which was open is sent yet, and the three ways to go on."""
    when = ctx.words.moment(holding.since) if holding.since else ""
    line = ctx.text("failures.held", when=when, count=holding.waiting)
    ask = Confirm(
        title=ctx.text("failures.send_all"),
        text=ctx.text("failures.ask_all"),
        yes=ctx.text("failures.send_all"),
        no=ctx.text("button.back"),
    )
    again = Button(
        label=ctx.text("failures.send_all"), action=ReleaseHeld(how=Release.SEND.value), confirm=ask, about=line
    )
    drop = Button(label=ctx.text("failures.drop_all"), action=ReleaseHeld(how=Release.DROP.value), about=line)
    keep = Button(label=ctx.text("failures.one_by_one"), action=ReleaseHeld(how=Release.KEEP.value), about=line)
    return [Text((line,)), Buttons((again, drop, keep))]


def _stuck(ctx: Context, job: jobs.Stuck) -> list[Element]:
    is_uncertain = job.state == JobState.UNCERTAIN
    line = ctx.text(
        "failures.uncertain" if is_uncertain else "failures.failed",
        job=str(job.id),
        what=ctx.text(f"job.{job.kind}"),
        when=ctx.words.moment(job.ended_at),
        error=job.error or "?",
    )
    again = Button(
        label=ctx.text("failures.retry"),
        action=RetryJob(job_id=job.id),
        confirm=_ask(ctx) if is_uncertain else None,
        about=line,
    )
    drop = Button(label=ctx.text("failures.drop"), action=DropJob(job_id=job.id), about=line)
    return [Text((line, *_place(ctx, job))), Buttons((again, drop))]


def _place(ctx: Context, job: jobs.Stuck) -> Spans:
    """Return in which channel to look; who would have got a private message is nobody's business."""
    if job.lane != ctx.programme.curators_channel and ctx.programme.channel(job.lane) is None:
        return ()
    return (" ", *ctx.rich("failures.place", channel=Channel(job.lane)))


def _ask(ctx: Context) -> Confirm:
    return Confirm(
        title=ctx.text("failures.retry"),
        text=ctx.text("failures.ask"),
        yes=ctx.text("failures.retry"),
        no=ctx.text("button.back"),
    )
