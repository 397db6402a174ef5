"""Which times a member is offered to be asked at, and which of those they say themselves will do."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.later import (
    APART,
    FARTHEST_LATER,
    LEAST_AHEAD,
    LEAST_VISITS,
    MOST_OFFERED,
    Diary,
    Limits,
    Picked,
    UnfitTime,
    free_time,
    offer_times,
    time_picked,
)
from bot.core.programme import WorkingHours
from bot.core.timing import working_time

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # Monday, ten in the morning in Amsterdam
ZONES = st.sampled_from([ZoneInfo(one) for one in ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe")])
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))


def diary(**changes: object) -> Diary:
    values: dict[str, object] = {"now": NOW, "zone": AMSTERDAM, "hours": WorkingHours()}
    return Diary(**(values | changes))  # type: ignore[arg-type]


def local(at: datetime) -> str:
    return at.astimezone(AMSTERDAM).strftime("%a %H:%M")


def came(weekday: int, hour: int, times: int) -> list[datetime]:
    """Return visits at an hour of the past week, by Amsterdam's clock."""
    at = datetime.combine(datetime(2026, 11, 16 + weekday).date(), time(hour, 5), AMSTERDAM)  # noqa: DTZ001
    return [at.astimezone(UTC) + timedelta(minutes=one) for one in range(times)]


def unfit(picked: Picked, **changes: object) -> tuple[str, str]:
    values: dict[str, object] = {"now": NOW, "zone": AMSTERDAM, "locale": "en-GB"}
    with pytest.raises(UnfitTime) as caught:
        time_picked(picked, Limits(**(values | changes)))  # type: ignore[arg-type]
    return caught.value.box, caught.value.key


def test_whoever_has_no_visits_is_offered_hours_spread_over_the_coming_days() -> None:
    offers = offer_times(diary())
    assert [local(one.at) for one in offers] == ["Mon 10:30", "Tue 14:00", "Wed 12:00"]
    assert not any(one.is_recommended for one in offers)


def test_the_hours_in_which_people_came_by_are_recommended_the_best_ones_only() -> None:
    visits = [*came(1, 9, 9), *came(2, 15, 7), *came(3, 11, 6), *came(4, 16, 8), *came(0, 13, LEAST_VISITS - 1)]
    offers = offer_times(diary(visits=visits))
    assert [(local(one.at), one.is_recommended) for one in offers] == [
        ("Tue 09:00", True),
        ("Wed 15:00", True),
        ("Fri 16:00", True),
    ]


def test_one_good_hour_is_recommended_among_neutral_ones() -> None:
    offers = offer_times(diary(visits=came(1, 9, LEAST_VISITS)))
    assert [(local(one.at), one.is_recommended) for one in offers] == [
        ("Mon 10:30", False),
        ("Tue 09:00", True),
        ("Wed 12:00", False),
    ]


def test_an_evening_in_which_people_came_by_is_not_offered() -> None:
    offers = offer_times(diary(visits=came(1, 21, 50)))
    assert not any(one.is_recommended for one in offers)


def test_colleagues_are_offered_times_that_lie_apart() -> None:
    taken: list[datetime] = []
    for place in range(40):
        offers = offer_times(diary(taken=tuple(taken), place=place))
        assert offers
        taken += [one.at for one in offers]
    assert min(abs(one - other) for one in taken for other in taken if one is not other) >= APART


def test_the_same_member_is_offered_the_same_again() -> None:
    assert offer_times(diary(place=7)) == offer_times(diary(place=7))


def test_nothing_is_offered_after_the_post_has_ended() -> None:
    offers = offer_times(diary(until=NOW + timedelta(hours=4)))
    assert [local(one.at) for one in offers] == ["Mon 10:30", "Mon 13:00"]
    assert offer_times(diary(until=NOW + LEAST_AHEAD)) == []


