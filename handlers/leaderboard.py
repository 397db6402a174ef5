"""Boards: the week of a channel, posted by time; and the week, the 30 days or the season shown to one who asks."""

import secrets
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import ShowBoard
from bot.core.cards import Card, Element, Text
from bot.core.errors import Unable
from bot.core.jobs import PostBoard
from bot.core.leaderboard import (
    Dates,
    Period,
    crew_means,
    local_date,
    midnight,
    own_rank,
    period_dates,
    period_of,
    season_name,
    visible_of,
)
from bot.core.programme import Programme
from bot.core.reply import Reply
from bot.i18n.translator import Words
from handlers.cards import board as cards
from handlers.cards.board import CrewsPart, Offer, PeoplePart, Picture, PostLine, PostsPart
from handlers.context import Context, Outside, Record
from storage.queries import boards, pictures
from storage.queries.boards import Days, PostSums, Stretch
from storage.queries.newest import list_newest
from storage.types import keyed_hash

PEOPLE_POSTED = 5
PEOPLE_POSTED_BELOW = 3
PEOPLE_SHOWN = 10
OFFERS_LOOKED_AT = 10
WEEK = timedelta(days=7)


async def show_board(ctx: Context, action: ShowBoard) -> Reply:
    """Show a board to one person, with their own place on it, which nobody else is told."""
    period = period_of(action.period)
    if period not in (Period.WEEK, Period.MONTH, Period.QUARTER):
        raise Unable("board.no_period")
    if period is Period.WEEK:
        return Reply(card=await _week(ctx, action))
    dates = period_dates(period, ctx.now, ctx.programme.zone)
    title, stretch = _titled(ctx.words, period, dates), _stretch(period, dates)
    shares, visits = await boards.find_sums(ctx.session, stretch)
    part = await _part(ctx, action, stretch, heading="")
    first = Text((cards.sums_line(ctx.words, shares=shares, visits=visits),))
    return Reply(card=await _private_card(ctx, action, title, stretch=stretch, body=[first, *part]))


def _titled(words: Words, period: Period, dates: Dates) -> str:
    if period is Period.MONTH:
        return words.text("board.month")
    return words.text("board.season", season=season_name(dates))


def _stretch(period: Period, dates: Dates) -> Stretch:
    if period is Period.MONTH or dates.first is None:
        return Stretch(period=period)
    return Stretch(period=period, first=dates.first)


async def _week(ctx: Context, action: ShowBoard) -> Card:
    """Return the board of this week, or while that is still empty of the one before."""
    current = period_dates(Period.WEEK, ctx.now, ctx.programme.zone).first or ctx.now.date()
    for first, key in ((current, "board.this_week"), (current - WEEK, "board.last_week")):
        days, stretch = _days(first, ctx.programme.zone), Stretch(period=Period.WEEK, first=first)
        posts = _posts_part(await boards.list_post_sums(ctx.session, days), days)
        points, above = await boards.find_own(ctx.session, stretch, member_id=ctx.member_id)
        if not posts.is_empty or points or above:
            title = ctx.text(key, days=cards.days_of(ctx.words, posts))
            body: list[Element] = [Text((cards.headline(ctx.words, posts),)), *cards.posts_elements(ctx.words, posts)]
            body += await _part(ctx, action, stretch, heading=ctx.text("board.points_heading"))
            return await _private_card(ctx, action, title, stretch=stretch, body=body)
    newest = await list_newest(ctx.session, member_id=ctx.member_id, now=ctx.now, limit=OFFERS_LOOKED_AT)
    muted = set(ctx.me.muted_topics)
    wanted = (one for one in newest if not (one.is_shared or muted & set(one.topics)))
    offer = next((Offer(post_id=one.id, title=one.title) for one in wanted), None)
    return cards.quiet_card(ctx.words, posts, offer)


async def _part(ctx: Context, action: ShowBoard, stretch: Stretch, *, heading: str) -> list[Element]:
    if action.crews:
        crews = await _crews(ctx.session, stretch, programme=ctx.programme, heading=ctx.text("board.crews"))
        return cards.part_elements(ctx.words, crews)
    people = await _people(ctx.session, stretch, programme=ctx.programme, at_most=PEOPLE_SHOWN, heading=heading)
    return cards.part_elements(ctx.words, people) if heading else cards.people_lines(ctx.words, people)


async def _private_card(ctx: Context, action: ShowBoard, title: str, *, stretch: Stretch, body: list[Element]) -> Card:
    points, above = await boards.find_own(ctx.session, stretch, member_id=ctx.member_id)
    own = cards.own_line(ctx.words, rank=own_rank(points, members_above=above), points=points)
    quiet = Text(ctx.rich("board.only_you"), "quiet")
    return Card(title=title, body=(*body, own, quiet, cards.board_buttons(ctx.words, action)))


# By time


