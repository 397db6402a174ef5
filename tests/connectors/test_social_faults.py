"""The contract of `SocialNetwork` when a network refuses, misbehaves or is away: what is certain, and what is not.

Beside each test: nothing secret and none of a person's words in a log, an error or an address.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.errors import NotConnected, Refused, TryLater, Uncertain
from bot.core.social import Fault, Published
from tests.connectors.social_networks import OPERATIONS, VERSION, WORDS, Bench, a_post, do, failure, new_verifier

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("nothing_told")]


# Refusals


@pytest.mark.parametrize("operation", ["identify", "publish", "delete", "metrics"])
async def test_a_token_that_has_ended_says_so(bench: Bench, operation: str) -> None:
    account = await bench.connect()
    bench.app.expire(bench.name, account.who)
    error = await failure(do(operation, bench, account), bench)
    assert (type(error), error.code) == (NotConnected, Fault.EXPIRED)
    assert bench.posts(account) == []


@pytest.mark.parametrize("operation", ["identify", "publish", "delete", "metrics"])
async def test_a_token_that_was_taken_back_says_so(bench: Bench, operation: str) -> None:
    account = await bench.connect()
    bench.app.revoke(bench.name, account.who)
    error = await failure(do(operation, bench, account), bench)
    assert isinstance(error, NotConnected)
    assert error.code == (Fault.EXPIRED if bench.name == "x" else Fault.REVOKED)  # X does not tell the two apart
    assert bench.posts(account) == []


async def test_a_permission_that_was_taken_back_is_said(bench: Bench) -> None:
    account = await bench.connect()
    for scope in ("w_member_social", "tweet.write", "write:statuses"):
        bench.app.narrow(bench.name, account.who, scope)
    error = await failure(do("publish", bench, account), bench)
    assert (type(error), error.code) == (NotConnected, Fault.SCOPE)
    assert bench.posts(account) == []


@pytest.mark.parametrize("name", ["linkedin", "x"])
async def test_the_same_again_is_a_duplicate(name: str, only: Callable[[str], Bench]) -> None:
    bench = only(name)
    account = await bench.connect()
    first = await do("publish", bench, account)
    assert isinstance(first, Published)
    error = await failure(do("publish", bench, account), bench)
    assert (type(error), error.code) == (Refused, Fault.DUPLICATE)
    assert error.params["earlier"] == (first.url if name == "linkedin" else "")
    assert len(bench.posts(account)) == 1


async def test_a_text_that_is_too_long_is_refused_as_that(bench: Bench) -> None:
    bench.app.limit(linkedin_characters=30, x_weight=30, mastodon_characters=30)
    account = await bench.connect()
    error = await failure(do("publish", bench, account), bench)
    assert (type(error), error.code) == (Refused, Fault.TOO_LONG)
    assert bench.posts(account) == []


async def test_too_much_says_for_how_long(bench: Bench) -> None:
    bench.app.limit(linkedin_posts=0, x_posts=0, mastodon_calls=0)
    account = await bench.connect()
    error = await failure(do("publish", bench, account), bench)
    assert isinstance(error, TryLater)
    assert error.code == Fault.RATE_LIMITED
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - now
    wanted = {"linkedin": midnight, "x": timedelta(minutes=15), "mastodon": timedelta(minutes=5)}[bench.name]
    assert abs(error.after - wanted) < timedelta(seconds=30)
    assert bench.posts(account) == []


async def test_without_credits_nothing_is_posted(only: Callable[[str], Bench]) -> None:
    bench = only("x")
    account = await bench.connect()
    bench.app.limit(credits=0.1)
    error = await failure(do("publish", bench, account), bench)
    assert (type(error), error.code) == (Refused, Fault.NO_CREDITS)
    assert bench.posts(account) == []


async def test_a_version_that_is_over_is_said(only: Callable[[str], Bench]) -> None:
    bench = only("linkedin")
    account = await bench.connect()
    bench.app.limit(sunset=(VERSION,))
    error = await failure(do("publish", bench, account), bench)
    assert (type(error), error.code) == (Refused, Fault.SUNSET)
    assert bench.posts(account) == []


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413])
async def test_any_other_refusal_is_certain(bench: Bench, status: int) -> None:
    account = await bench.connect()
    bench.app.fault(bench.name, "publish", status=status)
    error = await failure(do("publish", bench, account), bench)
    assert (type(error), error.code) == (Refused, Fault.REJECTED)
    assert bench.posts(account) == []


# Faults: what raises anything but `Uncertain` left no post, and what is uncertain left one at most


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A fault to order, and whether the post is there after it."""

    order: dict[str, Any] = field(default_factory=dict)
    is_posted: bool = False
    is_hasty: bool = False


