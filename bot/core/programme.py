"""The programme as plain values: what `config.yaml` says, in the shape that rules and handlers need.

`bot/config.py` reads and checks the file and builds one `Programme`; nothing here knows where it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.core.points import PointsPolicy
from bot.core.privacy import RetentionPolicy
from bot.core.social import Mode
from bot.core.value import ValuePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who runs the programme; `sponsor` is the person named in the welcome and `sponsor_word` what they say there."""

    name: str
    sponsor: str = ""
    sponsor_word: str = ""
    policy_url: str = ""
    campaign: str = "advocacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTime:
    """When a channel's weekly board is posted: weekday 0 is Monday, the time is in `zone`."""

    weekday: int
    at: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceChannel:
    """A channel in which posts may be announced; `board` is `None` where no weekly board is wanted."""

    ref: str
    name: str
    language: str
    topics: tuple[str, ...] = ()
    board: BoardTime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What the company set for one network.

    `mode` is API only where there is a public address. `server` is the instance that members are offered first, on
    networks that have many. With `is_vetted` the network tells the company's app what a post brought. What a network
    bills for a post and for reading one is in the currency of the company's figures, `None` where nothing was entered.
    """

    name: str
    post_hosts: tuple[str, ...] = ()
    mode: Mode = Mode.COMPOSER
    server: str = ""
    api_version: str = ""
    is_vetted: bool = False
    cost_per_post: Decimal | None = None
    cost_per_read: Decimal | None = None
    reads_a_day: int = 1000

    @property
    def can_connect(self) -> bool:
        """Whether members may connect an account of theirs."""
        return self.mode is Mode.API


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """When members may be written to, in their own zone; weekday 0 is Monday."""

    start: time = time(9)
    end: time = time(17, 30)
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSource:
    """Who holds a role: platform ids, e-mail addresses, and user groups."""

    ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewSource:
    """A group of colleagues: listed people, or a user group."""

    name: str
    ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A platform's limits that jobs must hold: so many a minute over the whole company, a pause within one channel."""

    posts_a_minute: int = 300
    channel_pause: timedelta = timedelta(seconds=1)
    updates_a_minute: int = 50
    lookups_a_minute: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRules:
    """How late a thing may still be done after a stop of the bot; older ones are skipped and said so."""

    announcement: timedelta = timedelta(hours=24)
    board: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRules:
    """Networks such as "203.0.113.0/24" from which visits do not count, and how soon nobody can have followed a link.

    Those of the company are colleagues; what comes from data centres may be people, once some time has passed.
    """

    company_ranges: tuple[str, ...] = ()
    scanner_ranges: tuple[str, ...] = ()
    datacentre_ranges: tuple[str, ...] = ()
    first_seconds: timedelta = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """The line that says who the member works for, of which there may be several to choose from, the default first.

    `markets` has them by market, `lines` by language; what is in neither is built in. `market` fixes one for everyone.
    With `has_prizes` sharing can win something, which the line then has to say.
    """

    is_required: bool = True
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    markets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    market: str = ""
    has_prizes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Everything that rules and handlers need to know of one installation; `is_on_two`: it runs on two platforms."""

    company: Company
    zone: ZoneInfo
    public_url: str | None
    channels: tuple[AnnounceChannel, ...]
    curators_channel: str | None
    networks: Mapping[str, NetworkSettings]
    languages: tuple[str, ...] = ("en", "nl")
    topics: tuple[str, ...] = ()
    link_domains: tuple[str, ...] = ()
    needs_second_eyes: bool = False
    disclosure: Disclosure = Disclosure()
    points: tuple[PointsPolicy, ...] = ()
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    working_hours: WorkingHours = WorkingHours()
    curators: RoleSource = RoleSource()
    admins: RoleSource = RoleSource()
    crews: tuple[CrewSource, ...] = ()
    paces: Mapping[str, Pace] = field(default_factory=dict)
    late: LateRules = LateRules()
    visits: VisitRules = VisitRules()
    value: ValuePolicy = field(default_factory=ValuePolicy)
    is_on_two: bool = False
    smallest_crew: int = 5
    go_lifetime: timedelta = timedelta(minutes=30)

    def channel(self, ref: str) -> AnnounceChannel | None:
        """Return the configured channel with this reference, or `None`."""
        return next((one for one in self.channels if one.ref == ref), None)
