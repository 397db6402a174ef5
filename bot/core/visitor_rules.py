"""Whom a visit counts as: by its agent first, then by where it comes from, how, and how soon.

No single sign but the agent decides for a browser: people sit behind clouds, click twice, and share an office's
address. So each rule asks for signs that a person does not show together. docs/measuring.md says how well they do.
"""

import re
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from bot.core.address_ranges import NetworkKind
from bot.core.visits import AGENT_LENGTH, AGENTS_REMEMBERED, VisitClass

FIRST_SECONDS = timedelta(seconds=2)
"""Sooner after a link went out nobody has seen it and clicked; a colleague may well after five seconds."""
FIRST_SECONDS_OF_OLD = timedelta(seconds=10)
"""The same for browsers that have had no update for ten years, which scanners still name themselves."""
FIRST_MINUTE = timedelta(seconds=60)
"""So long after it went out a browser in a data centre is taken for a scanner: most of them come within it."""


class Evidence(NamedTuple):
    """What one request shows of who sent it. Made for every visit, hence a tuple.

    `since_out` is how long before the link went out to a network, `None` if that is not known. `is_burst`: the same
    address followed three links or more in two seconds. `came_after_head`: it asked for the head of the same link in
    the seconds before; `is_repeat`: it followed the same link then. `is_self`: the visitor's day hash is that of the
    sharer's own `/go`.
    """

    agent: str
    is_known_crawler: bool = False
    is_self: bool = False
    method: str = "GET"
    since_out: timedelta | None = None
    network: NetworkKind = NetworkKind.UNKNOWN
    is_burst: bool = False
    came_after_head: bool = False
    is_repeat: bool = False


# What networks and chats fetch a page with to show its card.
_PREVIEW = re.compile(
    r"linkedinbot|twitterbot|facebookexternal|facebookcatalog|facebot|meta-externala|meta-externalfetcher|^whatsapp/"
    r"|line-poker|telegrambot|discordbot|slackbot|slack-imgproxy|skypeuripreview|microsoft ?preview|redditbot"
    r"|pinterest(?:bot|/0\.)|^tumblr/|vkshare|viber(?:urldownloader|bot)|snap url preview|snapchatads|kakaotalk-scrap"
    r"|threadsbot|xing-contenttabreceiver|flipboardproxy|google-pagerenderer|googlemessages|applebot-preview"
    r"|mastodon/|pleroma|akkoma|misskey|summaly|gotosocial|friendica|lemmy/|pixelfed|peertube|hubzilla|diaspora"
    r"|cardyb|^bluesky|synapse|zulip|mattermost|rocket\.chat|webexteams|dingtalkbot|chatwork|larkurl|nextcloud"
    r"|iframely|embedly|embedder|unfurl|onebox|link ?expand|link ?preview|preview ?bot|url ?preview|metainspector"
    r"|metadata ?(?:retriever|fetcher|scraper)|opengraph|oembed|notionbot|codabot|^basecamp|^trello|^clickup|^quip/",
    re.IGNORECASE,
)
# The programs of chats and networks in which people open links, whatever else their names make one think of.
_DESKTOP = re.compile(r"^mozilla/5\.0 (?!.*headless).* electron/\d", re.IGNORECASE)
_PERSON = re.compile(
    r"slack_ssb|\bslack/\d|teams/\d|linkedinapp|\bfban/|\bfbav/|\binstagram \d|\bbarcelona \d|\btwitter for "
    r"|^mozilla/5\.0 \((?!compatible).* (?:viber|line|whatsapp|discord|snapchat|kakaotalk|micromessenger|telegram"
    r"|pinterest|reddit|tiktok|musical_ly)[/ ]",
    re.IGNORECASE,
)
# What looks at links in mails and messages for dangers, and what looks for dangers everywhere.
_SCANNER = re.compile(
    r"safelinks|safe links|mimecast|proofpoint|barracuda|urldefense|zscaler|bitdefender|trend ?micro|fireeye|symantec"
    r"|sophos|kaspersky|forcepoint|websense|blue ?coat|mcafee|fortiguard|fortinet|check ?point|ironport|talos|cyren"
    r"|cloudmark|hornetsecurity|avanan|vade ?secure|webroot|malwarebytes|safedns|opendns|netcraft|sucuri"
    r"|virustotal|urlscan|phish|malware|anti-?virus|vulnerab|security ?(?:scan|check|audit)|safebrowsing|web filter"
    r"|jugendschutz|\bobot/|bingpreview|exchange check|microsoft office existence|office protocol discovery"
    r"|link ?(?:check|resolver|scan)|unshort|w3c_|projectdiscovery|pdiscovery|nuclei|zgrab|masscan|\bnmap|nikto"
    r"|acunetix|nessus|qualys|detectify|dorkbot|censys|shodan|expanse|internet-?measurement|cortex[/ ]|shadowserver"
    r"|leakix|binaryedge|onyphe|stretchoid",
    re.IGNORECASE,
)
# Programs that fetch pages for programs, and browsers that nobody sits at.
_MACHINE = re.compile(
    r"^(?:curl|wget|python|libwww|java|go-http-client|okhttp|axios|node|undici|got|ruby|perl|php|guzzle|httpie|httpx"
    r"|apache-httpclient|aiohttp|powershell|dart|scrapy|postman|insomnia|winhttp|lua-resty|rest-client)"
    r"|python-requests|headless|phantomjs|slimerjs|puppeteer|playwright|selenium|webdriver|cypress/|electron-fetch"
    r"|ptst/|lighthouse|gtmetrix|pagespeed|pingdom|uptime|statuscake|site24x7|datadog|synthetic|monitor(?:ing|bot)"
    r"|(?<!cu)bot(?:\b|[/_-])|crawl|spider|scrap(?:er|y)|slurp|archiver|(?:image|mail)proxy|feed(?:fetcher|parser|reader)",
    re.IGNORECASE,
)
_BROWSER = re.compile(
    r"^(?:mozilla/\d|opera/\d|ucweb|lynx/|links |elinks|w3m/|nokia|blackberry|sonyericsson|samsung[- ]|sec-|lg[-e/]"
    r"|mot-|htc|zte|huawei|alcatel|docomo|kddi|softbank|netsurf|dillo)",
    re.IGNORECASE,
)
_ENGINE = re.compile(
    r"gecko|applewebkit|safari/|khtml|trident|msie|presto|goanna|opera|servo|playstation|nintendo|netfront",
    re.IGNORECASE,
)
_NAMES_OWNER = re.compile(
    r"https?://(?!bsalsa)|@[a-z-]+\.[a-z]{2,}\)|compatible; (?!msie|konqueror|opera|googletoolbar)", re.IGNORECASE
)
_OLD = re.compile(
    r"msie [2-8]\.(?!.*(?:trident/[5-9]|ms-?office|outlook))|firefox/[1-9]\.|chrome/[1-9]\.", re.IGNORECASE
)

