"""The board of a channel's week, and the private one: what the sharing brought, in numbers and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.core.actions import OpenShare, ShowBoard
from bot.core.cards import Bold, Button, Buttons, Card, Chart, Divider, Element, Image, Span, Table, Text
from bot.core.leaderboard import CrewRank, Visible
from bot.i18n.translator import Words

TIPS = 4
POSTS_SHOWN = 8
CREWS_SHOWN, MOST_CREWS_SHOWN = 10, 25
TITLE_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """What one post brought in the days of a board."""

    title: str
    is_new: bool
    shares: int
    visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsPart:
    """The posts of a board with what they brought together; `by_day` is every day's visits, also those without any."""

    first: date
    last: date
    lines: Sequence[PostLine]
    shares: int
    unproven: int
    visits: int
    by_day: Mapping[date, int]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell of these days but posts that nobody has shared yet."""
        return not (self.shares or self.visits or self.unproven)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePart:
    """Who earned what in one period; `heading` names it, `is_cut` says that more share a place than can be listed."""

    heading: str
    visible: Visible
    names: Mapping[int, str]
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewsPart:
    """The crews of a period; none under `smallest` people is in it."""

    heading: str
    crews: Sequence[CrewRank]
    smallest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A post that can be shared now."""

    post_id: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart as it can be fetched; `alt` says its numbers."""

    url: str
    alt: str


def week_chart(words: Words, part: PostsPart) -> Chart:
    """Return the visits of each day as a chart that names nobody."""
    bars = tuple((words.short_day(day), visits) for day, visits in sorted(part.by_day.items()))
    return Chart(title=words.text("board.chart"), bars=bars, unit=words.text("board.chart_unit"))


def chart_alt(words: Words, part: PostsPart) -> str:
    """Return what the chart of `part` shows, in words."""
    days = [f"{words.short_day(day)}: {words.number(visits)}" for day, visits in sorted(part.by_day.items())]
    return f"{words.text('board.chart')}. {', '.join(days)}"


def weekly_card(
    words: Words, posts: PostsPart, parts: Sequence[PeoplePart | CrewsPart], *, picture: Picture | None
) -> Card:
    """Return what is posted in a channel for a week in which something happened."""
    body: list[Element] = [Text((headline(words, posts),))]
    if picture is not None:
        body.append(Image(picture.url, picture.alt))
    body += posts_elements(words, posts)
    for part in parts:
        body += [Divider(), *part_elements(words, part)]
    mine = Button(label=words.text("board.mine"), action=ShowBoard(period="week"))
    body += [Buttons((mine,)), Text(words.rich("board.how_named"), "quiet")]
    title = words.text("board.weekly", days=days_of(words, posts))
    return Card(title=title, body=tuple(body), summary=f"{title}: {headline(words, posts)}")


def quiet_card(words: Words, posts: PostsPart, offer: Offer | None) -> Card:
    """Return what is posted for a week without shares: something useful instead of an empty table."""
    body: list[Element] = [Text((words.text("board.quiet", days=days_of(words, posts)),))]
    body.append(Text((words.text(f"board.tip_{posts.first.isocalendar().week % TIPS + 1}"),)))
    return Card(title=words.text("board.quiet_title"), body=(*body, *offer_elements(words, offer)))


def offer_elements(words: Words, offer: Offer | None) -> tuple[Element, ...]:
    """Return a post to share with its button; without a post, how to suggest one."""
    if offer is None:
        return (Text(words.rich("board.no_offer")),)
    share = Button(
        label=words.text("board.share"), action=OpenShare(post_id=offer.post_id), style="primary", about=offer.title
    )
    return Text(words.rich("board.offer", title=Bold(offer.title))), Buttons((share,))


def days_of(words: Words, part: PostsPart) -> str:
    """Return the days that a board covers ("16 Nov to 22 Nov")."""
    return words.text("board.days", first=words.short_day(part.first), last=words.short_day(part.last))


def headline(words: Words, part: PostsPart) -> str:
    """Return what the days brought in one sentence."""
    shares = words.text("board.shares", count=part.shares)
    return words.text("board.headline", shares=shares, visits=words.text("board.visits", count=part.visits))


def sums_line(words: Words, *, shares: int, visits: int) -> str:
    """Return what running sums hold in one sentence: they count the shares that earned points."""
    earned = words.text("board.earning_shares", count=shares)
    return words.text("board.headline", shares=earned, visits=words.text("board.visits", count=visits))


def posts_elements(words: Words, part: PostsPart) -> list[Element]:
    """Return the table of posts, and what is not known as a line of its own."""
    rows = tuple(
        (_marked(words, line), words.number(line.shares), words.number(line.visits))
        for line in part.lines[:POSTS_SHOWN]
    )
    header = (words.text("board.post"), words.text("board.column_shares"), words.text("board.column_visits"))
    elements: list[Element] = [Table(header, rows, numeric=(1, 2))] if rows else []
    left = len(part.lines) - len(rows)
    if left:
        elements.append(Text((words.text("board.more_posts", count=left),), "quiet"))
    if part.unproven:
        elements.append(Text((words.text("board.unproven", count=part.unproven),), "quiet"))
    return elements


def _marked(words: Words, line: PostLine) -> str:
    title = line.title if len(line.title) <= TITLE_SHOWN else f"{line.title[: TITLE_SHOWN - 1].rstrip()}…"
    return words.text("board.new", title=title) if line.is_new else title


def part_elements(words: Words, part: PeoplePart | CrewsPart) -> list[Element]:
    """Return a heading and which people or crews stand below it."""
    lines = people_lines(words, part) if isinstance(part, PeoplePart) else crew_lines(words, part)
    return [Text((Bold(part.heading),)), *lines]


def people_lines(words: Words, part: PeoplePart) -> list[Element]:
    """Return the named people with their ranks, and everyone else in sums, as far as these give nobody away."""
    spans: list[Span] = []
    for row in part.visible.rows:
        spans += ["\n"] if spans else []
        name, points = part.names[row.standing.member_id], words.text("board.points", count=row.standing.points)
        spans += words.rich("board.row", rank=row.rank, name=Bold(name), points=points)
    elements: list[Element] = [Text(tuple(spans))] if spans else []
    if part.is_cut:
        elements.append(Text((words.text("board.tied"),), "quiet"))
    if (line := _others(words, part.visible)) is not None:
        elements.append(Text((line,), "quiet"))
    return elements or [Text((words.text("board.nobody_named"),), "quiet")]


def _others(words: Words, visible: Visible) -> str | None:
    if visible.total is None or not visible.total:
        return None
    together = words.text("board.together", points=words.text("board.points", count=visible.total))
    if not visible.others:
        return together
    points = words.text("board.points", count=visible.others_points or 0)
    return f"{words.text('board.others', count=visible.others, points=points)} {together}"


def crew_lines(words: Words, part: CrewsPart) -> list[Element]:
    """Return the crews with their means, or why there are none."""
    if not part.crews:
        return [Text((words.text("board.no_crews", count=part.smallest),))]
    spans: list[Span] = []
    shown = _first_of(part.crews)
    for crew in shown:
        spans += ["\n"] if spans else []
        mean = words.number(round(crew.mean, 1))
        spans += words.rich("board.crew_row", rank=crew.rank, name=Bold(crew.name), mean=mean)
    elements: list[Element] = [Text(tuple(spans))] if spans else []
    if left := len(part.crews) - len(shown):
        elements.append(Text((words.text("board.more_crews", count=left),), "quiet"))
    return [*elements, Text((words.text("board.crews_how", count=part.smallest),), "quiet")]


def _first_of(crews: Sequence[CrewRank]) -> Sequence[CrewRank]:
    """Return the first of many crews, never a part of those that share a place; a card has room for so many."""
    if len(crews) <= CREWS_SHOWN:
        return crews
    last = crews[CREWS_SHOWN - 1].rank
    shown = [one for one in crews if one.rank <= last]
    return shown if len(shown) <= MOST_CREWS_SHOWN else [one for one in crews if one.rank < last]


def own_line(words: Words, *, rank: int | None, points: int) -> Text:
    """Return one's own place, which only oneself is told."""
    if rank is None:
        return Text((words.text("board.own_none"),), "quiet")
    return Text((words.text("board.own", rank=rank, points=words.text("board.points", count=points)),))


def board_buttons(words: Words, shown: ShowBoard) -> Buttons:
    """Return the buttons to the other boards."""
    periods = [
        Button(label=words.text(f"board.show_{one}"), action=ShowBoard(period=one, crews=shown.crews))
        for one in ("week", "month", "season")
        if one != shown.period
    ]
    key = "board.show_people" if shown.crews else "board.show_crews"
    other = Button(label=words.text(key), action=ShowBoard(period=shown.period, crews=not shown.crews))
    return Buttons((*periods, other))


def last_day(end: date) -> date:
    """Return the last of some days that end before `end`."""
    return end - timedelta(days=1)
