"""What Teams would never send, or not so: a plain answer, nothing kept, and the next request works."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from playground.teams.keys import STRANGER, UNENDORSED, Forgery, key_id
from tests.scenarios.bad_input_on_teams import (
    announce,
    cards_of,
    heard,
    invoke,
    kept,
    message,
)
from tests.scenarios.teams_town import BRISK, TeamsTown, everything_said
from tests.scenarios.town import CLAIRE, LENA, OMAR, PRIYA, PRODUCT, SANNE, TOM

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
OTHER_TENANT = "3f3d1cea-7a18-41af-872b-cfbbd5140984"
KIND = "Vouch is for full members of this company only, and keeps nothing about you"
EMULATOR = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"
FORGERIES = {
    "expired": Forgery(starts_s=-4000, expires_s=-400),
    "not-yet-valid": Forgery(starts_s=400),
    "for-another-bot": Forgery(audience="00000000-0000-0000-0000-000000000001"),
    "of-the-emulator": Forgery(issuer=EMULATOR),
    "of-another-service-address": Forgery(service_url="https://smba.trafficmanager.net/emea/"),
    "of-no-service-address": Forgery(lacks=("serviceurl",)),
    "without-an-end": Forgery(lacks=("exp",)),
    "of-nobody": Forgery(lacks=("iss",)),
    "for-nobody": Forgery(lacks=("aud",)),
    "signed-by-a-stranger": Forgery(key=STRANGER, kid=key_id(1)),
    "of-a-key-that-nobody-lists": Forgery(key=STRANGER),
    "of-a-key-for-other-channels": Forgery(key=UNENDORSED),
    "unsigned": Forgery(is_unsigned=True),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TeamsTown]:
    async with TeamsTown(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        started.service.no_limits()
        yield started


async def _works(town: TeamsTown) -> None:
    """What comes next is answered as ever."""
    assert "What Vouch understands" in await heard(town, OMAR, "help")


# Who sends it. The rotated key comes first: the key that nobody lists makes the bot wait before it looks for new ones.


async def test_a_rotated_key_is_read_once_and_the_old_one_signs_no_more(town: TeamsTown) -> None:
    await _works(town)
    before = len(town.service.asked("keys"))
    town.service.parts.keys.rotate()
    await _works(town)
    await _works(town)
    assert len(town.service.asked("keys")) == before + 1
    told, held = message(town, OMAR, "suggest https://example.org/old-key"), kept(town)
    answer = await town.service.deliver(told, Forgery(key=0))
    assert (answer.status, kept(town)) == (401, held)


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_token_that_is_not_in_order_gets_401_and_leaves_nothing(town: TeamsTown, name: str) -> None:
    told, before = message(town, OMAR, f"suggest https://example.org/{name}"), kept(town)
    answer = await town.service.deliver(told, FORGERIES[name])
    assert (answer.status, answer.text) == (401, "the request is not signed for this bot")
    await town.settle()
    assert kept(town) == before


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer e30.e30.e30", "Basic dm91Y2g6dm91Y2g=", "Bearer " + "x" * 20_000]
)
async def test_a_request_without_a_token_gets_401_and_leaves_nothing(town: TeamsTown, header: str) -> None:
    body = json.dumps(message(town, OMAR, "suggest https://example.org/no-token")).encode()
    before = kept(town)
    answer = await town.service.send_raw(body, **({"Authorization": header} if header else {}))
    assert (answer.status, kept(town)) == (401, before)
    answer = await town.service.send_raw(body, Authorization=f"Bearer {town.service.token()}")  # that was all
    assert answer.status == 202
    await town.settle()
    assert town.rows("SELECT count(*) FROM suggestion WHERE link = 'https://example.org/no-token'") == [(1,)]


@pytest.mark.parametrize(
    "service_url", ["https://evil.example/teams/", "http://169.254.169.254/", "https://127.0.0.1:8443/"]
)
async def test_an_address_that_is_not_teams_gets_400_or_403_and_leaves_nothing(
    town: TeamsTown, service_url: str
) -> None:
    told, before = message(town, OMAR, "suggest https://example.org/elsewhere"), kept(town)
    answer = await town.service.deliver({**told, "serviceUrl": service_url})  # signed for it, too
    assert answer.status in (400, 403)
    assert kept(town) == before
    await _works(town)


async def test_another_companys_tenant_gets_403_and_leaves_nothing(town: TeamsTown) -> None:
    told, before = message(town, OMAR, "suggest https://example.org/other-tenant"), kept(town)
    told["channelData"] = {**told["channelData"], "tenant": {"id": OTHER_TENANT}}
    answer = await town.service.deliver(told)
    assert (answer.status, "does not serve that tenant" in answer.text) == (403, True)
    assert kept(town) == before


# What is sent


def _without(name: str) -> Callable[[Json], object]:
    return lambda told: {key: value for key, value in told.items() if key != name}


def _with(**changes: object) -> Callable[[Json], object]:
    return lambda told: {**told, **changes}


BODIES: dict[str, Callable[[Json], object]] = {
    "no-service-url": _without("serviceUrl"),
    "no-conversation": _without("conversation"),
    "no-sender": _without("from"),
    "no-type": _without("type"),
    "no-id": _without("id"),
    "another-channel": _with(channelId="webchat"),
    "a-list": lambda told: [told],
    "a-word": lambda told: "message",
    "nothing": lambda told: None,
    "a-sender-that-is-a-word": _with(**{"from": "Omar"}),
    "a-text-that-is-a-list": _with(text=["suggest"]),
    "deeper-than-anybody-reads": lambda told: {**told, "value": json.loads("[" * 500 + "]" * 500)},
    "a-button-without-an-action": _with(type="invoke", name="adaptiveCard/action", value={"trigger": "manual"}),
    "a-button-that-is-no-execute": _with(
        type="invoke", name="adaptiveCard/action", value={"action": {"type": "Action.Submit", "data": {}}}
    ),
    "an-invoke-without-a-name": _with(type="invoke"),
    "a-dialog-without-a-value": _with(type="invoke", name="task/submit"),
    "a-search-without-a-command": _with(type="invoke", name="composeExtension/query", value={}),
    "a-file-that-nobody-offered": _with(type="invoke", name="fileConsent/invoke", value={"action": "accept"}),
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_is_no_activity_gets_400_and_leaves_nothing(town: TeamsTown, name: str) -> None:
    body = json.dumps(BODIES[name](message(town, OMAR, "suggest https://example.org/junk"))).encode()
    before = kept(town)
    answer = await town.service.send_raw(body, Authorization=f"Bearer {town.service.token()}")
    assert (answer.status, "Traceback" in answer.text) == (400, False)
    await town.settle()
    assert kept(town) == before
    await _works(town)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 60_000, 400),
        (b'{"type": NaN}', 400),
        (b" " * 1_000_000 + b"{}", 413),
        (b'{"type":"message","text":"' + b"x" * 1_000_000 + b'"}', 413),
    ],
    ids=["empty", "half", "bytes", "brackets", "nan", "a-megabyte-of-blanks", "a-megabyte-of-words"],
)
async def test_junk_with_a_good_token_gets_a_plain_answer_and_leaves_nothing(
    town: TeamsTown, body: bytes, status: int
) -> None:
    before = kept(town)
    answer = await town.service.send_raw(body, Authorization=f"Bearer {town.service.token()}")
    assert (answer.status, kept(town)) == (status, before)
    await _works(town)


async def test_an_activity_of_no_content_type_is_read_all_the_same(town: TeamsTown) -> None:
    body = json.dumps(message(town, OMAR, "suggest https://example.org/no-content-type")).encode()
    answer = await town.service.send_raw(body, Authorization=f"Bearer {town.service.token()}", Content_Type="")
    assert answer.status == 202
    await town.settle()
    assert town.rows("SELECT count(*) FROM suggestion WHERE link LIKE '%/no-content-type'") == [(1,)]


async def test_an_invoke_that_nobody_knows_is_said_so(town: TeamsTown) -> None:
    before = kept(town)
    answer = await town.service.deliver(invoke(town, OMAR, "actionableMessage/executeAction", {}))
    assert (answer.status, kept(town)) == (501, before)


# Twice, and at once


async def test_an_invoke_that_comes_again_gets_the_same_answer_and_is_done_once(town: TeamsTown) -> None:
    post_id = await announce(town, "Delivered twice")
    (card,) = cards_of(town, post_id)
    before = kept(town)
    opened = await town.press(OMAR, card, "open_share")
    assert opened.activity is not None
    again = await asyncio.gather(*(town.service.deliver(opened.activity) for _ in range(2)))
    assert [one.body for one in again] == [opened.answer.body] * 2
    after = kept(town)
    assert {name: after[name] - before[name] for name in ("inbox", "share", "link")} == {
        "inbox": 1,
        "share": 1,
        "link": 1,
    }


async def test_a_message_that_comes_again_is_answered_once_and_kept_once(town: TeamsTown) -> None:
    told = message(town, PRIYA, "suggest https://example.org/told-thrice")
    before = {one.id for one in town.messages(PRIYA)}
    answers = await asyncio.gather(*(town.service.deliver(told) for _ in range(3)))
    assert {one.status for one in answers} == {202}
    await town.settle()
    said = [one for one in town.messages(PRIYA) if one.id not in before and not one.author]
    assert ["Your suggestion" in everything_said(one) for one in said] == [True]
    assert town.rows("SELECT count(*) FROM suggestion WHERE link LIKE '%/told-thrice'") == [(1,)]


async def test_two_people_at_once_get_a_share_and_a_wording_each(town: TeamsTown) -> None:
    one, other = "The first wording of this post.", "Quite another way of saying it."
    post_id = await announce(town, "Two at once", wording_1=one, wording_2=other)
    (card,) = cards_of(town, post_id)
    opened = await asyncio.gather(*(town.press(who, card, "open_share") for who in (OMAR, LENA)))
    assert {text for text in (one, other) for told in opened if text in json.dumps(told.answer.body)} == {one, other}
    assert town.rows("SELECT count(*) FROM share WHERE post_id = ?", post_id) == [(2,)]


async def test_a_link_suggested_by_two_at_once_is_one_suggestion_with_both_names(town: TeamsTown) -> None:
    line = "suggest https://example.org/both-at-once"
    told = [message(town, who, line) for who in (OMAR, SANNE, OMAR)]
    await asyncio.gather(*(town.service.deliver(one) for one in told))
    await town.settle()
    assert town.rows(
        "SELECT count(DISTINCT s.id), count(*) FROM suggestion s JOIN suggestion_author a ON a.suggestion_id = s.id"
        " WHERE s.link LIKE '%both-at-once'"
    ) == [(1, 2)]


# Words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("leadreboard", "Did you mean leaderboard"),
        ("xyzzy", "is not a word that Vouch knows"),
        ("", "What Vouch understands"),
        ("me", "What your shares brought"),
        ("/vouch me", "What your shares brought"),
        ("Vouch, me", "What your shares brought"),
    ],
    ids=["misspelt", "unknown", "nothing", "a-command", "with-its-prefix", "with-a-name"],
)
async def test_what_is_asked_in_a_channel_is_answered_in_private(town: TeamsTown, typed: str, words: str) -> None:
    before = {one.id for one in town.messages(OMAR, PRODUCT)}
    assert words in await heard(town, TOM, typed, PRODUCT)
    await town.settle()
    assert [one.author for one in town.messages(OMAR, PRODUCT) if one.id not in before] == [TOM]


@pytest.mark.parametrize("typed", ["/vouch me", "/VOUCH  me", "vouch me", "me", " ME "])
async def test_a_command_is_understood_with_its_prefix_and_without(town: TeamsTown, typed: str) -> None:
    assert "What your shares brought" in await heard(town, TOM, typed)


@pytest.mark.parametrize("typed", ["approve S1", "decline S1 no", "queue", "post https://example.org", "failures"])
async def test_what_is_for_curators_is_refused_to_an_employee(town: TeamsTown, typed: str) -> None:
    assert "This is for the " in await heard(town, TOM, typed)


# People


async def test_a_guest_gets_a_kind_answer_and_nothing_about_them_is_kept(town: TeamsTown) -> None:
    post_id = await announce(town, "Seen by a guest too")
    town.service.state.installed.add(CLAIRE)
    before = kept(town)
    (card,) = cards_of(town, post_id)
    assert KIND in str((await town.press(CLAIRE, card, "open_share")).answer.body)
    assert KIND in (await town.press(CLAIRE, card, "dismiss_post")).toast
    assert KIND in (await town.service.people.query(CLAIRE, "roof", where=PRODUCT)).toast
    assert KIND in str((await town.suggest_this(CLAIRE, card)).answer.body)
    for line in ("me", "https://example.org/by-a-guest", "suggest https://example.org/by-a-guest", "setup code"):
        assert KIND in await heard(town, CLAIRE, line)
    assert KIND in await heard(town, CLAIRE, "me", PRODUCT)
    assert kept(town) == before
    await _works(town)
    assert town.rows("SELECT count(*) FROM address WHERE ref = ?", town.ref(CLAIRE)) == [(0,)]


async def test_who_is_of_another_company_gets_it_too_and_nothing_about_them_is_kept(town: TeamsTown) -> None:
    """A colleague puts a post into a channel that is shared with another company, whose people press its button."""
    state, people = town.service.state, town.service.people
    nina = replace(state.person(OMAR), id="U0NINA", name="Nina Novak", email="nina@other.example")
    state.add_outsider(nina, OTHER_TENANT)
    state.add_shared("C0SHARED", "with-others", OMAR, nina.id)
    found = await people.query(OMAR, "litres", where="C0SHARED")
    card = people.insert(OMAR, found.results[0], where="C0SHARED")
    before = kept(town)
    assert KIND in str((await town.press(nina.id, card, "open_share")).answer.body)
    assert KIND in (await people.query(nina.id, "litres", where="C0SHARED")).toast
    assert KIND in str((await town.suggest_this(nina.id, card)).answer.body)
    assert kept(town) == before
    await _works(town)
    assert town.rows("SELECT count(*) FROM address WHERE ref = ?", town.ref(nina.id)) == [(0,)]
    assert KIND not in str((await town.press(OMAR, card, "open_share")).answer.body)


async def test_a_visitor_without_an_account_leaves_nothing(town: TeamsTown) -> None:
    before = kept(town)
    told = message(town, OMAR, "suggest https://example.org/by-a-visitor", PRODUCT)
    told["from"] = {"id": "29:visitor", "name": "Somebody in a meeting"}
    assert (await town.service.deliver(told)).status == 202
    pressed = invoke(town, OMAR, "task/fetch", {"data": {"vouch": '{"do":"open_settings"}'}}, PRODUCT)
    pressed["from"] = told["from"]
    answer = await town.service.deliver(pressed)
    assert "could not look you up just now" in answer.text
    assert kept(town) == before
    await _works(town)
    assert town.rows("SELECT count(*) FROM address WHERE ref LIKE '29:%'") == [(0,)]


@pytest.mark.parametrize("fault", [{"status": 500}, {"cut": "before"}, {"status": 429}, {"delay_s": 1.5}])
async def test_someone_new_who_cannot_be_looked_up_is_asked_to_try_again(
    town: TeamsTown, fault: dict[str, Any]
) -> None:
    before = kept(town)
    for method in ("member", "members"):
        town.service.fault(method, **fault, left=None)
    assert "could not look you up just now" in await heard(town, CLAIRE, "me")
    town.service.clear_faults()
    assert kept(town) == before
