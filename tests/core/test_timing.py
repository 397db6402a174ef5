"""What is due, across stops and changes of clocks; working hours; times as people write them."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.programme import WorkingHours
from bot.core.timing import (
    FARTHEST,
    LATE_AFTER,
    MISSED_AT_MOST,
    Daily,
    DuePeriod,
    EveryMinutes,
    NotATime,
    Timeliness,
    Weekly,
    WhenFault,
    due_periods,
    instant,
    late_or_skipped,
    next_working_time,
    parse_when,
    working_time,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NAMES = ("Europe/Amsterdam", "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo")
ZONES = st.sampled_from([ZoneInfo(name) for name in NAMES])
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2036, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SCHEDULES = (
    st.builds(Weekly, weekday=st.integers(0, 6), at=TIMES, zone=ZONES)
    | st.builds(Daily, at=TIMES, zone=ZONES)
    | st.builds(EveryMinutes, minutes=st.sampled_from([1, 5, 60]))
)
STEPS = st.lists(st.integers(1, 40 * 24 * 60), min_size=1, max_size=8)


@given(schedule=SCHEDULES, start=INSTANTS, steps=STEPS)
def test_asking_often_or_once_finds_the_same_periods(
    schedule: Weekly | Daily | EveryMinutes, start: datetime, steps: list[int]
) -> None:
    """None is skipped and none comes twice, whenever the bot stands still."""
    unit = timedelta(minutes=1) if not isinstance(schedule, EveryMinutes) else timedelta(seconds=1) / 10
    now, last, found = start, start, []
    for step in steps:
        now += unit * min(step, 80 * 24 * 60 // len(steps))
        for period in due_periods(last, now, schedule):
            found.append(period)
            last = period.due_at
    at_once = due_periods(start, now, schedule)
    assert [one.due_at for one in found][-MISSED_AT_MOST:] == [one.due_at for one in at_once]
    assert len({one.key for one in found}) == len(found)
    assert all(earlier.due_at < later.due_at for earlier, later in pairwise(found))
    assert all(start < one.due_at <= now for one in found)


@given(at=TIMES, zone=ZONES, start=INSTANTS, days=st.integers(1, 90))
def test_every_local_day_has_exactly_one(at: time, zone: ZoneInfo, start: datetime, days: int) -> None:
    end = start + timedelta(days=days)
    keys = [one.key for one in due_periods(start, end, Daily(at=at, zone=zone))]
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    between = {(first + timedelta(days=one)).isoformat() for one in range(1, (last - first).days)}
    assert between <= set(keys)
    assert set(keys) <= between | {first.isoformat(), last.isoformat()}


def test_a_board_keeps_its_local_hour_when_the_clocks_change() -> None:
    start = datetime(2026, 10, 18, 12, tzinfo=UTC)
    weekly = Weekly(weekday=0, at=time(9), zone=AMSTERDAM)
    found = due_periods(start, start + timedelta(days=14), weekly)
    assert [(one.key, one.due_at.hour) for one in found] == [("2026-W43", 7), ("2026-W44", 8)]
    assert [one.is_late for one in found] == [True, True]


def test_a_skipped_and_a_doubled_hour_count_once() -> None:
    spring = due_periods(
        datetime(2026, 3, 28, 12, tzinfo=UTC),
        datetime(2026, 3, 29, 12, tzinfo=UTC),
        Daily(at=time(2, 30), zone=AMSTERDAM),
    )
    assert [(one.key, one.due_at) for one in spring] == [("2026-03-29", datetime(2026, 3, 29, 1, 30, tzinfo=UTC))]
    autumn = due_periods(
        datetime(2026, 10, 24, 12, tzinfo=UTC),
        datetime(2026, 10, 25, 12, tzinfo=UTC),
        Daily(at=time(2, 30), zone=AMSTERDAM),
    )
    assert [(one.key, one.due_at) for one in autumn] == [("2026-10-25", datetime(2026, 10, 25, 0, 30, tzinfo=UTC))]
    assert instant(autumn[0].due_at.date(), time(2, 30, fold=1), AMSTERDAM) == autumn[0].due_at


def test_a_new_installation_makes_up_for_nothing() -> None:
    now = datetime(2026, 11, 16, 8, 0, 30, tzinfo=UTC)
    weekly = Weekly(weekday=0, at=time(9), zone=AMSTERDAM)
    assert [one.key for one in due_periods(None, now, weekly)] == ["2026-W47"]
    assert due_periods(None, now + timedelta(minutes=1), weekly) == []
    assert len(due_periods(None, now, EveryMinutes())) == 1


def test_after_a_long_stop_the_newest_are_named() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    for schedule in (EveryMinutes(minutes=5), Daily(at=time(9), zone=AMSTERDAM)):
        found = due_periods(datetime(1999, 1, 1, tzinfo=UTC), now, schedule)
        assert len(found) == MISSED_AT_MOST
        assert now - found[-1].due_at < timedelta(days=1)
    assert due_periods(now, now - timedelta(days=3), EveryMinutes()) == []


@given(age=st.integers(0, 10_000), most=st.integers(0, 5_000))
def test_late_is_done_and_too_late_is_skipped(age: int, most: int) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    waited = timedelta(minutes=age)
    period = DuePeriod(key="a", due_at=now - waited, is_late=waited > LATE_AFTER)
    found = late_or_skipped(period, now, timedelta(minutes=most))
    if waited <= LATE_AFTER:
        assert found is Timeliness.ON_TIME
    else:
        assert found is (Timeliness.LATE if age <= most else Timeliness.SKIPPED)


HOURS = WorkingHours()


@given(
    now=INSTANTS,
    zone=ZONES,
    start=st.integers(0, 20),
    length=st.integers(1, 3),
    days=st.sets(st.integers(0, 6), min_size=1),
)
def test_the_next_working_time_is_one_and_none_lies_before(
    now: datetime, zone: ZoneInfo, start: int, length: int, days: set[int]
) -> None:
    hours = WorkingHours(start=time(start), end=time(start + length), weekdays=tuple(days))
    found = next_working_time(now, zone, hours)
    assert found >= now
    assert working_time(found, zone, hours)
    assert (found == now) is working_time(now, zone, hours)
    step = (found - now) / 50
    assert not any(working_time(now + step * one, zone, hours) for one in range(50) if found != now)


def test_working_hours_are_the_members_own() -> None:
    friday_evening = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
    assert not working_time(friday_evening, AMSTERDAM, HOURS)
    assert working_time(friday_evening, ZoneInfo("America/New_York"), HOURS)
    assert next_working_time(friday_evening, AMSTERDAM, HOURS) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert not working_time(datetime(2026, 11, 20, 16, 30, tzinfo=UTC), AMSTERDAM, HOURS)
    assert working_time(datetime(2026, 11, 20, 8, 0, tzinfo=UTC), AMSTERDAM, HOURS)


def test_hours_that_never_come_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="no working hours"):
        next_working_time(datetime(2026, 11, 21, tzinfo=UTC), AMSTERDAM, WorkingHours(weekdays=()))


# A Saturday, half past one in the afternoon in Amsterdam.
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "locale", "local"),
    [
        ("tomorrow 9:00", "en", "2026-11-22 09:00"),
        ("Tomorrow, at 9am", "en", "2026-11-22 09:00"),
        ("9:30 pm tomorrow", "en", "2026-11-22 21:30"),
        ("today 14:00", "en", "2026-11-21 14:00"),
        ("14:00", "en", "2026-11-21 14:00"),
        ("at 23", "en", "2026-11-21 23:00"),
        ("day after tomorrow 12am", "en", "2026-11-23 00:00"),
        ("tomorrow 12pm", "en", "2026-11-22 12:00"),
        ("monday 9am", "en", "2026-11-23 09:00"),
        ("on Monday at 9 a.m.", "en", "2026-11-23 09:00"),
        ("mon 9", "en", "2026-11-23 09:00"),
        ("saturday 15:00", "en", "2026-11-21 15:00"),
        ("saturday 9:00", "en", "2026-11-28 09:00"),
        ("next saturday 15:00", "en", "2026-11-28 15:00"),
        ("next monday 15:00", "en", "2026-11-23 15:00"),
        ("2026-12-01 14:30", "en", "2026-12-01 14:30"),
        ("2026-12-01T14:30", "en", "2026-12-01 14:30"),
        ("1 December 14:30", "en", "2026-12-01 14:30"),
        ("December 1st at 2:30pm", "en-US", "2026-12-01 14:30"),
        ("1 december 2027 9:00", "nl", "2027-12-01 09:00"),
        ("3 march 9:00", "en", "2027-03-03 09:00"),
        ("12/1 9:00", "en-US", "2026-12-01 09:00"),
        ("1/12/2026 9:00", "en-GB", "2026-12-01 09:00"),
        ("13/12/2026 9:00", "en", "2026-12-13 09:00"),
        ("12/12 9:00", "en", "2026-12-12 09:00"),
        ("1-12-2026 14.30", "nl", "2026-12-01 14:30"),
        ("morgen 9:00", "nl", "2026-11-22 09:00"),
        ("maandag om 9 uur", "nl-NL", "2026-11-23 09:00"),
        ("volgende zaterdag 9u30", "nl", "2026-11-28 09:30"),
        ("overmorgen 14.30 uur", "nl", "2026-11-23 14:30"),
        ("1 mrt 9:00", "nl", "2027-03-01 09:00"),
        ("in 2 hours", "en", "2026-11-21 15:30"),
        ("over 30 minuten", "nl", "2026-11-21 14:00"),
        ("in 3 days", "en", "2026-11-24 13:30"),
        ("over 1 uur", "nl", "2026-11-21 14:30"),
        ("in 1 week", "en", "2026-11-28 13:30"),
        ("2027-10-31 2:30", "en", "2027-10-31 02:30"),
        ("29 march 2:30", "en", "2027-03-29 02:30"),
    ],
)
def test_times_as_people_write_them(text: str, locale: str, local: str) -> None:
    found = parse_when(text, AMSTERDAM, NOW, locale)
    assert found.tzinfo is UTC
    assert found.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M") == local


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("", WhenFault.EMPTY, "tomorrow 9:00"),
        ("soon", WhenFault.UNREADABLE, "tomorrow 9:00"),
        ("9", WhenFault.UNREADABLE, "tomorrow 9:00"),
        ("1 smarch 9:00", WhenFault.UNREADABLE, "tomorrow 9:00"),
        ("-1 9:00", WhenFault.UNREADABLE, "tomorrow 9:00"),
        ("tomorrow", WhenFault.NO_TIME, "2026-11-22 09:00"),
        ("1 december", WhenFault.NO_TIME, "2026-12-01 09:00"),
        ("today", WhenFault.NO_TIME, "2026-11-22 09:00"),
        ("2026-01-01", WhenFault.NO_TIME, "2026-11-22 09:00"),
        ("31 february 2026 9:00", WhenFault.NO_SUCH_DATE, "2026-11-22 09:00"),
        ("31 february 2029 9:00", WhenFault.NO_SUCH_DATE, "2026-11-22 09:00"),
        ("tomorrow 25:00", WhenFault.NO_SUCH_TIME, "9:00"),
        ("tomorrow 9:61", WhenFault.NO_SUCH_TIME, "9:00"),
        ("tomorrow 13pm", WhenFault.NO_SUCH_TIME, "9:00"),
        ("31 February 9:00", WhenFault.NO_SUCH_DATE, "2027-02-28 09:00"),
        ("31 February", WhenFault.NO_SUCH_DATE, "2027-02-28 09:00"),
        ("31 februari 10:00", WhenFault.NO_SUCH_DATE, "2027-02-28 10:00"),
        ("2026-12-32 9:00", WhenFault.NO_SUCH_DATE, "2026-12-31 09:00"),
        ("2026-13-01 9:00", WhenFault.NO_SUCH_DATE, "2026-11-22 09:00"),
        ("29 february 9:00", WhenFault.NO_SUCH_DATE, "2027-02-28 09:00"),
        ("2/1 9:00", WhenFault.AMBIGUOUS, "2027-01-02 09:00"),
        ("2/12 9:00", WhenFault.AMBIGUOUS, "2026-12-02 09:00"),
        ("2/12/2020 9:00", WhenFault.AMBIGUOUS, "2027-12-02 09:00"),
        ("today 9:00", WhenFault.PAST, "2026-11-22 09:00"),
        ("9:00", WhenFault.PAST, "2026-11-22 09:00"),
        ("2026-11-20 9:00", WhenFault.PAST, "2026-11-22 09:00"),
        ("0001-01-01 9:00", WhenFault.PAST, "2026-11-22 09:00"),
        ("in 0 minutes", None, ""),
        ("2029-01-01 9:00", WhenFault.TOO_FAR, "2026-11-22 09:00"),
        ("9999-12-31 23:59", WhenFault.TOO_FAR, "2026-11-22 23:59"),
        ("in 9999 weeks", WhenFault.TOO_FAR, "2026-11-22 09:00"),
        ("2027-03-28 2:30", WhenFault.SKIPPED_BY_CLOCKS, "2027-03-28 03:00"),
        ("28 march 02:00", WhenFault.SKIPPED_BY_CLOCKS, "2027-03-28 03:00"),
    ],
)
def test_what_is_no_time_says_why_and_what_would_do(text: str, reason: WhenFault | None, hint: str) -> None:
    if reason is None:
        assert parse_when(text, AMSTERDAM, NOW, "en") == NOW
        return
    with pytest.raises(NotATime) as caught:
        parse_when(text, AMSTERDAM, NOW, "en")
    assert (caught.value.reason, caught.value.hint) == (reason, hint)


def test_the_example_is_in_the_readers_language() -> None:
    with pytest.raises(NotATime) as caught:
        parse_when("straks", AMSTERDAM, NOW, "nl-NL")
    assert caught.value.hint == "morgen 9:00"


def test_of_a_doubled_hour_the_first_is_taken() -> None:
    found = parse_when("2027-10-31 2:30", AMSTERDAM, NOW, "en")
    assert found == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_whole_day_that_a_zone_skipped_is_named_too() -> None:
    now = datetime(2011, 12, 1, tzinfo=UTC)
    with pytest.raises(NotATime) as caught:
        parse_when("2011-12-30 9:00", ZoneInfo("Pacific/Apia"), now, "en")
    assert (caught.value.reason, caught.value.hint) == (WhenFault.SKIPPED_BY_CLOCKS, "2011-12-31 00:00")


@given(now=INSTANTS, zone=ZONES, ahead=st.integers(2, 700 * 24 * 60))
def test_what_is_written_is_what_is_read(now: datetime, zone: ZoneInfo, ahead: int) -> None:
    wanted = (now + timedelta(minutes=ahead)).replace(second=0, microsecond=0)
    written = wanted.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    found = parse_when(written, zone, now - timedelta(days=1), "nl")
    assert found.astimezone(zone).strftime("%Y-%m-%d %H:%M") == written
    assert found in {wanted, wanted - timedelta(hours=1), wanted - timedelta(minutes=30)}


PIECES = "tomorrow morgen monday next 31 february 9 9:00 at om uur pm in over 2 hours 2026-12-01 1/2 : - 99:99 0 may"
WORDS = st.lists(
    st.sampled_from(PIECES.split()),
    max_size=5,
).map(" ".join)


@given(text=WORDS | st.text(max_size=25), zone=ZONES, locale=st.sampled_from(["en", "en-US", "nl", "", "xx"]))
def test_whatever_is_written_is_a_time_to_come_or_says_why(text: str, zone: ZoneInfo, locale: str) -> None:
    try:
        found = parse_when(text, zone, NOW, locale)
    except NotATime as fault:
        hint = fault.hint
        assert parse_when(hint if len(hint) > 5 else f"2027-01-01 {hint}", zone, NOW, "nl") > NOW
        return
    assert NOW <= found <= NOW + FARTHEST
