"""The report for the comms team: what some days brought, at which level it is known, and what it is worth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from bot.core.actions import ShowReport
from bot.core.cards import Button, Buttons, Card, Chart, Element, Fields, Image, Table, Text
from bot.core.leaderboard import Period
from bot.core.networks import NETWORKS
from bot.core.reporting import PERIODS, By, Line, Report, Told
from bot.core.value import ValuePolicy
from bot.core.visits import VisitClass
from bot.i18n.translator import Words
from handlers.cards.figures import counts_line

LINES_SHOWN = 8
NAME_SHOWN = 80
_MACHINES = (VisitClass.PREVIEW, VisitClass.CRAWLER, VisitClass.SCANNER)


def report_card(words: Words, report: Report, *, url: str | None) -> Card:
    """Return the report of some days, seen by who asked for it alone; `url` is that of its chart."""
    title = report_title(words, report)
    if report.is_empty:
        body: list[Element] = [Text((words.text("report.empty"),))]
        return Card(title=title, body=(*body, *_value_off(words, report), _buttons(words, report)))
    body = [Image(url, _alt(words, report))] if url else []
    body += [Fields(_totals(words, report)), *_value_off(words, report)]
    for lines in (report.networks, report.posts, report.topics, report.crews):
        body += _table(words, report, lines)
    if not report.crews:
        body.append(Text((words.text("report.no_crews"),), "quiet"))
    body += [Text((line,)) for line in _told_lines(words, report.told)]
    body += [Text((line,), "quiet") for line in _notes(words, report)]
    return Card(title=title, body=(*body, _buttons(words, report)))


def report_title(words: Words, report: Report) -> str:
    """Return which days a report is about."""
    last = report.dates.end - timedelta(days=1)
    first, end = words.short_day(report.dates.first or last), words.short_day(last)
    return words.text(f"report.title_{report.period.value}", first=first, last=end)


def _buttons(words: Words, report: Report) -> Buttons:
    others = [
        Button(label=words.text(f"report.show_{one.value}"), action=ShowReport(period=one.value))
        for one in PERIODS
        if one is not report.period
    ]
    return Buttons(tuple(others))


# Totals and tables


def _totals(words: Words, report: Report) -> tuple[tuple[str, str], ...]:
    total, unknown = report.total, words.text("share.not_available")
    out = {name: words.number(number) for name, number in total.facts.items()}
    pairs = [
        (words.text("report.shares"), words.text("report.shares_known", **out)),
        (words.text("report.opened"), out["opened"]),
        (words.text("report.said"), out["said"]),
        (words.text("report.people"), words.number(total.people) if report.is_counted else unknown),
        (words.text("report.visits"), _visits(words, total) if report.is_counted else unknown),
    ]
    if total.reach is not None:
        pairs.append((words.text("report.reach"), words.text("report.estimated", count=total.reach)))
    return (*pairs, *_value_pairs(words, report))


def _visits(words: Words, line: Line) -> str:
    others = [words.text(f"figures.{one}", count=line.visits[one]) for one in _MACHINES if line.visits[one]]
    own = (VisitClass.SELF, VisitClass.COMPANY)
    others += [words.text(f"report.visits_{one}", count=line.visits[one]) for one in own if line.visits[one]]
    visits = words.number(line.all_visits)
    return words.text("report.among", visits=visits, others=", ".join(others)) if others else visits


def _value_pairs(words: Words, report: Report) -> list[tuple[str, str]]:
    worth, policy = report.worth, report.policy
    pairs = []
    if policy.is_on:
        earned = _money(words, policy, worth.earned if report.is_counted else None)
        if worth.unvalued_clicks:
            earned = words.text("report.and_unvalued", earned=earned, count=worth.unvalued_clicks)
        pairs.append((words.text("report.earned"), earned))
    if policy.currency or worth.network_cost:
        pairs.append((words.text("report.cost"), _cost(words, report)))
    if policy.is_on:
        ratio = worth.ratio if report.is_counted else None
        unknown = words.text("share.not_available")
        pairs.append((words.text("report.return"), unknown if ratio is None else words.percent(ratio)))
    return pairs


def _cost(words: Words, report: Report) -> str:
    worth, policy = report.worth, report.policy
    if not policy.currency:
        return words.text("report.cost_without_currency", networks=words.number(float(worth.network_cost)))
    networks = words.money(worth.network_cost, policy.currency)
    if worth.programme_cost is None:
        return words.text("report.cost_of_networks", networks=networks)
    programme = words.money(worth.programme_cost, policy.currency)
    return words.text("report.cost_of_both", programme=programme, networks=networks)


def _money(words: Words, policy: ValuePolicy, amount: Decimal | None) -> str:
    return words.text("share.not_available") if amount is None else words.money(amount, policy.currency)


def _value_off(words: Words, report: Report) -> list[Element]:
    return [] if report.policy.is_on else [Text(words.rich("report.value_off"), "quiet")]


def _table(words: Words, report: Report, lines: Sequence[Line]) -> list[Element]:
    if not lines:
        return []
    has_value = report.policy.is_on
    names = [words.text(f"report.by_{lines[0].by.value}"), words.text("report.column_shares")]
    names += [words.text("report.column_people"), words.text("report.column_visits")]
    header = (*names, words.text("report.column_value")) if has_value else tuple(names)
    rows = tuple(_row(words, report, line) for line in lines[:LINES_SHOWN])
    elements: list[Element] = [Table(header, rows, numeric=tuple(range(1, len(header))))]
    if left := len(lines) - len(rows):
        elements.append(Text((words.text("report.more", count=left),), "quiet"))
    return elements


def _row(words: Words, report: Report, line: Line) -> tuple[str, ...]:
    unknown = words.text("share.not_available")
    counted = (line.people, line.all_visits)
    cells = [_name(words, line), words.number(line.facts["shares"])]
    cells += [words.number(one) if report.is_counted else unknown for one in counted]
    if report.policy.is_on:
        is_valued = line.earned is not None and report.is_counted
        cells.append(_money(words, report.policy, line.earned) if is_valued else words.text("report.not_valued"))
    return tuple(cells)


def _name(words: Words, line: Line) -> str:
    if line.by is By.NETWORK:
        return NETWORKS[line.name].label
    if not line.name:
        return words.text(f"report.without_{line.by.value}")
    return line.name if len(line.name) <= NAME_SHOWN else f"{line.name[: NAME_SHOWN - 1].rstrip()}…"


def _told_lines(words: Words, told: Sequence[Told]) -> list[str]:
    """Return what each network that tells says, with for how many shares it does."""
    lines = []
    for network in dict.fromkeys(one.network for one in told):
        of_it = [one for one in told if one.network == network]
        counts = counts_line(words, [one.counted for one in of_it])
        if counts:
            label = words.text("figures.network", network=NETWORKS[network].label)
            shares = words.text("report.of_shares", count=max(one.shares for one in of_it))
            lines.append(f"{label}: {counts}, {shares}")
    return lines


def _notes(words: Words, report: Report) -> list[str]:
    """Return what one has to know to read the figures."""
    notes = [words.text("report.levels")]
    if len(report.topics) > 1:
        notes.append(words.text("report.topics_overlap"))
    if report.kept_since is not None:
        notes.append(words.text("report.kept_since", day=words.short_day(report.kept_since)))
    if report.policy.is_on and report.policy.since is not None:
        notes.append(_figures_used(words, report.policy, report.policy.since))
    return notes


def _figures_used(words: Words, policy: ValuePolicy, since: date) -> str:
    prices = [f"{NETWORKS[one].label} {words.money(price, policy.currency)}" for one, price in policy.cpc.items()]
    source = policy.source.rstrip(".")
    return words.text("report.figures_used", prices=", ".join(prices), day=words.full_day(since), source=source)


# The chart


def visits_chart(words: Words, report: Report) -> Chart:
    """Return the visitors of each day of a week, else of each week, as a chart that names nobody."""
    bars = tuple((words.short_day(day), people) for day, people in _bars(report).items())
    return Chart(title=words.text(_chart_key(report)), bars=bars, unit=words.text("report.chart_unit"))


def _alt(words: Words, report: Report) -> str:
    """Return what the chart shows, in words."""
    bars = [f"{words.short_day(day)}: {words.number(people)}" for day, people in _bars(report).items()]
    return f"{words.text(_chart_key(report))}. {', '.join(bars)}"


def _chart_key(report: Report) -> str:
    return "report.chart_days" if report.period is Period.WEEK else "report.chart_weeks"


def _bars(report: Report) -> Mapping[date, int]:
    """Return visitors by day, or by the first day of each week, also where there were none; only what has begun."""
    first = report.dates.first or report.dates.end
    days = [first + timedelta(days=number) for number in range(report.days)]
    bars: Counter[date] = Counter()
    for day in days:
        start = day if report.period is Period.WEEK else max(day - timedelta(days=day.weekday()), first)
        bars[start] += report.day_people.get(day, 0)
    return dict(sorted(bars.items()))