async def post_board(out: Outside, job: PostBoard) -> Record | None:
    """Post the week before `until` in its channel, with a chart; nothing where no board is wanted any more."""
    channel = out.programme.channel(job.channel_ref)
    if channel is None or channel.board is None:
        return None
    zone = out.programme.zone
    words = out.words(channel.language, zone.key)
    until = datetime.fromisoformat(job.until)
    days = _days(local_date(until, zone) - WEEK, zone)
    async with out.sessions.reading() as session:
        posts = _posts_part(await boards.list_post_sums(session, days, channel_ref=channel.ref), days)
        offer = _offer(await boards.find_open_post(session, now=out.clock.now(), channel_ref=channel.ref))
        parts = await _posted_parts(session, days, programme=out.programme, words=words)
    if posts.is_empty:
        card = cards.quiet_card(words, posts, offer)
    else:
        picture = await _picture(out, words, posts)
        card = cards.weekly_card(words, posts, parts, picture=picture)
    await out.surface_of(channel.ref).post(channel.ref, card, key=f"board-{channel.ref}-{job.until}")
    return None


async def _posted_parts(
    session: AsyncSession, days: Days, *, programme: Programme, words: Words
) -> list[PeoplePart | CrewsPart]:
    """Return the people of the week, the 30 days and the season, and the season's crews; what is empty is left out."""
    last = cards.last_day(days.end)
    season = period_dates(Period.QUARTER, midnight(last, programme.zone), programme.zone)
    stretches = (
        (_week_stretch(days), PEOPLE_POSTED, words.text("board.points_heading")),
        (Stretch(period=Period.MONTH), PEOPLE_POSTED_BELOW, words.text("board.month")),
        (_stretch(Period.QUARTER, season), PEOPLE_POSTED_BELOW, words.text("board.season", season=season_name(season))),
    )
    people = [
        await _people(session, stretch, programme=programme, at_most=at_most, heading=heading)
        for stretch, at_most, heading in stretches
    ]
    heading = words.text("board.season_crews", season=season_name(season))
    crews = await _crews(session, stretches[-1][0], programme=programme, heading=heading)
    told: list[PeoplePart | CrewsPart] = [one for one in people if one.visible.rows or one.visible.total]
    return [*told, crews] if crews.crews else told


def _week_stretch(days: Days) -> Stretch:
    """Return the running sum of the calendar week where the days are one, else each of the days."""
    if days.first.weekday() == 0:
        return Stretch(period=Period.WEEK, first=days.first)
    return Stretch(period=Period.DAY, first=days.first, end=days.end)


async def _picture(out: Outside, words: Words, posts: PostsPart) -> Picture | None:
    """Return the chart of a week behind an address that cannot be guessed; `None` without visits or an address."""
    if out.programme.public_url is None or not posts.visits:
        return None
    body = await out.charts.paint(cards.week_chart(words, posts))
    token = secrets.token_urlsafe(16)
    async with out.sessions.begin() as session:
        await pictures.add_picture(session, body=body, token_hash=keyed_hash(out.secret, token), now=out.clock.now())
    return Picture(url=f"{out.programme.public_url}/p/{token}.png", alt=cards.chart_alt(words, posts))


# From rows to parts


def _days(first: date, zone: tzinfo) -> Days:
    end = first + WEEK
    return Days(first=first, end=end, since=midnight(first, zone), until=midnight(end, zone))


def _posts_part(sums: list[PostSums], days: Days) -> PostsPart:
    by_day = {days.first + timedelta(days=number): 0 for number in range((days.end - days.first).days)}
    for one in sums:
        for day, visits in one.visits.items():
            by_day[day] += visits
    lines = [
        PostLine(title=one.title, is_new=one.is_new, shares=one.shares, visits=sum(one.visits.values())) for one in sums
    ]
    return PostsPart(
        first=days.first,
        last=cards.last_day(days.end),
        lines=lines,
        shares=sum(one.shares for one in sums),
        unproven=sum(one.unproven for one in sums),
        visits=sum(by_day.values()),
        by_day=by_day,
    )


def _offer(found: tuple[int, str] | None) -> Offer | None:
    return None if found is None else Offer(post_id=found[0], title=found[1])


async def _people(
    session: AsyncSession, stretch: Stretch, *, programme: Programme, at_most: int, heading: str
) -> PeoplePart:
    people = await boards.list_people(session, stretch, at_most=at_most)
    visible = visible_of(
        people.top, named=people.named, others=people.others, at_most=at_most, smallest=programme.smallest_crew
    )
    return PeoplePart(heading=heading, visible=visible, names=people.names, is_cut=people.is_cut)


async def _crews(session: AsyncSession, stretch: Stretch, *, programme: Programme, heading: str) -> CrewsPart:
    smallest = programme.smallest_crew
    ranked = crew_means(await boards.list_crews(session, stretch), smallest=smallest)
    return CrewsPart(heading=heading, crews=ranked, smallest=smallest)
