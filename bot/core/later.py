"""Sharing later: the times at which a member is offered to be asked, and the time that they picked.

No hour is best for everyone, what surveys say is contradictory: whoever has enough visits to links of theirs is
recommended the hours in which these came, everyone else is offered hours spread over the coming days.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from bot.core.programme import WorkingHours
from bot.core.timing import NotATime, WhenFault, instant, parse_when, working_time

MOST_OFFERED = 3
LEAST_VISITS = 5
"""How many visits an hour of the week has to have before it is recommended."""
LEAST_AHEAD = timedelta(minutes=30)
FARTHEST_LATER = timedelta(days=30)
APART = timedelta(minutes=10)
"""How far apart colleagues are asked to share the same post on the same network."""
NEUTRAL_HOURS = (10, 14, 12)

_HOUR = timedelta(hours=1)
_A_WEEK = 8  # days, so that what is left of today counts too
_OF_THE_DAY = frozenset({WhenFault.NO_SUCH_DATE, WhenFault.PAST, WhenFault.TOO_FAR, WhenFault.UNREADABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """What offered times depend on.

    `until` is when the post ends, `taken` what colleagues have picked for the same post and network, `visits` when
    people came by the member's own links. `place` tells members apart: it spreads them over the hour, the same way
    whenever it is asked.
    """

    now: datetime
    zone: tzinfo
    hours: WorkingHours
    until: datetime | None = None
    taken: Collection[datetime] = ()
    visits: Collection[datetime] = ()
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A time that is offered; `is_recommended` where the member's own visits speak for it."""

    at: datetime
    is_recommended: bool = False


def offer_times(diary: Diary) -> Sequence[Offer]:
    """Return at most `MOST_OFFERED` times, soonest first, in working hours and at least `APART` from colleagues'.

    Recommended ones come first of all, the best hours of the coming week; what is left is filled with neutral ones on
    different days where there are such. None at all where the post ends too soon.
    """
    free = list(_free_times(diary))
    good = _good_hours(diary)
    wanted = [one for one in free if _hour_of_week(one, diary.zone) in good]
    best = sorted(wanted, key=lambda one: (-good[_hour_of_week(one, diary.zone)], one))[:MOST_OFFERED]
    offers = [Offer(at=one, is_recommended=True) for one in best]
    spread = sorted(free, key=lambda at: _neutrality(at, diary))
    for is_clear in (_is_another_day, _is_another_hour):
        for one in spread:
            if len(offers) < MOST_OFFERED and all(is_clear(one, other.at, diary.zone) for other in offers):
                offers.append(Offer(at=one))
    return sorted(offers, key=lambda offer: offer.at)


def _is_another_day(one: datetime, other: datetime, zone: tzinfo) -> bool:
    return one.astimezone(zone).date() != other.astimezone(zone).date()


def _is_another_hour(one: datetime, other: datetime, _: tzinfo) -> bool:
    return abs(one - other) >= 2 * _HOUR


def _free_times(diary: Diary) -> Iterator[datetime]:
    """Yield one free time in each working hour of the coming week, soonest first."""
    today = diary.now.astimezone(diary.zone).date()
    for ahead in range(_A_WEEK):
        for hour in range(24):
            start = instant(today + timedelta(days=ahead), time(hour), diary.zone)
            found = next((one for one in _within(start, diary.place) if _is_free(one, diary)), None)
            if found is not None:
                yield found


def _within(start: datetime, place: int) -> Iterator[datetime]:
    """Yield the times of an hour, beginning with the one that is this member's."""
    steps = _HOUR // APART
    yield from (start + APART * ((place + step) % steps) for step in range(steps))


def _is_free(at: datetime, diary: Diary) -> bool:
    is_open = at >= diary.now + LEAST_AHEAD and (diary.until is None or at < diary.until)
    return is_open and working_time(at, diary.zone, diary.hours) and not _is_near(at, diary.taken)


