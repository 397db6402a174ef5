"""The doctor of an installation on two platforms: each is named and asked about its own; neither hides the other."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.core.errors import Refused, TryLater
from bot.core.programme import AnnounceChannel, CrewSource, RoleSource
from bot.doctor import Level, Patient, examine
from tests.bot.patients import ADVICE, ENDPOINT, FakeProbe, FakeWeb, Knowing, on_first, on_second, saying, troubles


async def test_of_two_platforms_each_is_named_and_asked_about_its_own(beside: Patient) -> None:
    found = await examine(beside)
    assert {one.level for one in found} == {Level.GOOD}
    named = [one.about for one in found if ": " in one.about]
    assert named == [
        *(f"Slack: {about}" for about in ("token", "scopes", "clock", "channels")),
        *(f"Teams: {about}" for about in ("token", "clock", "keys", "channels", "endpoint")),
    ]
    assert [one.says for one in found if one.about.endswith("channels")] == [
        "the bot is in all 3",
        "the bot is in all 1",
    ]


async def test_a_platform_without_a_configured_channel_is_none_to_complain_of(beside: Patient) -> None:
    fewer = replace(beside.programme, channels=beside.programme.channels[:2])
    found = await examine(replace(beside, programme=fewer))
    assert [one.says for one in found if one.about == "Teams: channels"] == ["none is configured here"]
    assert {one.level for one in found} == {Level.GOOD}


async def test_of_two_platforms_the_one_in_trouble_does_not_hide_the_other(beside: Patient) -> None:
    found = await troubles(on_first(beside, probe=FakeProbe(error=Refused("token_revoked"))))
    assert [one.about for one in found] == ["Slack: token"]
    found = await troubles(on_second(beside, surface=Knowing(prefix="19:"), probe=FakeProbe(ahead=timedelta(hours=1))))
    assert [one.about for one in found] == ["Teams: clock", "Teams: channels"]
    assert found[1].says == "the bot is not in #product"


async def test_an_id_that_no_platform_knows_is_named_with_where_it_stands(beside: Patient) -> None:
    programme = replace(
        beside.programme,
        channels=(*beside.programme.channels, AnnounceChannel(ref="https://chat/l/x", name="far", language="en")),
        curators_channel="curators",
        admins=RoleSource(ids=("C-ADMIN", "ada"), emails=("ada@example.com",), groups=("19:admins", "everyone")),
        crews=(CrewSource(name="Research", ids=("bob", "C-BOB"), group="crowd"), CrewSource(name="Sales")),
    )
    found = await troubles(replace(beside, programme=programme))
    assert [one.says.partition(" is no id of Slack or Teams")[0] for one in found] == [
        "channels, #far: 'https://chat/l/x'",
        "curators_channel: 'curators'",
        "roles.admins: 'ada'",
        "roles.admins: 'everyone'",
        "teams, Research: 'bob'",
        "teams, Research: 'crowd'",
    ]
    assert {(one.level, one.about) for one in found} == {(Level.WRONG, "configuration")}


async def test_without_any_platform_no_id_can_be_judged(patient: Patient) -> None:
    assert await troubles(replace(patient, platforms=())) == []


async def test_keys_that_cannot_be_read_are_named(beside: Patient) -> None:
    (finding,) = await troubles(on_second(beside, has_keys=saying(answer=False)))
    assert (finding.level, finding.about, finding.do) == (Level.WRONG, "Teams: keys", ADVICE.away)
    assert "every request is refused" in finding.says


async def test_a_platform_that_was_never_heard_from_is_not_asked_for_channels(beside: Patient) -> None:
    surface = Knowing(prefix="19:")
    (finding,) = await troubles(on_second(beside, is_reached=saying(answer=False), surface=surface))
    assert (finding.level, finding.about, finding.do) == (Level.WARNING, "Teams: channels", ADVICE.unreached)
    assert finding.says == "nothing has come from Teams yet, so Vouch does not know where it is reached"


async def test_a_book_that_cannot_be_opened_is_said_so(beside: Patient) -> None:
    closed = TryLater(timedelta(seconds=5), "database_away")
    (finding,) = await troubles(on_second(beside, is_reached=saying(closed)))
    assert finding.says == "the bot's channels could not be listed (database_away)"


async def test_an_unsound_database_is_not_asked_where_a_platform_is(beside: Patient) -> None:
    async with beside.sessions.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    broken = on_second(beside, is_reached=saying(AssertionError("asked all the same")))
    found = await troubles(broken)
    assert [(one.level, one.about) for one in found] == [
        (Level.WRONG, "database"),
        (Level.WARNING, "Teams: channels"),
    ]
    assert found[1].do == "see above"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (404, f"{ENDPOINT} answers 404 to a look, not 405 as Vouch does"),
        (200, f"{ENDPOINT} answers 200 to a look, not 405 as Vouch does"),
        (OSError("refused"), f"{ENDPOINT} does not answer (OSError)"),
    ],
)
async def test_an_endpoint_that_leads_elsewhere_is_named(beside: Patient, answer: int | Exception, says: str) -> None:
    web = FakeWeb(to_look=answer)
    (finding,) = await troubles(replace(beside, fetch=web.fetch))
    assert (finding.level, finding.about, finding.says) == (Level.WRONG, "Teams: endpoint", says)
    assert web.asked == ["https://vouch.example.com/healthz", ENDPOINT]


@pytest.mark.parametrize(
    ("url", "level", "says"),
    [
        ("http://vouch.example.com", Level.WRONG, "is not https, and Teams sends to no other"),
        ("http://127.0.0.1:3000", Level.WARNING, "is on this machine, where Teams cannot reach it"),
        (None, Level.WARNING, "PUBLIC_URL is not set, so it cannot be seen whether Teams reaches Vouch"),
    ],
)
async def test_an_address_that_a_platform_cannot_call_is_named(
    beside: Patient, url: str | None, level: Level, says: str
) -> None:
    environment = replace(beside.environment, public_url=url, is_without_public_url=url is None)
    found = await troubles(replace(beside, environment=environment))
    (finding,) = [one for one in found if one.about == "Teams: endpoint"]
    assert finding.level is level
    assert says in finding.says


async def test_a_development_mode_may_be_on_this_machine_and_shows_nobody_who_it_is(beside: Patient) -> None:
    here = replace(beside.environment, public_url="http://127.0.0.1:3000")
    alone = on_second(replace(beside, environment=here), probe=None, has_keys=None)
    about = [one.about for one in await examine(alone) if one.about.startswith("Teams")]
    assert about == ["Teams: channels", "Teams: endpoint"]
    assert await troubles(alone) == []