@settings(max_examples=40, deadline=None)
@given(INSTANTS, ZONES, DAYS, st.integers(0, 5000))
def test_offers_are_few_in_working_hours_and_still_to_come(
    now: datetime, zone: ZoneInfo, weekdays: tuple[int, ...], place: int
) -> None:
    hours = WorkingHours(start=time(8, 30), end=time(17), weekdays=weekdays)
    offers = offer_times(diary(now=now, zone=zone, hours=hours, place=place))
    assert 1 <= len(offers) <= MOST_OFFERED
    assert all(working_time(one.at, zone, hours) and one.at >= now + LEAST_AHEAD for one in offers)
    assert [one.at for one in offers] == sorted({one.at for one in offers})


def test_the_hours_are_those_of_the_clock_also_after_it_changed() -> None:
    friday = datetime(2026, 10, 23, 15, 0, tzinfo=UTC)  # the clocks of Amsterdam go back that Sunday
    offers = offer_times(diary(now=friday, hours=WorkingHours(weekdays=(0,))))
    assert {one.at.astimezone(AMSTERDAM).weekday() for one in offers} == {0}
    assert all(one.at.astimezone(AMSTERDAM).utcoffset() == timedelta(hours=1) for one in offers)


def test_an_offer_that_a_colleague_took_meanwhile_moves_on_a_little() -> None:
    at = NOW + timedelta(hours=2)
    assert free_time(at, diary()) == at
    assert free_time(at, diary(taken=(at,))) == at + APART
    full = tuple(at + APART * step for step in range(6))
    assert free_time(at, diary(taken=full)) == at


@pytest.mark.parametrize(
    ("picked", "at"),
    [
        (Picked(pick="2026-11-24T13:10:00+00:00"), "Tue 14:10"),
        (Picked(day="2026-11-28", time="22:15"), "Sat 22:15"),
        (Picked(time="23:30"), "Mon 23:30"),
        (Picked(pick="2026-11-24T13:10:00+00:00", day="2026-11-25", time="07:00"), "Wed 07:00"),
    ],
)
def test_a_member_may_pick_any_hour(picked: Picked, at: str) -> None:
    assert local(time_picked(picked, Limits(now=NOW, zone=AMSTERDAM, locale="en-GB"))) == at


@pytest.mark.parametrize(
    ("picked", "box", "key"),
    [
        (Picked(), "pick", "later.none_picked"),
        (Picked(pick="soon"), "pick", "later.none_picked"),
        (Picked(pick="2026-11-24T13:10:00"), "pick", "later.none_picked"),
        (Picked(pick="2026-11-23T08:59:00+00:00"), "pick", "later.offer_past"),
        (Picked(pick="2027-11-24T13:10:00+00:00"), "pick", "later.too_far"),
        (Picked(day="2026-11-25"), "time", "later.no_time"),
        (Picked(day="2026-11-22", time="09:00"), "day", "later.offer_past"),
        (Picked(time="09:00"), "time", "later.offer_past"),
        (Picked(day="2026-12-25", time="09:00"), "day", "later.too_far"),
        (Picked(day="2026-02-30", time="09:00"), "day", "when.no_such_date"),
        (Picked(day="soon", time="09:00"), "day", "when.unreadable"),
        (Picked(day="2026-11-25", time="25:00"), "time", "when.no_such_time"),
    ],
)
def test_what_cannot_be_is_said_beside_its_box(picked: Picked, box: str, key: str) -> None:
    assert unfit(picked) == (box, key)


def test_an_hour_that_the_clocks_skip_is_no_time() -> None:
    march = datetime(2027, 3, 20, 9, 0, tzinfo=UTC)
    assert unfit(Picked(day="2027-03-28", time="02:30"), now=march) == ("time", "when.skipped_by_clocks")


def test_nobody_is_asked_after_the_post_has_ended() -> None:
    until = NOW + timedelta(days=1)
    picked = Picked(day="2026-11-24", time="10:00")
    assert unfit(picked, until=until) == ("day", "later.after_end")
    assert time_picked(
        Picked(day="2026-11-24", time="09:59"), Limits(now=NOW, zone=AMSTERDAM, locale="nl", until=until)
    )


def test_a_month_ahead_is_the_farthest() -> None:
    limits = Limits(now=NOW, zone=AMSTERDAM, locale="nl")
    last = NOW + FARTHEST_LATER
    assert time_picked(Picked(pick=last.isoformat()), limits) == last