_BY_NETWORK = {
    NetworkKind.COMPANY: VisitClass.COMPANY,
    NetworkKind.PREVIEW: VisitClass.PREVIEW,
    NetworkKind.SCANNER: VisitClass.SCANNER,
}


def classify(seen: Evidence, *, first_seconds: timedelta = FIRST_SECONDS) -> VisitClass:
    """Return whom a visit counts as; only `human` counts.

    An agent that names a machine is one wherever it comes from. A browser is the sharer's, the company's or a known
    machine's by its address; a suspected scanner by what it did; else a person. `first_seconds` of zero switches the
    rule for the first seconds off.
    """
    kind, is_old = _judge(seen.agent[:AGENT_LENGTH], seen.is_known_crawler)
    if kind is not VisitClass.HUMAN:
        return kind
    if seen.is_self:
        return VisitClass.SELF
    if seen.network and (known := _BY_NETWORK.get(seen.network)) is not None:
        return known
    if seen.is_burst or seen.came_after_head or seen.method == "HEAD" or _is_too_soon(seen, first_seconds, is_old):
        return VisitClass.SCANNER
    return VisitClass.HUMAN


def class_of_agent(agent: str, *, is_known_crawler: bool) -> VisitClass:
    """Return the class that an agent alone tells of; `is_known_crawler` is what a list of crawlers says of it."""
    return _judge(agent[:AGENT_LENGTH], is_known_crawler)[0]


def _is_too_soon(seen: Evidence, first_seconds: timedelta, is_old: bool) -> bool:  # noqa: FBT001 - a sign among others
    """Say whether this browser came sooner than a person there would have."""
    since = seen.since_out
    if seen.network is NetworkKind.DATACENTRE:
        return since is None or since <= FIRST_MINUTE or seen.is_repeat
    if since is None or not first_seconds:
        return False
    return since <= (FIRST_SECONDS_OF_OLD if is_old else first_seconds)


@lru_cache(maxsize=AGENTS_REMEMBERED)
def _judge(agent: str, is_known_crawler: bool) -> tuple[VisitClass, bool]:  # noqa: FBT001 - a key of the cache
    """Return the class of an agent, and whether it is a browser that has had no update for ten years."""
    if not agent or agent.isspace() or agent == "-":
        return VisitClass.SCANNER, False
    if _PREVIEW.search(agent) and not _DESKTOP.match(agent):
        return VisitClass.PREVIEW, False
    if _SCANNER.search(agent):
        return VisitClass.SCANNER, False
    if _PERSON.search(agent):
        return VisitClass.HUMAN, False
    if is_known_crawler or _is_machine(agent):
        return VisitClass.CRAWLER, False
    return VisitClass.HUMAN, _OLD.search(agent) is not None


def _is_machine(agent: str) -> bool:
    """Say whether an agent is no browser's: a library's, one with an owner's page in it, or one without an engine."""
    if _MACHINE.search(agent) or _NAMES_OWNER.search(agent):
        return True
    return _BROWSER.match(agent) is None or (agent[:8].lower() == "mozilla/" and _ENGINE.search(agent) is None)
