"""The parts of `config.yaml`: what each section holds, with its defaults and what is refused in it."""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, ClassVar, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl

from bot.core.address_ranges import network_written
from bot.core.disclosure import MARKETS
from bot.core.networks import NETWORKS

GUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _zone(value: str) -> str:
    if value not in available_timezones():
        near = get_close_matches(value, sorted(available_timezones()), n=1)
        raise ValueError(f"is no time zone; write one like {near[0] if near else 'Europe/Amsterdam'}")
    return value


def _clock_time(value: object) -> object:
    if isinstance(value, int | float):  # YAML reads 10:30 without quotes as a number
        raise ValueError('is not a time; write it in quotes, such as "09:30"')
    return value


def _without_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError('has a time zone of its own; write the time alone, such as "09:30"')
    return value


def _not_empty(value: tuple[object, ...]) -> tuple[object, ...]:
    if not value:
        raise ValueError("is empty; list at least one, or leave the key out")
    return value


def _network(value: str) -> str:
    if value not in NETWORKS:
        raise ValueError(f"is no network that Vouch knows; write one of {', '.join(NETWORKS)}")
    return value


def _market(value: str) -> str:
    if re.fullmatch("[a-z]{2}", value) is None:
        raise ValueError(f"is no market; write {', '.join(MARKETS)}, or the two letters of a language")
    return value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _person(value: str) -> str:
    """Return a platform's id as the platform writes it: those of Microsoft's directory are in small letters."""
    return value.lower() if GUID.fullmatch(value) else value


NOT_EMPTY = AfterValidator(_not_empty)
Zone = Annotated[str, AfterValidator(_zone)]
ClockTime = Annotated[time, BeforeValidator(_clock_time), AfterValidator(_without_zone)]
PersonId = Annotated[str, AfterValidator(_person)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = ("en", "nl")
NetworkName = Annotated[str, AfterValidator(_network)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=13, decimal_places=6)]
AddressRange = Annotated[str, AfterValidator(network_written)]
Days = Annotated[int, Field(ge=1, le=3650)]
MarketName = Annotated[str, AfterValidator(_market)]
Line = Annotated[str, Field(min_length=1, max_length=100)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_one_or_more), Field(max_length=10), NOT_EMPTY]


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class SponsorPart(_Part):
    """Who stands behind the programme, and their word in the welcome."""

    name: str = ""
    word: str = Field(default="", max_length=600)


class CompanyPart(_Part):
    """The company."""

    name: str = Field(min_length=1, max_length=80)
    sponsor: SponsorPart = SponsorPart()
    policy_url: HttpUrl | None = None
    campaign: str = Field(default="advocacy", pattern=r"^[a-z0-9_-]{1,40}$")


class BoardPart(_Part):
    """When the weekly board is posted in a channel."""

    day: Day = "monday"
    time: ClockTime = time(9)
    time_zone: Zone | None = None


class ChannelPart(_Part):
    """A channel in which posts may be announced."""

    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    language: Language = "en"
    topics: tuple[str, ...] = ()
    board: BoardPart | None = None


class NetworkPart(_Part):
    """What is set for one network."""

    enabled: bool = True
    mode: Literal["api", "composer", "copy"] = "composer"
    composer_url: HttpUrl | None = None
    composer: Literal["composer", "share-offsite"] = "composer"
    post_hosts: tuple[str, ...] = ()
    server: HttpUrl | None = None
    api_version: str = Field(default="202607", pattern=r"^20\d{2}(0[1-9]|1[0-2])$")
    is_vetted: bool = False
    cost_per_post: Money | None = None
    cost_per_read: Money | None = None
    reads_a_day: Count = 1000


class LinksPart(_Part):
    """Which sites posts may lead to; empty: any public site."""

    domains: tuple[str, ...] = ()


class DisclosurePart(_Part):
    """The line that says who the member works for."""

    required: bool = True
    market: MarketName | None = None
    markets: Mapping[MarketName, Lines] = {}
    lines: Mapping[Language, Lines] = {}
    prizes: bool = False


class PointsPart(_Part):
    """One dated version of the rules for points."""

    version: int = Field(default=1, ge=1)
    valid_from: date = date(1970, 1, 1)
    per_share: Count = 7
    own_words: Count = 5
    per_visit: Count = 1
    visits_per_share: Count = 20
    posts_a_day: Count = 3
    per_suggestion: Count = 10
    suggestions_a_week: Count = 3


class RolePart(_Part):
    """Who holds a role."""

    ids: tuple[PersonId, ...] = ()
    emails: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class RolesPart(_Part):
    """Who holds which role."""

    curators: RolePart = RolePart()
    admins: RolePart = RolePart()


class CrewPart(_Part):
    """A team of colleagues for the team board."""

    name: str = Field(min_length=1, max_length=80)
    ids: tuple[PersonId, ...] = ()
    emails: tuple[str, ...] = ()
    group: str | None = None


class HoursPart(_Part):
    """When members may be written to, in their own zone."""

    start: ClockTime = time(9)
    end: ClockTime = time(17, 30)
    days: Annotated[tuple[Day, ...], NOT_EMPTY] = ("monday", "tuesday", "wednesday", "thursday", "friday")


class RetentionPart(_Part):
    """How many days things are kept."""

    visits: Days = 90
    texts: Days = 365
    suggestions: Days = 365
    drafts: Days = 30
    inbox: Days = 14
    jobs: Days = 14
    ticks: Days = 60
    pictures: Days = 7


class VisitsPart(_Part):
    """Networks from which nobody counts, and how soon nobody can have followed a link."""

    company_ranges: tuple[AddressRange, ...] = ()
    scanner_ranges: tuple[AddressRange, ...] = ()
    datacentre_ranges: tuple[AddressRange, ...] = ()
    first_seconds: float = Field(default=2.0, ge=0, le=10)


class ReachPart(_Part):
    """What an estimate of who sees a share on a network is made of."""

    audience: Count
    rate: Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]


class ValuePart(_Part):
    """The company's own figures for what clicks are worth and what the programme costs."""

    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    cpc: Mapping[NetworkName, Money] = {}
    since: date | None = None
    source: str = Field(default="", max_length=300)
    cost_per_month: Money | None = None
    reach: Mapping[NetworkName, ReachPart] = {}


class LatePart(_Part):
    """How many hours late a thing may still be done after a stop of the bot."""

    announcement_hours: Count = 24
    board_hours: Count = 24


class LimitsPart(_Part):
    """The limits of Slack that Vouch keeps to."""

    posts_a_minute: int = Field(default=300, ge=10)
    channel_pause_seconds: float = Field(default=1.0, ge=0)
    updates_a_minute: int = Field(default=50, ge=2)
    lookups_a_minute: int = Field(default=60, ge=1)


class TeamsLimitsPart(_Part):
    """The limits of Teams that Vouch keeps to: together 25 calls a second, and 1,800 messages an hour in one place."""

    posts_a_minute: int = Field(default=1200, ge=10)
    channel_pause_seconds: float = Field(default=2.0, ge=0)
    updates_a_minute: int = Field(default=180, ge=2)
    lookups_a_minute: int = Field(default=120, ge=1)
