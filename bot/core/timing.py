"""When things are due, whether they are late, working hours, and reading a time as people write it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from bot.core.programme import WorkingHours

# After a longer stop only so many of the newest missed periods are named.
MISSED_AT_MOST = 100
# A tick comes every minute: what waits longer than this was missed.
LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Once a week: weekday 0 is Monday, the time is that of the clocks in `zone`."""

    weekday: int
    at: time
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Once a day at a time of the clocks in `zone`."""

    at: time
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryMinutes:
    """Every so many minutes of the hour, in UTC."""

    minutes: int = 1


Schedule = Weekly | Daily | EveryMinutes


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePeriod:
    """A period that is due: `key` names it once and for all, whatever the clocks do; `due_at` is in UTC."""

    key: str
    due_at: datetime
    is_late: bool


class Timeliness(StrEnum):
    """What becomes of a due period."""

    ON_TIME = "on_time"
    LATE = "late"
    SKIPPED = "skipped"


def due_periods(last_done: datetime | None, now: datetime, schedule: Schedule) -> list[DuePeriod]:
    """Return the periods due after `last_done` (the `due_at` of the last one done) and not after `now`, oldest first.

    Those missed while nothing ran are among them, at most the 100 newest. `None` (never done) begins a minute ago, so
    that a new installation makes up for nothing. A local time that the clocks skip counts as the instant after the
    gap; of one that comes twice the first counts: a day has exactly one.
    """
    since = last_done if last_done is not None else now - timedelta(minutes=1)
    found = [
        DuePeriod(key=key, due_at=due_at, is_late=now - due_at > LATE_AFTER)
        for key, due_at in _periods(since, now, schedule)
        if since < due_at <= now
    ]
    return found[-MISSED_AT_MOST:]


def _periods(since: datetime, now: datetime, schedule: Schedule) -> list[tuple[str, datetime]]:
    """Return the periods between two instants, and perhaps one more at either end."""
    if isinstance(schedule, EveryMinutes):
        return _minutes(since, now, timedelta(minutes=schedule.minutes))
    step = 1 if isinstance(schedule, Daily) else 7
    first = max(since, now - timedelta(days=step * (MISSED_AT_MOST + 1))).astimezone(schedule.zone).date()
    days = range((now.astimezone(schedule.zone).date() - first).days + 1)
    return [
        (_key(day, schedule), instant(day, schedule.at, schedule.zone))
        for day in (first + timedelta(days=one) for one in days)
        if isinstance(schedule, Daily) or day.weekday() == schedule.weekday
    ]


def _minutes(since: datetime, now: datetime, step: timedelta) -> list[tuple[str, datetime]]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    newest = epoch + (now - epoch) // step * step
    count = min(max((newest - since) // step + 1, 0), MISSED_AT_MOST)
    dues = [newest - step * back for back in reversed(range(count))]
    return [(due.strftime("%Y-%m-%dT%H:%MZ"), due) for due in dues]


def _key(day: date, schedule: Weekly | Daily) -> str:
    if isinstance(schedule, Daily):
        return day.isoformat()
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def instant(day: date, at: time, zone: tzinfo) -> datetime:
    """Return a local time as an instant in UTC: one that the clocks skip as the instant after the gap, moved by it."""
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


def late_or_skipped(period: DuePeriod, now: datetime, max_age: timedelta) -> Timeliness:
    """Return whether a due period is done in time, done late, or, older than `max_age`, skipped (and said so)."""
    if now - period.due_at > max(max_age, LATE_AFTER):
        return Timeliness.SKIPPED
    return Timeliness.LATE if now - period.due_at > LATE_AFTER else Timeliness.ON_TIME


def working_time(now: datetime, zone: tzinfo, hours: WorkingHours) -> bool:
    """Say whether someone in `zone` may be written to at `now`; the end of the hours is no more part of them."""
    local = now.astimezone(zone)
    return local.weekday() in hours.weekdays and hours.start <= local.time() < hours.end


def next_working_time(now: datetime, zone: tzinfo, hours: WorkingHours) -> datetime:
    """Return `now` if it is within working hours in `zone`, else the next instant that is, in UTC.

    Raises `ValueError` for hours that never come (no weekday, or an end before the start).
    """
    if working_time(now, zone, hours):
        return now.astimezone(UTC)
    today = now.astimezone(zone).date()
    for ahead in range(15):  # a fortnight has every weekday twice, should the clocks swallow one
        start = instant(today + timedelta(days=ahead), hours.start, zone)
        if start > now and working_time(start, zone, hours):
            return start
    raise ValueError("there are no working hours")


class WhenFault(StrEnum):
    """Why a text is no time at which something can be done."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    NO_TIME = "no_time"
    NO_SUCH_DATE = "no_such_date"
    NO_SUCH_TIME = "no_such_time"
    AMBIGUOUS = "ambiguous"
    SKIPPED_BY_CLOCKS = "skipped_by_clocks"
    PAST = "past"
    TOO_FAR = "too_far"


