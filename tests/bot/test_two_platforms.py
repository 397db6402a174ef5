"""Two platforms in one bot: whose limits a job falls under, what is done for each, and refs that neither knows."""

from dataclasses import replace

import pytest

from bot.app import pools_of, timers_of
from bot.core.errors import Refused
from bot.core.jobs import RefreshPeople
from bot.core.timing import DuePeriod
from tests.fakes import FakeSurface
from tests.handlers.conftest import NOW, World, programme, world

__all__ = ["programme", "world"]

HERE, THERE = FakeSurface(prefix="U-"), FakeSurface(prefix="P-")
SURFACES = {"here": HERE, "there": THERE}


@pytest.mark.parametrize(
    ("lane", "pool"),
    [
        ("", "lookup"),
        ("U-1", "lookup"),
        ("P-1", "lookup@there"),
        ("C-nobody-knows", "lookup"),
        ("here", "lookup"),
        ("there", "lookup@there"),
    ],
)
def test_a_job_falls_under_the_limits_of_the_platform_that_its_lane_is_on_or_names(lane: str, pool: str) -> None:
    assert pools_of(SURFACES)("lookup", lane) == pool


def test_people_of_each_platform_are_looked_up_within_its_own_limits(world: World) -> None:
    timers = [one for one in timers_of(world.programme, tuple(SURFACES)) if one.name.startswith("refresh_people")]
    period = DuePeriod(key="k", due_at=NOW, is_late=False)
    pools = pools_of(SURFACES)
    assert [(one.make(period), pools("lookup", one.lane)) for one in timers] == [
        (RefreshPeople(platform="here"), "lookup"),
        (RefreshPeople(platform="there"), "lookup@there"),
    ]


def test_a_place_is_of_the_platform_that_knows_it_and_of_none_once_that_is_switched_off(world: World) -> None:
    out = replace(world.out, surfaces=SURFACES)
    assert (out.surface_of("U-1"), out.surface_of("P-1")) == (HERE, THERE)
    with pytest.raises(Refused, match="platform_not_connected"):
        replace(out, surfaces={"there": THERE}).surface_of("U-1")
