"""Reports: what some days of sharing brought, by post, topic, team and network, with no person in it."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from bot.core.leaderboard import Dates, Period
from bot.core.measuring import Counted
from bot.core.value import ValuePolicy, Worth, earned_value, estimated_reach, worth_of
from bot.core.visits import VisitClass

PERIODS = (Period.WEEK, Period.MONTH, Period.QUARTER)
FACTS = ("opened", "said", "confirmed", "evidenced", "shares")
NO_CREW = 0


class By(StrEnum):
    """What the lines of a report are about."""

    TOTAL = "total"
    NETWORK = "network"
    POST = "post"
    TOPIC = "topic"
    CREW = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What one post brought on one network by the members of one crew.

    `facts` are shares by what became known of them in these days: opened, said, confirmed, evidenced, and "shares" that
    were first known to be out. `people` are different human visitors of a day, `visits` all visits by class.
    """

    post_id: int
    network: str
    crew_id: int = NO_CREW
    facts: Mapping[str, int] = field(default_factory=dict)
    people: int = 0
    visits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a network counts for the shares that it tells of: one thing, all of them together, as of the last of them.

    `shares` is how many those are.
    """

    network: str
    shares: int
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """All that is known of some days: `sizes` is how many members of each crew brought anything, `day_people` by day.

    `spent` is what each network billed, in millionths.
    """

    cuts: Sequence[Cut]
    titles: Mapping[int, str]
    topics: Mapping[int, Sequence[str]]
    crews: Mapping[int, str]
    sizes: Mapping[int, int]
    day_people: Mapping[date, int]
    told: Sequence[Told]
    spent: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The sums of one post, topic, crew or network; `name` is "" for what has none.

    `earned` and `reach` are `None` where the company has entered no figures for any of its networks.
    """

    by: By
    name: str
    facts: Mapping[str, int]
    people: int
    visits: Mapping[str, int]
    earned: Decimal | None
    reach: int | None

    @property
    def all_visits(self) -> int:
        """Visits of every class."""
        return sum(self.visits.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report on the days of `dates`, of which `days` have begun; each list from most to fewest visitors.

    `is_counted` is false where visits are not counted at all. Visits before `kept_since` are no longer kept.
    """

    period: Period
    dates: Dates
    days: int
    policy: ValuePolicy
    total: Line
    networks: Sequence[Line]
    posts: Sequence[Line]
    topics: Sequence[Line]
    crews: Sequence[Line]
    day_people: Mapping[date, int]
    told: Sequence[Told]
    worth: Worth
    is_counted: bool
    kept_since: date | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened in these days."""
        return not (any(self.total.facts.values()) or self.total.all_visits)

    @property
    def lines(self) -> Sequence[Line]:
        """Every line, the total first."""
        return (self.total, *self.networks, *self.posts, *self.topics, *self.crews)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a report is about: its days, the company's figures, and how small a crew may be shown."""

    period: Period
    dates: Dates
    today: date
    policy: ValuePolicy
    smallest: int
    is_counted: bool = True
    kept_since: date | None = None

    @property
    def days(self) -> int:
        """How many of the days have begun."""
        first = self.dates.first or self.today
        return max((min(self.dates.end, date.fromordinal(self.today.toordinal() + 1)) - first).days, 1)


def report_of(brought: Brought, frame: Frame) -> Report:
    """Return the report on what was brought."""
    policy, cuts, titles = frame.policy, brought.cuts, _apart(brought.titles)
    clicks: Counter[str] = Counter()
    for cut in cuts:
        clicks[cut.network] += cut.people
    first = frame.dates.first
    return Report(
        period=frame.period,
        dates=frame.dates,
        days=frame.days,
        policy=policy,
        total=_line(By.TOTAL, "", cuts, policy),
        networks=_lines(By.NETWORK, cuts, policy, lambda cut: (cut.network,)),
        posts=_lines(By.POST, cuts, policy, lambda cut: (titles[cut.post_id],)),
        topics=_lines(By.TOPIC, cuts, policy, lambda cut: brought.topics.get(cut.post_id) or ("",)),
        crews=_crew_lines(brought, frame),
        day_people=brought.day_people,
        told=brought.told,
        worth=worth_of(policy, clicks, days=frame.days, spent_millionths=sum(brought.spent.values())),
        is_counted=frame.is_counted,
        kept_since=frame.kept_since if frame.kept_since and first and first < frame.kept_since else None,
    )


def _apart(titles: Mapping[int, str]) -> Mapping[int, str]:
    """Return the titles of posts, those that stand there twice with the post's number."""
    often = Counter(titles.values())
    return {one: f"{title} (P{one})" if often[title] > 1 else title for one, title in titles.items()}


def shown_crews(sizes: Mapping[int, int], *, smallest: int) -> frozenset[int]:
    """Return which crews may be shown: none of fewer than `smallest` members who brought anything.

    Nor may everyone else together be so few, as their sum can be had from the total: then the smallest crew joins them.
    """
    shown = sorted((size, crew) for crew, size in sizes.items() if crew != NO_CREW and size >= smallest)
    rest = sum(sizes.values()) - sum(size for size, _ in shown)
    while 0 < rest < smallest and shown:
        rest += shown.pop(0)[0]
    return frozenset(crew for _, crew in shown)


def _crew_lines(brought: Brought, frame: Frame) -> Sequence[Line]:
    """Return the crews that may be shown, and under no name everyone else; nothing if no crew may be."""
    shown = shown_crews(brought.sizes, smallest=frame.smallest)
    if not shown:
        return []
    names = {crew: brought.crews.get(crew, "") for crew in shown}
    return _lines(By.CREW, brought.cuts, frame.policy, lambda cut: (names.get(cut.crew_id, ""),))


def _lines(by: By, cuts: Iterable[Cut], policy: ValuePolicy, names: Callable[[Cut], Iterable[str]]) -> Sequence[Line]:
    groups: dict[str, list[Cut]] = {}
    for cut in cuts:
        for name in names(cut):
            groups.setdefault(name, []).append(cut)
    lines = [_line(by, name, group, policy) for name, group in groups.items()]
    return sorted(lines, key=lambda one: (not one.name, -one.people, -one.facts.get("shares", 0), one.name))


def _line(by: By, name: str, cuts: Sequence[Cut], policy: ValuePolicy) -> Line:
    facts: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    people: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    for cut in cuts:
        facts.update(cut.facts)
        visits.update(cut.visits)
        people[cut.network] += cut.people
        shared[cut.network] += cut.facts.get("shares", 0)
    values = [value for one, number in people.items() if (value := earned_value(policy, one, number)) is not None]
    reaches = [seen for one, number in shared.items() if (seen := estimated_reach(policy, one, number)) is not None]
    return Line(
        by=by,
        name=name,
        facts={one: facts[one] for one in FACTS},
        people=people.total(),
        visits={one.value: visits[one.value] for one in VisitClass},
        earned=sum(values, Decimal(0)) if values else None,
        reach=sum(reaches) if reaches else None,
    )


# As a file


COLUMNS = (
    "by",
    "name",
    "first_day",
    "last_day",
    *FACTS,
    "people",
    "visits",
    *(f"{one.value}_visits" for one in VisitClass),
    "reach_estimated",
    "earned",
    "programme_cost",
    "network_cost",
    "return",
    "currency",
)


def rows_of(report: Report) -> Sequence[Mapping[str, object]]:
    """Return every line of a report as a row of `COLUMNS`; `None` stands for what is not known or not valued."""
    return [_row(report, line) for line in report.lines]


def _row(report: Report, line: Line) -> Mapping[str, object]:
    counted: dict[str, object] = {"people": line.people, "visits": line.all_visits}
    counted |= {f"{name}_visits": number for name, number in line.visits.items()}
    worth = report.worth if line.by is By.TOTAL else None
    return {
        "by": line.by.value,
        "name": line.name,
        "first_day": report.dates.first,
        "last_day": date.fromordinal(report.dates.end.toordinal() - 1),
        **line.facts,
        **(counted if report.is_counted else dict.fromkeys(counted)),
        "reach_estimated": line.reach,
        "earned": line.earned if report.is_counted else None,
        "programme_cost": worth.programme_cost if worth else None,
        "network_cost": worth.network_cost if worth else None,
        "return": worth.ratio if worth and report.is_counted else None,
        "currency": report.policy.currency or None,
    }


def csv_of(rows: Iterable[Mapping[str, object]], columns: Sequence[str] = COLUMNS) -> str:
    """Return rows as CSV with a header; what is not known is an empty cell."""
    held = io.StringIO()
    writer = csv.DictWriter(held, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return held.getvalue()


def _cell(value: object) -> object:
    """Keep a spreadsheet from reading somebody's title as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