TROUBLES = {
    "cut before it was read": Trouble(order={"cut": "unread"}),
    "cut before it was done": Trouble(order={"cut": "before"}),
    "cut after it was done": Trouble(order={"cut": "after"}, is_posted=True),
    "500 and not done": Trouble(order={"status": 500}),
    "500 and done": Trouble(order={"status": 500, "is_done": True}, is_posted=True),
    "502 with a page": Trouble(order={"status": 502, "garbled": True}),
    "503 and done": Trouble(order={"status": 503, "is_done": True}, is_posted=True),
    "504 with nothing": Trouble(order={"status": 504, "body": ""}),
    "408": Trouble(order={"status": 408}),
    "200 with a page": Trouble(order={"garbled": True}),
    "200 with a list": Trouble(order={"status": 200, "body": [1]}),
    "201 with nothing": Trouble(order={"status": 201, "body": {}}),
    "a redirect": Trouble(order={"status": 307, "headers": {"location": "/net/x/api/2/users/me"}}),
    "done, then a redirect": Trouble(
        order={"status": 303, "is_done": True, "headers": {"location": "/net/mastodon/api/v1/instance"}}, is_posted=True
    ),
    "an answer too slow": Trouble(order={"linger_s": 0.8}, is_posted=True, is_hasty=True),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_an_unclear_answer_to_a_post_is_uncertain(bench: Bench, trouble: str) -> None:
    told = TROUBLES[trouble]
    account = await bench.connect()
    fault = bench.app.fault(bench.name, "publish", **told.order)
    network = bench.hasty if told.is_hasty else bench.network
    error = await failure(do("publish", bench, account, network), bench)
    assert isinstance(error, Uncertain)
    assert fault.hits == 1
    assert len(bench.posts(account)) == told.is_posted


@pytest.mark.parametrize("order", [{"cut": "mid"}, {"size": 3_000_000}], ids=["half", "huge"])
async def test_a_broken_answer_to_a_post_is_either_understood_or_uncertain(bench: Bench, order: dict[str, Any]) -> None:
    account = await bench.connect()
    bench.app.fault(bench.name, "publish", **order)
    try:
        published = await do("publish", bench, account)
    except Uncertain:
        published = None
    [post] = bench.posts(account)
    assert published is None or (isinstance(published, Published) and published.remote_id.endswith(post.id))


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one != "publish"])
@pytest.mark.parametrize("order", [{"cut": "unread"}, {"cut": "after"}, {"status": 503}], ids=["cut", "lost", "503"])
async def test_an_unclear_answer_to_all_else_may_be_asked_for_again(
    bench: Bench, operation: str, order: dict[str, Any]
) -> None:
    account = await bench.connect()
    fault = bench.app.fault(bench.name, OPERATIONS[operation], left=None, **order)
    if operation == "revoke" and not bench.network.can_revoke:
        await do(operation, bench, account)
        assert fault.hits == 0
        return
    error = await failure(do(operation, bench, account), bench)
    assert isinstance(error, TryLater)
    assert (error.code, error.after > timedelta(0)) == (Fault.UNREACHABLE, True)


@pytest.mark.parametrize("operation", ["exchange", "identify"])
@pytest.mark.parametrize(
    "order", [{"garbled": True}, {"size": 3_000_000}, {"cut": "mid"}], ids=["page", "huge", "half"]
)
async def test_an_answer_that_is_none_connects_nobody(bench: Bench, operation: str, order: dict[str, Any]) -> None:
    account = await bench.connect()
    bench.app.fault(bench.name, OPERATIONS[operation], **order)
    error = await failure(do(operation, bench, account), bench)
    assert (type(error), error.code) == (TryLater, Fault.UNREACHABLE)


@pytest.mark.parametrize("operation", ["identify", "publish", "delete", "metrics", "exchange", "refresh"])
async def test_where_nobody_listens_nothing_was_sent(bench: Bench, operation: str) -> None:
    account = await bench.connect()
    door, tokens = bench.lost_door, replace(account.tokens, refresh="r3fresh")
    work: dict[str, Callable[[], Awaitable[object]]] = {
        "identify": lambda: bench.lost.identify(door, tokens),
        "publish": lambda: bench.lost.publish(door, tokens, account.draft(WORDS), key="k"),
        "delete": lambda: bench.lost.delete(door, tokens, a_post(bench)),
        "metrics": lambda: bench.lost.metrics(door, tokens, [a_post(bench)]),
        "exchange": lambda: bench.lost.exchange(door, code="c0de", verifier=new_verifier()),
        "refresh": lambda: bench.lost.refresh(door, tokens),
    }
    error = await failure(work[operation](), bench)
    if operation == "refresh" and bench.name == "mastodon":
        assert isinstance(error, NotConnected)
        return
    assert isinstance(error, TryLater)
    assert (error.code, error.after > timedelta(0)) == (Fault.UNREACHABLE, True)


async def test_after_a_failure_the_same_can_be_done(bench: Bench) -> None:
    account = await bench.connect()
    bench.app.fault(bench.name, "publish", status=429)
    assert isinstance(await failure(do("publish", bench, account), bench), TryLater)
    await do("publish", bench, account)
    assert len(bench.posts(account)) == 1


async def test_many_at_once_do_not_get_in_each_others_way(bench: Bench) -> None:
    accounts = [await bench.connect() for _ in range(4)]
    await asyncio.gather(*(do("publish", bench, one) for one in accounts))
    assert [len(bench.posts(one)) for one in accounts] == [1] * 4
