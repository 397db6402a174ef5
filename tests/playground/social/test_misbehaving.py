"""The test network misbehaves where it was ordered to, and what it did is known."""

import time

import aiohttp
import pytest

from playground.social.faults import BadFault
from tests.playground.social.visits import Visits, on_each

pytestmark = pytest.mark.asyncio(loop_scope="module")


@on_each
@pytest.mark.parametrize(("cut", "is_posted"), [("unread", False), ("before", False), ("after", True), ("mid", True)])
async def test_a_connection_is_cut_where_it_was_ordered(
    visits: Visits, network: str, cut: str, *, is_posted: bool
) -> None:
    headers, text = await visits.connect(network), visits.unique()
    visits.social.fault(network, "publish", cut=cut)
    with pytest.raises(aiohttp.ClientError):
        await visits.publish(network, headers, text)
    assert (text in [one.text for one in visits.social.posts(network)]) is is_posted
    assert (await visits.publish(network, headers, visits.unique())).status in (200, 201)


@on_each
@pytest.mark.parametrize("is_done", [False, True])
async def test_an_error_may_hide_that_all_was_done(visits: Visits, network: str, *, is_done: bool) -> None:
    headers, text = await visits.connect(network), visits.unique()
    visits.social.fault(network, "publish", status=503, is_done=is_done)
    assert (await visits.publish(network, headers, text)).status == 503
    assert (text in [one.text for one in visits.social.posts(network)]) is is_done


async def test_answers_may_be_slow_garbled_or_huge(visits: Visits) -> None:
    visits.social.fault("*", "instance", delay_s=0.02, linger_s=0.02, garbled=True, size=70_000, headers={"X-A": "b"})
    began = time.monotonic()
    told = await visits.ask("GET", "mastodon", "/api/v2/instance")
    assert (told.status, len(told.body["page"]), told.headers["x-a"]) == (200, 70_000, "b")
    assert time.monotonic() - began >= 0.04


@pytest.mark.parametrize("told", [{"cut": "half"}, {"left": 0}, {"status": 99}])
async def test_a_fault_that_makes_no_sense_is_refused(visits: Visits, told: dict[str, object]) -> None:
    with pytest.raises(BadFault):
        visits.social.fault("x", "publish", **told)
    with pytest.raises(BadFault):
        visits.social.fault("x", "like")