def _is_near(at: datetime, taken: Collection[datetime]) -> bool:
    return any(abs(at - other) < APART for other in taken)


def _hour_of_week(at: datetime, zone: tzinfo) -> tuple[int, int]:
    local = at.astimezone(zone)
    return local.weekday(), local.hour


def _good_hours(diary: Diary) -> Mapping[tuple[int, int], int]:
    """Return the hours of the week in which enough people came by the member's links, with how many."""
    counted = Counter(_hour_of_week(one, diary.zone) for one in diary.visits)
    return {hour: count for hour, count in counted.items() if count >= LEAST_VISITS}


def _neutrality(at: datetime, diary: Diary) -> tuple[bool, int, int, datetime]:
    """Return what puts neutral times in order: the usual hours day by day, then whatever is soonest.

    Which of the usual hours comes first is another one for each day and member.
    """
    local, today = at.astimezone(diary.zone), diary.now.astimezone(diary.zone).date()
    days = (local.date() - today).days
    if local.hour not in NEUTRAL_HOURS:
        return True, days, 0, at
    return False, days, (NEUTRAL_HOURS.index(local.hour) - days - diary.place) % len(NEUTRAL_HOURS), at


def free_time(at: datetime, diary: Diary) -> datetime:
    """Return `at`, or where a colleague was faster the next free time of the hour after it; none: `at` all the same."""
    after = (at + APART * step for step in range(_HOUR // APART))
    return next((one for one in after if _is_free(one, diary)), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What a member picked: an offered instant, or a day and time of their own, which win over it."""

    pick: str = ""
    day: str = ""
    time: str = ""


class UnfitTime(ValueError):
    """Nobody can be asked then: the `box` in which that was said, and why, as the key of a text with its `params`."""

    def __init__(self, box: str, key: str, **params: object) -> None:
        """Fail for what stands in `box`."""
        super().__init__(f"{box}: {key}")
        self.box = box
        self.key = key
        self.params = params


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Until when a member may be asked, and by whose clock they say when."""

    now: datetime
    zone: tzinfo
    locale: str
    until: datetime | None = None


def time_picked(picked: Picked, limits: Limits) -> datetime:
    """Return the instant, in UTC, at which the member wants to be asked, whatever the hour; raises `UnfitTime`.

    A time alone is today's. What has passed, is more than `FARTHEST_LATER` ahead or comes when the post has ended is
    refused; of a time that comes twice when the clocks change the first is taken.
    """
    day, at = picked.day.strip(), picked.time.strip()
    box = "day" if day else "time" if at else "pick"
    if not (day or at or picked.pick):
        raise UnfitTime("pick", "later.none_picked")
    when = _typed(day, at, limits) if day or at else _offered(picked.pick)
    if when <= limits.now:
        raise UnfitTime(box, "later.offer_past")
    if when - limits.now > FARTHEST_LATER:
        raise UnfitTime(box, "later.too_far", count=FARTHEST_LATER.days)
    if limits.until is not None and when >= limits.until:
        raise UnfitTime(box, "later.after_end", until=limits.until)
    return when


def _offered(pick: str) -> datetime:
    try:
        found = datetime.fromisoformat(pick)
    except ValueError:
        raise UnfitTime("pick", "later.none_picked") from None
    if found.tzinfo is None:
        raise UnfitTime("pick", "later.none_picked")
    return found.astimezone(UTC)


def _typed(day: str, at: str, limits: Limits) -> datetime:
    if not at:
        raise UnfitTime("time", "later.no_time")
    try:
        return parse_when(f"{day} {at}".strip(), limits.zone, limits.now, limits.locale)
    except NotATime as error:
        box = "day" if day and error.reason in _OF_THE_DAY else "time"
        if error.reason is WhenFault.PAST:
            raise UnfitTime(box, "later.offer_past") from None
        raise UnfitTime(box, f"when.{error.reason.value}", hint=error.hint) from None
