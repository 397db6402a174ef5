"""Slack's rate limits: 429 with how long to wait, per channel and per method; switchable."""

from dataclasses import replace

from playground.rates import RateLimiter, multiplied
from playground.settings import Rates
from tests.playground.conftest import OFFICE, Start


async def test_the_usual_numbers_are_slacks(start: Start) -> None:
    world = await start()
    answers = [await world.slack("chat.postMessage", channel=OFFICE, text="x") for _ in range(8)]
    refused = [answer for answer in answers if not answer["ok"]]
    assert refused
    assert {answer["error"] for answer in refused} == {"ratelimited"}
    assert {(answer["_status"], answer["_headers"]["Retry-After"]) for answer in refused} == {(429, "1")}
    other = await world.slack("chat.postMessage", channel="C0PRODUCT", text="x")
    assert other["ok"]


async def test_a_tier_is_counted_per_method_and_minute(start: Start) -> None:
    world = await start()
    answers = [await world.slack("usergroups.list") for _ in range(21)]
    assert [answer["ok"] for answer in answers] == [True] * 20 + [False]
    assert 1 <= int(answers[-1]["_headers"]["Retry-After"]) <= 60
    assert (await world.slack("users.list"))["ok"]


async def test_limits_can_be_switched_off_and_changed(start: Start) -> None:
    world = await start()
    assert (await world.do("faults", rates={"is_on": False}))["ok"]
    assert all([(await world.slack("usergroups.list"))["ok"] for _ in range(25)])
    await world.do("faults", rates={"methods": {"usergroups.list": 2}})
    assert [(await world.slack("usergroups.list"))["ok"] for _ in range(3)] == [True, True, False]
    assert (await world.do("faults", rates={"speed": 2}))["error"] == "invalid_faults"


async def test_a_refused_request_does_nothing(start: Start) -> None:
    world = await start(rates=replace(Rates(), channel_burst=1))
    await world.slack("chat.postMessage", channel=OFFICE, text="One")
    await world.slack("chat.postMessage", channel=OFFICE, text="Two")
    assert [row["text"] for row in await world.messages()] == ["One"]


def test_the_workspace_as_a_whole_is_limited() -> None:
    limiter = RateLimiter(Rates())
    waits = [limiter.wait_for("chat.postMessage", f"C{number}") for number in range(301)]
    assert waits[:300] == [0] * 300
    assert waits[300] >= 59


def test_every_tier_has_its_number() -> None:
    for method, allowed in {
        "users.list": 20,
        "chat.update": 50,
        "views.open": 100,
        "chat.postEphemeral": 100,
        "auth.test": 600,
    }.items():
        limiter = RateLimiter(Rates())
        assert [limiter.wait_for(method) for _ in range(allowed + 1)].count(0) == allowed, method


def test_every_limit_can_be_so_many_times_as_high() -> None:
    rates = multiplied(Rates(), 20)
    assert (rates.workspace_per_min, rates.channel_per_s, rates.channel_burst) == (6000, 20.0, 80)
    limiter = RateLimiter(rates)
    assert [limiter.wait_for("chat.postMessage", f"C{number % 100}") for number in range(6001)].count(0) == 6000
    for method, allowed in {"chat.update": 1000, "views.open": 2000, "auth.test": 12_000, "users.list": 400}.items():
        assert [limiter.wait_for(method) for _ in range(allowed + 1)].count(0) == allowed, method