class NotATime(ValueError):
    """The text is no time that can be planned for: `reason`, and as `hint` something that would do, ready to send."""

    def __init__(self, reason: WhenFault, hint: str) -> None:
        """Fail for `reason`; `hint` is a text that `parse_when` takes, or would take with a later day."""
        super().__init__(f"{reason.value}: {hint}")
        self.reason = reason
        self.hint = hint


FARTHEST = timedelta(days=2 * 366)

_DAY_WORDS = {"today": 0, "vandaag": 0, "tomorrow": 1, "morgen": 1, "day after tomorrow": 2, "overmorgen": 2}


def _numbered(*lists: str) -> Mapping[str, int]:
    return {word: number for words in lists for number, word in enumerate(words.split())}


_WEEKDAY = _numbered(
    "monday tuesday wednesday thursday friday saturday sunday",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "mon tue wed thu fri sat sun",
    "ma di wo do vr za zo",
)
_MONTH = _numbered(
    "january february march april may june july august september october november december",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
)
_UNITS = {"m": "minutes", "h": "hours", "u": "hours", "d": "days", "w": "weeks"}
_ENDS = "ins?|inutes?|inuut|inuten|ours?|ur|uur|uren|ren|ays?|ag|agen|eeks?|eken"
_FROM_NOW = re.compile(rf"(?:in|over) (?P<many>\d{{1,4}}) ?(?P<unit>[mhudw])(?:{_ENDS})?")
_CLOCK = re.compile(
    r"(?P<word>at |om )?(?P<h>\d{1,2})(?:[:.](?P<m>\d{2})| ?(?:u|h)(?P<m2>\d{2}))?"
    r"(?P<end> ?(?:uur|u|h)| ?(?P<half>[ap])\.?m\.?)?"
)
_YMD = re.compile(r"(?P<y>\d{4})-(?P<mo>\d{1,2})-(?P<d>\d{1,2})")
_DMY = re.compile(r"(?P<d>\d{1,2})(?P<sep>[-/.])(?P<mo>\d{1,2})(?:(?P=sep)(?P<y>\d{4}))?")
_NAMED = re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th|e)? (?:of )?(?P<mo>[a-z]+)(?: (?P<y>\d{4}))?")
_NAMED_FIRST = re.compile(r"(?P<mo>[a-z]+) (?P<d>\d{1,2})(?:st|nd|rd|th)?(?: (?P<y>\d{4}))?")
_NEXT = re.compile(r"(?:next|volgende|komende|aanstaande) ")
_MORNING = time(9)


def parse_when(text: str, zone: tzinfo, now: datetime, locale: str) -> datetime:
    """Return the instant, in UTC, that a person in `zone` means by `text`: a day and a time, or "in 2 hours".

    English and Dutch: "tomorrow 9:00", "maandag 9 uur", "2026-12-01 14:30", "1 december 14:30", "in 30 minutes". A day
    without a year, and a weekday, is the next one to come; a time alone is today's. Of a time that comes twice when the
    clocks change the first is taken. Raises `NotATime` for anything else, for the past, and beyond two years.
    """
    words = re.sub(r"(?<=\d)t(?=\d)", " ", " ".join(text.lower().replace(",", " ").split()))
    local = now.astimezone(zone)
    if not words:
        raise NotATime(WhenFault.EMPTY, _example(locale))
    if (found := _FROM_NOW.fullmatch(words)) is not None:
        length = timedelta(**{_UNITS[found["unit"]]: int(found["many"])})
        return _not_too_far((now + length).astimezone(UTC), now, _written(local.date(), _MORNING, ahead=1))
    days, at = _read(words, local.date(), locale)
    instants = (_valid_instant(day, at, zone) for day in days if day >= local.date())
    coming = next((one for one in instants if one > now), None)
    if coming is None:
        raise NotATime(WhenFault.PAST, _written(local.date(), at, ahead=1))
    return _not_too_far(coming, now, _written(local.date(), at, ahead=1))


def _not_too_far(when: datetime, now: datetime, hint: str) -> datetime:
    if when - now > FARTHEST:
        raise NotATime(WhenFault.TOO_FAR, hint)
    return when


def _example(locale: str) -> str:
    return "morgen 9:00" if locale.lower().startswith("nl") else "tomorrow 9:00"


def _written(day: date, at: time, *, ahead: int = 0) -> str:
    return f"{(day + timedelta(days=ahead)).isoformat()} {at:%H:%M}"


def _coming(days: Sequence[date], today: date) -> date:
    """Return the first of `days` that can be planned for whatever the hour, or tomorrow."""
    return next((day for day in days if today < day < today + FARTHEST), today + timedelta(days=1))


