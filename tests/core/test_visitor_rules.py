"""Whom a visit counts as: each rule, and that no sign alone makes a machine of a person."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.address_ranges import NetworkKind
from bot.core.visitor_rules import Evidence, class_of_agent, classify
from bot.core.visits import VisitClass

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
SLACK_APP = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/138.0 Electron/37 Safari/537.36 "
    "Slack_SSB/4.46.99"
)

AGENTS = [
    (CHROME, VisitClass.HUMAN),
    (SLACK_APP, VisitClass.HUMAN),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/22A LinkedInApp/9.30",
        VisitClass.HUMAN,
    ),
    ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 [FBAN/FBIOS;FBAV/480.0]", VisitClass.HUMAN),
    ("Mozilla/5.0 (Windows NT 10.0) Teams/24.1 Edg/130.0", VisitClass.HUMAN),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", VisitClass.HUMAN),
    ("Mozilla/5.0 (Linux; Android 15; CUBOT P80) Chrome/140.0 Mobile Safari/537.36", VisitClass.HUMAN),
    ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", VisitClass.PREVIEW),
    ("Twitterbot/1.0", VisitClass.PREVIEW),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", VisitClass.PREVIEW),
    ("meta-externalagent/1.1", VisitClass.PREVIEW),
    ("WhatsApp/2.24 A", VisitClass.PREVIEW),
    ("TelegramBot (like TwitterBot)", VisitClass.PREVIEW),
    ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", VisitClass.PREVIEW),
    ("Mastodon/4.4.3 (http.rb/5.3.1; +https://mastodon.social/)", VisitClass.PREVIEW),
    ("Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)", VisitClass.PREVIEW),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", VisitClass.PREVIEW),
    ("Slack-ImgProxy (+https://api.slack.com/robots)", VisitClass.PREVIEW),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", VisitClass.PREVIEW),
    ("Mozilla/5.0 (compatible; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)", VisitClass.PREVIEW),
    ("curl/8.7.1", VisitClass.CRAWLER),
    ("Wget/1.21", VisitClass.CRAWLER),
    ("python-requests/2.32", VisitClass.CRAWLER),
    ("Python/3.11 aiohttp/3.13", VisitClass.CRAWLER),
    ("Go-http-client/2.0", VisitClass.CRAWLER),
    ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0 Safari/537.36", VisitClass.CRAWLER),
    ("", VisitClass.SCANNER),
    ("   ", VisitClass.SCANNER),
    ("-", VisitClass.SCANNER),
    ("Barracuda Sentinel (EE)", VisitClass.SCANNER),
    ("Microsoft Office Existence Discovery", VisitClass.SCANNER),
    ("LinkChecker/10.2", VisitClass.SCANNER),
    (
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Mattermost/5.9 Chrome/126.0 Electron/31.2 Safari",
        VisitClass.HUMAN,
    ),
    (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; Microsoft Outlook 14.0; ms-office)",
        VisitClass.HUMAN,
    ),
    ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36 Viber/24.1", VisitClass.HUMAN),
    ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8", VisitClass.HUMAN),
    ("Acme LinkPreview/2.0", VisitClass.PREVIEW),
    ("Mattermost-Bot/1.1", VisitClass.PREVIEW),
    ("Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", VisitClass.SCANNER),
    ("SomethingNobodyKnows/3.1", VisitClass.CRAWLER),
    ("Mozilla/5.0 (Windows NT 10.0)", VisitClass.CRAWLER),
    (
        "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/130 Safari/537.36 (+https://acme.example/why)",
        VisitClass.CRAWLER,
    ),
    ("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/130 Electron/31.0 Safari/537.36", VisitClass.CRAWLER),
]


@pytest.mark.parametrize(("agent", "wanted"), AGENTS)
def test_agents_and_their_classes(agent: str, wanted: VisitClass) -> None:
    assert classify(Evidence(agent)) is class_of_agent(agent, is_known_crawler=False) is wanted


@pytest.mark.parametrize(("agent", "wanted"), AGENTS)
def test_only_people_can_be_the_sharer_themselves(agent: str, wanted: VisitClass) -> None:
    is_person = wanted is VisitClass.HUMAN
    assert classify(Evidence(agent, is_self=True)) is (VisitClass.SELF if is_person else wanted)


def test_a_listed_crawler_is_one_but_a_chat_program_is_a_person() -> None:
    assert classify(Evidence(CHROME, is_known_crawler=True)) is VisitClass.CRAWLER
    assert classify(Evidence(CHROME, is_known_crawler=True, is_self=True)) is VisitClass.CRAWLER
    assert classify(Evidence(SLACK_APP, is_known_crawler=True)) is VisitClass.HUMAN


def after(seconds: float, agent: str = CHROME, **signs: object) -> VisitClass:
    """Return the class of a browser's visit so long after the link went out."""
    return classify(Evidence(agent, since_out=timedelta(seconds=seconds), **signs))


