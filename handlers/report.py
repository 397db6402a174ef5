"""The report for the comms team: a private message with a chart, and a file, each by a job."""

import asyncio
import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import ShowReport
from bot.core.errors import NO_FILES, Refused, Unable
from bot.core.jobs import SendReport
from bot.core.leaderboard import Period, local_date, period_dates, period_of
from bot.core.ports import Attachment
from bot.core.programme import Programme
from bot.core.reply import Reply
from bot.core.reporting import PERIODS, Frame, Report, csv_of, report_of, rows_of
from bot.i18n.translator import Words
from handlers.cards import report as cards
from handlers.cards.privacy import said_card
from handlers.context import Context, Outside
from storage.queries import pictures, readers
from storage.queries.jobs import Plan, add_job
from storage.queries.readers import Reader
from storage.queries.reports import find_brought
from storage.types import keyed_hash

CARD, FILE = "card", "file"


async def show_report(ctx: Context, action: ShowReport) -> Reply:
    """Have a report made for the curator who asks, and the same as a file.

    Summing up every visit of a quarter may take long where there are many: a job does it, which holds nobody up.
    """
    period = _period(action.period)
    for part in (CARD, FILE):
        job = SendReport(member_id=ctx.me.identity_id, period=period.value, at=ctx.now.isoformat(), part=part)
        await add_job(ctx.session, job, now=ctx.now, plan=Plan(lane=ctx.me.person_ref))
    return Reply(card=said_card(ctx.words, "report.being_made"))


def _period(word: str) -> Period:
    period = period_of(word)
    if period not in PERIODS:
        raise Unable("report.no_period")
    return period


async def make_report(session: AsyncSession, programme: Programme, period: Period, *, now: datetime) -> Report:
    """Return the report on the period that `now` is in, in the programme's time zone."""
    zone = programme.zone
    dates = period_dates(period, now, zone)
    frame = Frame(
        period=period,
        dates=dates,
        today=local_date(now, zone),
        policy=programme.value,
        smallest=programme.smallest_crew,
        is_counted=programme.public_url is not None,
        kept_since=local_date(now - programme.retention.visits, zone),
    )
    return report_of(await find_brought(session, dates, zone=zone), frame)


# After the commit


async def send_report(out: Outside, job: SendReport) -> None:
    """Send a report, or the same as a file, to who asked for it where they asked; no file where nothing happened."""
    at = datetime.fromisoformat(job.at)
    async with out.sessions.reading() as session:
        asker = await readers.find_asker(session, member_id=job.member_id)
        if asker is None:
            return
        report = await make_report(session, out.programme, _period(job.period), now=at)
    words = out.words(asker.locale, asker.zone)
    if job.part == CARD:
        await _send_card(out, asker, report, words)
    elif not report.is_empty:
        await _send_file(out, asker, report, words)


async def _send_card(out: Outside, asker: Reader, report: Report, words: Words) -> None:
    card = cards.report_card(words, report, url=await _chart_of(out, report, words))
    key = f"report-{asker.member_id}-{report.period.value}-{out.clock.now().isoformat()}"
    await out.surface_on(asker.platform).tell(asker.person_ref, card, key=key)


async def _chart_of(out: Outside, report: Report, words: Words) -> str | None:
    """Return the address of the chart, which cannot be guessed; `None` without visitors or a public address."""
    if out.programme.public_url is None or not report.total.people:
        return None
    body, now = await out.charts.paint(cards.visits_chart(words, report)), out.clock.now()
    token = secrets.token_urlsafe(16)
    async with out.sessions.begin() as session:
        await pictures.add_picture(session, body=body, token_hash=keyed_hash(out.secret, token), now=now)
    return f"{out.programme.public_url}/p/{token}.png"


async def _send_file(out: Outside, asker: Reader, report: Report, words: Words) -> None:
    """Send the file; where files are refused who asked is told how to get it, and the job is listed."""
    body = (await asyncio.to_thread(csv_of, rows_of(report))).encode("utf-8-sig")
    name = f"vouch-report-{report.period.value}-{report.dates.first}.csv"
    surface = out.surface_on(asker.platform)
    try:
        await surface.send_file(
            asker.person_ref, Attachment(name=name, body=body, note=cards.report_title(words, report))
        )
    except Refused as error:
        if error.code in NO_FILES:
            key = f"report-refused-{asker.member_id}-{out.clock.now().isoformat()}"
            await surface.tell(asker.person_ref, said_card(words, "report.file_refused"), key=key)
        raise