def _read(words: str, today: date, locale: str) -> tuple[Sequence[date], time]:
    """Return the days that the words may mean, soonest first, and the time; the time stands last or first."""
    parts = words.split()
    for size in (3, 2, 1):
        for clock, day in ((parts[-size:], parts[:-size]), (parts[:size], parts[size:])):
            at = _clock(" ".join(clock), has_day=bool(day)) if len(clock) == size else None
            days = _days(" ".join(day), today, at, locale) if at is not None else None
            if at is not None and days is not None:
                return days, at
    days = _days(words, today, _MORNING, locale)
    if days is not None:
        raise NotATime(WhenFault.NO_TIME, _written(_coming(days, today), _MORNING))
    raise NotATime(WhenFault.UNREADABLE, _example(locale))


def _clock(words: str, *, has_day: bool) -> time | None:
    """Return the time that the words are; `None` if they are none. A bare number is one beside a day only."""
    found = _CLOCK.fullmatch(words)
    if found is None:
        return None
    hour, minute = int(found["h"]), int(found["m"] or found["m2"] or 0)
    is_bare = not (found["word"] or found["m"] or found["m2"] or found["end"])
    if is_bare and (not has_day or hour > 23):
        return None
    is_half_wrong = found["half"] is not None and not 1 <= hour <= 12
    if hour > 23 or minute > 59 or is_half_wrong:
        raise NotATime(WhenFault.NO_SUCH_TIME, "9:00")
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] == "p" else 0)
    return time(hour, minute)


def _days(words: str, today: date, at: time, locale: str) -> Sequence[date] | None:
    """Return the days that the words may mean, soonest first; no words mean today; `None` if they are no day."""
    words = re.sub(r"^(?:on|op|this|deze) | (?:at|om)$", "", words)
    if not words:
        return [today]
    if words in _DAY_WORDS:
        return [today + timedelta(days=_DAY_WORDS[words])]
    weekday = _WEEKDAY.get(_NEXT.sub("", words, count=1))
    if weekday is not None:
        first = today + timedelta(days=(weekday - today.weekday()) % 7)
        is_next_week = first == today and _NEXT.match(words) is not None
        return [first + timedelta(days=7)] if is_next_week else [first, first + timedelta(days=7)]
    numbers = _numbers(words, at, locale, today)
    return None if numbers is None else _dates(*numbers, today=today, at=at)


def _numbers(words: str, at: time, locale: str, today: date) -> tuple[int | None, int, int] | None:
    """Return year (`None`: not said), month and day as written, or `None` if this is no date."""
    if (found := _NAMED.fullmatch(words) or _NAMED_FIRST.fullmatch(words)) is not None:
        month = _MONTH.get(found["mo"])
        return None if month is None else (_year(found), month + 1, int(found["d"]))
    if (found := _YMD.fullmatch(words)) is not None:
        return _year(found), int(found["mo"]), int(found["d"])
    if (found := _DMY.fullmatch(words)) is None:
        return None
    day, month = int(found["d"]), int(found["mo"])
    if found["sep"] == "/" and locale.lower().startswith("en"):
        if locale.lower().replace("_", "-") == "en" and day != month and max(day, month) <= 12:
            years = (_year(found) or today.year, today.year + 1)
            meant = [date(one, month, day) for one in years if one >= today.year]
            raise NotATime(WhenFault.AMBIGUOUS, _written(_coming(meant, today), at))
        if locale.lower().replace("_", "-") == "en-us":
            day, month = month, day
    return _year(found), month, day


def _year(found: re.Match[str]) -> int | None:
    return int(found["y"]) if found["y"] else None


def _dates(year: int | None, month: int, day: int, *, today: date, at: time) -> Sequence[date]:
    """Return the date in that year, or else in this year and the next; raises `NotATime` where there is none."""
    if year is not None and not today.year <= year <= today.year + 3:
        raise NotATime(WhenFault.PAST if year < today.year else WhenFault.TOO_FAR, _written(today, at, ahead=1))
    years = (year,) if year is not None else (today.year, today.year + 1)
    found = []
    for one in years:
        try:
            found.append(date(one, month, day))
        except ValueError:
            continue
    if not found:
        raise NotATime(
            WhenFault.NO_SUCH_DATE, _written(_coming([_last_day(one, month, today) for one in years], today), at)
        )
    return found


def _last_day(year: int, month: int, today: date) -> date:
    """Return the last day of a month that was written with too many, or tomorrow if there is no such month either."""
    if not 1 <= month <= 12:
        return today + timedelta(days=1)
    following = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return following - timedelta(days=1)


def _valid_instant(day: date, at: time, zone: tzinfo) -> datetime:
    """Return a local time as an instant in UTC; raises `NotATime` with the end of the gap if the clocks skip it."""
    found = instant(day, at, zone)
    if found.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, at):
        return found
    low, high = int((found - timedelta(days=1)).timestamp()) // 60, int(found.timestamp()) // 60
    offset = found.astimezone(zone).utcoffset()
    while low < high:
        middle = (low + high) // 2
        is_after = datetime.fromtimestamp(60 * middle, zone).utcoffset() == offset
        low, high = (low, middle) if is_after else (middle + 1, high)
    after = datetime.fromtimestamp(60 * low, zone)
    raise NotATime(WhenFault.SKIPPED_BY_CLOCKS, _written(after.date(), after.time()))