@pytest.mark.parametrize("seconds", [0, 0.8, 2])
def test_nobody_clicks_in_the_first_two_seconds(seconds: float) -> None:
    assert after(seconds) is VisitClass.SCANNER


@pytest.mark.parametrize("seconds", [2.1, 5, 60, 86_400])
def test_a_colleague_may_click_soon_after_them(seconds: float) -> None:
    assert after(seconds) is VisitClass.HUMAN


def test_the_sharer_may_click_at_once() -> None:
    assert after(0.5, is_self=True) is VisitClass.SELF


def test_the_rule_of_the_first_seconds_can_be_switched_off() -> None:
    soon = Evidence(CHROME, since_out=timedelta(seconds=0.1))
    assert classify(soon, first_seconds=timedelta(0)) is VisitClass.HUMAN


def test_a_browser_of_long_ago_is_doubted_a_little_longer() -> None:
    old = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)"
    assert (after(3, old), after(11, old)) == (VisitClass.SCANNER, VisitClass.HUMAN)


def test_a_browser_in_a_data_centre_is_doubted_for_a_minute_and_where_it_comes_twice() -> None:
    cloud = NetworkKind.DATACENTRE
    assert after(30, network=cloud) is VisitClass.SCANNER
    assert after(600, network=cloud) is VisitClass.HUMAN
    assert after(600, network=cloud, is_repeat=True) is VisitClass.SCANNER
    assert classify(Evidence(CHROME, network=cloud)) is VisitClass.SCANNER


@pytest.mark.parametrize(
    ("network", "wanted"),
    [
        (NetworkKind.COMPANY, VisitClass.COMPANY),
        (NetworkKind.PREVIEW, VisitClass.PREVIEW),
        (NetworkKind.SCANNER, VisitClass.SCANNER),
        (NetworkKind.PRIVATE, VisitClass.HUMAN),
        (NetworkKind.UNKNOWN, VisitClass.HUMAN),
    ],
)
def test_a_browser_is_what_its_network_is_at_any_time(network: NetworkKind, wanted: VisitClass) -> None:
    assert after(3600, network=network) is wanted
    assert after(3600, network=network, is_self=True) is VisitClass.SELF
    assert after(3600, "Twitterbot/1.0", network=network) is VisitClass.PREVIEW


@pytest.mark.parametrize("sign", ["is_burst", "came_after_head"])
def test_a_burst_and_a_look_ahead_are_a_scanners(sign: str) -> None:
    assert after(3600, **{sign: True}) is VisitClass.SCANNER
    assert after(3600, is_self=True, **{sign: True}) is VisitClass.SELF


def test_no_browser_asks_for_the_head_alone() -> None:
    assert classify(Evidence(CHROME, method="HEAD")) is VisitClass.SCANNER


def test_a_person_may_click_twice() -> None:
    assert after(3600, is_repeat=True) is VisitClass.HUMAN


@given(
    evidence=st.builds(
        Evidence,
        agent=st.text(max_size=700) | st.just(CHROME),
        is_known_crawler=st.booleans(),
        is_self=st.booleans(),
        method=st.sampled_from(["GET", "HEAD"]),
        since_out=st.none() | st.timedeltas(),
        network=st.sampled_from(NetworkKind),
        is_burst=st.booleans(),
        came_after_head=st.booleans(),
        is_repeat=st.booleans(),
    )
)
def test_every_visit_has_a_class_and_every_doubt_only_takes_away(evidence: Evidence) -> None:
    found = classify(evidence)
    assert found in VisitClass
    if found is VisitClass.HUMAN:
        doubts = {"since_out": timedelta(days=1), "is_burst": False, "came_after_head": False, "is_repeat": False}
        assert classify(evidence._replace(**doubts)) is VisitClass.HUMAN
