"""`config.yaml`, read and checked: unknown keys and wrong values are refused at start, all of them at once.

An environment variable `VOUCH_SECTION__KEY` wins over the file. Secrets and addresses come from `bot/environment.py`.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from bot.core.networks import NETWORKS

PREFIX = "VOUCH_"
GUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ConfigError(Exception):
    """The configuration is wrong; `problems` says where, what, and what to write instead, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Hold every problem that was found."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


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


def _person(value: str) -> str:
    """Return a platform's id as the platform writes it: those of Microsoft's directory are in small letters."""
    return value.lower() if GUID.fullmatch(value) else value


Zone = Annotated[str, AfterValidator(_zone)]
ClockTime = Annotated[time, BeforeValidator(_clock_time), AfterValidator(_without_zone)]
PersonId = Annotated[str, AfterValidator(_person)]
NOT_EMPTY = AfterValidator(_not_empty)
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = ("en", "nl")
NetworkName = Annotated[str, AfterValidator(_network)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Days = Annotated[int, Field(ge=1, le=3650)]


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
    composer_url: HttpUrl | None = None
    composer: Literal["composer", "share-offsite"] = "composer"
    post_hosts: tuple[str, ...] = ()


class LinksPart(_Part):
    """Which sites posts may lead to; empty: any public site."""

    domains: tuple[str, ...] = ()


class DisclosurePart(_Part):
    """The line that says who the member works for."""

    required: bool = True
    lines: Mapping[Language, Annotated[str, Field(max_length=100)]] = {}


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


class Config(BaseSettings):
    """The whole of `config.yaml`."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    company: CompanyPart
    time_zone: Zone = "UTC"
    languages: Annotated[tuple[Language, ...], NOT_EMPTY] = LANGUAGES
    channels: tuple[ChannelPart, ...] = ()
    curators_channel: str | None = None
    networks: Mapping[NetworkName, NetworkPart] = Field(default_factory=lambda: {"linkedin": NetworkPart()})
    topics: tuple[str, ...] = ()
    links: LinksPart = LinksPart()
    second_pair_of_eyes: bool = False
    disclosure: DisclosurePart = DisclosurePart()
    points: Annotated[tuple[PointsPart, ...], NOT_EMPTY] = (PointsPart(),)
    roles: RolesPart = RolesPart()
    teams: tuple[CrewPart, ...] = ()
    teams_file: Path | None = None
    smallest_team: int = Field(default=5, ge=5)
    working_hours: HoursPart = HoursPart()
    retention: RetentionPart = RetentionPart()
    late: LatePart = LatePart()
    limits: LimitsPart = LimitsPart()
    limits_on_teams: TeamsLimitsPart = TeamsLimitsPart()

    _file: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return (env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=cls._file))


def read_config(path: Path) -> Config:
    """Read and check the file at `path`; raises `ConfigError` with every problem at once."""
    _check_yaml(path)
    bound = type("Config", (Config,), {"_file": path, "__module__": __name__, "__doc__": Config.__doc__})
    try:
        config: Config = bound()
    except ValidationError as error:
        raise ConfigError(_problem(path, one) for one in error.errors()) from error
    except SettingsError as error:  # says which variable, and is caused by what its JSON lacks
        key = str(error).split('"')[1]
        name = f"{PREFIX}{key.upper()}"
        raise ConfigError(
            [f'{name}: lists and mappings are written as JSON here, such as ["a", "b"] {_page(key)}']
        ) from error
    problems = [f"{path.name}: {one}" for one in _contradictions(config, path)]
    if problems:
        raise ConfigError(problems)
    return config


def _check_yaml(path: Path) -> None:
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            [f"{path}: there is no such file; copy the shipped config.yaml or set VOUCH_CONFIG (docs/configuration.md)"]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}:" if where else ""
        raise ConfigError([f"{path.name}:{line} this is not readable as YAML; {_first_line(error)}"]) from error
    if not isinstance(held, dict):
        raise ConfigError([f"{path.name}: expected keys such as `company:`, found {type(held).__name__}"])


def _first_line(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _problem(path: Path, error: Mapping[str, Any]) -> str:
    where, page = _place(path, error["loc"]), _page(str(error["loc"][0]) if error["loc"] else "")
    if error["type"] == "extra_forbidden":
        near = _nearest_key(error["loc"])
        return f"{where}: no such key; {f'did you mean `{near}`? ' if near else 'take it out '}{page}"
    if error["type"] == "missing":
        return f"{where}: is missing; write it {page}"
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}: {error['input']!r:.80} {said[0].lower()}{said[1:]} {page}"


def _page(section: str) -> str:
    known = section if section in Config.model_fields else ""
    return f"(docs/configuration.md{'#' if known else ''}{known.replace('_', '-')})"


def _place(path: Path, loc: tuple[int | str, ...]) -> str:
    """Return where a value was written: the variable of the environment that wins, or the place in the file."""
    for length in range(len(loc), 0, -1):
        name = PREFIX + "__".join(str(part) for part in loc[:length]).upper()
        if os.environ.get(name):
            return name
    return f"{path.name}: {'.'.join(str(part) for part in loc)}"


def _nearest_key(loc: tuple[int | str, ...]) -> str | None:
    model: Any = Config
    for part in loc[:-1]:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation)
    known = list(model.model_fields) if model is not None else []
    return next(iter(get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)), None)


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - any annotation of pydantic's
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in getattr(annotation, "__args__", ()) if (found := _model_in(one))), None)


def _contradictions(config: Config, path: Path) -> list[str]:
    found = []
    refs = [one.id for one in config.channels]
    found += [f"channels: {ref} stands there twice; keep one" for ref in sorted({r for r in refs if refs.count(r) > 1})]
    known = set(config.topics)
    found += [
        f"channels: {one.name}: topic {topic!r} is not among `topics`; add it there or take it out"
        for one in config.channels
        for topic in one.topics
        if topic not in known
    ]
    versions = [one.version for one in config.points]
    if len(set(versions)) != len(versions):
        found.append("points: two entries have the same version; number them 1, 2, 3 …")
    if config.working_hours.start >= config.working_hours.end:
        found.append("working_hours: start must be before end")
    if not any(one.enabled for one in config.networks.values()):
        found.append("networks: none is enabled; posts need at least one, such as `linkedin: {}`")
    return [*found, *_wrong_teams_file(config, path)]


def _wrong_teams_file(config: Config, path: Path) -> list[str]:
    file = teams_path(config, path)
    if file is None:
        return []
    try:
        first = file.read_text(encoding="utf-8-sig").partition("\n")[0]
    except OSError:
        return [f"teams_file: {str(config.teams_file)!r} is not a file; write a path beside {path.name}"]
    except UnicodeDecodeError:
        return [f"teams_file: {str(config.teams_file)!r} is not UTF-8; save it as CSV with that encoding"]
    if {"team", "person"} <= {one.strip() for one in first.split(",")}:
        return []
    return [f"teams_file: {str(config.teams_file)!r} needs the columns team and person in its first line"]


def teams_path(config: Config, path: Path) -> Path | None:
    """Return where the file of teams is, if one is named."""
    return path.parent / config.teams_file if config.teams_file else None
